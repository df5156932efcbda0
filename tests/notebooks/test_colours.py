"""The colours of stored figures can be told apart by colour-blind readers and in greyscale.

Colour blindness is simulated with colorspacious, following Machado, Oliveira and Fernandes
(2009), *A Physiologically-based Model for Simulation of Color Vision Deficiency*.
"""

import re
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.colors import to_hex, to_rgb
from notebook_text import ROOT

FIGURES = sorted((ROOT / "figures").glob("*.svg"))
VISION = {"normal vision": None, "protanopia": "protanomaly", "deuteranopia": "deuteranomaly"}
CLEARLY = 12  # difference in CAM02-UCS, where 1 is barely visible
LIGHTER = 10  # difference in lightness, out of 100
FRAME = {"#ffffff", "#000000"}  # paper, axes and text


def as_seen(color, kind):
    """Simulate how a colour looks with a kind of colour blindness, or with normal vision."""
    if kind is None:
        return np.array(to_rgb(color))
    space = {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}
    return np.clip(cspace_convert(to_rgb(color), space, "sRGB1"), 0, 1)


def difference(color, other, kind=None):
    """Return the perceptual difference between two colours."""
    return deltaE(as_seen(color, kind), as_seen(other, kind), input_space="sRGB1")


def lightness(color):
    """Return the lightness of a colour, 0..100."""
    return cspace_convert(to_rgb(color), "sRGB1", "CAM02-UCS")[0]


def opacity(style, kind):
    """Return the opacity of a fill or stroke, 0..1."""
    return float(style.get(f"{kind}-opacity", 1)) * float(style.get("opacity", 1))


def on_paper(color, strength):
    """Blend a colour with white."""
    return to_hex([1 - strength * (1 - part) for part in to_rgb(color)])


def marks(text):
    """Return the colour and shape of all elements inside the axes of an SVG."""
    found, pending = set(), [(ElementTree.fromstring(text), "")]
    while pending:
        element, group = pending.pop()
        name = element.get("id", "")
        if name.startswith(("matplotlib.axis", "legend")):
            continue
        group = re.sub(r"_\d+$", "", name) or group
        style = dict(re.findall(r"([\w-]+): ([^;]+)", element.get("style", "")))
        paints = [(style.get(kind), opacity(style, kind)) for kind in ("fill", "stroke")]
        shape = (
            group,
            style.get("stroke-dasharray"),
            element.get("{http://www.w3.org/1999/xlink}href"),
            style.get("fill", "none") != "none" and style.get("stroke", "none") == "none",
        )
        for color, strength in paints:
            # Skip "none" and patterns. Patterns are told apart by shape, not by colour.
            if color and color.startswith("#") and color not in FRAME:
                found.add((on_paper(color, strength), shape))
        pending += [(child, group) for child in element]
    return found


def is_area(shape):
    """Return whether a shape is a filled area without an edge."""
    return shape[-1]


def confusions(text):
    """Return the pairs of colours in a figure that look alike, with the kind of vision.

    Areas are compared only with areas and lines only with lines, because an area cannot be mistaken
    for a line.
    """
    found = []
    for (color, shape), (other, other_shape) in combinations(sorted(marks(text), key=str), 2):
        if color == other or is_area(shape) != is_area(other_shape):
            continue
        found += [
            f"{color}, {other}: {vision}"
            for vision, kind in VISION.items()
            if difference(color, other, kind) < CLEARLY
        ]
        if shape == other_shape and abs(lightness(color) - lightness(other)) < LIGHTER:
            found.append(f"{color}, {other}: grey")
    return sorted(set(found))


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_no_colours_are_confused(path):
    """All colours differ for colour-blind readers; in greyscale, shape or lightness differs."""
    assert marks(path.read_text("utf-8")), "nothing was found in the figure"
    assert confusions(path.read_text("utf-8")) == []


LINES = '<svg><g id="line2d_1"><path style="stroke: {}; {}"/><path style="stroke: {}"/></g></svg>'


@pytest.mark.parametrize(
    ("color", "dash", "other", "vision"),
    [
        ("#0072b2", "", "#d55e00", []),
        ("#b08000", "", "#6aa000", ["deuteranopia", "grey", "protanopia"]),
        ("#b08000", "stroke-dasharray: 4,2", "#6aa000", ["deuteranopia", "protanopia"]),
        ("#777777", "stroke-dasharray: 4,2", "#7b7b7b", [*VISION]),
        ("#0072b2", "stroke-opacity: 0.05; stroke-dasharray: 4,2", "#f3f8fb", [*VISION]),
    ],
    ids=["blue and orange", "brown and green", "one dashed", "two greys", "nearly white"],
)
def test_confusions_are_found(color, dash, other, vision):
    """Similar colours are detected, but in greyscale only if the line styles are equal."""
    found = confusions(LINES.format(color, dash, other))

    assert sorted(line.rpartition(": ")[2] for line in found) == sorted(vision)


def test_axes_are_left_out():
    """Ticks and labels, which share their colour on purpose, are not compared."""
    axis = f'<g id="matplotlib.axis_1">{LINES.format("#777777", "", "#7b7b7b")}</g>'
    assert marks(f"<svg>{axis}</svg>") == set()
