"""Train and save the model that is shipped with the package: python -m tools.train_model.

A test checks that training again gives the same file, byte for byte.
"""

import copy
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import seqclf_utils as sc
from seqclf_utils.extras.saved_models import WEIGHTS_FILE

N_TABLES = 3000
N_FRESH_TABLES = 10_000


def train() -> sc.LSTMClassifier:
    """Train on tables of the clever casino, as in notebook 04 but with more tables.

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


def store(model: sc.LSTMClassifier, path: Path = WEIGHTS_FILE) -> None:
    """Save the model with float32 weights and the names of its symbols and labels.

    Args:
        model: The model. Its weights must be on the grid of `agree_across_machines`, so that
            float32 represents them exactly.
        path: The file.

    Raises:
        ValueError: If float32 cannot represent a weight exactly.
    """
    rounded = copy.deepcopy(model).float()
    for name, weight in model.state_dict().items():
        if not torch.equal(rounded.state_dict()[name].to(weight.dtype), weight):
            raise ValueError(f"float32 does not hold {name} exactly: it is not on the grid")
    faces = [str(face) for face in range(1, sc.VOCAB_SIZE)]
    sc.save_model(path, rounded, symbols=faces, label_names=("fair", "cheat"))


def judge(model: sc.LSTMClassifier) -> dict[str, dict[str, float]]:
    """Score the model and the exact odds on the same new tables.

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
    """Train, save and score the model."""
    model = train()
    store(model)
    for name, scores in judge(model).items():
        print(f"{name}: {', '.join(f'{k} {v:.3f}' for k, v in scores.items())}")


if __name__ == "__main__":
    main()
