"""What all tests share: one thread, no windows, the same random examples at every run."""

import matplotlib
import torch
from hypothesis import settings

matplotlib.use("Agg")
torch.set_num_threads(1)  # small LSTMs gain nothing from more
settings.register_profile("course", max_examples=50, deadline=None, derandomize=True, database=None)
settings.load_profile("course")
