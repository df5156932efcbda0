"""The exercises' checks: typical wrong answers get a hint of their own, and nothing raises."""

import importlib
from pathlib import Path

import pytest
import torch
from wrong_answers.nb04 import halving

from seqclf_utils import checks

FOLDER = Path(__file__).parent / "wrong_answers"
WRONG = [
    entry
    for path in sorted(FOLDER.glob("nb*.py"))
    for entry in importlib.import_module(f"wrong_answers.{path.stem}").WRONG
]
ALL = sorted({check for check, _, _ in WRONG}, key=lambda check: check.__name__)


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG)
def test_typical_wrong_answers_get_their_own_hint(check, answer, hint, capsys):
    """A wrong answer is never Correct, and the hint names what is wrong with it."""
    check(answer)
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet: ")
    assert hint in printed


def test_every_check_has_wrong_answers_with_hints_of_their_own():
    """A new check needs two typical wrong answers at least, and they are told different things."""
    names = {name for name in vars(checks) if name.startswith("check_")}
    assert names == {check.__name__ for check in ALL}
    for name in names:
        hints = [hint for check, _, hint in WRONG if check.__name__ == name]
        assert len(set(hints)) == len(hints) >= 2, name


@pytest.mark.parametrize("check", ALL)
def test_nothing_yet_is_said_kindly(check, capsys):
    """A stub that returns None is told so, by name."""

    def stub(*arguments):
        """Return nothing."""

    check(stub)
    assert capsys.readouterr().out.startswith("Not yet: stub returns nothing.")


@pytest.mark.parametrize("check", ALL)
def test_an_error_in_the_answer_is_reported_and_does_not_stop_the_notebook(check, capsys):
    """The check prints the reader's own error instead of raising it."""

    def broken(*arguments):
        raise KeyError("oops")

    check(broken)
    assert capsys.readouterr().out == "Not yet: your code raised KeyError: 'oops'\n"


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("answer", ["word", 3, [1, 2], float("nan"), torch.zeros(3)])
def test_answers_of_the_wrong_kind_are_not_correct(check, answer, capsys):
    """Nonsense never passes and never raises."""
    check(lambda *arguments: answer)
    assert capsys.readouterr().out.startswith("Not yet: ")


def test_loaders_of_a_check_have_a_length(capsys):
    """A right answer that shows a progress bar, or divides by len(loader), is Correct."""

    def fit_halving(model, train_loader, val_loader, max_epochs, patience):
        assert len(train_loader) == len(val_loader) == 1
        return halving()(model, train_loader, val_loader, max_epochs, patience)

    checks.check_fit_halving(fit_halving)

    assert capsys.readouterr().out == "Correct\n"
