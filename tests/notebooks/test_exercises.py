"""The exercise checks give typical wrong answers a specific hint and never raise an error."""

import importlib
import inspect
import operator
from pathlib import Path

import pytest
import torch
from wrong_answers import nb01, nb02, nb03, nb04, nb05, nb06, nb07, nb08, nb09
from wrong_answers.loops import with_bug

from seqclf_utils import exercises
from seqclf_utils.exercises.nb01 import _audit
from seqclf_utils.exercises.report import close, tensors_close, wrong_shape

WRONG = [
    (check, answer, hint)
    for path in sorted(Path(__file__).with_name("wrong_answers").glob("nb*.py"))
    for check, entries in importlib.import_module(f"wrong_answers.{path.stem}").WRONG.items()
    for answer, hint in entries
]
ALL = sorted({check for check, _, _ in WRONG}, key=lambda check: check.__name__)

RIGHT = [
    (exercises.check_leaked_positions, nb01.leaks_where(operator.eq)),
    (exercises.check_audit_split, nb01.audit),
    (exercises.check_largest_hidden_size, nb02.hidden),
    (exercises.check_logit_by_hand, nb02.logit),
    (exercises.check_packed_last, nb03.run),
    (exercises.check_recent_throws, nb03.recent()),
    (exercises.check_fit_from_memory, with_bug("")),
    (exercises.check_fit_from_memory, with_bug("copies the model")),
    (exercises.check_fit_halving, nb04.halving()),
    (exercises.check_attention_pool, nb05.attention()),
    (exercises.check_auc_by_hand, nb06.auc),
    (exercises.check_choose_and_report, nb06.choose_and_report),
    (exercises.check_paired_interval, nb06.bootstrap),
    (exercises.check_ngram_counts, nb07.grams),
    (exercises.check_padding_share, nb08.share),
    (exercises.check_cell_batches, nb08.filled),
    (exercises.check_step_in_pieces, nb08.in_pieces),
    (exercises.check_fraction_right, nb09.of_squeezed),
    (exercises.check_is_batch_invariant, nb09.one_by_one),
    (exercises.check_train_and_keep_best, nb09.keep_best("")),
]


def n_answers(check):
    """Return how many functions or classes a check takes."""
    return len(inspect.signature(check).parameters)


@pytest.mark.parametrize(("check", "answer", "hint"), WRONG)
def test_typical_wrong_answers_get_their_own_hint(check, answer, hint, capsys):
    """A typical wrong answer gets the hint that describes its mistake."""
    check(*(answer if isinstance(answer, tuple) else [answer]))
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet: ")
    assert hint in printed


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_answers_without_the_bug_are_correct(check, answer, capsys):
    """Without a bug, the answers from which the wrong answers are derived are correct."""
    check(*(answer if isinstance(answer, tuple) else [answer]))
    assert capsys.readouterr().out == "Correct\n"


def test_every_check_has_wrong_answers_with_hints_of_their_own():
    """Each check has at least two typical wrong answers, all with different hints."""
    names = {name for name in vars(exercises) if name.startswith("check_")}
    assert names == {check.__name__ for check in ALL}
    for name in names:
        hints = [hint for check, _, hint in WRONG if check.__name__ == name]
        assert len(set(hints)) == len(hints) >= 2, name


@pytest.mark.parametrize("check", ALL)
def test_an_empty_stub_is_named(check, capsys):
    """The hint for a stub that returns None names the stub."""

    def stub(*arguments):
        """Return nothing."""

    check(*[stub] * n_answers(check))
    assert capsys.readouterr().out.startswith("Not yet: stub returns nothing.")


@pytest.mark.parametrize("check", ALL)
def test_an_error_in_the_answer_is_reported_and_does_not_stop_the_notebook(check, capsys):
    """The check prints the reader's own error instead of raising it."""

    def broken(*arguments):
        raise KeyError("oops")

    check(*[broken] * n_answers(check))
    assert capsys.readouterr().out == "Not yet: your code raised KeyError: 'oops'\n"


@pytest.mark.parametrize("check", ALL)
@pytest.mark.parametrize("answer", ["word", 3, [1, 2], float("nan"), torch.zeros(3)])
def test_answers_of_the_wrong_kind_are_not_correct(check, answer, capsys):
    """Answers of the wrong type are not accepted and raise no error."""
    check(*[lambda *arguments: answer] * n_answers(check))
    assert capsys.readouterr().out.startswith("Not yet: ")


def test_positions_may_be_tensors(capsys):
    """Lists of scalar tensors are accepted in place of lists of numbers."""

    def audit_split(labels, groups, splits):
        """Return the correct lists with the numbers as tensors."""
        return {
            key: [entry if isinstance(entry, str) else torch.tensor(entry) for entry in found]
            for key, found in _audit(labels, groups, splits).items()
        }

    exercises.check_audit_split(audit_split)

    assert capsys.readouterr().out == "Correct\n"


@pytest.mark.parametrize(
    ("found", "expected", "is_close"),
    [(1.00009, 1, True), (1.0002, 1, False), (9e-7, 0, True), (2e-6, 0, False), ("word", 0, False)],
)
def test_numbers_are_compared_up_to_rounding(found, expected, is_close):
    """Numbers are compared with a relative tolerance of 1e-4 and an absolute tolerance of 1e-6."""
    assert close(found, expected) is is_close
    assert isinstance(close(found, expected), bool)


@pytest.mark.parametrize(("found", "is_close"), [([9e-7], True), ([2e-6], False), ([[0.0]], False)])
def test_tensors_are_compared_up_to_rounding(found, is_close):
    """Tensors must have equal shapes and agree to within 1e-6."""
    assert tensors_close(torch.tensor(found), torch.zeros(1)) is is_close


def test_a_wrong_shape_is_named():
    """The hint gives the expected and actual shapes, or the type if the result is not a tensor."""
    shape = (2, 3), "(N, H)"
    assert wrong_shape(torch.zeros(2, 3), *shape) is None
    for found, name in ((torch.zeros(3, 2), "(3, 2)"), ([1.0], "list")):
        expected = f"the result should have shape (N, H) = (2, 3); yours is {name}."
        assert wrong_shape(found, *shape) == expected


def test_loaders_of_a_check_are_data_loaders(capsys):
    """Answers can read the number of batches or sequences from a loader."""

    def fit_halving(model, train_loader, val_loader, max_epochs, patience):
        assert len(train_loader) == 2
        assert len(val_loader.dataset) == 4
        return nb04.halving()(model, train_loader, val_loader, max_epochs, patience)

    exercises.check_fit_halving(fit_halving)

    assert capsys.readouterr().out == "Correct\n"
