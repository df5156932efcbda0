"""Checks of the exercises of notebook 09, when it goes wrong: find the bug."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from seqclf_utils.exercises.report import call, close, exercise


@exercise
def check_fraction_right(fraction_right: Callable) -> str | None:
    """Check notebook 09, exercise 1: accuracy from logits of shape (N, 1)."""
    logits = torch.tensor([[2.0], [-1.0], [0.3], [-3.0], [0.2], [-0.5], [4.0]])  # (N=7, 1)
    labels = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0])  # (N=7,)
    result = call(fraction_right, logits, labels)
    if isinstance(result, Tensor) and result.numel() > 1:
        return f"return one number, the mean; yours has shape {tuple(result.shape)}."
    if close(result, 4 / 7):
        return "everything is taken for a cheat: every probability is above 0. Compare with 0.5."
    if any(close(result, meetings / 49) for meetings in (25, 23, 25 * 7)):
        return "(N, 1) against (N,) makes (N, N): every logit meets every label. Squeeze first."
    if close(result, 3 / 7):
        return "a logit is compared with 0.5; that is the threshold for probabilities."
    if close(result, 5):
        return "that is how many are right; divide by how many there are."
    if close(result, 2 / 7):
        return "that is the fraction that is wrong."
    if not close(result, 5 / 7):
        return f"5 of the 7 logits are on the right side, 5/7 = 0.714; yours gives {result}."
    for logits, labels, expected in (
        (torch.tensor([[-2.0], [1.0], [1.0]]), torch.tensor([0.0, 0.0, 1.0]), 2 / 3),
        (torch.tensor([[-2.0]]), torch.tensor([0.0]), 1.0),
    ):
        result = call(fraction_right, logits, labels)
        if not close(result, expected):
            return f"for {len(labels)} logits the result should be {expected:.3f}, not {result}."
    return None


def _running_state(padded: Tensor) -> Tensor:
    """Return a memory that fades by half at each step, padding included, shape (N, L)."""
    if padded.dim() != 2:
        raise ValueError(f"predict wants padded of shape (N, L), here (1, L), not {padded.shape}")
    state, states = torch.zeros(len(padded), dtype=torch.float64), []
    for symbols in padded.double().T:
        state = 0.5 * state + symbols + 1
        states.append(state)
    return torch.stack(states, dim=1)


def _reads_real_steps(padded: Tensor, lengths: Tensor) -> Tensor:
    """Answer rightly: the state at the last real step."""
    if not isinstance(lengths, Tensor) or lengths.dim() != 1:
        raise ValueError(f"predict wants lengths of shape (N,), a tensor, not {lengths!r}")
    return _running_state(padded)[torch.arange(len(lengths)), lengths - 1]


def _up_to_rounding(padded: Tensor, lengths: Tensor) -> Tensor:
    """Answer rightly, with the last digits depending on the batch as on real machines."""
    return _reads_real_steps(padded, lengths) * (1 + 1e-13 * padded.numel())


def _reads_last_position(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the mistake of `outputs[:, -1]`."""
    return _running_state(padded)[:, -1]


def _reads_last_position_negative(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the same mistake with the other sign."""
    return -_reads_last_position(padded, lengths)


def _averages_padding(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the mistake of a mean over all positions."""
    return _running_state(padded).mean(dim=1)


def _crops_then_reads_last(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the mistake of `outputs[:, -1]` after unpacking, which cuts off common padding."""
    return _running_state(padded[:, : int(lengths.max())])[:, -1]


def _reads_down_the_batch(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the mistake of a forgotten `batch_first`: a row depends on those above it."""
    return _reads_real_steps(padded, lengths).cumsum(dim=0)


def _loses_the_order(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make the mistake of sorting by length without undoing it."""
    return _reads_real_steps(padded, lengths)[lengths.argsort(descending=True)]


def _moves_a_little(padded: Tensor, lengths: Tensor) -> Tensor:
    """Make a mistake that moves each answer by about a thousandth."""
    return _reads_real_steps(padded, lengths) + 1e-3 * padded.size(1)


def _batch(*rows: list[int]) -> tuple[Tensor, Tensor]:
    """Return a padded batch and its lengths."""
    sequences = [torch.tensor(row) for row in rows]
    lengths = torch.tensor([len(row) for row in rows])
    return nn.utils.rnn.pad_sequence(sequences, batch_first=True), lengths


@exercise
def check_is_batch_invariant(is_batch_invariant: Callable) -> str | None:
    """Check notebook 09, exercise 2: does a sequence score the same alone as in company?"""
    batch = _batch([6, 1], [1, 2, 3, 4, 5], [3, 3, 2])

    def says(predict: Callable, batch: tuple[Tensor, Tensor] = batch) -> bool:
        result = call(is_batch_invariant, predict, *batch)
        if (result.numel() if isinstance(result, Tensor) else np.size(result)) > 1:
            raise TypeError("return one True or False for the whole batch, not one a sequence")
        if isinstance(result, Tensor | np.bool_):
            result = result.item()
        if not isinstance(result, bool):
            raise TypeError(f"return True or False, not {result!r}")
        return result

    if not says(_up_to_rounding):
        if says(_reads_real_steps):
            return "a right model is refused for its rounding: compare with torch.allclose, not ==."
        return "a model that reads real steps only is refused; return True if nothing moved."
    if says(_reads_last_position) != says(_reads_last_position_negative):
        return "answers that move one way only are noticed: a difference can be negative. Use abs."
    if says(_reads_last_position) or says(_averages_padding):
        if says(_reads_down_the_batch):
            return "outputs[:, -1] is accepted, though the answers move with the padding."
        return "alone, a sequence has no padding: ask about padded[i : i + 1, :n], n its length."
    if says(_crops_then_reads_last):
        return "more padding is not enough: what counts is who else is there. Ask one by one."
    for other in (_batch([5, 4, 3, 2, 1], [6, 6], [1]), _batch([2], [6, 5], [1, 2, 3, 4])):
        if says(_reads_last_position, other) or says(_reads_down_the_batch, other):
            return "look at every sequence: the longest, or the first, may be the one that stays."
    if says(_reads_down_the_batch, _batch([2], [6, 5])):
        return "the longest sequence is left out. It has no padding, but it has company, too."
    if says(_loses_the_order):
        return "right answers in another order are accepted: compare them one by one."
    if says(_moves_a_little):
        return "answers that move by 0.005 are accepted: the tolerance is too generous."
    return None


class _Probe(nn.Module):
    """A tiny model that remembers how it was used."""

    def __init__(self, *, honest_copies: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.honest_copies = honest_copies
        self.train_modes, self.val_modes, self.val_weights = [], [], []

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Return logits, float64, shape (N,); validation batches are those with 4 columns."""
        if padded.size(1) == 4:
            self.val_modes.append(self.training)
            self.val_weights.append(self.weight.detach().clone())
        else:
            self.train_modes.append(self.training)
        return self.weight[0] * (padded.double().mean(dim=1) - 3.0) + self.weight[1]

    def state_dict(self, *arguments: object, **options: object) -> dict:
        """Return the weights; as copies if asked for, so that aliasing cannot show."""
        state = super().state_dict(*arguments, **options)
        return {k: v.clone() for k, v in state.items()} if self.honest_copies else state


def _probe_batch(columns: int, symbols: list[int], labels: list[int]) -> tuple:
    """Return a batch in which each row repeats one symbol."""
    padded = torch.tensor(symbols)[:, None].repeat(1, columns)
    lengths = torch.full((len(symbols),), columns)
    return padded, lengths, torch.tensor(labels, dtype=torch.float64)


_TRAIN = [_probe_batch(3, [6, 5, 1, 2], [1, 1, 0, 0]), _probe_batch(3, [6, 2, 4, 1], [1, 0, 1, 0])]
# Validation says the opposite of training, so every epoch is worse than the one before it.
_VAL = [_probe_batch(4, [6, 5, 1, 2], [0, 0, 1, 1]), _probe_batch(4, [1], [0])]


def _use(
    answer: Callable, max_epochs: int, patience: int, *, honest_copies: bool = False
) -> tuple[_Probe, object]:
    """Train a fresh probe with the reader's function."""
    probe = _Probe(honest_copies=honest_copies)
    result = call(answer, probe, list(_TRAIN), list(_VAL), max_epochs, patience)
    return probe, result


def _weights_after_one_epoch(*, add_up: bool) -> Tensor:
    """Return the weights after one right epoch, or one without `zero_grad`."""
    probe, criterion = _Probe(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(probe.parameters(), lr=0.5)
    for padded, lengths, labels in _TRAIN:
        if not add_up:
            optimizer.zero_grad()
        criterion(probe(padded, lengths), labels).backward()
        optimizer.step()
    return probe.weight.detach()


def _val_losses(weight: Tensor) -> list[float]:
    """Return the mean loss of each validation batch for given weights."""
    probe = _Probe()
    probe.weight.data.copy_(weight)
    criterion = nn.BCEWithLogitsLoss()
    return [criterion(probe(p, n), labels).item() for p, n, labels in _VAL]


@exercise
def check_train_and_keep_best(train_and_keep_best: Callable) -> str | None:
    """Check notebook 09, exercise 3: five bugs of a training function, probed one by one."""
    first, loss = _use(train_and_keep_best, 1, 5)
    if not first.train_modes or not first.val_modes:
        return "the model must be asked about the training batches and the validation batches."
    after_epoch = first.val_weights[0]
    if torch.equal(after_epoch, torch.zeros(2, dtype=torch.float64)):
        return "the weights never move: zero_grad() belongs before backward(), not after it."
    hints = [
        _gradients(after_epoch),
        _weighting(after_epoch, loss),
        _modes(_use(train_and_keep_best, 3, 5)[0]),
        _copies(_use(train_and_keep_best, 8, 2)[0]),
        _restoring(_use(train_and_keep_best, 3, 9, honest_copies=True)[0]),
    ]
    found = [hint for hint in hints if hint is not None]
    if found:
        return f"probes that fail: {len(found)} of 5. The first: {found[0]}"
    cases = {(8, 2): "epoch 1 the best and patience 2", (3, 9): "3 epochs at most"}
    for (max_epochs, patience), case in cases.items():
        probe, loss = _use(train_and_keep_best, max_epochs, patience)
        n_epochs = len(probe.val_weights) // len(_VAL)
        if n_epochs != 3:
            return f"with {case}, 3 epochs are run; yours ran {n_epochs}."
        best = np.average(_val_losses(probe.val_weights[0]), weights=[4, 1])
        if not close(loss, best):
            return f"return the lowest validation loss, {best:.3f} here; yours is {loss}."
    return None


def _gradients(weight: Tensor) -> str | None:
    """Probe 1: gradients must not add up over the steps."""
    if torch.allclose(weight, _weights_after_one_epoch(add_up=True)):
        return "gradients add up. Which line forgets the old ones, and does it run for every batch?"
    if not torch.allclose(weight, _weights_after_one_epoch(add_up=False)):
        return "one epoch of SGD leads to other weights: leave optimizer and loss as they are."
    return None


def _weighting(weight: Tensor, loss: object) -> str | None:
    """Probe 2: the validation loss is a mean over sequences."""
    losses = _val_losses(weight)
    if close(loss, np.average(losses, weights=[4, 1])):
        return None
    if close(loss, np.mean(losses)):
        return "the validation loss is a mean of batch means: a batch of 1 counts like one of 4."
    total = np.dot(losses, [4, 1])
    if close(loss, total) or close(loss, total / 2):
        return "a sum over sequences must be divided by the number of sequences, not of batches."
    return f"with 4 + 1 sequences the loss should be {np.average(losses, weights=[4, 1]):.3f}."


def _modes(probe: _Probe) -> str | None:
    """Probe 3: training mode in training, in every epoch, and evaluation mode in validation."""
    if any(probe.val_modes):
        return "validation runs in training mode, with dropout on."
    if not all(probe.train_modes):
        return "from the second epoch on the model trains in evaluation mode, without dropout."
    return None


def _copies(probe: _Probe) -> str | None:
    """Probe 4: what is restored when patience runs out is the best epoch, not the last."""
    kept, best, last = probe.weight.detach(), probe.val_weights[0], probe.val_weights[-1]
    if torch.equal(kept, best):
        return None
    if torch.equal(kept, last):
        return "the weights put back are those of the last epoch: what was kept is not a copy."
    return "after training the model should have the weights of the best epoch."


def _restoring(probe: _Probe) -> str | None:
    """Probe 5: the best weights come back when the epochs run out as well."""
    epochs = probe.val_weights[:: len(_VAL)]
    if len(epochs) > 2 and torch.equal(epochs[1], epochs[2]):
        return "the best weights are put back after every epoch: do it once, after the loop."
    if torch.equal(probe.weight.detach(), probe.val_weights[0]):
        return None
    return "if the epochs run out before patience does, the best weights are not put back."
