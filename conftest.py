"""Settings for every test run, which notebook kernels inherit."""

import os

# Compare figures with the reference images instead of writing them.
os.environ.setdefault("SEQCLF_FIGURES", "tools.stored_figures:check")
# Stored outputs come from non-interactive runs, so this overrides the user's setting.
os.environ["SEQCLF_PROGRESS"] = "0"
# More threads do not speed up small LSTMs, and two notebooks run in parallel.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish(session):
    """Hide --cov from nbval: only unit tests count for coverage, and kernels would hang."""
    session.config.option.cov_source = None
