"""The dice game of notebook 00: rules, picture and buttons."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from scipy.special import expit

from seqclf_utils import (
    DiceTable,
    load_trained_model,
    log_likelihood_ratio,
    play_dice,
    plot_dice_table,
)
from seqclf_utils.extras.game import MOST_THROWS, Game, percent
from seqclf_utils.plotting import as_png

MODEL = load_trained_model()


def table(throws=0, who="secret", seed=0):
    """Return a table after some throws."""
    fresh = DiceTable(MODEL, who=who, seed=seed)
    return fresh.throw(throws) if throws else fresh


def dice(who, seed):
    """Return all throws of a player."""
    return tuple(table(MOST_THROWS, who, seed).throws)


@pytest.fixture
def game():
    """Return a game with reproducible tables."""
    return Game(MODEL, np.random.default_rng(0))


@pytest.fixture(autouse=True)
def no_figures():
    """Close all figures afterwards."""
    yield
    plt.close("all")


# ------------------------------------------------------------------------------- rules


def test_a_new_table_is_empty():
    """A new table has no throws."""
    fresh = table()

    assert (fresh.throws, fresh.lstm, fresh.odds, fresh.is_over) == ([], [], [], False)


def test_ten_throws_at_once_are_ten_throws():
    """Ten throws at once equal ten single throws, each of which only appends to the curves."""
    at_once, one_by_one = table(10), table()
    for n in range(10):
        before = [list(part) for part in (one_by_one.throws, one_by_one.lstm, one_by_one.odds)]
        after = one_by_one.throw()
        assert after is one_by_one
        assert [after.throws[:n], after.lstm[:n], after.odds[:n]] == before

    assert at_once.throws == one_by_one.throws
    assert (at_once.lstm, at_once.odds) == (one_by_one.lstm, one_by_one.odds)
    assert len(at_once.throws) == len(at_once.lstm) == len(at_once.odds) == 10


@pytest.mark.parametrize("n", [1, 2, 17, 60])
def test_the_last_points_come_from_exactly_the_throws_so_far(n):
    """The latest probabilities depend only on the throws so far."""
    playing = table(n, who="cheat", seed=5)

    with torch.no_grad():
        lstm = torch.sigmoid(MODEL(torch.tensor([playing.throws]), torch.tensor([n]))).item()
    odds = expit(log_likelihood_ratio([playing.throws], cheat="clever")).item()
    assert (playing.lstm[-1], playing.odds[-1]) == pytest.approx((lstm, odds), abs=1e-6)


def test_there_are_60_throws():
    """A table ends after 60 throws, the longest sequence in training."""
    playing = table(55)
    assert not playing.is_over

    playing.throw(10).throw()

    assert playing.is_over
    assert len(playing.throws) == len(playing.lstm) == len(playing.odds) == MOST_THROWS == 60


@pytest.mark.parametrize("who", ["secret", "cheat", "honest"])
def test_a_seed_repeats_a_table(who):
    """Equal seeds give equal tables, and others do not."""
    assert dice(who, 1) == dice(who, 1) != dice(who, 2)


def test_players_are_as_requested():
    """A requested player throws accordingly, and a secret one is a cheat about half the time."""
    ends = {}
    for who, label in (("cheat", 1), ("honest", 0)):
        players = [table(0, who, seed) for seed in range(60)]
        assert all(player.is_known and player.is_cheat == label for player in players)
        throws = [player._dice for player in players]
        ends[who] = (log_likelihood_ratio(throws, cheat="clever") > 0).mean()

    assert ends["honest"] < 0.25 < 0.75 < ends["cheat"]
    assert 20 < sum(table(0, "secret", seed).is_cheat for seed in range(60)) < 40


@pytest.mark.parametrize("seed", range(6))
def test_a_secret_is_kept_until_revealed(seed):
    """The status and the picture show who plays only after the secret is revealed."""
    playing = table(12, "secret", seed)
    assert not playing.is_known
    for text in (playing.status(), playing.player(), plot_dice_table(playing).get_title("left")):
        assert "honest" not in text
        assert "a cheat" not in text.replace("Probability of a cheat", "")

    playing.reveal()

    expected = "a cheat" if playing.is_cheat else "an honest player"
    assert playing.player() == expected
    assert f"by {expected}:" in playing.status()
    titles = [plot_dice_table(playing).get_title(loc) for loc in ("left", "center")]
    assert "".join(titles) == f"At the table: {expected}"


def test_the_status_says_what_the_curves_show():
    """The status gives the last face and both probabilities."""
    playing = table(7)

    assert playing.status() == (
        f"Throw 7 by a secret player: {playing.throws[-1]}. Probability of a cheat: "
        f"LSTM {percent(playing.lstm[-1])}, best possible {percent(playing.odds[-1])}."
    )
    assert playing.throw(60).status().endswith("That was the last throw.")
    assert table().status() == "At the table: a secret player. No throws yet."


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "under 1%"),
        (0.0099, "under 1%"),
        (0.01, "1%"),
        (0.99, "99%"),
        (0.996, "over 99%"),
        (1.0, "over 99%"),
    ],
)
def test_nothing_is_certain(probability, text):
    """Probabilities are never rounded to 0 or 100 percent."""
    assert percent(probability) == text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DiceTable(MODEL, who="me", seed=0), ValueError, "who is 'me'"),
        (lambda: DiceTable(MODEL, seed=-1), ValueError, "seed is -1"),
        (lambda: table(2).throw(0), ValueError, "times is 0"),
        (lambda: table(2).throw(1.5), TypeError, "times is 1.5"),
        (lambda: play_dice(MODEL, seed=-1), ValueError, "seed is -1"),
    ],
)
def test_mistakes_are_named(call, error, message):
    """The error names the invalid argument."""
    with pytest.raises(error, match=message):
        call()


def test_a_throw_that_fails_leaves_the_table_as_it_was():
    """If the model raises an error, the table is unchanged."""
    broken = DiceTable(lambda padded, lengths: torch.ones(2), seed=0)

    with pytest.raises(RuntimeError):
        broken.throw()

    assert (broken.throws, broken.lstm, broken.odds) == ([], [], [])


def test_the_picture_shows_the_table():
    """The picture shows both curves and the throws below."""
    playing = table(7)

    ax = plot_dice_table(playing)

    assert [list(line.get_ydata()) for line in ax.lines] == [playing.lstm, playing.odds]
    assert [int(text.get_text()) for text in ax.texts] == playing.throws


# ----------------------------------------------------------------------------- buttons


def test_buttons_throw(game):
    """The buttons throw once or ten times and update the picture and the status."""
    pictures = [bytes(game.image.value)]
    for button in (game.once, game.often):
        button.click()
        pictures.append(bytes(game.image.value))

    assert len(game.table.throws) == 11
    assert len(set(pictures)) == 3
    assert game.words.value == game.table.status()
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert plt.get_fignums() == []  # or the notebook would show it a second time
    figure = plt.figure(figsize=(8.4, 4.2), layout="constrained")
    plot_dice_table(game.table, ax=figure.subplots())
    assert as_png(figure) == pictures[-1]


def test_the_picture_has_alt_text_and_fits_narrow_windows(game):
    """The picture has alt text for screen readers and a flexible width."""
    assert game.image.tooltip.startswith("Probability of a cheat after each throw")
    assert (game.image.format, game.image.width) == ("png", "840")
    assert (game.image.layout.max_width, game.image.layout.height) == ("100%", "auto")


def test_new_tables_are_empty_and_differ(game):
    """New tables have other dice, and the picture and the status are reset."""
    empty, seen = game.image.value, set()
    for _ in range(5):
        game.often.click()
        game.new.click()
        seen.add(tuple(game.table._dice))
        assert game.table.throws == game.table.lstm == game.table.odds == []
        assert game.image.value == empty
        assert "No throws yet" in game.words.value
    assert len(seen) == 5


def test_tables_hardly_ever_repeat(game):
    """A new table's seed is one of 2**32."""
    asked = []
    game.rng = SimpleNamespace(integers=lambda high: asked.append(high) or 0)

    game.new.click()

    assert asked == [2**32]


@pytest.mark.parametrize("who", ["cheat", "honest"])
def test_choosing_who_plays_starts_a_new_table(game, who):
    """Choosing a player starts a new table and applies to the next ones as well."""
    game.often.click()

    game.who.value = who
    assert game.table.throws == []
    game.new.click()

    assert game.table.is_cheat == (who == "cheat")
    assert game.table.is_known
    assert game.ask.disabled


def test_a_choice_starts_one_table(game, monkeypatch):
    """Choosing a player starts one table, and other changes of the list start none."""
    started = []
    monkeypatch.setattr(game, "start", lambda: started.append(game.who.value))

    game.who.value = "honest"
    game.who.disabled = True

    assert started == ["honest"]


def test_who_was_it(game):
    """The button that reveals the player is enabled from the first throw until it is used."""
    assert game.ask.disabled
    game.once.click()
    assert not game.ask.disabled
    hidden = game.image.value

    game.ask.click()

    assert game.table.is_known
    assert game.ask.disabled
    assert game.table.player() in game.words.value
    assert game.image.value != hidden


def test_buttons_are_disabled_when_no_throws_are_left(game):
    """After 60 throws, only revealing and a new table are possible."""
    for _ in range(6):
        game.often.click()

    assert game.table.is_over
    assert (game.once.disabled, game.often.disabled, game.ask.disabled) == (True, True, False)
    game.new.click()
    assert (game.once.disabled, game.often.disabled) == (False, False)


def test_interactive_sessions_get_buttons(monkeypatch, capsys):
    """Interactive sessions show widgets and print nothing, and a seed repeats the tables."""
    shown = []
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")
    monkeypatch.setattr("seqclf_utils.extras.game.display", shown.append)
    monkeypatch.setattr(
        "seqclf_utils.extras.game.Game",
        lambda model, rng: SimpleNamespace(box=(model, rng.integers(2**32))),
    )

    for seed in (1, 1, 2, None, None):
        assert play_dice(MODEL, seed=seed) is None

    assert {model for model, _ in shown} == {MODEL}
    first, again, other, *unseeded = (drawn for _, drawn in shown)
    assert first == again != other
    assert unseeded[0] != unseeded[1]
    assert capsys.readouterr().out == ""


def test_the_box_holds_everything(game):
    """The box contains the choice, the buttons, the picture and the status, in this order."""
    who, buttons, image, words = game.box.children

    assert (who, image, words) == (game.who, game.image, game.words)
    assert buttons.children == (game.once, game.often, game.ask, game.new)


def test_a_program_gets_one_line(monkeypatch, capsys):
    """In a session that is not interactive, one line is printed instead of widgets."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")
    monkeypatch.setattr("seqclf_utils.extras.game.display", None)

    play_dice(MODEL)

    (line,) = capsys.readouterr().out.splitlines()
    assert "JupyterLab" in line
