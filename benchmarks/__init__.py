"""Compare the speed of the course's pipeline with that of other libraries: nox -s bench."""
