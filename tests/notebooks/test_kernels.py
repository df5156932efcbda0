"""Training in a notebook survives the stop button, a closed browser and a killed kernel."""

import re
import time

import pytest
import torch
from jupyter_client.manager import start_new_kernel

SETUP = """
import seqclf_utils as sc
import torch
sc.agree_across_machines()

def train(max_epochs, **options):
    sc.seed_everything(0)
    casino = sc.make_casino(200, cheat="spread", max_length=20, seed=0)
    splits = sc.split_indices(casino.labels, seed=0)
    loaders = sc.make_loaders(casino.sequences, casino.labels, splits, seed=0)
    model = sc.LSTMClassifier(packed=False)
    history = sc.fit(model, *loaders[:2], max_epochs=max_epochs, patience=1000, **options)
    best = history.loc[history["is_best"], "val_loss"].item()
    found = sc.evaluate(model, loaders[1], torch.nn.BCEWithLogitsLoss())
    return len(history), best == history["val_loss"].min() == found, history.to_json()
"""


class Kernel:
    """A kernel as JupyterLab starts it, with a client that can reconnect."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(startup_timeout=120)

    def reconnect(self):
        """Simulate reopening the notebook in another browser."""
        self.client.stop_channels()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def start(self, path, n_epochs, wait_for):
        """Start a training cell, and wait until its checkpoint has `wait_for` epochs."""
        code = f"n, is_best, table = train({n_epochs}, checkpoint={str(path)!r})"
        message = self.client.execute(code)
        deadline = time.monotonic() + 120
        while not path.exists() or len(torch.load(path)["losses"]) < wait_for:
            assert time.monotonic() < deadline, f"no epoch {wait_for} in {path.name}"
            time.sleep(0.05)
        return message

    def run(self, code):
        """Run a cell and return what it prints."""
        printed = []

        def keep(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, output_hook=keep, timeout=300)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)


@pytest.fixture
def kernel():
    """Start a kernel that defines `train`, and shut it down afterwards."""
    kernel = Kernel()
    try:
        kernel.run(SETUP)
        yield kernel
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def test_the_stop_button_ends_training_and_nothing_else(kernel, tmp_path):
    """The stop button ends the cell without an error, and the best weights are restored."""
    training = kernel.start(tmp_path / "run.pt", n_epochs=5000, wait_for=3)
    kernel.manager.interrupt_kernel()

    reply = kernel.client.get_shell_msg(timeout=60)
    assert reply["parent_header"]["msg_id"] == training
    assert reply["content"]["status"] == "ok", reply["content"]
    assert kernel.run("print(2 < n < 5000, is_best, torch.is_grad_enabled())") == "True True True\n"


def test_training_continues_when_the_browser_is_closed(kernel, tmp_path):
    """Training continues without a browser, and a new browser finds the full result."""
    path = tmp_path / "run.pt"
    kernel.start(path, n_epochs=20, wait_for=2)
    kernel.reconnect()

    assert kernel.run("print((n, is_best, table) == train(20), n, is_best)") == "True 20 True\n"


def test_a_killed_kernel_resumes(kernel, tmp_path):
    """After a kernel is killed, rerunning its cells resumes the run and gives the same result."""
    path = tmp_path / "run.pt"
    kernel.start(path, n_epochs=20, wait_for=3)
    kernel.manager.restart_kernel(now=True)
    kernel.reconnect()
    kernel.run(SETUP)

    printed = kernel.run(f"resumed = train(20, checkpoint={str(path)!r})")

    epoch = int(re.match(r"Resuming after epoch (\d+), from run.pt", printed)[1])
    assert 3 <= epoch < 20
    assert kernel.run("print(resumed == train(20))") == "True\n"
