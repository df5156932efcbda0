"""Checks of the exercises of notebook 03, padding and packing."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import call, exercise, tensors_close, wrong_shape


@exercise
def check_max_pool(max_pool: Callable) -> str | None:
    """Check notebook 03, exercise 1: the largest output over the real time steps."""
    outputs = torch.tensor(
        [[[-3.0, 1.0], [-2.0, 0.5], [0.0, 9.0]], [[2.0, -4.0], [5.0, -2.0], [1.0, -7.0]]]
    )  # (N=2, L=3, H=2)
    before = outputs.clone()
    try:
        pooled = call(max_pool, outputs, torch.tensor([2, 3]))
    except RuntimeError as error:
        if "size of tensor" not in str(error):
            raise
        return "a mask of shape (N, L) needs a third axis to meet (N, L, H): mask[:, :, None]."
    expected = torch.tensor([[-2.0, 1.0], [5.0, -2.0]])
    if isinstance(pooled, tuple):
        return ".max(dim=1) returns values and positions. Take .values, or call amax."
    hint = wrong_shape(pooled, (2, 2), "(N, H)")
    if hint is not None:
        return hint
    if not torch.equal(outputs, before):
        return "your function changed outputs; masked_fill (without _) makes a copy."
    if tensors_close(pooled, outputs.amax(dim=1)):
        return "padding wins: time step 3 of sequence 0 is padding and must not count."
    if tensors_close(pooled, torch.tensor([[0.0, 1.0], [5.0, 0.0]])) or pooled[0, 0] == 0:
        return "where all real outputs are negative, a padding of 0 wins. Fill in -inf instead."
    if not tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None


@exercise
def check_batch_sizes(batch_sizes: Callable) -> str | None:
    """Check notebook 03, exercise 2: how many sequences are running at each time step."""
    lengths = torch.tensor([2, 5, 3, 1])
    sizes = call(batch_sizes, lengths)
    if not isinstance(sizes, Tensor):
        return f"the result should be a tensor; yours is {type(sizes).__name__}."
    if sizes.ndim == 2:
        return "that is one answer for each sequence and time step; sum over the sequences."
    if sizes.shape == (4,):
        return "there is one number per time step (5 here), not one per sequence."
    if sizes.tolist() == [4, 4, 3, 2, 1]:
        return "a sequence of 2 symbols runs at steps 0 and 1: compare with <, not <=."
    if sizes.tolist() == [3, 2, 1, 1, 0]:
        return "one step too late: at the first step every sequence is running."
    if sizes.tolist() == [0, 1, 2, 3, 3]:
        return "those are the sequences that have ended; count the ones still running."
    if sizes.dtype == torch.bool or sizes.is_floating_point():
        return f"the numbers should be whole; yours are {sizes.dtype}."
    if sizes.tolist() != [4, 3, 2, 1, 1]:
        return f"lengths 2, 5, 3, 1 should give [4, 3, 2, 1, 1], not {sizes.tolist()}."
    return None


@exercise
def check_packed_last(packed_last: Callable) -> str | None:
    """Check notebook 03, exercise 3: an LSTM over a batch that never computes a padded step."""
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
        before = embedded.clone()
        result = call(packed_last, cell, embedded, lengths.clone())
        n_calls, n_rows = sum(n > 0 for n in rows), sum(rows)
        hint = wrong_shape(result, tuple(expected.shape), "(N, H)")
        if hint is not None:
            return hint
        if not torch.equal(embedded, before):
            return "your function changed embedded; work on a copy."
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
    """Run over all time steps: states and memories, and the states after three mistakes.

    The mistakes: h and c in one tensor, c never kept, nothing kept.
    """
    h = c = shared = h_alone = zeros = torch.zeros(len(embedded), cell.hidden_size)
    steps = []
    for x in embedded.unbind(dim=1):
        h, c = cell(x, (h, c))
        shared = cell(x, (shared, shared))[1]
        h_alone = cell(x, (h_alone, zeros))[0]
        steps.append((h, c, shared, h_alone, cell(x)[0]))
    return tuple(torch.stack(each, dim=1) for each in zip(*steps, strict=True))  # (N, L, H)
