"""The dice game of notebook 00: throw a die, and see how the LSTM and the exact odds respond.

`DiceTable` holds the rules, `plot_dice_table` draws a table, and `play_dice` adds buttons.
"""

import ipywidgets as widgets
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqclf_utils.casino import log_likelihood_ratio, make_casino
from seqclf_utils.evaluation import predict_proba
from seqclf_utils.extras.progress import Picture, is_interactive
from seqclf_utils.plotting import as_png, plot_probabilities
from seqclf_utils.validation import check_choice, check_count, check_seed

CHEAT = "clever"
BUTTONS = "throw", "throw 10", "who was it?", "new table"
PLAYERS = {"a secret player": "secret", "a cheat": "cheat", "honest": "honest"}
MOST_THROWS = 60  # length of the longest tables that the model was trained on
ALT_TEXT = "Probability of a cheat after each throw: the LSTM's, and the best possible one"


class DiceTable:
    """One player's throws so far, and the probability of a cheat after each throw.

    Args:
        model: Called as `model(padded, lengths)`; returns logits, shape (N,).
        who: Who plays: "cheat", "honest", or "secret" for one of these two, not yet revealed.
        seed: Seed of the throws and of the choice of a secret player.

    Attributes:
        throws: Faces so far, each 1..6.
        lstm: The model's probability of a cheat after each throw.
        odds: The exact probability of a cheat after each throw: the best possible prediction.
        is_cheat: Whether the player cheats, even if that is still secret.
        is_known: Whether the user knows who plays.

    Raises:
        TypeError: If `seed` is not an integer.
        ValueError: If `who` is unknown or `seed` is out of range.

    Example:
        >>> from seqclf_utils.extras.saved_models import load_trained_model
        >>> table = DiceTable(load_trained_model(), who="cheat", seed=0).throw(3)
        >>> len(table.throws), len(table.lstm), len(table.odds)
        (3, 3, 3)
    """

    def __init__(self, model: torch.nn.Module, *, who: str = "secret", seed: int) -> None:
        length = {"min_length": MOST_THROWS, "max_length": MOST_THROWS}
        casino = make_casino(64, cheat=CHEAT, seed=seed, **length)  # 64 tables contain both labels
        labels = {"secret": int(casino.labels[0]), "cheat": 1, "honest": 0}
        self.is_cheat = labels[check_choice("who", who, labels)]
        self.is_known = who != "secret"
        self.throws, self.lstm, self.odds = [], [], []
        dice = casino.sequences[casino.labels.tolist().index(self.is_cheat)]  # (60,)
        self._whole_game = dice.tolist(), *probabilities_after_each(dice, model)

    def throw(self, times: int = 1) -> "DiceTable":
        """Throw the die, and update the throws and both lists of probabilities.

        Args:
            times: Number of throws, at least 1; a table ends after `MOST_THROWS` throws.

        Returns:
            The same table.

        Raises:
            TypeError: If `times` is not an integer.
            ValueError: If `times` is below 1.
        """
        n_throws = len(self.throws) + check_count("times", times, minimum=1)
        self.throws, self.lstm, self.odds = (part[:n_throws] for part in self._whole_game)
        return self

    def reveal(self) -> "DiceTable":
        """Reveal who plays.

        Returns:
            The same table.
        """
        self.is_known = True
        return self

    def player(self) -> str:
        """Describe who plays, unless that is still secret.

        Returns:
            "a cheat", "an honest player" or "a secret player".
        """
        if not self.is_known:
            return "a secret player"
        return "a cheat" if self.is_cheat else "an honest player"

    def status(self) -> str:
        """Describe the table in words, for players who cannot see the curves.

        Returns:
            Text without markup.
        """
        if not self.throws:
            return f"At the table: {self.player()}. No throws yet."
        lstm, best = percent(self.lstm[-1]), percent(self.odds[-1])
        throw = f"Throw {len(self.throws)} by {self.player()}: {self.throws[-1]}."
        text = f"{throw} Probability of a cheat: LSTM {lstm}, best possible {best}."
        return f"{text} That was the last throw." if len(self.throws) == MOST_THROWS else text


def probabilities_after_each(throws: np.ndarray, model: torch.nn.Module) -> list[list[float]]:
    """Compute the probability of a cheat after each throw, given the throws so far.

    Args:
        throws: Faces, each 1..6, int64, shape (L,).
        model: Called as `model(padded, lengths)`; returns logits, shape (N,).

    Returns:
        The model's probabilities and the exact probabilities, as two lists of L floats.

    Example:
        >>> from seqclf_utils.extras.saved_models import load_trained_model
        >>> lstm, odds = probabilities_after_each(np.array([6, 5, 4]), load_trained_model())
        >>> [f"{probability:.0%}" for probability in odds]
        ['50%', '57%', '66%']
    """
    lengths = torch.arange(1, len(throws) + 1)
    padded = torch.tensor(throws).tile(len(throws), 1).tril()  # (L, L): row i has i + 1 throws
    lstm = predict_proba(model, [(padded, lengths, lengths)])  # ignores the labels
    evidence = log_likelihood_ratio([throws[:n] for n in lengths], cheat=CHEAT)
    return [lstm.tolist(), torch.from_numpy(evidence).sigmoid().tolist()]


def percent(probability: float) -> str:
    """Format a probability as a whole percentage, but never as 0% or 100%.

    Args:
        probability: 0..1.

    Returns:
        A whole percentage, "under 1%" or "over 99%".

    Example:
        >>> percent(0.125), percent(0.9999)
        ('12%', 'over 99%')
    """
    if probability < 0.01:
        return "under 1%"
    return "over 99%" if probability > 0.99 else f"{probability:.0%}"


def plot_dice_table(table: DiceTable, *, ax: Axes | None = None) -> Axes:
    """Plot both probabilities with the throws below.

    Args:
        table: What to draw; there may be no throws yet.
        ax: Where to draw; a new figure if None.

    Returns:
        The axes.

    Raises:
        TypeError: If `ax` is not an Axes.
    """
    ax = plot_probabilities(table.throws, table.lstm, table.odds, ax=ax)
    ax.set_title(f"At the table: {table.player()}")
    return ax


class Game:
    """A table with buttons.

    Args:
        model: Called as `model(padded, lengths)`; returns logits, shape (N,).
        rng: Draws the seed of each new table.

    Attributes:
        table: The table that is being played.
        box: All widgets, to be displayed.
    """

    def __init__(self, model: torch.nn.Module, rng: np.random.Generator) -> None:
        self.model, self.rng = model, rng
        self.who = widgets.Dropdown(options=PLAYERS, description="Who plays:")
        buttons = [widgets.Button(description=text) for text in BUTTONS]
        self.once, self.often, self.ask, self.new = buttons
        self.once.button_style = "primary"
        self.image, self.words = Picture(width=840, tooltip=ALT_TEXT), widgets.HTML()
        self.box = widgets.VBox([self.who, widgets.HBox(buttons), self.image, self.words])
        self.who.observe(self.start, names="value")
        self.once.on_click(lambda _: self.show(self.table.throw()))
        self.often.on_click(lambda _: self.show(self.table.throw(10)))
        self.ask.on_click(lambda _: self.show(self.table.reveal()))
        self.new.on_click(self.start)
        self.start()

    def start(self, _: object = None) -> None:
        """Start a new table; the argument that widgets pass to their callbacks is ignored."""
        self.show(DiceTable(self.model, who=self.who.value, seed=self.rng.integers(2**32)))

    def show(self, table: DiceTable) -> None:
        """Update the picture, the words and the buttons.

        Args:
            table: The table as it is now.
        """
        self.table = table
        # The notebook would show the figure a second time if pyplot managed it.
        ax = plot_dice_table(table, ax=Figure(figsize=(8.4, 4.2), layout="constrained").subplots())
        self.image.value, self.words.value = as_png(ax.figure), table.status()
        self.once.disabled = self.often.disabled = len(table.throws) == MOST_THROWS
        self.ask.disabled = table.is_known or not table.throws


def play_dice(model: torch.nn.Module, *, seed: int | None = None) -> None:
    """Show a table with buttons, or one line of text if a program executes the notebook.

    Args:
        model: Called as `model(padded, lengths)`; returns logits, shape (N,).
        seed: Seed of all tables; None gives different tables each time.

    Raises:
        TypeError: If `seed` is not an integer.
        ValueError: If `seed` is out of range.
    """
    rng = np.random.default_rng(None if seed is None else check_seed(seed))
    if is_interactive():
        display(Game(model, rng).box)
    else:
        print("Run this cell yourself, in JupyterLab: then buttons appear here, and you throw.")
