"""Helpers for the sequence classification course; the notebooks build them one by one."""

from seqclf_utils.casino import CasinoData, log_likelihood_ratio, make_casino
from seqclf_utils.data import (
    PAD_IDX,
    VOCAB_SIZE,
    SequenceDataset,
    SplitIndices,
    collate_fn,
    make_loaders,
    split_indices,
)
from seqclf_utils.datasets import OutlineData, load_digit_outlines
from seqclf_utils.evaluation import predict_proba, score
from seqclf_utils.extras.batching import DeviceLoader, LengthBatchSampler
from seqclf_utils.extras.figures import show_figure
from seqclf_utils.extras.flat import FlatDataset, flatten
from seqclf_utils.extras.game import DiceTable, play_dice, plot_dice_table
from seqclf_utils.extras.progress import run_parallel
from seqclf_utils.extras.saved_models import SavedModel, load_model, load_trained_model, save_model
from seqclf_utils.model import LSTMClassifier, masked_mean
from seqclf_utils.plotting import (
    plot_dots,
    plot_histograms,
    plot_intervals,
    plot_lines,
    plot_loss_curves,
    plot_outline,
    plot_padded_batch,
    plot_probabilities,
    plot_throws,
    use_course_style,
)
from seqclf_utils.reproducibility import agree_across_machines, seed_everything
from seqclf_utils.tables import SequenceTable, encode_table, load_csv
from seqclf_utils.training import EarlyStopping, evaluate, fit, train_one_epoch

__version__ = "0.1.0"
