"""The public names, for editors and for __init__.py, which reads them here."""

from .batches import LengthBatchSampler, OnDevice
from .casino import CasinoData, log_likelihood_ratio, make_casino
from .csv_data import SequenceTable, load_csv
from .data import (
    PAD_IDX,
    VOCAB_SIZE,
    SequenceDataset,
    SplitIndices,
    collate_fn,
    make_loaders,
    split_indices,
)
from .datasets import OutlineData, load_digit_outlines
from .evaluation import predict_proba, score
from .figures import show_figure
from .model import LSTMClassifier, masked_mean
from .play import DiceTable, play_dice, plot_dice_table
from .plotting import (
    plot_dots,
    plot_histograms,
    plot_lines,
    plot_loss_curves,
    plot_outline,
    plot_padded_batch,
    plot_throws,
    use_course_style,
)
from .reproducibility import agree_across_machines, seed_everything
from .trained import load_trained_model
from .training import EarlyStopping, evaluate, fit, train_one_epoch

__version__: str

__all__ = [
    "PAD_IDX",
    "VOCAB_SIZE",
    "CasinoData",
    "DiceTable",
    "EarlyStopping",
    "LSTMClassifier",
    "LengthBatchSampler",
    "OnDevice",
    "OutlineData",
    "SequenceDataset",
    "SequenceTable",
    "SplitIndices",
    "agree_across_machines",
    "collate_fn",
    "evaluate",
    "fit",
    "load_csv",
    "load_digit_outlines",
    "load_trained_model",
    "log_likelihood_ratio",
    "make_casino",
    "make_loaders",
    "masked_mean",
    "play_dice",
    "plot_dice_table",
    "plot_dots",
    "plot_histograms",
    "plot_lines",
    "plot_loss_curves",
    "plot_outline",
    "plot_padded_batch",
    "plot_throws",
    "predict_proba",
    "score",
    "seed_everything",
    "show_figure",
    "split_indices",
    "train_one_epoch",
    "use_course_style",
]
