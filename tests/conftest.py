"""Shared settings and fixtures: one thread, no plot windows, and reproducible random examples.

SEQCLF_EXAMPLES=500 runs property tests on ten times as many examples, which differ from run to run.
"""

import os
import re
import signal

import matplotlib
import pytest
import torch
from hypothesis import settings
from torch.optim import optimizer as optimizer_module

from seqclf_utils import reproducibility

matplotlib.use("Agg")
torch.set_num_threads(1)  # more threads do not speed up small LSTMs
settings.register_profile("course", max_examples=50, deadline=None, derandomize=True, database=None)
N_EXAMPLES = os.environ.get("SEQCLF_EXAMPLES")
if N_EXAMPLES:
    settings.register_profile(
        "nightly", max_examples=int(N_EXAMPLES), deadline=None, database=None, print_blob=True
    )
settings.load_profile("nightly" if N_EXAMPLES else "course")


def pytest_make_parametrize_id(val):
    """Name test cases without special characters, so that mutmut and a shell can select them."""
    if isinstance(val, str | bytes):
        return re.sub(r"\W+", " ", repr(val), flags=re.ASCII).strip() or "symbols"


@pytest.fixture
def settings_kept():
    """Restore the global settings that agree_across_machines and set-up cells change."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    torch.set_printoptions(profile="default")
    optimizer_module._global_optimizer_post_hooks.clear()
    reproducibility._round_after_every_step.cache_clear()


@pytest.fixture
def python_handles_ctrl_c():
    """Install Python's default handler for Ctrl-C and restore the previous one afterwards."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
