"""The dice game of notebook 00: rules, picture and buttons."""

from unittest.mock import Mock

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


@pytest.fixture
def game():
    """Return a game with reproducible tables."""
    return Game(MODEL, np.random.default_rng(0))


@pytest.fixture(autouse=True)
def no_figures():
    """Close all figures after each test."""
    yield
    plt.close("all")


# ------------------------------------------------------------------------------- rules


def test_throws_add_up_to_60():
    """Throws are made one or several at a time, up to 60 in total."""
    playing, whole = table(), table(60)
    for times, n in ((1, 1), (1, 2), (10, 12), (100, 60), (1, 60)):
        assert playing.throw(times) is playing
        assert playing.throws == whole.throws[:n]
        assert (playing.lstm, playing.odds) == (whole.lstm[:n], whole.odds[:n])

    assert len(whole.throws) == len(whole.lstm) == len(whole.odds) == MOST_THROWS == 60


@pytest.mark.parametrize("n", [1, 2, 17, 60])
def test_the_last_points_come_from_exactly_the_throws_so_far(n):
    """The latest probabilities depend only on the throws so far."""
    playing = table(n, who="cheat", seed=5)

    with torch.no_grad():
        lstm = torch.sigmoid(MODEL(torch.tensor([playing.throws]), torch.tensor([n]))).item()
    odds = expit(log_likelihood_ratio([playing.throws], cheat="clever")).item()
    assert (playing.lstm[-1], playing.odds[-1]) == pytest.approx((lstm, odds), abs=1e-6)


@pytest.mark.parametrize("who", ["secret", "cheat", "honest"])
def test_a_seed_repeats_a_table(who):
    """Equal seeds give equal tables, and different seeds give different tables."""
    first, again, other = (table(60, who, seed).throws for seed in (1, 1, 2))
    assert first == again != other


def test_players_are_as_requested():
    """A requested player throws as expected, and a secret player is a cheat about half the time."""
    cheats, honest, secret = (
        [table(60, who, seed) for seed in range(40)] for who in ("cheat", "honest", "secret")
    )

    assert all(player.is_known and player.is_cheat for player in cheats)
    assert all(player.is_known and not player.is_cheat for player in honest)
    assert np.mean([player.odds[-1] > 0.5 for player in cheats]) > 0.75
    assert np.mean([player.odds[-1] > 0.5 for player in honest]) < 0.25
    assert 13 < sum(player.is_cheat for player in secret) < 27


@pytest.mark.parametrize("seed", range(6))
def test_a_secret_is_kept_until_revealed(seed):
    """The status and the picture do not show who plays until the secret is revealed."""
    playing = table(12, "secret", seed)
    assert not playing.is_known
    for text in (playing.status(), playing.player(), plot_dice_table(playing).get_title("left")):
        assert "honest" not in text
        assert "a cheat" not in text.replace("Probability of a cheat", "")

    expected = "a cheat" if playing.is_cheat else "an honest player"
    assert playing.reveal().player() == expected
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
    [(0.0099, "under 1%"), (0.01, "1%"), (0.99, "99%"), (0.996, "over 99%")],
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


def test_the_picture_shows_the_table():
    """The picture shows both curves, with the throws below them."""
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
    assert plt.get_fignums() == []  # otherwise, the notebook would show the figure twice
    figure = plt.figure(figsize=(8.4, 4.2), layout="constrained")
    plot_dice_table(game.table, ax=figure.subplots())
    assert as_png(figure) == pictures[-1]


def test_new_tables_are_empty_and_differ(game):
    """Each new table has different throws, and the picture and the status are reset."""
    empty, seen = game.image.value, set()
    for _ in range(5):
        game.often.click()
        seen.add(tuple(game.table.throws))
        game.new.click()
        assert game.table.throws == game.table.lstm == game.table.odds == []
        assert game.image.value == empty
        assert "No throws yet" in game.words.value
    assert len(seen) == 5


@pytest.mark.parametrize("who", ["cheat", "honest"])
def test_choosing_who_plays_starts_a_new_table(game, who, monkeypatch):
    """Choosing a player starts one new table and also applies to later tables."""
    game.often.click()
    show = Mock(side_effect=game.show)
    monkeypatch.setattr(game, "show", show)

    game.who.value = who
    game.who.disabled = True  # starts no new table
    assert (show.call_count, game.table.throws) == (1, [])
    game.new.click()

    assert game.table.is_cheat == (who == "cheat")
    assert game.table.is_known
    assert game.ask.disabled


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
    """After 60 throws, you can only reveal the player or start a new table."""
    for _ in range(6):
        game.often.click()

    assert (game.once.disabled, game.often.disabled, game.ask.disabled) == (True, True, False)
    game.new.click()
    assert (game.once.disabled, game.often.disabled) == (False, False)


def test_the_box_holds_everything(game):
    """The box contains the player menu, the buttons, the picture and the status, in that order."""
    who, buttons, image, words = game.box.children

    assert (who, image, words) == (game.who, game.image, game.words)
    assert buttons.children == (game.once, game.often, game.ask, game.new)
    names = [button.description for button in buttons.children]
    assert names == ["throw", "throw 10", "who was it?", "new table"]
    assert image.tooltip.startswith("Probability of a cheat after each throw")
    assert image.width == "840"


def test_interactive_sessions_get_buttons(monkeypatch, capsys):
    """Interactive sessions show widgets and print nothing, and equal seeds give equal tables."""
    boxes, pictures = [], []
    monkeypatch.setenv("SEQCLF_PROGRESS", "1")
    monkeypatch.setattr("seqclf_utils.extras.game.display", boxes.append)

    for seed in (1, 1, 2, None, None):
        assert play_dice(MODEL, seed=seed) is None
        _, buttons, image, _ = boxes[-1].children
        buttons.children[1].click()
        pictures.append(image.value)

    first, again, *others = pictures
    assert first == again
    assert len({first, *others}) == 4
    assert capsys.readouterr().out == ""


def test_a_program_gets_one_line(monkeypatch, capsys):
    """In a session that is not interactive, one line is printed instead of widgets."""
    monkeypatch.setenv("SEQCLF_PROGRESS", "0")
    monkeypatch.setattr("seqclf_utils.extras.game.display", None)

    play_dice(MODEL)

    (line,) = capsys.readouterr().out.splitlines()
    assert "JupyterLab" in line
