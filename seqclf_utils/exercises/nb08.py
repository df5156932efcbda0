"""Checks for the exercises in notebook 08, scaling up."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import call, close, exercise, slip


@exercise
def check_padding_share(padding_share: Callable) -> str | None:
    """Check notebook 08, exercise 1: the share of cells that are padding."""
    for lengths, batch_size, expected in (
        ([4, 2, 5, 1, 3], 2, 6 / 21),  # 8 + 10 + 3 cells, 15 of them real
        ([3, 3, 3], 1, 0.0),
        ([1, 9, 1, 9], 4, 16 / 36),
    ):
        share = call(padding_share, lengths, batch_size)
        if close(share, expected):
            continue
        case = f"for lengths {lengths} in batches of {batch_size}"
        real, longest = sum(lengths), max(lengths)
        n_batches = -(-len(lengths) // batch_size)
        slips = (
            (1 - expected, "that is the share of real cells; the padding is the rest."),
            (1 - real / (len(lengths) * longest), "pad each batch to its own longest."),
            (1 - real / (n_batches * batch_size * longest), "count the cells batch by batch."),
            (_missing_rows(lengths, batch_size), "the last batch may have fewer rows."),
            (_share(sorted(lengths), batch_size), "keep the sequences in their order."),
            (_mean_share(lengths, batch_size), "divide sums of cells, don't average shares."),
            (expected * 100, "a share is 0 to 1, not a percentage."),
        )
        hint = slip(share, slips) or f"{expected:.3f} of the cells are padding, not {share}."
        return f"{case}: {hint}"
    return None


def _batches(lengths: list[int], batch_size: int) -> list[list[int]]:
    """Cut lengths into batches."""
    return [lengths[k : k + batch_size] for k in range(0, len(lengths), batch_size)]


def _share(lengths: list[int], batch_size: int) -> float:
    """Return the share of padding."""
    cells = sum(len(batch) * max(batch) for batch in _batches(lengths, batch_size))
    return 1 - sum(lengths) / cells


def _missing_rows(lengths: list[int], batch_size: int) -> float:
    """Return the share of padding, counting the missing rows of the last batch as padding."""
    cells = sum(batch_size * max(batch) for batch in _batches(lengths, batch_size))
    return 1 - sum(lengths) / cells


def _mean_share(lengths: list[int], batch_size: int) -> float:
    """Return the mean share of padding per batch."""
    shares = [_share(batch, batch_size) for batch in _batches(lengths, batch_size)]
    return sum(shares) / len(shares)


@exercise
def check_cell_batches(cell_batches: Callable) -> str | None:
    """Check notebook 08, exercise 2: batches with a limited number of cells."""
    for lengths, max_cells, expected in (
        ([2, 7, 3, 3, 1], 8, [[4, 0], [2, 3], [1]]),
        ([5, 5, 5, 5], 10, [[0, 1], [2, 3]]),
        ([6, 1, 1, 1, 2], 6, [[1, 2, 3], [4], [0]]),
        ([4], 4, [[0]]),
    ):
        batches = call(cell_batches, lengths, max_cells)
        case = f"for lengths {lengths} and at most {max_cells} cells"
        if not _is_list_of_lists(batches):
            return "return a list of batches, each a list of positions (whole numbers)."
        if [] in batches:
            return f"{case}: one of your batches is empty."
        positions = sorted(i for batch in batches for i in batch)
        if positions == sorted(lengths) and positions != list(range(len(lengths))):
            return f"{case}: the batches hold lengths; they should hold positions, from 0."
        if positions != list(range(len(lengths))):
            return f"{case}: every position should come exactly once; yours are {positions}."
        cells = [len(batch) * max(lengths[i] for i in batch) for batch in batches]
        if max(cells) > max_cells:
            return f"{case}: batch {batches[cells.index(max(cells))]} has {max(cells)} cells."
        if len(batches) > len(expected):
            return (
                f"{case}: {len(batches)} batches, though {len(expected)} are enough. A batch has "
                "rows times the longest cells, and may have exactly max_cells."
            )
        if batches != expected:
            return f"{case}: expected {expected}, shortest first; got {batches}."
    return None


def _is_list_of_lists(batches: object) -> bool:
    """Return whether a value is a list of lists of integers."""
    return isinstance(batches, list) and all(
        isinstance(batch, list) and all(type(i) is int for i in batch) for batch in batches
    )


class _Mean(nn.Module):
    """A model that returns the mean symbol times a weight, and records its batch sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5]))
        self.rows: list[int] = []

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (N,)."""
        self.rows.append(len(padded))
        return self.weight * padded.sum(dim=1) / lengths


class _Counting(torch.optim.SGD):
    """An optimizer that records the gradient of each step."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model.parameters(), lr=0.1)
        self.gradients: list[float] = []

    def step(self, closure: Callable | None = None) -> None:
        """Record the gradient and take the step."""
        gradient = self.param_groups[0]["params"][0].grad
        self.gradients.append(0.0 if gradient is None else gradient.item())
        super().step(closure)


@exercise
def check_step_in_pieces(step_in_pieces: Callable) -> str | None:
    """Check notebook 08, exercise 3: gradient accumulation over the pieces of a batch."""
    pieces = [
        (
            torch.tensor([[1, 2], [3, 0], [6, 6]]),
            torch.tensor([2, 1, 2]),
            torch.tensor([0, 1, 1.0]),
        ),
        (torch.tensor([[4, 5, 6]]), torch.tensor([3]), torch.tensor([0.0])),
        (torch.tensor([[2, 1], [5, 0]]), torch.tensor([2, 1]), torch.tensor([1.0, 0.0])),
    ]
    criterion = nn.BCEWithLogitsLoss()
    losses, gradients = zip(*(_loss_and_gradient(criterion, [p]) for p in pieces), strict=True)
    loss, gradient = _loss_and_gradient(criterion, pieces)
    model = _Mean()
    optimizer = _Counting(model)
    model.weight.grad = torch.tensor([7.0])  # left over from the previous step
    result = call(step_in_pieces, model, pieces, criterion, optimizer)
    made = optimizer.gradients
    if len(made) != 1:
        return f"make one step for the whole batch; yours are {len(made)}."
    if model.rows != [3, 1, 2]:
        return f"call the model once for each piece; yours got batches of {model.rows} rows."
    only_last = "only the last piece counts: clear the gradients once, not every time."
    slips = (
        (gradient + 7, "gradients of the previous step are included: clear them first."),
        (sum(gradients), "the pieces' means are added up: the gradient is too large."),
        (sum(gradients) / 3, "a mean of means: the piece of 1 counts as much as that of 3."),
        (gradients[-1], only_last),
        (gradients[-1] / 3, only_last),
        (gradient * 6, "a sum over all sequences; divide by how many there are."),
        (0.0, "no gradients are left for the optimizer: clear them before backward()."),
    )
    if not close(made[0], gradient):
        right = (
            f"the gradient should be {gradient:.4f}, that of the whole batch, not {made[0]:.4f}."
        )
        return slip(made[0], slips) or right
    if isinstance(result, Tensor):
        return "the step is right; return the loss as a plain number, with .item()."
    slips = (
        (sum(losses) / 3, "the step is right, but the loss is a mean of the pieces' means."),
        (sum(losses), "the step is right, but the loss is a sum of the pieces' means."),
    )
    if not close(result, loss):
        right = f"the step is right; the mean loss is {loss:.4f}, not {result}."
        return slip(result, slips) or right
    return None


def _loss_and_gradient(criterion: nn.Module, pieces: list[tuple]) -> tuple[float, float]:
    """Compute the mean loss over all sequences and its gradient."""
    model = _Mean()
    logits = torch.cat([model(padded, lengths) for padded, lengths, _ in pieces])
    loss = criterion(logits, torch.cat([labels for _, _, labels in pieces]))
    loss.backward()
    return loss.item(), model.weight.grad.item()
