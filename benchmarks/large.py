"""How long a data set of millions of sequences takes to build, and what it keeps in memory."""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.data import LENGTHS, make_data
from benchmarks.worker import timed


def flat_files(dataset, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write a data set as flat files; return symbols mapped into memory, offsets and labels."""
    np.save(folder / "symbols.npy", dataset.symbols)
    symbols = np.load(folder / "symbols.npy", mmap_mode="r")
    return symbols, dataset.offsets, dataset.labels.numpy().astype(np.int64)


def kept_bytes(dataset) -> tuple[float, float]:
    """Return bytes a symbol and bytes a sequence that stay in memory; a mapped file does not."""
    is_mapped = isinstance(dataset.symbols, np.memmap)
    symbols = 0 if is_mapped else dataset.symbols.nbytes
    rest = dataset.offsets.nbytes + dataset.labels.nbytes
    return symbols / len(dataset.symbols), rest / len(dataset)


def first_batch_ms(dataset) -> float:
    """Return how long the first batch of 16 of similar length takes, in milliseconds."""
    import seqclf_utils as sc

    def batch():
        sampler = sc.LengthBatchSampler(dataset.lengths, 16)
        return dataset.__getitems__(next(iter(sampler)))

    return 1000 * timed(batch)[1]


def table(n_sequences: int) -> str:
    """Build a data set in three ways; return a table in Markdown."""
    import seqclf_utils as sc

    arrays, labels = make_data(n_sequences, LENGTHS[0])
    with tempfile.TemporaryDirectory() as name:
        lists = [sequence.tolist() for sequence in arrays]
        found = {"lists": timed(lambda: sc.SequenceDataset(lists, labels))}
        found["arrays"] = timed(lambda: sc.SequenceDataset(arrays, labels))
        files = flat_files(found["arrays"][0], Path(name))
        found["a file that stays on the disk"] = timed(lambda: sc.SequenceDataset.from_flat(*files))
        lines = ["| built from | CPU s | bytes a symbol | bytes a sequence | first batch ms |"]
        lines += ["| --- | ---: | ---: | ---: | ---: |"]
        for way, (dataset, seconds, _) in found.items():
            a_symbol, a_sequence = kept_bytes(dataset)
            cells = f"{seconds:.2f} | {a_symbol:.2f} | {a_sequence:.1f}"
            lines.append(f"| {way} | {cells} | {first_batch_ms(dataset):.0f} |")
    return "\n".join(lines)
