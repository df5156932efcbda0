"""The course's pipeline beside others: python course.py bench."""
