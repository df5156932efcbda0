"""Train the course's classifier in several processes, on one or more machines.

    torchrun --nproc-per-node 2 examples/train_distributed.py --checkpoint run.pt

torchrun comes with PyTorch. It starts the processes and gives each process a number, its *rank*.
With `--max-restarts 3`, torchrun restarts all processes if one of them dies, and training resumes
from the checkpoint. (With several machines, run the same commands again instead.) You can also
start the processes without torchrun, even on Windows. To do so, set RANK, WORLD_SIZE, MASTER_ADDR,
MASTER_PORT and USE_LIBUV=0 for each process, as notebook 08 does.

All n processes iterate over the same shuffled batches, and each process takes every n-th sequence
of a batch. No sequence is skipped or repeated, and each step is the same as in a single process
with the whole batch.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import seqclf_utils as sc
from seqclf_utils.extras.checkpoints import Checkpoint
from seqclf_utils.extras.files import write_atomically

CRITERION = nn.BCEWithLogitsLoss(reduction="sum")


@contextmanager
def process_group() -> Iterator[torch.device]:
    """Join the process group, and leave it on exit.

    Yields:
        The device of this process: its own GPU (NCCL) if there are enough GPUs, or the CPU (gloo).
    """
    # torchrun also sets these variables; without it, all processes are on this machine.
    os.environ.setdefault("LOCAL_RANK", os.environ["RANK"])
    os.environ.setdefault("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"])
    os.environ.setdefault("TORCHELASTIC_RESTART_COUNT", "0")
    with_gpu = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if with_gpu else "cpu")
    if with_gpu:
        torch.cuda.set_device(device)
    store, rank, n_processes = next(dist.rendezvous("env://"))
    # The store survives a restart. Without a prefix for each attempt, a process could find the
    # address of a dead process (https://github.com/pytorch/pytorch/issues/167288).
    store = dist.PrefixStore(os.environ["TORCHELASTIC_RESTART_COUNT"], store)
    options = {"store": store, "rank": rank, "world_size": n_processes}
    dist.init_process_group("nccl" if with_gpu else "gloo", **options)
    try:
        yield device
        # Wait until gloo's threads have released their tensors; the threads would crash if Python
        # exited first (https://github.com/pytorch/pytorch/pull/179291).
        dist.barrier()
    finally:
        dist.destroy_process_group()


def write_data(folder: Path, n_sequences: int) -> None:
    """Write a casino to flat files, the format for large data sets.

    Args:
        folder: Where to write symbols.npy, offsets.npy and labels.npy.
        n_sequences: Number of sequences.
    """
    casino = sc.make_casino(n_sequences, cheat="clever", seed=0)
    symbols, offsets = sc.flatten(casino.sequences, vocab_size=sc.VOCAB_SIZE)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "symbols.npy", symbols)
    np.save(folder / "offsets.npy", offsets)
    content = io.BytesIO()
    np.save(content, casino.labels)
    write_atomically(folder / "labels.npy", content.getvalue())  # last, to mark completion


def read_data(folder: Path, n_sequences: int) -> sc.FlatDataset:
    """Open the files, which the first process of each machine writes if they are missing.

    Args:
        folder: Folder of the files.
        n_sequences: Number of sequences to create if there are no files.

    Returns:
        The data set, with memory-mapped symbols.
    """
    if os.environ["LOCAL_RANK"] == "0" and not (folder / "labels.npy").exists():
        write_data(folder, n_sequences)
    dist.barrier()  # wait until the files are written
    symbols = np.load(folder / "symbols.npy", mmap_mode="r")
    offsets, labels = (np.load(folder / f"{name}.npy") for name in ("offsets", "labels"))
    return sc.FlatDataset(symbols, offsets, labels)


def share(batch: list[int]) -> tuple[list[int], float]:
    """Return this process's share of a batch, and its weight.

    Args:
        batch: Positions of the whole batch, the same in every process.

    Returns:
        Every n-th position, and 1.0; or if no position is left for this process, the first
        position and 0.0, because every process must take part in every step.
    """
    part = batch[dist.get_rank() :: dist.get_world_size()]
    return (part, 1.0) if part else (batch[:1], 0.0)


def summed_loss(
    model: nn.Module, dataset: sc.FlatDataset, rows: list[int], device: torch.device
) -> Tensor:
    """Return the summed loss of some sequences.

    Args:
        model: Called as `model(padded, lengths)`.
        dataset: The data set.
        rows: Positions of the sequences.
        device: Device of the model; lengths stay on the CPU.

    Returns:
        Loss in nats, float, shape ().
    """
    padded, lengths, labels = dataset[rows]
    return CRITERION(model(padded.to(device), lengths), labels.to(device))


def add_up(number: float, device: torch.device) -> float:
    """Sum a number over all processes.

    Args:
        number: This process's number.
        device: The device of this process.

    Returns:
        The sum, the same in every process.
    """
    total = torch.tensor(number, dtype=torch.float64, device=device)
    dist.all_reduce(total)
    return total.item()


def train_one_epoch(
    model: DistributedDataParallel,
    dataset: sc.FlatDataset,
    positions: np.ndarray,
    sampler: sc.LengthBatchSampler,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> float:
    """Train once on every training sequence, with the sequences divided among the processes.

    Args:
        model: The model, the same in every process.
        dataset: The data set.
        positions: Positions of the training set, int64, shape (n,).
        sampler: Batches of indices into `positions`, the same in every process.
        optimizer: Updates the model's parameters.
        device: The device of this process.

    Returns:
        Mean loss per sequence over all processes, in nats.
    """
    model.train()
    total = 0.0
    for batch in sampler:
        rows, weight = share(positions[batch].tolist())
        optimizer.zero_grad()
        loss = weight * summed_loss(model, dataset, rows, device)
        # DDP averages gradients over processes; this factor gives the mean over sequences instead.
        (loss * dist.get_world_size() / len(batch)).backward()
        optimizer.step()
        total += loss.item()
    return add_up(total, device) / len(positions)


def evaluate(
    model: nn.Module,
    dataset: sc.FlatDataset,
    positions: np.ndarray,
    device: torch.device,
    *,
    batch_size: int = 256,
) -> float:
    """Compute the mean loss, with the sequences divided among the processes.

    Args:
        model: The model without the DDP wrapper, because there are no gradients to synchronise.
        dataset: The data set.
        positions: Positions of the validation or test set, int64, shape (n,).
        device: The device of this process.
        batch_size: Sequences per batch.

    Returns:
        Mean loss per sequence over all processes, in nats, the same in every process.
    """
    model.eval()
    mine = positions[dist.get_rank() :: dist.get_world_size()]
    with torch.no_grad():
        batches = [mine[i : i + batch_size].tolist() for i in range(0, len(mine), batch_size)]
        total = sum(summed_loss(model, dataset, rows, device).item() for rows in batches)
    return add_up(total, device) / len(positions)


def resume(
    run: Checkpoint, max_epochs: int, measure: Callable[[], float]
) -> list[tuple[int, float, float]]:
    """Resume from the checkpoint in every process; the first process creates it if necessary.

    Args:
        run: The checkpoint, in a folder shared by all machines.
        max_epochs: Maximum number of epochs.
        measure: Returns the model's validation loss.

    Returns:
        The losses so far, one row per epoch: epoch, training loss, validation loss.
    """
    is_first = dist.get_rank() == 0
    if is_first and run.path is not None and not run.path.exists():
        run.save([])
    dist.barrier()  # wait until the file exists
    with redirect_stdout(sys.stdout if is_first else None):
        return run.load(max_epochs, measure)


def train(
    plain: nn.Module,
    dataset: sc.FlatDataset,
    splits: sc.SplitIndices,
    options: argparse.Namespace,
    device: torch.device,
) -> None:
    """Train until the validation loss stops improving; restore the best weights.

    Args:
        plain: The model, with the same weights in every process.
        dataset: The data set.
        splits: Positions of the training, validation and test sets.
        options: The options from the command line.
        device: The device of this process.
    """
    model = DistributedDataParallel(plain)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate, fused=True)
    stopper = sc.EarlyStopping(options.patience)
    generator = torch.Generator().manual_seed(options.seed)
    lengths = dataset.lengths[splits.train_idx]
    sampler = sc.LengthBatchSampler(lengths, options.batch_size, generator=generator)
    run = Checkpoint(options.checkpoint, plain, optimizer, stopper, [sampler])
    measure = partial(evaluate, plain, dataset, splits.val_idx, device)
    losses = resume(run, options.max_epochs, measure)
    for epoch in range(len(losses) + 1, options.max_epochs + 1):
        # All processes stop in the same epoch, because all have the same validation loss.
        if stopper.epoch - stopper.best_epoch >= options.patience:
            break
        positions = splits.train_idx
        train_loss = train_one_epoch(model, dataset, positions, sampler, optimizer, device)
        val_loss = measure()
        stopper.step(val_loss, plain)
        losses.append((epoch, train_loss, val_loss))
        if dist.get_rank() == 0:
            run.save(losses)
            print(f"epoch {epoch}: train {train_loss:.3f}, validation {val_loss:.3f}", flush=True)
    stopper.restore(plain)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        arguments: The arguments, or None for those of this process.

    Returns:
        The options.
    """
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("--data", type=Path, default=Path("casino"), help="folder of flat files")
    parser.add_argument("--n-sequences", type=int, default=2000, help="made if there are none")
    parser.add_argument("--batch-size", type=int, default=32, help="over all processes together")
    parser.add_argument("--max-epochs", type=int, default=50)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path, help="file to resume from")
    parser.add_argument("--weights", type=Path, help="file for the best weights")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Train, restore the best weights, and evaluate once on the test set."""
    options = parse(arguments)
    sc.agree_across_machines()
    with process_group() as device:
        dataset = read_data(options.data, options.n_sequences)
        splits = sc.split_indices(dataset.labels, seed=options.seed)
        sc.seed_everything(options.seed)
        model = sc.LSTMClassifier(packed=False).to(device)
        train(model, dataset, splits, options, device)
        test_loss = evaluate(model, dataset, splits.test_idx, device)
        if dist.get_rank() == 0:
            print(f"test loss {test_loss:.3f}", flush=True)
            if options.weights:
                torch.save(model.state_dict(), options.weights)


if __name__ == "__main__":
    main()
