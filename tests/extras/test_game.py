"""The table of notebook 00: its rules, its picture and its buttons."""

import io
import math
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from scipy.special import expit

from seqclf_utils import (
    DiceTable,
    LSTMClassifier,
    load_trained_model,
    log_likelihood_ratio,
    play_dice,
)
from seqclf_utils import plot_dice_table as draw
from seqclf_utils.extras.game import MOST_THROWS, Game, percent, picture
from seqclf_utils.plotting import BEST_COLOR, TRAIN_COLOR

MODEL = load_trained_model()


def table(throws=0, who="secret", seed=0):
    """Sit down and throw."""
    fresh = DiceTable(MODEL, who=who, seed=seed)
    return fresh.throw(throws) if throws else fresh


def title(playing):
    """Return what stands above the picture."""
    ax = draw(playing, ax=Figure().subplots())
    return "".join(ax.get_title(loc=side) for side in ("left", "center", "right"))


def directly(throws):
    """Compute what both judges must say about these throws."""
    with torch.no_grad():
        logit = MODEL(torch.tensor([throws]), torch.tensor([len(throws)]))
    odds = expit(log_likelihood_ratio([throws], cheat="clever"))
    return torch.sigmoid(logit).item(), odds.item()


# ----------------------------------------------------------------------------- rules


def test_a_new_table_is_empty():
    """Nothing is thrown before somebody throws."""
    fresh = table()

    assert (fresh.throws, fresh.lstm, fresh.odds, fresh.is_over) == ([], [], [], False)


def test_throwing_appends():
    """A throw adds one face and one point to each curve, and changes nothing before it."""
    playing = table(4)
    before = [list(part) for part in (playing.throws, playing.lstm, playing.odds)]

    playing.throw()

    for part, old in zip((playing.throws, playing.lstm, playing.odds), before, strict=True):
        assert len(part) == 5
        assert part[:4] == old


@pytest.mark.parametrize("n", [1, 2, 17, 60])
def test_the_last_points_are_what_the_judges_say(n):
    """Both curves end at the probability computed from exactly the throws so far."""
    playing = table(n, who="cheat", seed=5)

    assert (playing.lstm[-1], playing.odds[-1]) == pytest.approx(directly(playing.throws), abs=1e-6)


def test_throwing_ten_is_throwing_ten_times():
    """How often the button is pressed makes no difference."""
    at_once, one_by_one = table(10), table()
    for _ in range(10):
        one_by_one.throw()

    assert at_once.throws == one_by_one.throws
    assert at_once.lstm == one_by_one.lstm
    assert at_once.odds == one_by_one.odds


def test_the_last_throw_is_the_last():
    """After as many throws as the model was trained on nothing more happens."""
    playing = table(55)
    assert not playing.is_over

    playing.throw(10).throw()

    assert playing.is_over
    assert len(playing.throws) == len(playing.lstm) == len(playing.odds) == MOST_THROWS == 60


@pytest.mark.parametrize("who", ["secret", "cheat", "honest"])
def test_the_same_seed_is_the_same_table(who):
    """Seeds repeat a table, and other seeds give others."""
    assert table(60, who, 1).throws == table(60, who, 1).throws != table(60, who, 2).throws


def test_who_was_asked_for_sits_there():
    """A cheat is a cheat, honest is honest, and everybody knows."""
    for seed in range(20):
        assert table(0, "cheat", seed).is_cheat == 1
        assert table(0, "honest", seed).is_cheat == 0
        assert table(0, "cheat", seed).is_known


def test_a_secret_is_one_or_the_other():
    """About half of the secret players cheat."""
    assert 20 < sum(table(0, "secret", seed).is_cheat for seed in range(60)) < 40


def test_cheats_throw_as_cheats_do():
    """The exact odds, over many tables, tell the kinds apart as well as they should."""
    ends = {}
    for who in ("cheat", "honest"):
        dice = [DiceTable(MODEL, who=who, seed=seed)._dice for seed in range(60)]
        ends[who] = (log_likelihood_ratio(dice, cheat="clever") > 0).mean()

    assert ends["cheat"] > 0.75
    assert ends["honest"] < 0.25


@pytest.mark.parametrize("seed", range(6))
def test_a_secret_stays_one_until_revealed(seed):
    """Neither words nor picture tell who plays; afterwards both do."""
    playing = table(12, "secret", seed)
    assert not playing.is_known
    for text in (playing.status(), playing.player(), title(playing)):
        assert "honest" not in text
        assert "a cheat" not in text.replace("Probability of a cheat", "")

    playing.reveal()

    expected = "a cheat" if playing.is_cheat else "an honest player"
    assert playing.player() == expected
    assert f"by {expected}:" in playing.status()
    assert title(playing) == f"At the table: {expected}"


def test_words_say_what_the_curves_say():
    """The last face and both probabilities, for those who cannot see them."""
    playing = table(7)

    text = playing.status()

    assert f"Throw 7 by somebody: {playing.throws[-1]}." in text
    assert f"{percent(playing.lstm[-1])} says the LSTM" in text
    assert f"{percent(playing.odds[-1])} say the exact odds" in text
    assert "last throw" not in text
    assert playing.throw(60).status().endswith("That was the last throw.")
    assert table().status() == "Here sits somebody. Nothing thrown yet."


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "under 1%"),
        (0.01, "1%"),
        (0.5, "50%"),
        (0.99, "99%"),
        (0.996, "over 99%"),
        (1.0, "over 99%"),
    ],
)
def test_nothing_is_certain(probability, text):
    """Rounding never makes 0 or 100 percent."""
    assert percent(probability) == text


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"who": "me", "seed": 0}, ValueError, "who is 'me'"),
        ({"who": "cheat", "seed": -1}, ValueError, "seed is -1"),
        ({"who": "cheat", "seed": 1.5}, TypeError, "seed is 1.5"),
    ],
)
def test_bad_tables_are_named(options, error, message):
    """The message names the argument."""
    with pytest.raises(error, match=message):
        DiceTable(MODEL, **options)


@pytest.mark.parametrize(("times", "error"), [(0, ValueError), (-3, ValueError), (1.0, TypeError)])
def test_bad_throws_are_named_and_not_made(times, error):
    """A wrong number of throws throws nothing."""
    playing = table(2)

    with pytest.raises(error, match="times is"):
        playing.throw(times)

    assert len(playing.throws) == 2


# ----------------------------------------------------------------------------- picture


@pytest.mark.parametrize("n", [0, 1, 20, 21, 60])
def test_picture_shows_the_curves_and_every_face(n):
    """Data, colours, styles, labels, and one face below each point."""
    playing = table(n)

    ax = draw(playing, ax=Figure().subplots())

    lstm, odds = ax.lines
    assert (lstm.get_color(), lstm.get_linestyle()) == (TRAIN_COLOR, "-")
    assert (odds.get_color(), odds.get_linestyle()) == (BEST_COLOR, ":")
    for line, heights in ((lstm, playing.lstm), (odds, playing.odds)):
        assert list(line.get_xdata()) == list(range(1, n + 1))
        assert list(line.get_ydata()) == heights
    assert [int(t.get_text()) for t in ax.texts] == playing.throws
    assert [t.get_position()[0] for t in ax.texts] == list(range(1, n + 1))
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["what the LSTM thinks", "the exact odds"]
    end = {0: 21, 1: 21, 20: 21, 21: 41, 60: 61}[n]
    assert ax.get_xlim() == (0, end)
    assert list(ax.get_xticks()) == list(range(0, end, 5))
    assert "throw" in ax.get_xlabel()
    assert "probability" in ax.get_ylabel()


@pytest.mark.parametrize("n", [0, 1, 7])
def test_each_curve_ends_in_a_dot(n):
    """So that one throw shows, where there is no line yet."""
    for line in draw(table(n), ax=Figure().subplots()).lines:
        assert (line.get_marker(), line.get_markevery()) == ("o", [-1] if n else [])


def test_certainty_and_faces_are_inside_the_picture():
    """Probabilities from 0 to 1 fill it; the faces stand below 0, and hardly any room is lost."""
    ax = draw(table(3), ax=Figure().subplots())

    bottom, top = ax.get_ylim()
    assert -0.2 < bottom < min(text.get_position()[1] for text in ax.texts) < 0
    assert max(text.get_position()[1] for text in ax.texts) < -0.05
    assert 1 < top < 1.1


def test_high_and_low_faces_differ_in_colour():
    """Two colours, the same for 4-5-6 and the same for 1-2-3."""
    ax = draw(table(60), ax=Figure().subplots())

    colors = {}
    for text in ax.texts:
        high = int(text.get_text()) >= 4
        colors.setdefault(high, set()).add(text.get_bbox_patch().get_facecolor())
    assert len(colors[True]) == len(colors[False]) == 1
    assert colors[True] != colors[False]


def test_picture_is_a_png_that_grows_with_the_game_and_opens_no_window():
    """Each throw gives another picture, of the same size; pyplot does not know of it."""
    playing = table(3)
    first = picture(playing)
    second = picture(playing.throw())

    assert plt.get_fignums() == []
    assert first != second
    shapes = [image.imread(io.BytesIO(png)).shape for png in (first, second)]
    assert shapes[0] == shapes[1]


def test_picture_is_a_png_whatever_is_usual():
    """A reader's settings of Matplotlib do not change what the browser is sent."""
    with mpl.rc_context({"savefig.format": "svg"}):
        assert picture(table()).startswith(b"\x89PNG")


# ----------------------------------------------------------------------------- buttons


@pytest.fixture
def game():
    """A game whose tables are always the same."""
    return Game(MODEL, np.random.default_rng(0))


def test_buttons_throw(game):
    """Once, ten times; picture and words follow."""
    empty = game.image.value

    game.once.click()
    after_one = game.image.value
    game.often.click()

    assert len(game.table.throws) == 11
    assert len({empty, after_one, game.image.value}) == 3
    assert game.words.value == game.table.status()
    assert game.image.value == picture(game.table)


def test_the_picture_is_for_everybody(game):
    """It says what it shows, and fits into a window that is narrower than 840 pixels."""
    assert game.image.tooltip == (
        "Probability of a cheat after each throw, for the LSTM and by the exact odds"
    )
    assert (game.image.format, game.image.width) == ("png", "840")
    assert (game.image.layout.max_width, game.image.layout.height) == ("100%", "auto")


def test_new_table_clears(game):
    """Another table, nothing thrown, the picture empty again."""
    game.often.click()
    old = game.table

    game.new.click()

    assert game.table is not old
    assert game.table.throws == game.table.lstm == game.table.odds == []
    assert game.image.value == picture(table())
    assert "Nothing thrown yet" in game.words.value


def test_new_tables_are_others(game):
    """Not the same dice again."""
    seen = set()
    for _ in range(5):
        game.new.click()
        seen.add(tuple(game.table._dice))
    assert len(seen) == 5


@pytest.mark.parametrize("who", ["cheat", "honest"])
def test_choosing_who_plays_begins_a_new_table(game, who):
    """The chosen player sits down at once and stays for the next table."""
    game.often.click()

    game.who.value = who
    assert game.table.throws == []
    game.new.click()

    assert game.table.is_cheat == (who == "cheat")
    assert game.table.is_known
    assert game.ask.disabled


def test_who_sits_down_sits_down_once(game, monkeypatch):
    """A choice begins one table, not one for each thing about the list that changes."""
    seated = []
    monkeypatch.setattr(game, "sit_down", lambda: seated.append(game.who.value))

    game.who.value = "honest"
    game.who.disabled = True

    assert seated == ["honest"]


def test_tables_hardly_ever_come_back(game):
    """The seed of a table is one of four thousand million."""
    asked = []
    game.rng = SimpleNamespace(integers=lambda high: asked.append(high) or 0)

    game.new.click()

    assert asked == [2**32]


def test_who_was_it(game):
    """The button waits for a throw, tells, and has then nothing more to tell."""
    assert game.ask.disabled
    game.once.click()
    assert not game.ask.disabled
    hidden = game.image.value

    game.ask.click()

    assert game.table.is_known
    assert game.ask.disabled
    assert game.table.player() in game.words.value
    assert game.image.value != hidden


def test_buttons_rest_when_the_throws_are_used_up(game):
    """At 60 throws one can ask, or take a new table."""
    for _ in range(7):
        game.often.click()

    assert game.table.is_over
    assert game.once.disabled
    assert game.often.disabled
    assert not game.ask.disabled
    game.new.click()
    assert not game.once.disabled


def test_a_person_gets_buttons(monkeypatch, capsys):
    """The widgets are displayed and nothing is printed."""
    shown = []
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")
    monkeypatch.setattr("seqclf_utils.extras.game.display", shown.append)

    assert play_dice(MODEL, seed=0) is None

    assert len(shown) == 1
    assert len(shown[0].children) == 4
    assert capsys.readouterr().out == ""


def test_a_program_gets_one_line(monkeypatch, capsys):
    """Stored outputs hold no widgets."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")
    monkeypatch.setattr("seqclf_utils.extras.game.display", None)

    play_dice(MODEL)

    (line,) = capsys.readouterr().out.splitlines()
    assert "JupyterLab" in line


def test_a_seed_reaches_the_game(monkeypatch):
    """The same seed of `play_dice` deals the same tables."""
    seen = []
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")
    monkeypatch.setattr("seqclf_utils.extras.game.display", lambda box: None)
    monkeypatch.setattr(
        "seqclf_utils.extras.game.Game",
        lambda model, rng: seen.append(rng.integers(2**32)) or SimpleNamespace(box=None),
    )

    for seed in (1, 1, 2):
        play_dice(MODEL, seed=seed)

    assert seen[0] == seen[1] != seen[2]


def test_seeded_games_repeat():
    """The same seed opens the same tables one after another; without one they differ."""
    games = [Game(MODEL, np.random.default_rng(seed)) for seed in (3, 3, 4)]

    tables = [tuple(game.table._dice) for game in games]

    assert tables[0] == tables[1] != tables[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: DiceTable(LSTMClassifier, seed=0),
            "model is the class LSTMClassifier; it must be",
        ),
        (lambda: DiceTable(3, seed=0), "model is int; it must be called as model"),
        (lambda: play_dice(LSTMClassifier(), seed=-1), "seed is -1; it must be at least 0"),
        (lambda: play_dice(None), "model is NoneType; it must be called as model"),
        (lambda: Game(LSTMClassifier(), 0), "rng is a int; it must be an np.random.Generator"),
        (lambda: percent(50), "probability is 50.0; it must be 0..1"),
        (lambda: percent(1.5), "probability is 1.5; it must be 0..1"),
        (lambda: percent(math.nan), "probability is nan; it must be a finite number"),
        (lambda: draw(3, ax=None), "table is a int; it must be a DiceTable"),
    ],
    ids=["class", "number", "seed", "nothing", "rng", "50", "1.5", "nan", "no table"],
)
def test_bad_games_are_named(call, message):
    """Whoever plays, or watches, with something else is told before the first throw."""
    with pytest.raises((ValueError, TypeError), match=message):
        call()


@pytest.mark.parametrize("reply", [torch.ones(1, 1), torch.tensor([math.nan]), torch.ones(2)])
def test_a_model_that_fails_leaves_the_table_as_it_was(reply):
    """No throw counts that one of the judges has not seen."""
    table = DiceTable(lambda padded, lengths: reply, seed=0)

    with pytest.raises(ValueError, match="the model returned"):
        table.throw()

    assert (table.throws, table.lstm, table.odds) == ([], [], [])
