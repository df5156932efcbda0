"""The course's pipeline beside other libraries: nox -s bench."""
