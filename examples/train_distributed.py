"""Train the course's classifier in several processes, on one machine or on many.

    torchrun --nproc-per-node 2 examples/train_distributed.py --checkpoint run.pt

torchrun comes with PyTorch. It starts the processes, gives each its number (the *rank*), and with
`--max-restarts 3` starts them again if one dies: training resumes from the checkpoint. (This
holds for one machine. With several, run the same commands again.)

Every process goes through the same shuffled batches and takes every n-th sequence of each. No
sequence is lost or repeated, and each step is the one that a single process would take with the
whole batch.
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
    """Join the process group, and leave it at the end.

    Yields:
        The device of this process: its own GPU (NCCL) if there are enough, else the CPU (gloo).
    """
    with_gpu = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    device = torch.device(f"cuda:{os.environ['LOCAL_RANK']}" if with_gpu else "cpu")
    if with_gpu:
        torch.cuda.set_device(device)
    store, rank, n_processes = next(dist.rendezvous("env://"))
    # The store outlives a restart: without a prefix for each attempt, a process could find the
    # address of one that is dead (https://github.com/pytorch/pytorch/issues/167288).
    store = dist.PrefixStore(os.environ["TORCHELASTIC_RESTART_COUNT"], store)
    options = {"store": store, "rank": rank, "world_size": n_processes}
    dist.init_process_group("nccl" if with_gpu else "gloo", **options)
    try:
        yield device
        # gloo's threads hold the last tensors until Python lets them run. If Python ends first,
        # they crash (https://github.com/pytorch/pytorch/pull/179291); while this waits, they run.
        dist.barrier()
    finally:
        dist.destroy_process_group()


def write_data(folder: Path, n_sequences: int) -> None:
    """Write a casino as flat files, as a large data set would be stored.

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
    write_atomically(folder / "labels.npy", content.getvalue())  # last: all files are complete


def read_data(folder: Path, n_sequences: int) -> sc.FlatDataset:
    """Open the files; the first process of each machine writes them if they are missing.

    Args:
        folder: Where they are.
        n_sequences: Number of sequences to make if there are none.

    Returns:
        The data set; its symbols stay in the file, which is mapped into memory.
    """
    if os.environ["LOCAL_RANK"] == "0" and not (folder / "labels.npy").exists():
        write_data(folder, n_sequences)
    dist.barrier()  # no process reads before the files are written
    symbols = np.load(folder / "symbols.npy", mmap_mode="r")
    offsets, labels = (np.load(folder / f"{name}.npy") for name in ("offsets", "labels"))
    return sc.FlatDataset(symbols, offsets, labels)


def share(batch: list[int]) -> tuple[list[int], float]:
    """Return this process's share of a batch, and its weight.

    Args:
        batch: Positions of the whole batch, the same in every process.

    Returns:
        Every n-th position, and 1.0. If a short batch has none left for this process, the first
        position and 0.0: every process must take part in every step.
    """
    part = batch[dist.get_rank() :: dist.get_world_size()]
    return (part, 1.0) if part else (batch[:1], 0.0)


def summed_loss(
    model: nn.Module, dataset: sc.FlatDataset, rows: list[int], device: torch.device
) -> Tensor:
    """Return the sum of some sequences' losses.

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
    """Add up a number over all processes.

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
    """Show the model every training sequence once, each in one of the processes.

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
        # DDP takes the mean of all processes' gradients: with this factor, of all sequences'.
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
    """Measure the loss, each process on its share of the sequences.

    Args:
        model: The model itself, not wrapped: there are no gradients to synchronise.
        dataset: The data set.
        positions: Positions of the validation or test set, int64, shape (n,).
        device: The device of this process.
        batch_size: Sequences per batch.

    Returns:
        Mean loss per sequence over all processes, in nats: the same number in each.
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
    """Resume from the checkpoint in every process; the first one creates it if there is none.

    Args:
        run: The checkpoint; with several machines, in a folder that all of them see.
        max_epochs: Maximum number of epochs.
        measure: Returns the model's validation loss.

    Returns:
        The losses so far, one row per epoch: epoch, training loss, validation loss.
    """
    is_first = dist.get_rank() == 0
    if is_first and run.path is not None and not run.path.exists():
        run.save([])
    dist.barrier()  # no process looks for the file before it exists
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
        splits: Positions of the training, validation and test set.
        options: The command line.
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
        # All processes stop at once, since all have the same validation loss.
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
    """Read the command line.

    Args:
        arguments: The arguments; None for those of this process.

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
