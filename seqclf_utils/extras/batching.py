"""Batches of similar-length sequences, and batches on a device; built in notebook 08."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from seqclf_utils.extras import arguments
from seqclf_utils.validation import checked


class LengthBatchSampler(Sampler):
    """Shuffle sequences into batches of similar length, so that little padding is needed.

    Each epoch shuffles all sequences, cuts the order into windows of several batches, sorts each
    window by length, cuts it into batches and shuffles these batches. Every sequence is in exactly
    one batch. Windows are prepared one at a time, so that even with millions of sequences, the
    first batch is ready at once.

    Args:
        lengths: Length of each sequence in time steps, int, shape (N,), each at least 1.
        batch_size: Sequences per batch, at least 1; one batch of an epoch may be smaller.
        window: Number of batches that are sorted together, at least 1.
        generator: Random number generator of the shuffle; PyTorch's default one if None.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a number is out of range.

    Example:
        >>> sampler = LengthBatchSampler([5, 1, 4, 2], batch_size=2)
        >>> sorted(sorted(batch) for batch in sampler)
        [[0, 2], [1, 3]]
    """

    @checked(arguments.check_sampler)
    def __init__(
        self,
        lengths: Sequence[int],
        batch_size: int,
        *,
        window: int = 25,
        generator: torch.Generator | None = None,
    ) -> None:
        self.lengths = torch.from_numpy(np.asarray(lengths).copy())
        self.batch_size, self.window, self.generator = batch_size, window, generator

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the positions of each batch."""
        order = torch.randperm(len(self.lengths), generator=self.generator)
        for window in order.split(self.window * self.batch_size):
            by_length = window[self.lengths[window].argsort(stable=True)]
            batches = by_length.split(self.batch_size)
            for i in torch.randperm(len(batches), generator=self.generator).tolist():
                yield batches[i].tolist()


class DeviceLoader:
    """Move the symbols and labels of a loader's batches to a device; lengths stay on the CPU.

    Use it in place of a loader, with a model on the same device.

    Args:
        loader: Yields padded (N, L), lengths (N,), labels (N,).
        device: Target device, such as "cuda".

    Example:
        >>> batch = torch.tensor([[3, 0]]), torch.tensor([1]), torch.tensor([1.0])
        >>> [tensor.device.type for tensor in next(iter(DeviceLoader([batch], "meta")))]
        ['meta', 'cpu', 'meta']
    """

    def __init__(self, loader: Iterable, device: str | torch.device) -> None:
        self.loader, self.device = loader, torch.device(device)

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return len(self.loader)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield padded (N, L) and labels (N,) on the device, and lengths (N,) on the CPU."""
        for padded, lengths, labels in self.loader:
            yield padded.to(self.device), lengths, labels.to(self.device)
