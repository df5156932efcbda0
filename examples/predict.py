"""Predict from the command line: read a model and a table, and write the table with a new column.

    python examples/predict.py visits.safetensors today.csv answers.csv

The new column is named after label 1, such as `p_bought`. Notebook 07 saves a suitable model with
`seqclf_utils.save_model`. Existing files are never overwritten.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import seqclf_utils as sc

ROWS_AT_ONCE = 10_000


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("model", type=Path, help="file that save_model has written")
    parser.add_argument("table", type=Path, help="CSV file to read")
    parser.add_argument("answers", type=Path, help="CSV file to write")
    parser.add_argument("--sequence", default="sequence", help="name of the column of sequences")
    parser.add_argument("--separator", help="what separates symbols; default: white space")
    parser.add_argument("--sep", default=",", help="what separates columns")
    return parser.parse_args(arguments)


def predict(saved: sc.SavedModel, table: sc.SequenceTable) -> np.ndarray:
    """Return the probability of label 1 for each sequence, with a progress bar on a terminal."""
    parts = []
    with tqdm(total=len(table.sequences), unit="row", disable=None) as bar:
        for start in range(0, len(table.sequences), ROWS_AT_ONCE):
            sequences = table.sequences[start : start + ROWS_AT_ONCE]
            parts.append(saved.predict_proba([table.decode(sequence) for sequence in sequences]))
            bar.update(len(sequences))
    return np.concatenate(parts)


def main(arguments: list[str] | None = None) -> None:
    """Read a model and a table, and write the table with predictions."""
    options = parse(arguments)
    if options.answers.exists():
        sys.exit(f"{options.answers} exists already; name another file for the answers")
    how = {"sequence": options.sequence, "separator": options.separator, "sep": options.sep}
    try:
        saved = sc.load_model(options.model)
        table = sc.load_csv(options.table, symbols=saved.symbols, usecols=[options.sequence], **how)
        answers = pd.read_csv(options.table, sep=options.sep, dtype=str, keep_default_na=False)
        answers[f"p_{saved.label_names[1]}"] = predict(saved, table)
        answers.to_csv(options.answers, sep=options.sep, index=False, mode="x")
    except (OSError, TypeError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
