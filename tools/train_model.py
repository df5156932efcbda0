"""Train the model that the package ships and store its weights: python -m tools.train_model.

Everything is the course's own: the clever casino, three sides, `fit`, the best weights. The numbers
are the same on every machine, so running it again changes nothing; a test does and compares.
"""

import io
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader

import seqclf_utils as sc
from seqclf_utils.extras.files import write_atomically
from seqclf_utils.extras.saved_models import WEIGHTS_FILE

N_TABLES = 3000
N_FRESH_TABLES = 10_000


def train() -> sc.LSTMClassifier:
    """Train on tables of the clever casino, as in notebook 04 but with more of them.

    Returns:
        The model with its best weights, float64.
    """
    sc.agree_across_machines()
    sc.seed_everything(0)
    casino = sc.make_casino(N_TABLES, cheat="clever", seed=0)
    splits = sc.split_indices(casino.labels, seed=0)
    loaders = sc.make_loaders(casino.sequences, casino.labels, splits, seed=0)
    model = sc.LSTMClassifier(packed=False)
    sc.fit(model, *loaders[:2])
    return model


def to_npz(model: sc.LSTMClassifier) -> bytes:
    """Turn weights into the bytes of an npz file; the same weights give the same bytes.

    Args:
        model: Its weights lie on the grid of `agree_across_machines`, so float32 holds them
            exactly.

    Returns:
        The file's content.

    Raises:
        ValueError: If float32 does not hold a weight exactly.
    """
    exact = {name: weight.numpy() for name, weight in model.state_dict().items()}
    rounded = {name: weight.astype(np.float32) for name, weight in exact.items()}
    for name, weight in exact.items():
        if not np.array_equal(rounded[name], weight):
            raise ValueError(f"float32 does not hold {name} exactly: it is not on the grid")
    content = io.BytesIO()
    np.savez(content, **rounded)
    return content.getvalue()


def store(model: sc.LSTMClassifier, path: Path = WEIGHTS_FILE) -> None:
    """Write the weights, all or nothing.

    Args:
        model: A trained model.
        path: Where to.
    """
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, to_npz(model))


def judge(model: sc.LSTMClassifier) -> dict[str, dict[str, float]]:
    """Score the model and the best possible judge on the same tables, which training never saw.

    Args:
        model: A trained model.

    Returns:
        Accuracy, AUC and loss of "LSTM" and "best possible".
    """
    casino = sc.make_casino(N_FRESH_TABLES, cheat="clever", seed=1)
    dataset = sc.SequenceDataset(casino.sequences, casino.labels)
    loader = DataLoader(dataset, batch_size=256, collate_fn=sc.collate_fn)
    opinions = {"LSTM": sc.predict_proba(model, loader), "best possible": casino.best_probabilities}
    return {name: sc.score(casino.labels, opinion) for name, opinion in opinions.items()}


def main() -> None:
    """Train, store and judge."""
    model = train()
    store(model)
    for name, scores in judge(model).items():
        print(f"{name}: {', '.join(f'{k} {v:.3f}' for k, v in scores.items())}")


if __name__ == "__main__":
    main()
