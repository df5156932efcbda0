"""Batches made at once, of sequences of similar length, or on another device."""

import sys
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler

from seqclf_utils.validation import (
    check_batches,
    check_count,
    check_device,
    check_generator,
    check_loaders,
    check_whole_numbers,
)

WINDOW = 25  # batches that are sorted together


class WholeBatch(Sequence):
    """A padded batch that was made at once, and that still reads like a list of pairs.

    Args:
        padded: Symbols, int64, shape (N, L).
        lengths: Real time steps of each sequence, int64 on the CPU, shape (N,).
        labels: Labels, float, shape (N,).

    Example:
        >>> batch = WholeBatch(torch.tensor([[3, 0]]), torch.tensor([1]), torch.tensor([1.0]))
        >>> len(batch), batch[0]
        (1, (tensor([3]), tensor(1.)))
    """

    def __init__(self, padded: Tensor, lengths: Tensor, labels: Tensor) -> None:
        self.tensors = padded, lengths, labels

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.tensors[2])

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return one sequence without padding, int64, shape (L_i,), and its label, shape ()."""
        padded, lengths, labels = self.tensors
        return padded[index, : lengths[index]], labels[index]


class LengthBatchSampler(Sampler):
    """Shuffle sequences into batches of similar length, so that little padding is needed.

    Each pass shuffles all sequences, cuts the order into windows of some batches, sorts each
    window by length, cuts it into batches and shuffles these. Every sequence is in exactly one
    batch. A window is prepared when its turn comes, so the first batch of millions comes at once.

    Args:
        lengths: Length of each sequence in tokens, whole numbers, shape (N,), each at least 1.
        batch_size: Sequences a batch, at least 1; one batch of a pass may be shorter.
        window: Batches that are sorted together, at least 1; 1 sorts nothing that matters.
        generator: Random numbers of the shuffle; PyTorch's own if None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a number is out of range.

    Example:
        >>> sampler = LengthBatchSampler([5, 1, 4, 2], batch_size=2)
        >>> sorted(sorted(batch) for batch in sampler)
        [[0, 2], [1, 3]]
    """

    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        *,
        window: int = WINDOW,
        generator: torch.Generator | None = None,
    ) -> None:
        self.lengths = torch.from_numpy(check_whole_numbers("lengths", lengths, minimum=1))
        self.batch_size = check_count("batch_size", batch_size, minimum=1, maximum=sys.maxsize)
        self.window = check_count("window", window, minimum=1, maximum=sys.maxsize)
        self.generator = check_generator("generator", generator)

    def __len__(self) -> int:
        """Return the number of batches of a pass."""
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the positions of each batch."""
        order = torch.randperm(len(self.lengths), generator=self.generator)
        for window in order.split(min(self.window * self.batch_size, len(order))):
            by_length = window[self.lengths[window].argsort(stable=True)]
            batches = by_length.split(self.batch_size)
            for i in torch.randperm(len(batches), generator=self.generator).tolist():
                yield batches[i].tolist()


class OnDevice:
    """Move the symbols and labels of a loader's batches to a device; lengths stay on the CPU.

    Everything that takes a loader takes this one, for a model that was moved to the same device.

    Args:
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        device: Where to, such as "cuda".

    Raises:
        TypeError: If `loader` cannot yield anything, or `device` is no name of a device.
        ValueError: If PyTorch knows no such device.

    Example:
        >>> batch = torch.tensor([[3, 0]]), torch.tensor([1]), torch.tensor([1.0])
        >>> [tensor.device.type for tensor in next(iter(OnDevice([batch], "meta")))]
        ['meta', 'cpu', 'meta']
    """

    def __init__(self, loader: Iterable, device: str | torch.device) -> None:
        check_loaders(loader=loader)
        self.loader = loader
        self.device = check_device("device", device)
        # What shuffles can be found here as well: a checkpoint keeps where its numbers stand.
        for name in ("sampler", "batch_sampler", "generator"):
            setattr(self, name, getattr(loader, name, None))

    def __len__(self) -> int:
        """Return the number of batches of a pass."""
        return len(self.loader)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield padded (N, L) and labels (N,) on the device, lengths (N,) on the CPU."""
        for padded, lengths, labels in check_batches(self.loader):
            yield padded.to(self.device), lengths, labels.to(self.device)
