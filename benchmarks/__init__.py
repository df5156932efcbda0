"""Compare the speed of the course's pipeline with other libraries: nox -s bench."""
