"""Play at a table: throw a die, watch a trained LSTM and the exact odds make up their minds.

`DiceTable` knows the game, `plot_dice_table` draws it, and `play_dice` puts buttons around both.
"""

from collections.abc import Sequence

import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import expit
from torch import nn

from seqclf_utils.extras.interactive import person_watches
from seqclf_utils.casino import log_likelihood_ratio, make_casino
from seqclf_utils.plotting import BEST_COLOR, TRAIN_COLOR, as_png, check_axes
from seqclf_utils.validation import (
    check_choice,
    check_count,
    check_finite_number,
    check_logits,
    check_seed,
)

CHEAT = "clever"
WHO = ("secret", "cheat", "honest")
MOST_THROWS = 60  # the trained model has never seen a longer table
HIGH_COLOR, LOW_COLOR = "#EDAF79", "#CFE5F3"  # behind 4-5-6 and behind 1-2-3
PICTURE = "Probability of a cheat after each throw, for the LSTM and by the exact odds"
LABELS = {0: "an honest player", 1: "a cheat"}


class DiceTable:
    """One player's throws so far, and what two judges think after each.

    Args:
        model: Called as `model(padded, lengths)`, returns logits, shape (N,); in eval mode.
        who: Who plays: "cheat", "honest", or "secret", which is one of the two and not told.
        seed: Seed of the dice, and of who plays in secret.

    Attributes:
        throws: Faces so far, each 1..6.
        lstm: The model's probability of a cheat after each throw.
        odds: The exact probability of a cheat after each throw.
        is_cheat: Whether the player cheats, secret or not.
        is_known: Whether everybody knows who plays.

    Raises:
        TypeError: If `model` cannot be called or `seed` is not a whole number.
        ValueError: If `who` is unknown or `seed` is out of range.

    Example:
        >>> from seqclf_utils.extras.saved_models import load_trained_model
        >>> table = DiceTable(load_trained_model(), who="cheat", seed=0).throw(3)
        >>> len(table.throws), len(table.lstm), len(table.odds)
        (3, 3, 3)
    """

    def __init__(self, model: nn.Module, *, who: str = "secret", seed: int) -> None:
        check_choice("who", who, WHO)
        self.model = _check_callable(model)
        self.is_known = who != "secret"
        self.is_cheat, self._dice = _player(who, check_seed(seed))
        self.throws: list[int] = []
        self.lstm: list[float] = []
        self.odds: list[float] = []

    @property
    def is_over(self) -> bool:
        """Whether the player has no throws left."""
        return len(self.throws) == MOST_THROWS

    def throw(self, times: int = 1) -> "DiceTable":
        """Throw the die and ask both judges after each throw.

        Args:
            times: Throws, at least 1; no more than are left are made.

        Returns:
            The same table.

        Raises:
            TypeError: If `times` is not a whole number, or the model returns no floats.
            ValueError: If it is below 1, or the model does not return one finite logit.
        """
        times = check_count("times", times, minimum=1)
        for _ in range(min(times, MOST_THROWS - len(self.throws))):
            throws = [*self.throws, int(self._dice[len(self.throws)])]
            lstm = _lstm_thinks(self.model, throws)  # may fail: then nothing has happened
            self.lstm.append(lstm)
            self.odds.append(_odds_say(throws))
            self.throws = throws
        return self

    def reveal(self) -> "DiceTable":
        """Tell everybody who plays.

        Returns:
            The same table.
        """
        self.is_known = True
        return self

    def player(self) -> str:
        """Say who plays, as far as everybody knows.

        Returns:
            "a cheat", "an honest player" or "somebody".
        """
        return LABELS[self.is_cheat] if self.is_known else "somebody"

    def status(self) -> str:
        """Put the table into one sentence or two, for those who cannot see the curves as well.

        Returns:
            Text without markup.
        """
        if not self.throws:
            return f"Here sits {self.player()}. Nothing thrown yet."
        lstm, odds = percent(self.lstm[-1]), percent(self.odds[-1])
        text = (
            f"Throw {len(self.throws)} by {self.player()}: {self.throws[-1]}. "
            f"Probability of a cheat: {lstm} says the LSTM, {odds} say the exact odds."
        )
        return f"{text} That was the last throw." if self.is_over else text


def percent(probability: float) -> str:
    """Write a probability for people, who should never read that anything is certain.

    Args:
        probability: 0..1.

    Returns:
        Whole percent, or that it is closer to an end than that.

    Raises:
        TypeError: If `probability` is not a number.
        ValueError: If it is not 0..1.

    Example:
        >>> percent(0.125), percent(0.9999)
        ('12%', 'over 99%')
    """
    probability = check_finite_number("probability", probability)
    if not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability}; it must be 0..1")
    if probability < 0.01:
        return "under 1%"
    return "over 99%" if probability > 0.99 else f"{probability:.0%}"


def _check_callable(model: nn.Module) -> nn.Module:
    """Return the model if it is an object that can be called, not a class of them."""
    if not callable(model) or isinstance(model, type):
        found = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(f"model is {found}; it must be called as model(padded, lengths)")
    return model


def _player(who: str, seed: int) -> tuple[int, np.ndarray]:
    """Choose a player who fits, and throw all their dice: label, and symbols, shape (60,)."""
    # Among 64 tables both kinds sit; "secret" takes the first, whoever it is.
    casino = make_casino(64, cheat=CHEAT, min_length=MOST_THROWS, max_length=MOST_THROWS, seed=seed)
    wanted = {"secret": casino.labels[0], "cheat": 1, "honest": 0}[who]
    table = int(np.flatnonzero(casino.labels == wanted)[0])
    return int(wanted), casino.sequences[table]


def _lstm_thinks(model: nn.Module, throws: Sequence[int]) -> float:
    """Ask the model for the probability of a cheat."""
    with torch.no_grad():
        logit = model(torch.tensor([throws]), torch.tensor([len(throws)]))  # (1, L), (1,) -> (1,)
    return torch.sigmoid(check_logits(logit, n_sequences=1)).item()


def _odds_say(throws: Sequence[int]) -> float:
    """Compute the exact probability of a cheat."""
    return float(expit(log_likelihood_ratio([throws], cheat=CHEAT)[0]))


def plot_dice_table(table: DiceTable, *, ax: Axes) -> Axes:
    """Draw both curves with the throws below.

    Args:
        table: What to draw; there may be no throws yet.
        ax: Where to draw.

    Returns:
        The axes.

    Raises:
        TypeError: If `table` is no DiceTable or `ax` no axes.
    """
    if not isinstance(table, DiceTable):
        raise TypeError(f"table is a {type(table).__name__}; it must be a DiceTable")
    check_axes(ax)
    steps = range(1, len(table.throws) + 1)
    ends = {"marker": "o", "markevery": [-1] if table.throws else []}  # so that one throw shows
    ax.plot(steps, table.lstm, color=TRAIN_COLOR, label="what the LSTM thinks", **ends)
    ax.plot(
        steps, table.odds, color=BEST_COLOR, ls=":", mfc="white", label="the exact odds", **ends
    )
    for step, face in zip(steps, table.throws, strict=True):
        color = HIGH_COLOR if face >= 4 else LOW_COLOR
        box = {"facecolor": color, "edgecolor": "none", "pad": 1.5}
        ax.text(step, -0.09, str(face), ha="center", va="center", fontsize=8, bbox=box)
    longest = max(20, 20 * -(-len(table.throws) // 20))  # 20, 40 or 60
    ax.set(xlim=(0, longest + 1), ylim=(-0.16, 1.02), ylabel="probability of a cheat")
    ax.set(xlabel="throw (orange: 4-5-6, blue: 1-2-3)", xticks=range(0, longest + 1, 5))
    ax.set_title(f"At the table: {table.player()}")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=2)  # above
    return ax


def picture(table: DiceTable) -> bytes:
    """Draw a table without showing it.

    Args:
        table: What to draw.

    Returns:
        The picture as PNG.
    """
    # Not pyplot's figure: nothing may show it a second time.
    figure = Figure(figsize=(8.4, 4.2), layout="constrained")
    plot_dice_table(table, ax=figure.subplots())
    return as_png(figure)


class Game:
    """Buttons around a table.

    Args:
        model: Called as `model(padded, lengths)`, returns logits, shape (N,).
        rng: Draws the seed of each new table, NumPy's Generator.

    Attributes:
        table: The table that is being played.
        box: All widgets, to be displayed.

    Raises:
        TypeError: If `model` cannot be called or `rng` is no Generator.
    """

    def __init__(self, model: nn.Module, rng: np.random.Generator) -> None:
        _check_callable(model)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"rng is a {type(rng).__name__}; it must be an np.random.Generator")
        import ipywidgets as widgets  # only who plays pays for it, not every import of the package

        from seqclf_utils.extras.live import Picture

        self.model, self.rng = model, rng
        self.who = widgets.Dropdown(
            options=[("a secret player", "secret"), ("a cheat", "cheat"), ("honest", "honest")],
            description="Who plays:",
        )
        self.once = widgets.Button(description="throw", button_style="primary")
        self.often = widgets.Button(description="throw 10")
        self.new = widgets.Button(description="new table")
        self.ask = widgets.Button(description="who was it?")
        fit = widgets.Layout(max_width="100%", height="auto")  # also in a narrow window
        self.image = Picture(format="png", width=840, layout=fit, tooltip=PICTURE)
        self.words = widgets.HTML()
        self.who.observe(lambda _: self.sit_down(), names="value")
        self.once.on_click(lambda _: self.show(self.table.throw()))
        self.often.on_click(lambda _: self.show(self.table.throw(10)))
        self.new.on_click(lambda _: self.sit_down())
        self.ask.on_click(lambda _: self.show(self.table.reveal()))
        buttons = widgets.HBox([self.once, self.often, self.ask, self.new])
        self.box = widgets.VBox([self.who, buttons, self.image, self.words])
        self.sit_down()

    def sit_down(self) -> None:
        """Begin a new table."""
        seed = int(self.rng.integers(2**32))
        self.show(DiceTable(self.model, who=self.who.value, seed=seed))

    def show(self, table: DiceTable) -> None:
        """Bring picture, words and buttons up to date.

        Args:
            table: The table as it is now.
        """
        self.table = table
        self.image.value = picture(table)
        self.words.value = table.status()
        self.once.disabled = self.often.disabled = table.is_over
        self.ask.disabled = table.is_known or not table.throws


def play_dice(model: nn.Module, *, seed: int | None = None) -> None:
    """Open a table with buttons for a person; a program that runs the notebook gets one line.

    Args:
        model: Called as `model(padded, lengths)`, returns logits, shape (N,).
        seed: Seed of all tables; None gives other tables each time.

    Raises:
        TypeError: If `model` cannot be called or `seed` is not a whole number.
        ValueError: If `seed` is out of range.
    """
    _check_callable(model)
    seed = None if seed is None else check_seed(seed)
    if person_watches():
        display(Game(model, np.random.default_rng(seed)).box)
    else:
        print("Run this cell yourself, in JupyterLab: then buttons appear here, and you throw.")
