"""Checks for the exercises in notebook 03, padding and packing."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from seqclf_utils.data import collate_fn
from seqclf_utils.exercises.report import HintError, call, exercise, tensors_close, wrong_shape


@exercise
def check_max_pool(max_pool: Callable) -> str | None:
    """Check notebook 03, exercise 1: the largest output over the real time steps."""
    outputs = torch.tensor(
        [[[-3.0, 1.0], [-2.0, 0.5], [0.0, 9.0]], [[2.0, -4.0], [5.0, -2.0], [1.0, -7.0]]]
    )  # (N=2, L=3, H=2)
    lengths = torch.tensor([2, 3])
    try:
        pooled = call(max_pool, outputs, lengths)
    except RuntimeError as error:
        if "size of tensor" not in str(error):
            raise
        return "a mask of shape (N, L) needs a third axis to meet (N, L, H): mask[:, :, None]."
    if isinstance(pooled, tuple):
        return ".max(dim=1) returns values and positions. Take .values, or call amax."
    hint = wrong_shape(pooled, (2, 2), "(N, H)")
    if hint is not None:
        return hint
    if tensors_close(pooled, outputs.amax(dim=1)):
        return "padding wins: time step 3 of sequence 0 is padding and must not count."
    low = call(max_pool, 1e30 * (outputs - 10), lengths)[0, 0]
    if low > -1e30:
        return f"real outputs may be far below 0, where a padding of {low:g} wins. Use -inf."
    expected = torch.tensor([[-2.0, 1.0], [5.0, -2.0]])
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None


@exercise
def check_recent_throws(dataset_class: Callable, collate: Callable) -> str | None:
    """Check notebook 03, exercise 2: a dataset of the last symbols and a `collate_fn`."""
    inherited = (None, object.__init__, Dataset.__getitem__)
    methods = ("__init__", "__len__", "__getitem__")
    missing = [name for name in methods if getattr(dataset_class, name, None) in inherited]
    if isinstance(dataset_class, type) and missing:
        return f"{dataset_class.__name__} still needs {', '.join(missing)}."
    sequences = [np.array(s) for s in ([3, 2], [1, 6, 6, 4, 5], [5, 1, 4, 2], [2])]
    dataset = call(dataset_class, sequences, np.array([0, 1, 0, 1]), 3)
    n = call(type(dataset).__len__, dataset)
    if n != 4:
        return f"len(dataset) should be the number of sequences, 4 here, not {n}."
    items = [call(type(dataset).__getitem__, dataset, i) for i in range(4)]
    for i, item in enumerate(items):
        if hint := _wrong_item(item, torch.tensor(sequences[i]), label=i % 2):
            return f"dataset[{i}]: {hint}"
    for batch in (items, [items[3], items[0]]):
        if hint := _wrong_batch(_collated(collate, batch), batch):
            return hint
    return None


def _wrong_item(item: object, whole: Tensor, label: float) -> str | None:
    """Return a hint for an incorrect item of the reader's dataset."""
    if not isinstance(item, tuple | list) or len(item) != 2:
        return "return a pair, the sequence and its label."
    symbols, y = item
    if not isinstance(symbols, Tensor) or symbols.dtype != torch.int64:
        return f"the symbols should be a tensor of torch.int64, not {_kind(symbols)}."
    if not isinstance(y, Tensor) or not y.is_floating_point():
        return f"the label should be a float tensor, as the loss function needs it, not {_kind(y)}."
    if y.shape != ():
        return f"the label should be one number; {tuple(y.shape)} becomes (N, 1) in a batch."
    if y != label:
        return f"the label should be {label}, not {y.item()}."
    if tensors_close(symbols, whole[:3]) and len(whole) > 3:
        return "those are the first symbols. Keep the last ones."
    if len(symbols) > len(whole):
        return "leave the padding to the collate function: an item has its own length."
    if not tensors_close(symbols, whole[-3:]):
        return f"with max_length = 3 it should be {whole[-3:].tolist()}, not {symbols.tolist()}."
    return None


def _kind(value: object) -> object:
    """Return the dtype of a tensor or array, or the type name of anything else."""
    return getattr(value, "dtype", type(value).__name__)


def _collated(collate: Callable, batch: list) -> tuple | list:
    """Call the reader's collate function, and require three tensors."""
    try:
        parts = call(collate, batch)
    except RuntimeError as error:
        if "stack expects each tensor" not in str(error):
            raise
        raise HintError("stacking needs equal lengths: use pad_sequence for the symbols.") from None
    if not isinstance(parts, tuple | list) or len(parts) != 3:
        raise HintError("a batch should have three parts: padded symbols, lengths, labels.")
    for part, name in zip(parts, ("padded", "lengths", "labels"), strict=True):
        if not isinstance(part, Tensor):
            raise HintError(f"{name} should be a tensor, not {_kind(part)}.")
    return parts


def _wrong_batch(parts: tuple[Tensor, Tensor, Tensor], batch: list) -> str | None:
    """Return a hint for a batch whose padded symbols, lengths or labels are incorrect."""
    right = padded, _, labels = collate_fn(batch)
    left = pad_sequence([s for s, _ in batch], batch_first=True, padding_side="left")
    n, width = padded.shape
    wide, full = nn.functional.pad(padded, (0, 3 - width)), torch.full((n,), width)
    for i, mistake, hint in (
        (1, labels, "in this order, please: padded, lengths, labels."),
        (0, padded.T, "padded has shape (L, N): call pad_sequence with batch_first=True."),
        (0, left, "the padding is on the left; it belongs behind the symbols."),
        (0, wide, "pad to the longest sequence of the batch, not to max_length."),
        (1, full, "lengths should be those of the sequences, not of the padded rows."),
        (2, labels[:, None], "labels should have shape (N,), not (N, 1)."),
    ):
        if tensors_close(parts[i], mistake) and not tensors_close(mistake, right[i]):
            return hint
    for found, expected, name in zip(parts, right, ("padded", "lengths", "labels"), strict=True):
        if not tensors_close(found, expected):
            return f"{name} should be {expected.tolist()}, not {found.tolist()}."
        is_right = found.is_floating_point() if name == "labels" else found.dtype == torch.int64
        if not is_right:
            return f"{name} should be {expected.dtype}, not {found.dtype}."
    return None


@exercise
def check_packed_last(packed_last: Callable) -> str | None:
    """Check notebook 03, exercise 3: an LSTM that skips padding."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cell = nn.LSTMCell(2, 3)
        batches = [
            (torch.randn(len(lengths), width, 2), torch.tensor(lengths))
            for lengths, width in (([2, 5, 3, 1], 6), ([1], 1), ([4, 2, 6, 4, 3], 8))
        ]
    rows: list[int] = []
    cell.register_forward_pre_hook(lambda _, inputs: rows.append(len(inputs[0])))
    for embedded, lengths in batches:
        with torch.no_grad():
            h, c, *not_carried = _run_through(cell, embedded)
        last = torch.arange(len(lengths)), lengths - 1
        one_more = last[0], lengths.clamp(max=lengths.max() - 1)
        shared, without_c, fresh = (states[last] for states in not_carried)
        expected = h[last]
        rows.clear()
        result = call(packed_last, cell, embedded, lengths)
        n_calls, n_rows = sum(n > 0 for n in rows), sum(rows)
        hint = wrong_shape(result, tuple(expected.shape), "(N, H)")
        if hint is not None:
            return hint
        order = lengths.argsort(descending=True, stable=True)
        case = f"Lengths {lengths.tolist()}"
        for mistake, hint in (
            (h[:, -1], "that is the state after the padding; a sequence must stop at its length."),
            (h[:, lengths.max() - 1], "shorter ones ran on with the longest; stop each in time."),
            (expected[order], "the states stand in the sorted order; put them back in yours."),
            (expected[order][order], "sorting twice is not undoing: use argsort of the order."),
            (c[last], "those are the memories c; return the states h."),
            (nn.functional.pad(h, (0, 0, 1, 0))[last], "each sequence stops one step too early."),
            (h[one_more], "one step too far: a sequence of 2 symbols runs at steps 0 and 1 only."),
            (shared, "h and c are one tensor, as h = c = torch.zeros(...) makes them; use two."),
            (without_c, "you keep h, but the memory c starts from zeros at every step."),
            (fresh, "every step must start from the h and c that the step before left."),
        ):
            if tensors_close(result, mistake) and not tensors_close(mistake, expected):
                return f"{case}: {hint}"
        if not tensors_close(result, expected):
            return f"{case}: the states are not those that nn.LSTM gives."
        if n_rows > lengths.sum():
            return (
                f"{case}: the right states, but the cell read {n_rows} rows for {lengths.sum()} "
                "real symbols: some of them are padding."
            )
        if n_calls != lengths.max():
            return (
                f"{case}: the right states, but in {n_calls} calls of the cell. One call a time "
                f"step is enough, for all sequences that are still running: {lengths.max()} calls."
            )
    return None


def _run_through(cell: nn.LSTMCell, embedded: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the hidden and cell states at all time steps, and the states with three mistakes.

    The mistakes are: storing h and c in one tensor, resetting c in each step, and resetting both.
    """
    h = c = shared = h_alone = zeros = torch.zeros(len(embedded), cell.hidden_size)
    steps = []
    for x in embedded.unbind(dim=1):
        h, c = cell(x, (h, c))
        shared = cell(x, (shared, shared))[1]
        h_alone = cell(x, (h_alone, zeros))[0]
        steps.append((h, c, shared, h_alone, cell(x)[0]))
    return tuple(torch.stack(each, dim=1) for each in zip(*steps, strict=True))  # (N, L, H)
