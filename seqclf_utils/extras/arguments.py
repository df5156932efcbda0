"""Reject arguments that a function of the lessons cannot use or would misinterpret.

In the order of the lessons: splits, loaders, the model, training, predictions, large data sets.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Sampler

from seqclf_utils.validation import (
    as_array,
    check_choice,
    check_count,
    check_each,
    check_labels,
    check_number,
    check_numbers,
    check_seed,
    require,
)

ADVICE = "each set must hold both labels: try other fractions, or more sequences or groups"
NAN_ADVICE = "look for NaN in the weights, and try a lower learning rate"
CHUNK = 2**22  # symbols checked at a time, because a file may be larger than memory
LARGEST_LAYER = 2**24  # a larger vocabulary or state is most likely a mistake
LONG_PACKED = 1_000  # number of time steps from which a packed LSTM is slow enough for a warning


def check_flag(name: str, value: bool) -> None:
    """Reject anything but True or False, such as the string "no"."""
    require(isinstance(value, bool | np.bool_), name, value, "True or False", TypeError)


def check_split(
    labels: Sequence, *, val_fraction: float, test_fraction: float, groups: object, seed: int
) -> None:
    """Reject arguments from which no split can be made; `explain_split` reports other errors."""
    labels = check_labels(labels)
    check_seed(seed)
    for name, value in (("val_fraction", val_fraction), ("test_fraction", test_fraction)):
        require(0 < check_number(name, value) < 1, name, value, "between 0 and 1")
    total = val_fraction + test_fraction
    require(total < 1, "val_fraction + test_fraction", total, "below 1 to leave a training set")
    for label, count in enumerate(np.bincount(labels, minlength=2)):
        check_count(f"number of sequences with label {label}", int(count), minimum=3)
    if groups is not None:
        check_groups(groups, n_sequences=len(labels))


def check_groups(groups: Sequence, *, n_sequences: int) -> None:
    """Reject groups if values are missing or of several types, such as 1 and "1"."""
    values = as_array("groups", groups, size=n_sequences)
    names = pd.Series(groups.tolist() if hasattr(groups, "tolist") else groups, dtype=object)
    check_each("groups", values, names.notna().to_numpy(), "every sequence must belong to a group")
    n_groups = len(set(names))
    if n_groups != len(np.unique(values)):
        raise TypeError("groups holds values of several types; they must all be of one type")
    check_count("number of different groups", n_groups, minimum=3)


def explain_split(labels: Sequence, *, val_fraction: float, test_fraction: float, **_) -> None:
    """Raise an error that explains why scikit-learn could not stratify."""
    counts = np.bincount(check_labels(labels), minlength=2)
    fractions = f"val_fraction {val_fraction:g} and test_fraction {test_fraction:g}"
    sequences = f"{counts.sum()} sequences, {counts.min()} of the rarer label"
    raise ValueError(f"{fractions} cannot split {sequences}; {ADVICE}")


def check_parts(splits: tuple, labels: Sequence[float], **_: object) -> None:
    """Reject a split if a set lacks a label, because that set could not be scored."""
    for name, positions in zip(splits._fields, splits, strict=True):
        missing = {0, 1} - set(np.asarray(labels)[positions].tolist())
        if missing:
            raise ValueError(f"{name} would hold no sequence of label {missing.pop()}; {ADVICE}")


def check_loaders(*_: object, batch_size: int, similar_lengths: bool, seed: int, **__) -> None:
    """Reject options from which no loaders can be built."""
    check_count("batch_size", batch_size, minimum=1, maximum=10**9)
    check_flag("similar_lengths", similar_lengths)
    check_seed(seed)


def check_indices(splits: Sequence[Sequence[int]], *, n_sequences: int) -> list[list[int]]:
    """Return the positions of the three sets if each position exists and none is used twice."""
    are_three = isinstance(splits, tuple | list) and len(splits) == 3
    require(are_three, "splits", splits, "the positions of three sets, as from split_indices")
    parts = [as_array(f"splits[{i}]", part) for i, part in enumerate(splits)]
    for i, part in enumerate(parts):
        if i == 0 or len(part) > 0:  # the validation and test sets may be empty
            check_numbers(f"splits[{i}]", part, minimum=0, maximum=n_sequences - 1, whole=True)
    counts = pd.Series(np.concatenate(parts)).value_counts()
    if counts.max() > 1:
        twice = int(counts.idxmax())
        raise ValueError(f"splits holds position {twice} twice; the three sets must not overlap")
    return [part.tolist() for part in parts]


def explain_collate(batch: Sequence) -> None:
    """Say which part of a batch is not a pair of tensors."""
    check_count("len(batch)", len(batch), minimum=1)
    for i, pair in enumerate(batch):
        is_pair = isinstance(pair, tuple | list) and [*map(type, pair)] == [Tensor, Tensor]
        require(is_pair, f"batch[{i}]", pair, "a sequence and its label, two tensors", TypeError)


def check_tensor(name: str, value: Tensor, *sizes: str) -> None:
    """Reject anything but a tensor with the named axes, each of size at least 1."""
    require(isinstance(value, Tensor), name, value, "a tensor", TypeError)
    is_right = value.dim() == len(sizes) and value.numel() > 0
    require(is_right, f"{name}.shape", tuple(value.shape), f"({', '.join(sizes)}), each at least 1")


def check_lengths(lengths: Tensor, padded: Tensor) -> None:
    """Reject lengths unless they are int64 on the CPU, shape (N,), each 1..L for padded (N, L)."""
    require(isinstance(lengths, Tensor), "lengths", lengths, "an int64 tensor", TypeError)
    require(lengths.dtype == torch.int64, "lengths.dtype", lengths.dtype, torch.int64, TypeError)
    if not lengths.is_cpu:
        raise ValueError(f"lengths is on {lengths.device}; it must stay on the CPU")
    n_sequences, n_steps = padded.shape[:2]
    require(lengths.shape == (n_sequences,), "lengths.shape", tuple(lengths.shape), (n_sequences,))
    smallest, largest = (end.item() for end in lengths.aminmax())
    if smallest < 1 or largest > n_steps:
        is_right = (lengths >= 1) & (lengths <= n_steps)
        check_each("lengths", lengths, is_right, f"it must be 1..{n_steps} time steps")


def check_sizes(
    _: object, vocab_size: int, embed_dim: int, hidden_size: int, pooling: str, packed: bool
) -> None:
    """Reject sizes and options that no classifier can have."""
    check_count("vocab_size", vocab_size, minimum=2, maximum=LARGEST_LAYER)
    check_count("embed_dim", embed_dim, minimum=1, maximum=LARGEST_LAYER)
    check_count("hidden_size", hidden_size, minimum=1, maximum=LARGEST_LAYER)
    check_choice("pooling", pooling, ("last", "avg"))
    check_flag("packed", packed)


def check_outputs(outputs: Tensor, lengths: Tensor) -> None:
    """Check the outputs and lengths that `masked_mean` receives."""
    check_tensor("outputs", outputs, "N", "L", "H")
    check_lengths(lengths, outputs)


def check_batch(model: nn.Module, padded: Tensor, lengths: Tensor) -> None:
    """Reject shapes and lengths that PyTorch would misinterpret; warn about very long ones."""
    check_tensor("padded", padded, "N", "L")
    check_lengths(lengths, padded)
    if padded.size(1) >= LONG_PACKED and model.packed and model.training:
        better = "LSTMClassifier(packed=False) gives the same logits many times faster on the CPU"
        warnings.warn(f"a packed LSTM is slow on long sequences; {better}", stacklevel=2)


def explain_batch(model: nn.Module, padded: Tensor, lengths: Tensor) -> None:
    """Raise an error that names the symbol that the embedding could not look up."""
    is_integer = padded.dtype in (torch.int64, torch.int32)
    require(is_integer, "padded.dtype", padded.dtype, torch.int64, TypeError)
    n_symbols = model.embed.num_embeddings
    is_right = (padded >= 0) & (padded < n_symbols)
    check_each("padded", padded, is_right, f"every symbol must be 0..{n_symbols - 1}")


def check_model(model: nn.Module) -> None:
    """Reject anything that is not an `nn.Module` object, such as the class of a model."""
    require(isinstance(model, nn.Module), "model", model, "an nn.Module object", TypeError)


def describe(value: object) -> tuple[int, ...] | str:
    """Return the shape of a tensor, or the type name of anything else."""
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__


def check_logits(logits: Tensor, *, n_sequences: int) -> Tensor:
    """Return a model's logits if they are finite and there is one for each sequence."""
    if describe(logits) != (n_sequences,):
        allowed = f"a tensor of shape ({n_sequences},), one logit for each sequence"
        raise ValueError(f"the model returned {describe(logits)}; it must return {allowed}")
    check_each("logits", logits, logits.isfinite(), f"every logit must be finite ({NAN_ADVICE})")
    return logits


def first_batch(loader: Iterable) -> Sequence[Tensor]:
    """Return the first batch if it consists of padded (N, L), lengths (N,) and labels (N,)."""
    require(isinstance(loader, Iterable), "loader", loader, "an iterable of batches", TypeError)
    batch = next(iter(loader), None)
    if batch is None:
        raise ValueError("loader is empty; it must yield at least one batch")
    parts = batch if isinstance(batch, tuple | list) else [batch]
    if [getattr(part, "ndim", None) for part in parts] != [2, 1, 1]:
        rule = "padded (N, L), lengths (N,), labels (N,); a DataLoader needs collate_fn=collate_fn"
        raise ValueError(f"loader yields {[*map(describe, parts)]}; it must yield {rule}")
    return batch


def check_stopping(stopper: object, patience: int, *, min_delta: float) -> None:
    """Reject an invalid `patience` or `min_delta`."""
    check_count("patience", patience, minimum=1)
    check_number("min_delta", min_delta, minimum=0)


def check_step(stopper: Any, val_loss: float, model: nn.Module) -> None:
    """Reject a loss that cannot be compared: NaN would never count as an improvement."""
    check_model(model)
    try:
        check_number(f"val_loss of epoch {stopper.epoch + 1}", val_loss)
    except ValueError as error:
        raise ValueError(f"{error} ({NAN_ADVICE})") from None


def check_restore(stopper: Any, model: nn.Module) -> None:
    """Refuse to restore weights that do not exist yet."""
    check_model(model)
    if stopper.best_weights is None:
        raise RuntimeError("restore() needs a step() before it: there are no weights to restore")


def explain_epoch(model: nn.Module, loader: object, criterion: object, *optimizer: object) -> None:
    """Say which argument made `train_one_epoch` or `evaluate` fail."""
    check_model(model)
    is_function = callable(criterion) and not isinstance(criterion, type)
    require(is_function, "criterion", criterion, "a loss function", TypeError)
    for each in optimizer:  # none in `evaluate`
        is_optimizer = isinstance(each, Optimizer)
        require(is_optimizer, "optimizer", each, "a torch.optim optimizer", TypeError)
    padded, lengths, labels = first_batch(loader)
    check_logits(model(padded, lengths), n_sequences=len(labels))


def check_fit(model: nn.Module, train_loader: object, val_loader: object, **options: Any) -> None:
    """Reject invalid arguments of `fit` before the first epoch."""
    check_model(model)
    check_count("max_epochs", options["max_epochs"], minimum=1, maximum=10**9)
    check_number("learning_rate", options["learning_rate"], minimum=0, maximum=1000)
    for name in ("progress", "live"):
        check_flag(name, options[name])
    for name, loader in {"train_loader": train_loader, "val_loader": val_loader}.items():
        # An iterator would be used up after the first epoch.
        is_loader = isinstance(loader, Iterable) and not isinstance(loader, Tensor | Iterator)
        require(is_loader, name, loader, "a loader that yields batches in every epoch", TypeError)
    check_criterion(options["criterion"], model)


def check_criterion(criterion: object, model: nn.Module) -> None:
    """Reject PyTorch losses that would run but not measure a mean over sequences."""
    reduction = getattr(criterion, "reduction", "mean")
    require(reduction not in ("sum", "none"), "reduction of the criterion", reduction, "'mean'")
    has_one_logit = getattr(getattr(model, "fc", None), "out_features", None) == 1
    is_for_model = not (isinstance(criterion, nn.CrossEntropyLoss) and has_one_logit)
    allowed = "a loss for a model with one logit, such as BCEWithLogitsLoss()"
    require(is_for_model, "criterion", criterion, allowed)


def check_prediction(model: nn.Module, loader: object) -> None:
    """Reject a loader that shuffles, because probabilities must be in the order of the data."""
    check_model(model)
    if shuffles(loader):
        rule = "use DataLoader(loader.dataset, batch_size=256, collate_fn=collate_fn)"
        raise ValueError(f"loader shuffles, so probabilities would be out of order; {rule}")


def shuffles(part: object) -> bool:
    """Return whether a loader, or a sampler inside it, shuffles."""
    if isinstance(part, Sampler) and (hasattr(part, "generator") or getattr(part, "shuffle", None)):
        return True
    inner = (getattr(part, name, None) for name in ("loader", "batch_sampler", "sampler"))
    return any(shuffles(each) for each in inner if each is not None)


def check_sampler(_: object, lengths: Sequence, batch_size: int, *, window: int, **__) -> None:
    """Reject lengths and sizes from which no batches can be made."""
    check_numbers("lengths", lengths, minimum=1, whole=True)
    check_count("batch_size", batch_size, minimum=1, maximum=10**9)
    check_count("window", window, minimum=1, maximum=10**9)  # the product still fits in 64 bits


def check_flat(_: object, symbols: Any, offsets: Any, labels: object, *, vocab_size: int) -> None:
    """Reject symbols and offsets that do not describe sequences, checked in chunks."""
    check_count("vocab_size", vocab_size, minimum=2)
    for name, values in (("symbols", symbols), ("offsets", offsets)):
        is_right = getattr(values, "ndim", None) == 1 and values.dtype.kind in "iu"
        require(is_right, name, values, "a 1-D array of integers", TypeError)
    has_ends = len(offsets) > 1 and offsets[[0, -1]].tolist() == [0, len(symbols)]
    allowed = f"N + 1 integers from 0 to {len(symbols)}, the number of symbols"
    require(has_ends, "offsets", offsets, allowed)
    rule = "offsets must increase, as every sequence needs at least one symbol"
    check_each("offsets", offsets, np.append(True, offsets[1:] > offsets[:-1]), rule)
    for start in range(0, len(symbols), CHUNK):
        chunk = symbols[start : start + CHUNK]
        for i in (chunk.argmin(), chunk.argmax()):
            check_count(f"symbols[{start + i}]", chunk[i], minimum=1, maximum=vocab_size - 1)
