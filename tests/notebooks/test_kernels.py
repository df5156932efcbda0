"""What a notebook goes through: the stop button, a closed browser, a kernel that is killed."""

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
    """A kernel as JupyterLab starts it, and a client that may come and go."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(startup_timeout=120)

    def connect(self):
        """Open the notebook again, in another browser."""
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def run(self, code, expected="ok"):
        """Run a cell to its end and return what it prints."""
        printed = []

        def keep(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, output_hook=keep, timeout=300)
        assert reply["content"]["status"] == expected, reply["content"]
        return "".join(printed)

    def end(self):
        """Leave nothing running."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def wait_for_epoch(kernel, path, number):
    """Wait until a checkpoint holds this many epochs."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if path.exists() and len(torch.load(path, weights_only=True)["losses"]) >= number:
            return
        time.sleep(0.05)
    pytest.fail(f"no epoch {number} in {path.name}")


def test_stop_button_closed_browser_and_killed_kernel(tmp_path):
    """Whatever happens to a notebook that trains, it goes on with whole results."""
    kernel = Kernel()
    try:
        kernel.run(SETUP)

        # The stop button in the middle of training: the cell ends well and the next one runs.
        path = tmp_path / "stopped.pt"
        training = kernel.client.execute(
            f"n, is_best, table = train(5000, checkpoint={str(path)!r})"
        )
        wait_for_epoch(kernel, path, 3)
        kernel.manager.interrupt_kernel()
        reply = kernel.client.get_shell_msg(timeout=60)
        assert reply["parent_header"]["msg_id"] == training
        assert reply["content"]["status"] == "ok", reply["content"]
        assert kernel.run("print(2 < n < 5000, is_best, torch.is_grad_enabled())").split() == (
            ["True"] * 3
        )

        # The browser is closed while a cell trains: the kernel goes on, and a new one finds all.
        path = tmp_path / "closed.pt"
        kernel.client.execute(f"n, is_best, table = train(20, checkpoint={str(path)!r})")
        wait_for_epoch(kernel, path, 2)
        kernel.client.stop_channels()
        wait_for_epoch(kernel, path, 20)
        kernel.connect()
        kernel.run("whole = train(20)")
        assert kernel.run("print((n, is_best, table) == whole, n, is_best)").split() == (
            ["True", "20", "True"]
        )

        # The kernel is killed: the same cells in a new one give the same result.
        path = tmp_path / "killed.pt"
        kernel.client.execute(f"train(20, checkpoint={str(path)!r})")
        wait_for_epoch(kernel, path, 3)
        kernel.manager.restart_kernel(now=True)
        kernel.client.stop_channels()
        kernel.connect()
        kernel.run(SETUP)
        printed = kernel.run(f"resumed = train(20, checkpoint={str(path)!r})")
        epoch = int(re.match("Going on after epoch (.*), from killed.pt", printed)[1])
        assert 3 <= epoch < 20
        assert kernel.run("print(resumed == train(20))").split() == ["True"]
    finally:
        kernel.end()
