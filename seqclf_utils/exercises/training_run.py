"""Record how a training loop uses a model, for the checks of notebooks 04 and 09."""

import math
import operator
import re
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook
from torch.utils.data import DataLoader

from seqclf_utils.data import SequenceDataset, collate_fn
from seqclf_utils.exercises.report import HintError, all_close, call, close, numbers

SPREAD = 0.1  # difference between the mean loss and the loss of the validation batch of 3 sequences


class TrainingRun:
    """A record of how the reader's function trains a model with scripted validation losses.

    Attributes:
        result: The return value of the function.
        numbers: The result as a list of numbers, or None if it cannot be converted.
        events: One letter per event: T, V or O for a forward pass over a training batch, a
            validation batch or other data; B for a backward pass; S for an optimizer step; and L
            for loading weights.
        weights: The model's weight at the end of each epoch.
        final_weight: The model's weight after the function has returned.
        rates: The learning rate of each epoch.
    """

    def __init__(
        self,
        answer: Callable,
        val_losses: list[float],
        max_epochs: int,
        patience: int,
        *,
        as_lists: bool = False,
    ) -> None:
        self.val_losses = val_losses
        self.max_epochs = max_epochs
        self.case = f"validation losses {val_losses} with patience {patience}"
        self.events = ""
        self.weights, self.rates, self.train_modes = [], [], []
        self.val_in_training_mode = self.val_with_gradients = False
        self.adds_up = self.cleared = False
        self.optimizer, self.n_optimizers = None, 0
        self.model = _OneWeight(self)
        with register_optimizer_step_pre_hook(self.on_step):
            loaders = map(list, _loaders()) if as_lists else _loaders()
            result = call(answer, self.model, *loaders, max_epochs, patience)
        self.result, self.numbers = result, numbers(result)
        self.final_weight = self.model.weight.item()

    def __deepcopy__(self, memo: dict) -> "TrainingRun":
        """Return the same record, so that a copied model also reports to it."""
        return self

    def on_forward(self, kind: str, is_training: bool) -> None:
        """Record a forward pass."""
        if len(self.events) > 50 * (self.max_epochs + 1):
            raise HintError("the loop never ends: run max_epochs epochs at most.")
        if kind == "T":
            self.train_modes.append(is_training)
        if kind == "V":
            self.val_in_training_mode |= is_training
            self.val_with_gradients |= torch.is_grad_enabled()
            if "T" in self.events[self.events.rfind("V") + 1 :]:  # an epoch of training has ended
                self.weights.append(self.model.weight.item())
                self.rates.append(self.optimizer and self.optimizer.param_groups[0]["lr"])
        self.events += kind

    def on_backward(self, gradient: Tensor) -> None:
        """Record a backward pass."""
        self.events += "B"
        self.gradient = gradient.clone()

    def on_step(self, optimizer: Optimizer, args: tuple, kwargs: dict) -> None:
        """Record an optimizer step on the model's weight, and check the gradient that it uses."""
        weight = self.model.weight
        if not any(p is weight for group in optimizer.param_groups for p in group["params"]):
            return
        if optimizer is not self.optimizer:
            self.optimizer, self.n_optimizers = optimizer, self.n_optimizers + 1
        if weight.grad is None or weight.grad == 0:
            self.cleared = True
        elif weight.grad != self.gradient:
            self.adds_up = True
        self.events += "S"

    def val_loss(self, n_sequences: int) -> float:
        """Return the mean loss of a validation batch in the current epoch."""
        loss = self.val_losses[min(max(len(self.weights), 1), len(self.val_losses)) - 1]
        return loss - SPREAD if n_sequences == 3 else loss + 3 * SPREAD


class _OneWeight(nn.Module):
    """A one-weight model that reports to a run and starts in evaluation mode."""

    def __init__(self, run: TrainingRun) -> None:
        super().__init__()
        self.run = run
        self.weight = nn.Parameter(torch.zeros(()))
        self.weight.register_hook(run.on_backward)
        self.eval()

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (N,): the weight, or in validation, logits that give the scripted loss."""
        kind = {3: "T", 4: "V"}.get(padded.size(1), "O")
        self.run.on_forward(kind, self.training)
        if kind != "V":
            return self.weight.expand(len(padded))
        logit = -math.log(math.expm1(self.run.val_loss(len(padded))))  # all labels are 1
        return 0 * self.weight.expand(len(padded)) + logit

    def load_state_dict(self, *arguments: object, **options: object) -> object:
        """Record that weights are loaded, and load them."""
        self.run.events += "L"
        return super().load_state_dict(*arguments, **options)


def _loaders() -> list[DataLoader]:
    """Return a training and a validation loader, each with four sequences in batches of 3 and 1."""
    return [
        DataLoader(
            SequenceDataset([[1] * length] * 4, [1] * 4),
            batch_size=3,
            collate_fn=collate_fn,
            generator=torch.Generator(),
        )
        for length in (3, 4)
    ]


def follow(
    val_losses: list[float],
    patience: int,
    *,
    stop: bool,
    improves: Callable = operator.lt,
    late: int = 0,
    again: bool = True,
    in_a_row: bool = True,
    best_so_far: bool = True,
) -> tuple[list[float], int]:
    """Simulate early stopping, or halving of the learning rate; the options add mistakes.

    Returns:
        The learning rate of each epoch, and the best epoch.
    """
    rate, best_epoch, failures, rates = 1e-3, 1, 0, []
    for epoch, val_loss in enumerate(val_losses, start=1):
        rates.append(rate)
        rival = best_epoch if best_so_far else epoch - 1
        if epoch == 1 or improves(val_loss, val_losses[rival - 1]):
            best_epoch, failures = epoch, 0 if in_a_row else failures
        else:
            failures += 1
        if failures >= patience + late:
            if stop:
                break
            rate, failures = rate / 2, 0 if again else failures
    return rates, best_epoch


SLIPS = (
    ({"in_a_row": False}, "patience counts epochs in a row: a new best restarts the count."),
    ({"best_so_far": False}, "compare with the best loss so far, not with the epoch before."),
    ({"improves": operator.le}, "an equal loss is no improvement: compare with <, not <=."),
    ({"late": 1}, "one epoch too late. Act as soon as patience has run out."),
    ({"late": -1}, "one epoch too early. Wait until patience has run out."),
    ({"again": False}, "restart the count after halving, or the next epoch halves again."),
)


def rule_hint(run: TrainingRun, rates: list[float], patience: int, *, stop: bool) -> str | None:
    """Return a hint for a mistake in the rule, identified by the learning rates."""
    for slip, hint in SLIPS:
        if all_close(rates, follow(run.val_losses, patience, stop=stop, **slip)[0]):
            return hint
    return None


def order_hint(run: TrainingRun) -> str | None:
    """Return a hint for passes or steps that are missing, redundant or in the wrong order."""
    for pattern, hint in (
        ("O", "the model reads data from neither loader. Training never touches the test set."),
        ("VB|VS", "backward and step belong to training: the model learns from val_loader."),
        ("^[^T]*$", "the model never reads the batches of train_loader."),
        ("^[^V]*$", "the model never reads the batches of val_loader."),
        ("^V", "train first, then measure the validation loss."),
        ("^[^B]*$", "loss.backward() is missing: without it there are no gradients."),
        ("^[^S]*$", "optimizer.step() is missing: the weights of this model never change."),
        ("TT|TBT|TS", "each training batch needs a backward pass and a step of its own."),
        ("L[VL]*T", "the best weights are restored inside the loop: do it once, after the loop."),
    ):
        if re.search(pattern, run.events):
            return hint
    if not re.fullmatch(r"((TBS){2}VV)+L*(VV)?", run.events):
        return "go through all of train_loader once in each epoch, then through all of val_loader."
    return None


def gradient_hint(run: TrainingRun) -> str | None:
    """Return a hint for gradients that accumulate or are lost."""
    if run.cleared:
        return "no gradients are left for the optimizer: zero_grad() belongs before backward()."
    if run.adds_up:
        return "gradients add up from step to step: call optimizer.zero_grad() for every batch."
    return None


def mode_hint(run: TrainingRun) -> str | None:
    """Return a hint for the wrong mode in training or validation."""
    if not any(run.train_modes):
        return "training runs in evaluation mode, without dropout: call model.train() first."
    if not all(run.train_modes):
        return (
            "from the second epoch on, training runs in evaluation mode, without dropout: call "
            "model.train() in every epoch."
        )
    if run.val_in_training_mode:
        return "validation runs in training mode, where dropout is active: call model.eval() first."
    if run.val_with_gradients:
        return "validation records operations for gradients: run it under torch.no_grad()."
    return None


def optimizer_hint(run: TrainingRun) -> str | None:
    """Return a hint for an optimizer that is created more than once."""
    if run.n_optimizers == 1:
        return None
    return (
        f"your code trains with {run.n_optimizers} optimizers. A new one has lost the running "
        "averages of the gradients: create it once, before the loop."
    )


def loss_hint(losses: list[float], expected: list[float]) -> str | None:
    """Return a hint for incorrect validation losses."""
    if all_close(losses, expected[: len(losses)]):
        return None
    case = f"a validation loss should be {expected[0]}, not {losses[0]:.4g}"
    for mistakes, hint in (
        (
            [loss + SPREAD for loss in expected],
            "in a mean of batch means, a batch of 1 counts as much as a batch of 3. Multiply each "
            "mean by len(labels), add up the products and divide by the number of sequences.",
        ),
        ([4 * loss for loss in expected], "divide by the number of sequences."),
        ([2 * loss for loss in expected], "divide by the number of sequences, not of batches."),
    ):
        if all_close(losses, mistakes[: len(losses)]):
            return f"{case}: {hint}"
    return f"{case}."


def weights_hint(run: TrainingRun, best_epoch: int) -> str | None:
    """Return a hint if the final weights are not those of the best epoch."""
    same = [close(run.final_weight, weight) for weight in run.weights]
    case = f"the best epoch is {best_epoch} ({run.case})"
    if same[best_epoch - 1]:
        return None
    if "L" not in run.events and len(run.weights) == run.max_epochs:
        return f"{case}; when the epochs run out, its weights are not restored."
    if "L" not in run.events:
        return f"{case}, but the model ends with its last weights. Load the best ones at the end."
    if same[-1]:
        return (
            f"{case}, but the weights that you load are the last ones. state_dict() keeps changing "
            "during training: for each new best, keep copy.deepcopy(model.state_dict())."
        )
    if any(same):
        return f"{case}, but the model ends with the weights of epoch {same.index(True) + 1}."
    return f"{case}, but the model ends with other weights."
