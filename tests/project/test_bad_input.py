"""The page of slips and messages is what the package says today."""

import re

import pytest

from tools.bad_input import MISTAKES, PAGE, message, page, rows


def test_the_page_is_fresh():
    """Word for word; after a change of a message: python -m tools.bad_input."""
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize(("argument", "line", "said"), rows(), ids=lambda text: text[:40])
def test_a_message_names_its_argument_and_what_is_allowed(argument, line, said):
    """First who, then what stands there, then what must be."""
    kind, text = said.split(": ", 1)
    assert kind in ("ValueError", "TypeError")
    assert re.search(rf"(?<!\w){re.escape(argument)}(?!\w)", text.partition("; ")[0]), text
    assert re.search(r"must|needs? at least|no hexagon is", text), text
    assert len(text) < 200


def test_the_page_is_long_enough_and_tells_nothing_of_this_machine():
    """A few dozen slips, none twice, no path, no version."""
    lines = [line for line in MISTAKES.splitlines() if line and not line.startswith("#")]
    assert 40 <= len(set(lines)) == len(lines) <= 90
    assert not re.search(r"(?<!\w)/\w+/|\d+\.\d+\.\d+|0x[0-9a-f]{6}", PAGE.read_text("utf-8"))


def test_what_is_accepted_is_no_mistake():
    """A line that turns out to be right must leave the page."""
    with pytest.raises(AssertionError, match=r"percent\(0.5\) is accepted"):
        message("percent(0.5)")
