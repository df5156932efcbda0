"""Reject invalid or ambiguous tables instead of misreading them.

The checks reject:

- A column that is missing, misspelt or duplicated.
- A cell that is neither a string nor a list of names, or a printed list that cannot be read back.
- A name that is blank, was cut off when it was printed, or contains invisible characters.
- Strings whose symbols seem to be separated by something other than the given separator.

Each error names the column, the row and the value, and says what to do.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from numbers import Integral

import pandas as pd

from seqclf_utils.validation import check_count, require, shorten

UNKNOWN = "<unk>"
NOT_A_SYMBOL = "symbols are {}; with min_count=2 in training, '<unk>' stands for other names"
MARKS = ["->", "=>", *"→,;|>"]  # rarely part of a name
SEPARATORS = [*MARKS, *"-_/:. "]  # the likeliest first
BLANK = "\u034f\u115f\u1160\u180b\u2800\u3164\uffa0"  # printable according to Python, but invisible
JOINERS = "\u200c\u200d"  # invisible, but used in Persian and Hindi words and in emoji
NOT_READABLE = "write it so: frame['sequence'] = [' '.join(map(str, names)) for names in sequences]"
NUMPY = re.compile(r"['\"]\s+['\"]")  # ['a' 'b'], which Python would read as ['ab']
# Matches from an opening bracket to a closing one, but not "[CLS] a b [SEP]". Also matches
# "[np.int64(1)]", "{1}" and a column that pandas printed.
PRINTED = re.compile(
    r"(?s)\s*(?!\S+[\])}]\s+\S)[\w.]*[\[({](?=.*?[\s,;>|]).*[\])}]\s*"
    r"|\[np\..*\)\]|\w+\(\[.*\]\)|\{.*\}|.*\ndtype: .*"
)


def find_column(frame: pd.DataFrame, name: str, *, is_optional: bool = False) -> pd.Series | None:
    """Return a column, or None if it is optional and missing; reject a misspelt name."""
    alike = rf"\s*{re.escape(name)}s?(\.\d+)?\s*"  # pandas renames a second "label" to "label.1"
    found = [column for column in frame if re.fullmatch(alike, str(column), re.I)]
    if found == [name]:
        return frame[name].astype(object)  # pandas strings would be slow to read one by one
    if found or not is_optional:
        hint = "pass its name as sequence=, label= or group=, or what separates columns: sep=';'"
        raise ValueError(f"columns are {list(frame)}; exactly one must be like {name!r}: {hint}")
    return None


def read_cells(column: pd.Series) -> pd.Series:
    """Return each cell as a string or a list of names, Unicode-normalised (NFC)."""
    cells = [
        cell if _is_plain(cell) else _read_cell(cell, f"column {column.name!r}, row {row}")
        for row, cell in column.items()
    ]
    return pd.Series(cells, column.index, dtype=object, name=column.name)


def _is_plain(cell: object) -> bool:
    """Check quickly whether a cell is a string that needs no parsing and no normalising."""
    is_text = isinstance(cell, str) and cell.isascii()
    return is_text and cell[-1:].isalnum() and "\n" not in cell


def _read_cell(cell: object, where: str) -> str | list[str]:
    """Return a string, or the names in a list or in a printed list."""
    names = _read_printed(cell)
    if not isinstance(names, str):
        return as_names(names, where)
    if PRINTED.fullmatch(names):
        raise ValueError(f"{where} is {shorten(names)}; {NOT_READABLE}")
    return unicodedata.normalize("NFC", names)


def _read_printed(cell: object) -> object:
    """Return the list in a string such as "['view', 'add']"; return anything else as it is."""
    if isinstance(cell, str) and cell.strip()[-1:] in "])" and not NUMPY.search(cell):
        for read in (json.loads, ast.literal_eval):
            with suppress(Exception):  # whatever the error is, the cell is not a list
                names = read(cell.strip())
                return names if isinstance(names, list | tuple) else cell
    return cell


def read_texts(column: pd.Series) -> pd.Series:
    """Return each cell as a string, Unicode-normalised, without white space at either end."""
    texts = column.astype(str).str.normalize("NFC").str.strip().where(column.notna(), "")
    check_visible(texts)
    return texts.astype(object)


def as_names(values: Sequence[str], where: str) -> list[str]:
    """Return the names in a list, tuple or array as strings, Unicode-normalised (NFC).

    Args:
        values: The names: strings or integers.
        where: What to call the names in an error message.
    """
    names = values.tolist() if hasattr(values, "tolist") else values
    require(isinstance(names, list | tuple), where, values, "a list of names", TypeError)
    for name in names:
        if isinstance(name, bool) or not isinstance(name, str | Integral):
            raise TypeError(f"{where} holds {shorten(name)}; names must be text or integers")
    return [unicodedata.normalize("NFC", str(name)) for name in names] or [""]


def check_names(argument: str, names: Sequence[str], n: int | None = None) -> tuple[str, ...]:
    """Return distinct names as a tuple of strings, Unicode-normalised (NFC).

    Args:
        argument: What to call the names in an error message.
        names: The names in order: a list, tuple, array or column of strings or integers.
        n: Required number of names; None requires at least one.

    Raises:
        TypeError: If `names` has no order, or a name is neither a string nor an integer.
        ValueError: If names are equal, blank or not printable, or there are too few or too many.
    """
    texts = tuple(as_names(names, argument))
    check_count(f"number of {argument}", len(texts), minimum=n or 1, maximum=n or len(texts))
    if len(set(texts)) < len(texts) or any(map(_find_fault, texts)):
        raise ValueError(f"{argument} is {shorten(names)}; names must be different and not blank")
    return texts


def refuse(wrong: pd.Series, rule: str) -> None:
    """Raise an error that names wrong values, if any, each with the row where it first occurs."""
    first = [f"{value!r} (row {row})" for row, value in wrong.drop_duplicates().items()]
    if first:
        raise ValueError(f"column {wrong.name!r} holds {', '.join(first)}; {rule}")


def check_visible(values: pd.Series) -> None:
    """Reject names and labels that are invisible or look identical."""
    for value in values.unique():
        if fault := _find_fault(value):
            refuse(values[values == value], fault)


def _find_fault(name: str) -> str | None:
    """Say what is wrong with a name, if anything is."""
    if not name or "..." in name or name != name.strip().strip(JOINERS):
        return "names must not be blank, cut off ('...') or have white space at their ends"
    hidden = [c for c in name if c in BLANK or not (c.isprintable() or c in JOINERS)]
    what = ", ".join(unicodedata.name(c, "control character") for c in hidden)
    return f"names must not hold invisible characters ({what})" if hidden else None


def check_texts(cells: pd.Series, names: pd.Series, separator: str | None, symbols: tuple) -> None:
    """Reject unknown names, and strings whose symbols seem to be separated by another mark.

    Args:
        cells: A string or a list of names in each row.
        names: The different names in the cells, each with the row where it first occurs.
        separator: What separates the names in a string.
        symbols: The names that are known from the training data, if any.
    """
    check_visible(names)
    if symbols and UNKNOWN not in symbols:
        refuse(names[~names.isin(symbols)], NOT_A_SYMBOL.format(shorten(symbols)))
    found = set(names)
    new = found.difference(symbols)
    if separator == " " or not new or not all(isinstance(cell, str) for cell in cells):
        return
    known = set(symbols) if new == found else set()
    mark, is_evident = _find_separator(list(cells.head(1000)), new, known)
    is_whole = all(cell.strip() in found for cell in cells) and max(map(len, new)) > 1
    is_varied = len(new) > max(2, len(cells) / 2) or len(set().union(*new)) < len(new)
    if (is_whole and is_varied) or (is_evident and (is_whole or separator is None)):
        raise ValueError(
            f"column {cells.name!r} holds texts such as {shorten(cells.iloc[0])}; pass "
            f"separator={mark!r} if their symbols are separated like this ('' makes each "
            "character a symbol), separator=' ' or lists of names if not"
        )


def _find_separator(texts: list[str], new: set[str], known: set[str]) -> tuple[str, bool]:
    """Return the likeliest separator of names that are not split yet, and whether it is evident."""
    for mark in [*SEPARATORS, ""]:
        parts = {part for name in new for part in (name.split(mark) if mark else name)}
        is_joint = mark in MARKS and parts != new and len(parts) <= len(new)
        is_evident = mark in new or parts <= known or is_joint
        if is_evident or (mark and sum(mark in text for text in texts) > max(1, len(texts) / 2)):
            return mark, is_evident or mark in MARKS
    return "", False
