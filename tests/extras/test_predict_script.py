"""The command-line script for predictions."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import seqclf_utils as sc

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "predict.py"
TABLE = "id,sequence,label\n007,view add,\n008,add,x\n009,view  view,NA\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Change to a folder with a saved model and a table."""
    torch.manual_seed(0)
    model = sc.LSTMClassifier(vocab_size=3)
    names = {"symbols": ["add", "view"], "label_names": ["left", "bought"]}
    sc.save_model(tmp_path / "visits.safetensors", model, **names)
    (tmp_path / "today.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def main(*arguments):
    """Run the script's main function in this process."""
    spec = importlib.util.spec_from_file_location("predict", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.ROWS_AT_ONCE = 2
    script.main(["visits.safetensors", *arguments])


def test_a_column_of_probabilities_is_added(folder):
    """The script adds a column of probabilities and leaves all other cells unchanged."""
    command = [sys.executable, str(SCRIPT), "visits.safetensors", "today.csv", "answers.csv"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    answers = pd.read_csv("answers.csv", dtype=str, keep_default_na=False)
    saved = sc.load_model("visits.safetensors")
    expected = saved.predict_proba([["view", "add"], ["add"], ["view", "view"]])
    assert list(answers.columns) == ["id", "sequence", "label", "p_bought"]
    np.testing.assert_allclose(answers.pop("p_bought").astype(float), expected, atol=1e-6)
    assert answers.to_csv(index=False) == TABLE
    assert (result.stdout, result.stderr) == ("", "")


def test_columns_and_symbols_may_have_other_separators(folder):
    """With the right options, a table in a different format gives the same predictions."""
    main("today.csv", "plain.csv")
    table = (
        TABLE.replace(",", ";").replace(" ", ">").replace(">>", ">").replace("sequence", "visit")
    )
    (folder / "other.csv").write_text(table)
    main("other.csv", "other_answers.csv", "--sequence=visit", "--separator=>", "--sep=;")

    plain, other = pd.read_csv("plain.csv"), pd.read_csv("other_answers.csv", sep=";")
    np.testing.assert_allclose(plain["p_bought"], other["p_bought"], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("today.csv", "today.csv"), "today.csv exists already; name another file"),
        (("gone.csv", "answers.csv"), "FileNotFoundError: .*gone.csv"),
        (("today.csv", "answers.csv", "--sequence=visit"), "ValueError: .*visit"),
        (("today.csv", "answers.csv", "--sequence=id"), r"ValueError: .*'007' \(row 1\)"),
    ],
)
def test_errors_take_one_line(folder, arguments, message):
    """Errors end the script with a one-line message and leave all files unchanged."""
    with pytest.raises(SystemExit, match=message):
        main(*arguments)

    assert (folder / "today.csv").read_text() == TABLE
    assert not (folder / "answers.csv").exists()
