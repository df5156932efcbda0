"""Checks of the exercises: each prints `Correct` or says what is still missing, and never raises.

A check tries the reader's function on small cases with known answers and returns a hint for the
first thing that is wrong, or None. `_exercise` turns that into a line of text.
"""

import functools
import operator
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqclf_utils.data import SplitIndices
from seqclf_utils.model import LSTMClassifier


def _exercise(check: Callable[[Callable], str | None]) -> Callable[[Callable], None]:
    """Print what `check` says about the reader's function, whatever that function does."""

    @functools.wraps(check)
    def report(answer: Callable) -> None:
        try:
            hint = check(answer)
        except _NothingYetError:
            hint = f"{answer.__name__} returns nothing. Replace the dots, and return the result."
        except Exception as error:
            hint = f"your code raised {type(error).__name__}: {error}"
        print("Correct" if hint is None else f"Not yet: {hint}")

    return report


class _NothingYetError(Exception):
    """The reader's function returned None: most likely it is still the stub."""


def _call(answer: Callable, *arguments: object) -> object:
    """Call the reader's function; None or dots mean that nothing is written yet."""
    result = answer(*arguments)
    if result is None or result is ...:
        raise _NothingYetError
    return result


def _close(result: object, expected: float) -> bool:
    """Compare single numbers up to rounding; anything else is different."""
    try:
        return bool(np.isclose(float(result), expected, rtol=1e-4, atol=1e-6))
    except (TypeError, ValueError):
        return False


def _two_numbers(result: object) -> tuple[float, float] | None:
    """Return a pair of numbers as a tuple; None for anything else."""
    try:
        first, second = (float(number) for number in result)
    except (TypeError, ValueError):
        return None
    return first, second


def _tensors_close(result: object, expected: Tensor) -> bool:
    """Compare tensors up to rounding; shapes must be equal."""
    return (
        isinstance(result, Tensor)
        and result.shape == expected.shape
        and torch.allclose(result.double(), expected.double(), atol=1e-6)
    )


@_exercise
def check_share_of_cheats(share_of_cheats: Callable) -> str | None:
    """Check notebook 01, exercise 1: the share of label 1 among some positions."""
    labels = np.array([1, 0, 0, 1, 1, 1])
    share = _call(share_of_cheats, labels, np.array([0, 1, 2, 4]))
    if _close(share, labels.mean()):
        return "that is the share among all labels. Use only those at the given positions."
    if _close(share, 2 / 6):
        return "divide by the number of the given positions, not of all labels."
    if _close(share, 2):
        return "that is how many cheats there are. Divide by the number of positions."
    if _close(share, 0.25):
        return "that is the share of label 1 among the positions themselves. Look up the labels."
    if not _close(share, 0.5):
        return f"labels 1, 0, 0, 1 at the four positions should give 0.5, not {share}."
    return None


@_exercise
def check_leaked_positions(leaked_positions: Callable) -> str | None:
    """Check notebook 01, exercise 2: test sequences that also stand in training or validation."""
    sequences = [[1, 2], [3], [1, 2], [4, 4], [3], [2, 1], [1, 2, 0], [5]]
    arrays = [np.array(sequence) for sequence in sequences]
    splits = SplitIndices(np.array([0, 3]), np.array([1]), np.array([7, 6, 5, 4, 2]))
    leaked = list(_call(leaked_positions, arrays, splits))
    if leaked in ([3, 4], [False, False, False, True, True]):
        return "those are places inside test_idx. Return the positions that stand there."
    if leaked == [2]:
        return "position 4 is missing: its twin stands in validation, which counts as well."
    if sorted(leaked) == [2, 4] and leaked != [2, 4]:
        return "the right positions, but not sorted."
    if 5 in leaked:
        return "position 5 holds [2, 1], and no other sequence does: the order matters."
    if 6 in leaked:
        return "position 6 holds [1, 2, 0]; [1, 2] is only its beginning."
    if any(position in leaked for position in (0, 1, 3)):
        return "only positions of the test side can be leaked positions."
    if leaked != [2, 4]:
        return f"expected [2, 4] for a small case, got {leaked}."
    return None


@_exercise
def check_largest_hidden_size(largest_hidden_size: Callable) -> str | None:
    """Check notebook 02, exercise 1: the largest LSTM within a budget of parameters."""

    @functools.cache
    def count(hidden_size: int) -> int:
        model = LSTMClassifier(vocab_size=7, embed_dim=16, hidden_size=hidden_size)
        return sum(parameter.numel() for parameter in model.parameters())

    def largest(budget: int, biases: int = 2) -> int:
        sizes = range(1, 120)
        return max(h for h in sizes if count(h) - 4 * h * (2 - biases) <= budget)

    for budget in (1000, count(32), 50_000):
        expected = largest(budget)
        size = _call(largest_hidden_size, budget)
        if _close(size, expected):
            continue
        if _close(size, count(expected)):
            return "that is the number of parameters. Return the hidden size."
        if _close(size, largest(budget, biases=1)):
            return "PyTorch's LSTM has two bias vectors, b_ih and b_hh, of 4 H numbers each."
        if _close(size, expected + 1):
            return f"{size} is one too many for a budget of {budget}: it needs {count(size)}."
        if _close(size, expected - 1):
            return f"{expected} still fits into a budget of {budget}: it needs {count(expected)}."
        return f"a budget of {budget} should give {expected}, not {size}."
    return None


@_exercise
def check_bce_by_hand(bce_by_hand: Callable) -> str | None:
    """Check notebook 02, exercise 2: the mean binary cross-entropy from logits."""
    logits, labels = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])
    criterion = nn.BCEWithLogitsLoss(reduction="none")
    losses = criterion(logits, labels)
    result = _call(bce_by_hand, logits, labels)
    if _close(result, -losses.mean()):
        return "the right size with the wrong sign: the loss is minus the log-probability."
    if isinstance(result, Tensor) and result.shape == (3,):
        return "there is one number a sequence; the loss is their mean."
    if _close(result, losses.sum()):
        return "that is the sum over the sequences; the loss is their mean."
    if _close(result, criterion(torch.sigmoid(logits), labels).mean()):
        return "the sigmoid was taken twice."
    if _close(result, criterion(-logits, labels).mean()):
        return "the labels are swapped: a positive logit speaks for label 1."
    if not _close(result, losses.mean()):
        return f"expected {losses.mean():.4f} for a small case, got {result}."
    extreme = _call(bce_by_hand, torch.tensor([1000.0, -1000.0]), torch.tensor([0.0, 1.0]))
    if not _close(extreme, 1000.0):
        return (
            f"for logits of 1000 and -1000, both wrong, the loss is 1000, but yours is {extreme}: "
            "the sigmoid is rounded to 1 or 0 and its logarithm explodes. softplus(-z) is the "
            "logarithm of 1 + exp(-z), computed safely."
        )
    return None


@_exercise
def check_max_pool(max_pool: Callable) -> str | None:
    """Check notebook 03, exercise 1: the largest output over the real time steps."""
    outputs = torch.tensor(
        [[[-3.0, 1.0], [-1.0, 0.5], [0.0, 9.0]], [[2.0, -4.0], [5.0, -2.0], [1.0, -7.0]]]
    )  # (N=2, L=3, H=2)
    before = outputs.clone()
    pooled = _call(max_pool, outputs, torch.tensor([2, 3]))
    expected = torch.tensor([[-1.0, 1.0], [5.0, -2.0]])
    if isinstance(pooled, tuple):
        return ".max(dim=1) returns values and positions. Take .values, or call amax."
    if not isinstance(pooled, Tensor) or pooled.shape != (2, 2):
        shape = tuple(pooled.shape) if isinstance(pooled, Tensor) else type(pooled).__name__
        return f"the result should have shape (N, H) = (2, 2); yours is {shape}."
    if not torch.equal(outputs, before):
        return "your function changed outputs; masked_fill (without _) makes a copy."
    if _tensors_close(pooled, outputs.amax(dim=1)):
        return "padding wins: time step 3 of sequence 0 is padding and must not count."
    if _tensors_close(pooled, torch.tensor([[0.0, 1.0], [5.0, 0.0]])) or pooled[0, 0] == 0:
        return "where all real outputs are negative, a padding of 0 wins. Fill in -inf instead."
    if not _tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None


@_exercise
def check_batch_sizes(batch_sizes: Callable) -> str | None:
    """Check notebook 03, exercise 2: how many sequences are running at each time step."""
    lengths = torch.tensor([2, 5, 3, 1])
    sizes = _call(batch_sizes, lengths)
    if not isinstance(sizes, Tensor):
        return f"the result should be a tensor; yours is {type(sizes).__name__}."
    if sizes.shape == (4,):
        return "there is one number per time step (5 here), not one per sequence."
    if sizes.tolist() == [4, 4, 3, 2, 1]:
        return "a sequence of 2 symbols runs at steps 0 and 1: compare with <, not <=."
    if sizes.tolist() == [3, 2, 1, 1, 0]:
        return "one step too late: at the first step every sequence is running."
    if sizes.dtype == torch.bool or sizes.is_floating_point():
        return f"the numbers should be whole; yours are {sizes.dtype}."
    if sizes.tolist() != [4, 3, 2, 1, 1]:
        return f"lengths 2, 5, 3, 1 should give [4, 3, 2, 1, 1], not {sizes.tolist()}."
    return None


def _stopping_epochs(
    val_losses: list[float], patience: int, improves: Callable = operator.lt
) -> tuple[int, int]:
    """Return the last epoch run and the best one, for a given idea of what improves."""
    best_epoch = 1
    for epoch, val_loss in enumerate(val_losses, start=1):
        if improves(val_loss, val_losses[best_epoch - 1]):
            best_epoch = epoch
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch


@_exercise
def check_stopping_epochs(stopping_epochs: Callable) -> str | None:
    """Check notebook 04, exercise 1: the last epoch run and the best one."""
    for val_losses, patience in (
        ([0.6, 0.5, 0.7, 0.8, 0.4], 2),
        ([0.6, 0.5, 0.4, 0.3], 3),
        ([0.6, 0.7, 0.5, 0.6, 0.4], 2),
        ([0.5, 0.7, 0.6, 0.4], 2),
        ([0.6, 0.5, 0.5, 0.7, 0.8, 0.9], 2),
        ([0.5, 0.5, 0.5], 1),
    ):
        result = _two_numbers(_call(stopping_epochs, list(val_losses), patience))
        if result is None:
            return "return two numbers: the last epoch that is run, and the best epoch."
        last, best = _stopping_epochs(val_losses, patience)
        case = f"losses {val_losses} with patience {patience}"
        if val_losses == [0.6, 0.7, 0.5, 0.6, 0.4] and result == (4, 3):
            return f"{case}: a new best starts the count again; patience counts epochs in a row."
        if val_losses == [0.5, 0.7, 0.6, 0.4] and result == (4, 4):
            return f"{case}: compare with the best loss so far, not with the epoch before."
        if result == (best, last) and best != last:
            return "the right epochs in the wrong order: first the last epoch, then the best one."
        if result == (last - 1, best - 1):
            return "epochs count from 1, not from 0."
        if result == _stopping_epochs(val_losses, patience + 1) != (last, best):
            return f"one epoch too many for {case}: stop as soon as patience is used up."
        if result == _stopping_epochs(val_losses, patience, operator.le) != (last, best):
            return f"an equal loss is no improvement ({case}): compare with <, not <=."
        if result != (last, best):
            return f"{case} should give {(last, best)}, not {result}."
    return None


@_exercise
def check_epoch_loss(epoch_loss: Callable) -> str | None:
    """Check notebook 04, exercise 2: the mean over sequences from the batches' means."""
    result = _call(epoch_loss, np.array([0.0, 0.0, 1.0]), 34, 16)
    if _close(result, 1 / 3):
        return "that is the mean of the batch means: two sequences count as much as sixteen."
    if _close(result, 16 / 34):
        return "the last batch counts as a full one: of 34 sequences only 2 are left for it."
    if _close(result, 2.0):
        return "that is the sum over the sequences; divide by how many there are."
    if _close(result, 2 / 3):
        return "divide by the number of sequences, not by the number of batches."
    if not _close(result, 2 / 34):
        return f"means 0, 0, 1 of 16, 16, 2 sequences should give 2/34 = 0.0588, not {result}."
    result = _call(epoch_loss, np.array([0.5, 1.0]), 32, 16)
    if not _close(result, 0.75):
        return f"means 0.5 and 1 of 16 and 16 sequences should give 0.75, not {result}."
    return None


@_exercise
def check_paired_difference(paired_difference: Callable) -> str | None:
    """Check notebook 05, exercise 1: mean and standard error of differences by seed."""
    first, second = np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.8, 0.75, 0.6, 0.55])
    differences = first - second
    result = _two_numbers(_call(paired_difference, first, second))
    if result is None:
        return "return two numbers: the mean difference and its standard error."
    mean, error = result
    n = len(differences)
    if _close(mean, -differences.mean()):
        return "the wrong way round: first minus second."
    if not _close(mean, differences.mean()):
        return f"the mean difference of a small case is {differences.mean():.4f}, not {mean}."
    if _close(error, differences.std(ddof=1)):
        return "that is the standard deviation; for the error of the mean divide by sqrt(n)."
    if _close(error, differences.std() / np.sqrt(n)):
        return "with few seeds use the sample's standard deviation: ddof=1."
    if _close(error, np.sqrt(first.var(ddof=1) / n + second.var(ddof=1) / n)):
        return "take the differences first: seed by seed, the luck of the draw cancels out."
    if not _close(error, differences.std(ddof=1) / np.sqrt(n)):
        expected = differences.std(ddof=1) / np.sqrt(n)
        return f"the standard error of a small case is {expected:.4f}, not {error}."
    return None


@_exercise
def check_last_and_avg(last_and_avg: Callable) -> str | None:
    """Check notebook 05, exercise 2: last output and masked mean side by side."""
    outputs = torch.tensor([[[1.0], [3.0], [8.0]], [[4.0], [5.0], [9.0]]])  # (N=2, L=3, H=1)
    pooled = _call(last_and_avg, outputs, torch.tensor([2, 3]))
    expected = torch.tensor([[3.0, 2.0], [9.0, 6.0]])
    if not isinstance(pooled, Tensor) or pooled.shape != (2, 2):
        shape = tuple(pooled.shape) if isinstance(pooled, Tensor) else type(pooled).__name__
        return f"the result should have shape (N, 2 H) = (2, 2); yours is {shape}."
    if _tensors_close(pooled, expected.flip(1)):
        return "the right numbers in the wrong order: first last, then avg."
    if _close(pooled[0, 0], 8.0):
        return "the last column of outputs is padding for sequence 0: its length is 2."
    if _close(pooled[0, 1], 4.0):
        return "the mean of sequence 0 includes padding; masked_mean leaves it out."
    if not _tensors_close(pooled, expected):
        return f"expected {expected.tolist()} for a small case, got {pooled.tolist()}."
    return None
