"""Convert your own sequences, from a table or file, to numbers for a model; used by notebook 07.

Invalid or ambiguous tables are rejected instead of misread:

- A column that is missing, misspelt or duplicated.
- A cell that is neither a string nor a list of names, or a printed list that cannot be read back.
- A name that is blank, was cut off when it was printed, or contains invisible characters.
- Strings whose symbols seem to be separated by something other than the given separator.

Errors name the column, the rows and the values, as far as there are any, and say what to do.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Integral
from os import PathLike

import numpy as np
import pandas as pd

from seqclf_utils.validation import check_count, check_numbers, require, shorten

TABLE_OPTIONS = {"min_count", "sequence", "label", "group"}
TWO_LABELS = "there must be two: pass label_names= if one is missing; for more, see notebook 07"
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


@dataclass(frozen=True, eq=False)
class SequenceTable:
    """Sequences of named symbols, as numbers that a model can read.

    Attributes:
        sequences: Symbols 1..K of each sequence, int64, shape (L_i,).
        labels: Labels 0 and 1, int64, shape (N,); None if the table has no labels.
        groups: Source of each sequence as a string, shape (N,); None if the table has no groups.
        symbols: The K names; the first name stands for symbol 1.
        label_names: The names of label 0 and label 1; None if there are no labels.
    """

    sequences: list[np.ndarray]
    labels: np.ndarray | None
    groups: np.ndarray | None
    symbols: tuple[str, ...]
    label_names: tuple[str, str] | None = None

    @property
    def vocab_size(self) -> int:
        """Return K + 1, the number of symbols including padding, as `LSTMClassifier` expects."""
        return len(self.symbols) + 1

    def encode(self, names: Sequence[str]) -> np.ndarray:
        """Convert the names of one sequence to numbers.

        Args:
            names: Names of symbols, shape (L,).

        Returns:
            Symbols 1..K, int64, shape (L,). A name that is not in `symbols` becomes "<unk>".

        Raises:
            TypeError: If `names` is not a list.
            ValueError: If names are unknown and "<unk>" is not in `symbols`.
        """
        return encode_names([names], self.symbols)[0]

    def decode(self, numbers: Sequence[int]) -> list[str]:
        """Convert the symbols of one sequence back to names.

        Args:
            numbers: Symbols 1..K without padding, shape (L,).

        Returns:
            One name for each symbol.

        Raises:
            ValueError: If `numbers` is not one-dimensional, or a symbol is outside 1..K.
        """
        largest = len(self.symbols)
        numbers = check_numbers("numbers", numbers, minimum=1, maximum=largest, whole=True)
        return [self.symbols[number - 1] for number in numbers]


def load_csv(
    path: str | PathLike,
    *,
    separator: str | None = None,
    label_names: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    **options: object,
) -> SequenceTable:
    r"""Read sequences, and labels and groups if there are any, from a CSV file.

    `pandas.read_csv` reads each cell of the file as a string, and `encode_table` does the rest. In
    error messages, row 1 is the first row below the header.

    Args:
        path: File name, URL or open file, compressed or not.
        separator: What separates the symbols of a sequence; see `encode_table`.
        label_names: Names of label 0 and label 1; see `encode_table`.
        symbols: Names of symbols 1..K; see `encode_table`.
        **options: `min_count`, `sequence`, `label` and `group` go to `encode_table`. All other
            options, such as `sep=";"` (what separates *columns*) or `encoding="cp1252"`, go to
            `pandas.read_csv`.

    Returns:
        The sequences in the order of the file.

    Raises:
        OSError: If the file cannot be read.
        TypeError: If an argument is of the wrong type.
        ValueError: If the file is not a CSV file, or `encode_table` rejects its content.

    Example:
        >>> import io
        >>> file = io.StringIO("sequence;label\nscroll click;left\nclick buy buy;bought\n")
        >>> table = load_csv(file, label_names=("left", "bought"), sep=";")
        >>> table.symbols, table.labels
        (('buy', 'click', 'scroll'), array([0, 1]))
        >>> table.sequences[1], table.decode(table.sequences[1])
        (array([2, 1, 1]), ['click', 'buy', 'buy'])
    """
    how = {name: options.pop(name) for name in TABLE_OPTIONS & options.keys()}
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, **options)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 ({error}); pass encoding='cp1252', ...") from error
    if isinstance(frame.index, pd.RangeIndex):
        frame.index += 1
    elif "index_col" not in options:
        raise ValueError(f"row 1 has more cells than the header {list(frame)}; are quotes missing?")
    return encode_table(frame, separator=separator, label_names=label_names, symbols=symbols, **how)


def encode_table(
    frame: pd.DataFrame,
    *,
    separator: str | None = None,
    label_names: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    min_count: int = 1,
    sequence: str = "sequence",
    label: str = "label",
    group: str = "group",
) -> SequenceTable:
    """Convert a table with one sequence in each row to numbers.

    A sequence is a string or a list (tuple, array) of names. A string that is a printed list, such
    as `['view', 'add']`, counts as a list. Names are Unicode-normalised (NFC). Other columns are
    ignored. Error messages identify rows by the table's index.

    Args:
        frame: The table. The columns of labels and groups may be missing.
        separator: What separates the symbols in a string. None splits at white space, "" makes
            every character a symbol, and any other string is the separator itself. Spaces around
            names are ignored.
        label_names: Names of label 0 and label 1; None uses the two names that occur, sorted.
        symbols: Names of symbols 1..K. For new data, pass the `symbols` of the training data, so
            that every name keeps its number. None uses the names that occur, in numeric order if
            all are integers, and sorted as strings otherwise.
        min_count: Names that occur less often than this become "<unk>", the last symbol.
        sequence: Name of the column of sequences.
        label: Name of the column of labels.
        group: Name of the column of groups.

    Returns:
        The sequences in the order of the table. If "<unk>" is in `symbols`, all names that are
        not in `symbols` become "<unk>".

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a column is missing or misspelt, a cell is empty, there are not exactly two
            labels, symbols are unknown, or the symbols in a string are ambiguous.

    Example:
        >>> visits = pd.DataFrame({"sequence": [["view", "buy"], ["view"]], "label": ["yes", "no"]})
        >>> table = encode_table(visits)
        >>> table.symbols, table.sequences[0], table.label_names, table.labels
        (('buy', 'view'), array([2, 1]), ('no', 'yes'), array([1, 0]))
    """
    require(isinstance(frame, pd.DataFrame), "frame", frame, "a pandas DataFrame", TypeError)
    check_count("number of rows", len(frame), minimum=1)
    label_names = label_names if label_names is None else check_names("label_names", label_names, 2)
    if symbols is not None:
        symbols = check_names("symbols", symbols)
        check_count("min_count with symbols=", min_count, minimum=1, maximum=1)
    cells = _read_cells(_find_column(frame, sequence))
    labels = _find_column(frame, label, is_optional=label == "label")
    if labels is not None:
        labels, label_names = _encode_labels(labels, label_names)
    groups = _find_column(frame, group, is_optional=group == "group")
    groups = None if groups is None else _read_texts(groups).to_numpy(str)
    separator = separator and unicodedata.normalize("NFC", separator)
    # Tuples, because Python's garbage collector need not visit tuples of strings repeatedly.
    rows = [tuple(c if isinstance(c, list) else _split(c, separator)) for c in cells]
    names = pd.Series(rows, cells.index, dtype=object, name=sequence).explode().astype(object)
    # Now `names` holds all names of all rows, one after another, and `rows` says where to cut.
    _check_texts(cells, names.drop_duplicates(), separator, symbols or ())
    codes, found = pd.factorize(names)  # positions in `found`, which holds each name once
    symbols = symbols or _choose_symbols(found, np.bincount(codes), min_count)
    numbers = {name: number for number, name in enumerate(symbols, start=1)}
    flat = np.array([numbers.get(name, numbers.get(UNKNOWN)) for name in found], np.int64)[codes]
    ends = np.cumsum([len(row) for row in rows]).tolist()
    sequences = [flat[end - len(row) : end] for row, end in zip(rows, ends, strict=True)]
    return SequenceTable(sequences, labels, groups, symbols, label_names)


def encode_names(sequences: Sequence[Sequence[str]], symbols: Sequence[str]) -> list[np.ndarray]:
    """Convert lists of names to numbers.

    Args:
        sequences: A list of names for each sequence.
        symbols: Names of symbols 1..K.

    Returns:
        Symbols 1..K of each sequence, int64, shape (L_i,).

    Raises:
        TypeError: If a sequence is not a list.
        ValueError: If a sequence is empty, or names are unknown and "<unk>" is not in `symbols`.
    """
    rows = [_as_names(names, f"sequence {i}") for i, names in enumerate(sequences)]
    return encode_table(pd.DataFrame({"sequence": rows}), symbols=symbols).sequences


def _split(text: str, separator: str | None) -> list[str]:
    """Return the names in a string."""
    if separator is None:
        return text.split() or [""]
    names = [name.strip() for name in (text.split(separator) if separator else text)]
    return [name for name in names if name or separator != " "] or [""]


def _encode_labels(column: pd.Series, names: tuple | None) -> tuple[np.ndarray, tuple[str, str]]:
    """Return labels as 0 and 1, and their names, by default in scikit-learn's order."""
    texts = _read_texts(column)
    rule = f"labels must be {names}" if names else TWO_LABELS
    if names is None and texts.nunique() == 2:
        raw = dict(zip(texts, column, strict=True))  # numbers sort as numbers, strings as strings
        names = tuple(sorted(raw, key=lambda text: (isinstance(raw[text], str), raw[text])))
    _refuse(texts[~texts.isin(names)] if names else texts, rule)
    return texts.map(names.index).to_numpy(), names


def _choose_symbols(found: pd.Index, counts: np.ndarray, min_count: int) -> tuple[str, ...]:
    """Return the common names, in order, followed by "<unk>" if there are rare names."""
    check_count("min_count", min_count, minimum=1, maximum=counts.max())
    if min_count == 1:
        return _in_order(found)
    common = set(found[counts >= min_count]) - {UNKNOWN}
    return _in_order(common) + (UNKNOWN,) * (len(common) < len(found))


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort names in numeric order if all are integers, and as strings otherwise."""
    is_whole = all(re.fullmatch(r"[+-]?[0-9]{1,18}", name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name) if is_whole else name))


def _find_column(frame: pd.DataFrame, name: str, *, is_optional: bool = False) -> pd.Series | None:
    """Return a column, or None if it is optional and missing; reject a misspelt name."""
    alike = rf"\s*{re.escape(name)}s?(\.\d+)?\s*"  # pandas renames a second "label" to "label.1"
    found = [column for column in frame if re.fullmatch(alike, str(column), re.I)]
    if found == [name]:
        return frame[name].astype(object)  # pandas strings would be slow to read one by one
    if found or not is_optional:
        hint = "pass its name as sequence=, label= or group=, or what separates columns: sep=';'"
        raise ValueError(f"columns are {list(frame)}; exactly one must be like {name!r}: {hint}")
    return None


def _read_cells(column: pd.Series) -> pd.Series:
    """Return each cell as a string or a list of names, Unicode-normalised (NFC)."""
    place = f"column {column.name!r}, row"
    cells = [_read_cell(cell, f"{place} {row}") for row, cell in column.items()]
    return pd.Series(cells, column.index, dtype=object, name=column.name)


def _read_cell(cell: object, where: str) -> str | list[str]:
    """Return a string, or the names in a list or in a printed list."""
    names = _read_printed(cell)
    if not isinstance(names, str):
        return _as_names(names, where)
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


def _read_texts(column: pd.Series) -> pd.Series:
    """Return each cell as a string, Unicode-normalised, without white space at either end."""
    texts = column.astype(str).str.normalize("NFC").str.strip().where(column.notna(), "")
    _check_visible(texts)
    return texts.astype(object)


def _as_names(values: Sequence[str], where: str) -> list[str]:
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
    texts = tuple(_as_names(names, argument))
    check_count(f"number of {argument}", len(texts), minimum=n or 1, maximum=n or len(texts))
    if len(set(texts)) < len(texts) or any(map(_find_fault, texts)):
        raise ValueError(f"{argument} is {shorten(names)}; names must be different and not blank")
    return texts


def _refuse(wrong: pd.Series, rule: str) -> None:
    """Raise an error that names wrong values, if any, each with the row where it first occurs."""
    first = [f"{value!r} (row {row})" for row, value in wrong.drop_duplicates().items()]
    if first:
        raise ValueError(f"column {wrong.name!r} holds {', '.join(first)}; {rule}")


def _check_visible(values: pd.Series) -> None:
    """Reject names and labels that are invisible or look identical."""
    for value in values.unique():
        if fault := _find_fault(value):
            _refuse(values[values == value], fault)


def _find_fault(name: str) -> str | None:
    """Say what is wrong with a name, if anything is."""
    if not name or "..." in name or name != name.strip().strip(JOINERS):
        return "names must not be blank, cut off ('...') or have white space at their ends"
    hidden = [c for c in name if c in BLANK or not (c.isprintable() or c in JOINERS)]
    what = ", ".join(unicodedata.name(c, "control character") for c in hidden)
    return f"names must not hold invisible characters ({what})" if hidden else None


def _check_texts(cells: pd.Series, names: pd.Series, separator: str | None, symbols: tuple) -> None:
    """Reject unknown names, and strings whose symbols seem to be separated by another mark.

    Args:
        cells: A string or a list of names in each row.
        names: The different names in the cells, each with the row where it first occurs.
        separator: What separates the names in a string.
        symbols: The names that are known from the training data, if any.
    """
    _check_visible(names)
    if symbols and UNKNOWN not in symbols:
        _refuse(names[~names.isin(symbols)], NOT_A_SYMBOL.format(shorten(symbols)))
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
