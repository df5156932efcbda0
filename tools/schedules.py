"""Read workshop/schedules.md: rows, predictions and bridges of each schedule."""

import re
from typing import NamedTuple

from tools.checkout import ROOT

TEXT = (ROOT / "workshop" / "schedules.md").read_text("utf-8")
ROW = re.compile(r"\| (\d+:\d\d) to (\d+:\d\d) \| (.+) \| (.+)" + 4 * r" \| (\d+)" + r" \|")
ASKED = re.compile(r"^- (\d\d), section (\d): “([^”]+)”", re.M)
BRIDGE = re.compile(r"^\| (\d\d) \| section (\d) \| (.+) \| (.+) \|$", re.M)


class Block(NamedTuple):
    """One row of a schedule.

    Attributes:
        start: When it starts, such as "9:00".
        end: When it ends.
        title: What happens.
        parts: Number of each notebook, and names of its parts, such as "start", "2", "exercise 1".
        minutes: Minutes of teaching, exercise, reserve and break.
    """

    start: str
    end: str
    title: str
    parts: dict[str, list[str]]
    minutes: list[int]


class Schedule(NamedTuple):
    """A schedule.

    Attributes:
        blocks: Rows of the schedule.
        asked: Notebook, section and beginning of each prediction that the class discusses.
        bridges: Notebook, skipped section, sentence to say, and beginnings of the cells to run.
    """

    blocks: list[Block]
    asked: list[tuple[str, str, str]]
    bridges: list[tuple[str, str, str, list[str]]]


def read_block(start: str, end: str, title: str, places: str, *minutes: str) -> Block:
    """Read the cells of a row."""
    parts = {}
    for number, names in re.findall(r"\[(\d\d)\]\([^)]*\): ([^;]+)", places):
        digits = re.findall(r"\d", " ".join(re.findall(r"sections? ([\d, and]+)", names)))
        named = re.findall(r"start|quiz|summary|exercise \d", names)
        parts[number] = [*named[: "start" in named], *digits, *named["start" in named :]]
    return Block(start, end, title, parts, [int(text) for text in minutes])


def read() -> dict[str, Schedule]:
    """Return each schedule by its heading."""
    titles = re.split(r"^## (.+)$", TEXT, flags=re.M)[1:]
    found = {}
    for title, body in zip(titles[0::2], titles[1::2], strict=True):
        if blocks := [read_block(*row) for row in ROW.findall(body)]:
            bridges = [(*row[:3], re.findall(r"`([^`]+)`", row[3])) for row in BRIDGE.findall(body)]
            found[title] = Schedule(blocks, ASKED.findall(body), bridges)
    return found
