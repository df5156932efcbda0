"""The classic mistakes of this field, as one-line changes of the package for tools/mutants.py.

A test holds that every change applies to the sources as they are: `old` occurs exactly once.
"""

from typing import NamedTuple


class Bug(NamedTuple):
    """One mistake that learners make.

    Attributes:
        name: Short name, for tables and the command line.
        mistake: What the learner did.
        file: Module in seqclf_utils.
        old: Text of the module.
        new: What stands there after the mistake.
    """

    name: str
    mistake: str
    file: str
    old: str
    new: str


MODEL = [
    Bug(
        "mean-over-padding",
        "averages all time steps of the padded batch, padding included",
        "model.py",
        "totals = outputs.masked_fill(is_pad[:, :, None], 0.0).sum(dim=1)",
        "return outputs.mean(dim=1)",
    ),
    Bug(
        "padding-in-the-sum",
        "divides by the true length, but sums over the padding too",
        "model.py",
        "outputs.masked_fill(is_pad[:, :, None], 0.0).sum(dim=1)",
        "outputs.sum(dim=1)",
    ),
    Bug(
        "divided-by-padded-length",
        "sums real time steps only, but divides by the length of the batch",
        "model.py",
        "return totals / lengths[:, None]",
        "return totals / outputs.size(1)",
    ),
    Bug(
        "mask-one-too-long",
        "> for >= in the mask: the first padding step counts as real",
        "model.py",
        "is_pad = steps >= lengths",
        "is_pad = steps > lengths",
    ),
    Bug(
        "mask-multiplied",
        "multiplies by the mask, so NaN in the padding comes through",
        "model.py",
        "outputs.masked_fill(is_pad[:, :, None], 0.0)",
        "(outputs * ~is_pad[:, :, None])",
    ),
    Bug(
        "last-output-is-padding",
        "reads outputs[:, -1], which is padding for all but the longest sequence",
        "model.py",
        "outputs[torch.arange(len(lengths)), lengths - 1]",
        "outputs[:, -1]",
    ),
    Bug(
        "packed-with-padded-length",
        "packs every sequence with the length of the batch: h_n comes after the padding",
        "model.py",
        "pack_padded_sequence(embedded, lengths,",
        "pack_padded_sequence(embedded, torch.full_like(lengths, embedded.size(1)),",
    ),
    Bug(
        "packed-one-too-short",
        "gives the index of the last step for the length",
        "model.py",
        "pack_padded_sequence(embedded, lengths,",
        "pack_padded_sequence(embedded, (lengths - 1).clamp(min=1),",
    ),
    Bug(
        "must-be-sorted",
        "leaves enforce_sorted on: unsorted batches raise",
        "model.py",
        "enforce_sorted=False",
        "enforce_sorted=True",
    ),
    Bug(
        "unsort-lost",
        "hands back h_n in the order of falling lengths, not in the order of the batch",
        "model.py",
        "return h_n[-1]",
        "return h_n[-1][packed.sorted_indices]",
    ),
    Bug(
        "no-padding-idx",
        "lets the embedding of padding be a random vector that learns",
        "model.py",
        "nn.Embedding(vocab_size, embed_dim, padding_idx=PAD_IDX)",
        "nn.Embedding(vocab_size, embed_dim)",
    ),
    Bug(
        "lstm-not-batch-first",
        "forgets batch_first: the LSTM runs along the batch instead of along time",
        "model.py",
        "nn.LSTM(embed_dim, hidden_size, batch_first=True)",
        "nn.LSTM(embed_dim, hidden_size)",
    ),
    Bug(
        "unpacked-not-batch-first",
        "forgets batch_first on unpacking: outputs come as (L, N, H)",
        "model.py",
        "pad_packed_sequence(packed_outputs, batch_first=True)",
        "pad_packed_sequence(packed_outputs)",
    ),
    Bug(
        "cell-state-for-output",
        "reads the cell state c_n for the hidden state h_n",
        "model.py",
        "packed_outputs, (h_n, _) = self.lstm(packed)",
        "packed_outputs, (_, h_n) = self.lstm(packed)",
    ),
    Bug(
        "wrong-direction",
        "turns the padded batch round: the LSTM reads padding first, then backwards",
        "model.py",
        "embedded = self.embed(padded)",
        "embedded = self.embed(padded.flip(1))",
    ),
    Bug(
        "sigmoid-twice",
        "ends the model with a sigmoid, though the loss has one inside",
        "model.py",
        "return self.fc(pooled).squeeze(-1)",
        "return torch.sigmoid(self.fc(pooled)).squeeze(-1)",
    ),
    Bug(
        "logits-in-a-column",
        "returns logits of shape (N, 1), to be compared with labels of shape (N,)",
        "model.py",
        "return self.fc(pooled).squeeze(-1)",
        "return self.fc(pooled)",
    ),
    Bug(
        "batch-of-one-squeezed-away",
        "squeeze() without a dimension: a batch of one loses its shape",
        "model.py",
        "return self.fc(pooled).squeeze(-1)",
        "return self.fc(pooled).squeeze()",
    ),
]

DATA = [
    Bug(
        "padded-length-for-all",
        "notes the length after padding for every sequence",
        "data.py",
        "lengths = torch.tensor([len(sequence) for sequence in sequences])",
        "lengths = torch.tensor([padded.size(1)] * len(sequences))",
    ),
    Bug(
        "lengths-one-too-short",
        "counts from 0: the last symbol of a sequence is never read",
        "data.py",
        "torch.tensor([len(sequence) for sequence in sequences])",
        "torch.tensor([max(1, len(sequence) - 1) for sequence in sequences])",
    ),
    Bug(
        "padded-with-ones",
        "pads with 1, which is also a symbol",
        "data.py",
        "padding_value=PAD_IDX",
        "padding_value=1",
    ),
    Bug(
        "padded-on-the-left",
        "puts the padding in front, where packing does not look for it",
        "data.py",
        "padding_value=PAD_IDX",
        'padding_value=PAD_IDX, padding_side="left"',
    ),
    Bug(
        "collated-not-batch-first",
        "forgets batch_first on padding: the batch comes as (L, N)",
        "data.py",
        "pad_sequence(sequences, batch_first=True,",
        "pad_sequence(sequences,",
    ),
    Bug(
        "labels-in-a-column",
        "gives labels of shape (N, 1)",
        "data.py",
        "return padded, lengths, torch.stack(labels)",
        "return padded, lengths, torch.stack(labels)[:, None]",
    ),
    Bug(
        "whole-batch-lengths-of-the-neighbours",
        "reads the length of the sequence before",
        "data.py",
        "self.offsets[rows + 1] - starts",
        "self.offsets[rows] - self.offsets[np.maximum(rows - 1, 0)] + (rows == 0)",
    ),
    Bug(
        "whole-batch-labels-of-others",
        "takes the first labels, not those of the batch",
        "data.py",
        "self.labels[torch.from_numpy(rows)]",
        "self.labels[: len(rows)]",
    ),
    Bug(
        "padded-with-the-neighbour",
        "cuts rows of one size, so the next sequence stands where padding should",
        "storage.py",
        "padded[is_real] = symbols[(starts[:, None] + steps)[is_real]]",
        "padded[:] = symbols[(starts[:, None] + steps).clip(max=len(symbols) - 1)]",
    ),
    Bug(
        "batches-sorted-not-shuffled",
        "sorts by length and shows the batches from short to long in every epoch",
        "batches.py",
        "torch.randperm(len(batches), generator=self.generator).tolist()",
        "range(len(batches))",
    ),
    Bug(
        "labels-as-whole-numbers",
        "gives int64 labels to a loss that wants floats",
        "data.py",
        "dtype=torch.get_default_dtype()",
        "dtype=torch.int64",
    ),
    Bug(
        "labels-in-float32",
        "fixes float32 where float64 was asked for",
        "data.py",
        "dtype=torch.get_default_dtype()",
        "dtype=torch.float32",
    ),
    Bug(
        "training-not-shuffled",
        "shows the training sequences in the same order in every epoch",
        "data.py",
        "DataLoader(train, shuffle=True, generator=generator, **options)",
        "DataLoader(train, **options)",
    ),
    Bug(
        "validation-shuffled",
        "shuffles the validation side, so predictions do not line up with labels",
        "data.py",
        "DataLoader(val, **options)",
        "DataLoader(val, shuffle=True, **options)",
    ),
    Bug(
        "test-shuffled",
        "shuffles the test side, so predictions do not line up with labels",
        "data.py",
        "DataLoader(test, **options)",
        "DataLoader(test, shuffle=True, **options)",
    ),
    Bug(
        "shuffle-seed-ignored",
        "takes the same seed for the shuffle whatever was asked for",
        "data.py",
        "torch.Generator().manual_seed(seed)",
        "torch.Generator().manual_seed(0)",
    ),
    Bug(
        "shuffle-without-generator",
        "shuffles with the global random numbers: the seed has no effect",
        "data.py",
        "shuffle=True, generator=generator,",
        "shuffle=True,",
    ),
    Bug(
        "last-batch-dropped",
        "drop_last everywhere: some sequences are never judged",
        "data.py",
        '"collate_fn": collate_whole}',
        '"collate_fn": collate_whole, "drop_last": True}',
    ),
    Bug(
        "validation-is-test",
        "hands out the test side as the validation loader",
        "data.py",
        "DataLoader(val, **options)",
        "DataLoader(test, **options)",
    ),
    Bug(
        "validation-is-training",
        "hands out the training side as the validation loader",
        "data.py",
        "DataLoader(val, **options)",
        "DataLoader(train, **options)",
    ),
    Bug(
        "test-not-stratified",
        "splits off the test side without regard to the labels",
        "data.py",
        "test_size=n_test, stratify=labels,",
        "test_size=n_test,",
    ),
    Bug(
        "validation-not-stratified",
        "splits off the validation side without regard to the labels",
        "data.py",
        "test_size=n_val, stratify=labels[rest],",
        "test_size=n_val,",
    ),
    Bug(
        "sides-overlap-by-one",
        "lets one training sequence slip into validation",
        "data.py",
        "    return train_idx, val_idx, test_idx\n",
        "    return train_idx, np.append(val_idx, train_idx[0]), test_idx\n",
    ),
    Bug(
        "split-twice-from-all",
        "makes the second split from all sequences instead of from the rest",
        "data.py",
        "rest, test_size=n_val, stratify=labels[rest],",
        "np.arange(len(labels)), test_size=n_val, stratify=labels,",
    ),
    Bug(
        "fractions-swapped",
        "takes the validation fraction for the test and the other way round",
        "data.py",
        "sides = split_by_sequence(labels, val_fraction, test_fraction, seed)",
        "sides = split_by_sequence(labels, test_fraction, val_fraction, seed)",
    ),
    Bug(
        "group-fractions-swapped",
        "the same with groups",
        "data.py",
        "split_by_group(labels, groups, val_fraction, test_fraction, seed)",
        "split_by_group(labels, groups, test_fraction, val_fraction, seed)",
    ),
    Bug(
        "groups-ignored",
        "splits by sequence: one person is in training and in the test",
        "data.py",
        "dealer.split(labels, labels, groups)",
        "dealer.split(labels, labels, np.arange(len(labels)))",
    ),
    Bug(
        "split-seed-ignored",
        "takes the same seed for every split",
        "data.py",
        "stratify=labels, random_state=seed",
        "stratify=labels, random_state=0",
    ),
    Bug(
        "group-split-seed-ignored",
        "takes the same seed for every split by groups",
        "data.py",
        "shuffle=True, random_state=seed",
        "shuffle=True, random_state=0",
    ),
]

CASINO = [
    Bug(
        "dice-seed-ignored",
        "throws the same dice whatever the seed",
        "casino.py",
        "np.random.default_rng(check_seed(seed))",
        "np.random.default_rng(0)",
    ),
    Bug(
        "dice-not-seeded",
        "throws other dice at every call",
        "casino.py",
        "np.random.default_rng(check_seed(seed))",
        "np.random.default_rng()",
    ),
    Bug(
        "odds-transposed",
        "reads the transition matrix by columns in the forward algorithm",
        "casino.py",
        "forward[:, :, None] + switch,",
        "forward[:, :, None] + switch.T,",
    ),
    Bug(
        "swaps-transposed",
        "reads the transition matrix by columns when dice are swapped",
        "casino.py",
        "_draw(player.switch[die], rng)",
        "_draw(player.switch.T[die], rng)",
    ),
    Bug(
        "best-path-only",
        "takes the most probable path (Viterbi) for the sum over all paths",
        "casino.py",
        "np.logaddexp.reduce(forward[:, :, None] + switch, axis=1)",
        "(forward[:, :, None] + switch).max(axis=1)",
    ),
    Bug(
        "sum-of-logs",
        "adds logarithms where probabilities must be added",
        "casino.py",
        "return np.logaddexp.reduce(forward, axis=1)",
        "return forward.sum(axis=1)",
    ),
    Bug(
        "start-forgotten",
        "begins the forward algorithm with every die as likely as the others",
        "casino.py",
        "forward = start + faces",
        "forward = -np.log(len(start)) + faces",
    ),
    Bug(
        "wrong-first-die",
        "lets players begin with any of their dice",
        "casino.py",
        "np.tile(player.start,",
        "np.tile(np.full(len(player.start), 1 / len(player.start)),",
    ),
    Bug(
        "swapped-before-the-first-throw",
        "swaps the die before it is thrown, not after",
        "casino.py",
        "throws[:, step] = _draw(player.faces[die], rng) + 1",
        "throws[:, step] = _draw(player.faces[_draw(player.switch[die], rng)], rng) + 1",
    ),
    Bug(
        "ratio-upside-down",
        "subtracts the wrong way round: evidence for honesty",
        "casino.py",
        "return _forward(rows, cheating) - _forward(rows, honest)",
        "return _forward(rows, honest) - _forward(rows, cheating)",
    ),
    Bug(
        "forward-over-padding",
        "lets the forward algorithm run on over the padding",
        "casino.py",
        "is_real = (step < lengths)[:, None]",
        "is_real = (step < throws.shape[1])",
    ),
    Bug(
        "forward-one-too-far",
        "<= for <: the forward algorithm takes one step of padding",
        "casino.py",
        "is_real = (step < lengths)[:, None]",
        "is_real = (step <= lengths)[:, None]",
    ),
    Bug(
        "late-read-from-the-front",
        "forgets that the late cheat's sequences are thrown backwards",
        "casino.py",
        "rows = [row[::-1] for row in rows]",
        "rows = list(rows)",
    ),
    Bug(
        "symbols-from-zero",
        "numbers the faces from 0, which is padding",
        "casino.py",
        "throws[:, step] = _draw(player.faces[die], rng) + 1",
        "throws[:, step] = _draw(player.faces[die], rng)",
    ),
    Bug(
        "longest-never-drawn",
        "forgets that integers() leaves out its upper end",
        "casino.py",
        "rng.integers(min_length, max_length + 1, n_sequences)",
        "rng.integers(min_length, max(max_length, min_length + 1), n_sequences)",
    ),
    Bug(
        "length-tells-the-label",
        "makes cheats' sequences a little shorter",
        "casino.py",
        "lengths = rng.integers(min_length, max_length + 1, n_sequences)",
        "lengths = rng.integers(min_length, max_length + 1 - labels * (max_length > min_length))",
    ),
    Bug(
        "odds-for-probability",
        "takes odds for a probability",
        "casino.py",
        "return expit(self.log_likelihood_ratio)",
        "return np.exp(self.log_likelihood_ratio)",
    ),
]

JUDGING = [
    Bug(
        "logits-for-probabilities",
        "forgets the sigmoid on prediction",
        "evaluation.py",
        "probabilities = torch.sigmoid(logits).cpu()",
        "probabilities = logits.cpu()",
    ),
    Bug(
        "softmax-over-the-batch",
        "takes softmax for sigmoid: sequences of one batch share one probability",
        "evaluation.py",
        "torch.sigmoid(logits)",
        "torch.softmax(logits, dim=0)",
    ),
    Bug(
        "predicted-in-training-mode",
        "predicts with dropout on: no eval()",
        "evaluation.py",
        "model.eval()",
        "model.train()",
    ),
    Bug(
        "mode-not-put-back",
        "leaves the model in eval mode after predicting",
        "evaluation.py",
        "model.train(was_training)",
        "model.eval()",
    ),
    Bug(
        "auc-of-decisions",
        "computes the AUC from 0 and 1 instead of from probabilities",
        "evaluation.py",
        "roc_auc_score(labels, probabilities)",
        "roc_auc_score(labels, probabilities > 0.5)",
    ),
    Bug(
        "half-counts-as-one",
        ">= for > at the threshold",
        "evaluation.py",
        "accuracy_score(labels, probabilities > 0.5)",
        "accuracy_score(labels, probabilities >= 0.5)",
    ),
    Bug(
        "threshold-of-logits",
        "compares probabilities with 0, the threshold of logits",
        "evaluation.py",
        "accuracy_score(labels, probabilities > 0.5)",
        "accuracy_score(labels, probabilities > 0)",
    ),
    Bug(
        "loss-in-bits",
        "gives the loss in bits and calls it nats",
        "evaluation.py",
        "float(log_loss(labels, probabilities))",
        "float(log_loss(labels, probabilities) / np.log(2))",
    ),
    Bug(
        "grid-lost",
        "no longer rounds the weights after each step",
        "reproducibility.py",
        "register_optimizer_step_post_hook(_round_weights)",
        "pass",
    ),
    Bug(
        "float32-for-float64",
        "computes in float32 what must agree across machines",
        "reproducibility.py",
        "torch.set_default_dtype(torch.float64)",
        "torch.set_default_dtype(torch.float32)",
    ),
    Bug(
        "torch-not-seeded",
        "seeds Python and NumPy only",
        "reproducibility.py",
        "torch.manual_seed(seed)",
        "pass",
    ),
    Bug(
        "trained-weights-not-loaded",
        "builds the model and forgets to load its weights",
        "trained.py",
        "model.load_state_dict(tensors)",
        "pass",
    ),
]

OWN_DATA = [
    Bug(
        "label-names-swapped",
        "calls the first label name 1 and the second 0",
        "csv_data.py",
        'enumerate(_check_names("label_names", label_names))',
        'enumerate(reversed(_check_names("label_names", label_names)))',
    ),
    Bug(
        "symbols-numbered-again",
        "numbers the symbols of new data afresh: the model reads other symbols",
        "csv_data.py",
        "    if symbols is None:\n",
        "    if True:\n",
    ),
    Bug(
        "first-symbol-is-padding",
        "numbers symbols from 0: the first one vanishes in the padding",
        "csv_data.py",
        "enumerate(symbols, start=1)",
        "enumerate(symbols, start=0)",
    ),
    Bug(
        "order-of-a-set",
        "takes the names in the order of a set, which changes from run to run",
        "csv_data.py",
        "return tuple(sorted(names))",
        "return tuple(names)",
    ),
    Bug(
        "padding-not-counted",
        "forgets padding in the size of the vocabulary",
        "csv_data.py",
        "return len(self.symbols) + 1",
        "return len(self.symbols)",
    ),
    Bug(
        "counter-clockwise",
        "turns right first: outlines run the other way round",
        "datasets.py",
        "for turn in (1, 0, -1, -2, -3):",
        "for turn in (-1, 0, 1, 2, 3):",
    ),
    Bug(
        "rows-mirrored",
        "traces the images upside down",
        "datasets.py",
        "trace_outline(hexagon_ink(image))",
        "trace_outline(hexagon_ink(image[::-1]))",
    ),
    Bug(
        "rows-for-columns",
        "swaps rows and columns of the images",
        "datasets.py",
        "[y, x], order=1",
        "[x, y], order=1",
    ),
]

TRAINING = [
    Bug(
        "no-zero-grad",
        "lets gradients of all batches add up",
        "training.py",
        "optimizer.zero_grad()",
        "pass",
    ),
    Bug(
        "step-before-backward",
        "steps before there are gradients, and throws them away afterwards",
        "training.py",
        "loss.backward()",
        "optimizer.step(); loss.backward(); optimizer.zero_grad()",
    ),
    Bug(
        "no-backward",
        "never computes gradients",
        "training.py",
        "loss.backward()",
        "pass",
    ),
    Bug(
        "trained-in-eval-mode",
        "does not put the model into training mode",
        "training.py",
        "model.train()\n",
        "pass\n",
    ),
    Bug(
        "validated-in-training-mode",
        "validates with dropout on: no eval()",
        "training.py",
        "model.eval()",
        "pass",
    ),
    Bug(
        "left-in-eval-mode",
        "leaves the model in eval mode after validating",
        "training.py",
        "model.train(was_training)",
        "pass",
    ),
    Bug(
        "validated-with-gradients",
        "keeps a graph of operations in validation: no no_grad()",
        "training.py",
        "with torch.no_grad():",
        "with torch.enable_grad():",
    ),
    Bug(
        "mean-of-batch-means",
        "averages over training batches, so the short last batch counts as a full one",
        "training.py",
        "total += loss.item() * len(labels)  # a sum over sequences, not over batches",
        "total += loss.item(); n_sequences += 1 - len(labels)",
    ),
    Bug(
        "mean-of-validation-batch-means",
        "averages over validation batches, so the short last batch counts as a full one",
        "training.py",
        "total += loss * len(labels)\n",
        "total += loss; n_sequences += 1 - len(labels)\n",
    ),
    Bug(
        "alias-for-copy",
        "keeps a reference to the weights that training goes on changing",
        "training.py",
        "copy.deepcopy(model.state_dict())",
        "model.state_dict()",
    ),
    Bug(
        "shallow-copy",
        "copies the dictionary, but not the tensors in it",
        "training.py",
        "copy.deepcopy(model.state_dict())",
        "copy.copy(model.state_dict())",
    ),
    Bug(
        "restore-forgotten",
        "leaves the weights of the last epoch in the model",
        "training.py",
        "stopper.restore(model)",
        "pass",
    ),
    Bug(
        "restored-only-when-stopped",
        "restores if patience ran out, not after the last epoch or an interrupt",
        "training.py",
        "if stopper.best_epoch > 0:",
        "if stopper.should_stop:",
    ),
    Bug(
        "patience-one-more",
        "> for >=: waits one epoch longer",
        "training.py",
        ">= self.patience",
        "> self.patience",
    ),
    Bug(
        "equal-is-better",
        "<= for <: an equal loss counts as an improvement",
        "training.py",
        "val_loss < self.best_loss - self.min_delta",
        "val_loss <= self.best_loss - self.min_delta",
    ),
    Bug(
        "min-delta-ignored",
        "takes any fall of the loss for an improvement",
        "training.py",
        "self.best_loss - self.min_delta",
        "self.best_loss",
    ),
    Bug(
        "min-delta-added",
        "adds min_delta: a small rise counts as an improvement",
        "training.py",
        "self.best_loss - self.min_delta",
        "self.best_loss + self.min_delta",
    ),
    Bug(
        "best-epoch-from-zero",
        "counts the best epoch from 0",
        "training.py",
        "self.best_loss, self.best_epoch = val_loss, self.epoch",
        "self.best_loss, self.best_epoch = val_loss, self.epoch - 1",
    ),
    Bug(
        "validated-on-training",
        "measures the validation loss on the training side",
        "training.py",
        "val_loss = evaluate(model, ",
        "val_loader = train_loader; val_loss = evaluate(model, ",
    ),
    Bug(
        "trained-on-validation",
        "trains on the side that says when to stop",
        "training.py",
        "train_loss = train_one_epoch(model, ",
        "train_loader = val_loader; train_loss = train_one_epoch(model, ",
    ),
    Bug(
        "stopped-by-training-loss",
        "watches the training loss for early stopping",
        "training.py",
        "stopper.step(val_loss, model)\n",
        "stopper.step(train_loss, model)\n",
    ),
    Bug(
        "learning-rate-ignored",
        "builds the optimizer with its default learning rate",
        "training.py",
        "lr=learning_rate",
        "lr=1e-3",
    ),
    Bug(
        "optimizer-every-epoch",
        "builds a new optimizer in each epoch: Adam forgets its averages",
        "training.py",
        "train_loss = train_one_epoch(model, ",
        "optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate); "
        "train_loss = train_one_epoch(model, ",
    ),
    Bug(
        "patience-ignored",
        "stops after the default patience, whatever was asked for",
        "training.py",
        "EarlyStopping(patience)",
        "EarlyStopping()",
    ),
    Bug(
        "best-marked-twice",
        "marks every epoch with the lowest loss as the best, not the first of them",
        "training.py",
        'history["epoch"] == stopper.best_epoch',
        'history["val_loss"] == history["val_loss"].min()',
    ),
]

KEEPING = [
    Bug(
        "run-without-optimizer",
        "goes on from a checkpoint with a fresh optimizer",
        "checkpoints.py",
        'self.optimizer.load_state_dict(run["optimizer"])',
        "pass",
    ),
    Bug(
        "run-without-random-numbers",
        "goes on from a checkpoint with the shuffles of the first epochs",
        "checkpoints.py",
        'set_random_state(run["random"], self.loaders)',
        "pass",
    ),
]

BUGS = MODEL + DATA + CASINO + JUDGING + OWN_DATA + TRAINING + KEEPING

# Mutants that no test can kill, as nothing observable changes: name -> why that is so.
EQUIVALENT: dict[str, str] = {}

# Survivors of mutmut that may live: pattern of "module.function: line after the change" -> why.
ACCEPTED = {
    r"XX": "only the wording of a message changes",
    r'"_allow_stdin", None': "None is as false as False",
    r"argsort\(stable=False": "sequences of equal length, in whichever order",
    r"_throw: .*\(n_sequences, 2\)": "no random number lies above the last threshold, which is 1",
    r"_draw: .* > thresholds": "a random number equals a threshold once in 2**53 draws",
    r"strict=(None|False)|zip\(.*, \)": "the lists are equally long by construction",
}
