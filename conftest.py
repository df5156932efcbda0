"""Settings of every test run; notebook kernels inherit them."""

import os

# Figures are compared with their stored copies instead of written.
os.environ.setdefault("SEQCLF_FIGURES", "check")
# Stored outputs hold what nobody watches, whatever the person wishes who runs the tests.
os.environ["SEQCLF_PROGRESS"] = "0"
# Small LSTMs gain nothing from threads, and two notebooks run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish(session):
    """Hide --cov from nbval: coverage is of the unit tests alone, and kernels hang under it."""
    session.config.option.cov_source = None
