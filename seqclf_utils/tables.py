"""Read your own sequences, from a table or a file to numbers for a model. Used by notebook 07."""

import ast
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain
from numbers import Integral
from os import PathLike

import numpy as np
import pandas as pd

from seqclf_utils.validation import check_count, check_numbers, shorten

UNKNOWN = "<unk>"
KINDS = (str, int, Integral)  # of names in a list
TABLE_OPTIONS = {"min_count", "sequence", "label", "group"}
MARKS = ["->", "=>", *"→,;|>"]  # hardly ever part of a name
SEPARATORS = [*MARKS, *"-_/:. "]  # the likeliest first
BLANK = "\u034f\u115f\u1160\u180b\u2800\u3164\uffa0"  # printable to Python, but invisible
JOINERS = "\u200c\u200d"  # invisible, but inside words of Persian and Hindi, and in emoji
NOT_A_SYMBOL = "symbols are {}; with min_count=2 in training, '<unk>' stands for other names"
NOT_TWO_LABELS = (
    "the course is about two labels: pass label_names= if one of two is missing here; notebook 07, "
    "section 6, says what to change for more"
)
NOT_READABLE = "write it so: frame['sequence'] = [' '.join(map(str, names)) for names in sequences]"
NUMPY = re.compile(r"['\"]\s+['\"]")  # ['a' 'b'], which Python would read as ['ab']
# From an opening bracket to a closing one, but not "[CLS] a b [SEP]"; "[np.int64(1)]"; "{1}".
PRINTED = re.compile(
    r"\s*(?!\S+[\])}]\s+\S)[\w.]*[\[({](?=.*?[\s,;>|]).*[\])}]\s*"
    r"|\[np\..*\)\]|\w+\(\[.*\]\)|\{.*\}",
    re.S,
)


@dataclass(frozen=True, eq=False)
class SequenceTable:
    """Sequences of named symbols, as numbers that a model can read.

    Attributes:
        sequences: Symbols 1..K of each sequence, int64, shape (L_i,).
        labels: Labels 0 and 1, int64, shape (N,); None if the table has no labels.
        groups: Source of each sequence as text, shape (N,); None if the table has no groups.
        symbols: The K names; the first one is symbol 1.
        label_names: The names of label 0 and label 1; None if there are no labels.
    """

    sequences: list[np.ndarray]
    labels: np.ndarray | None
    groups: np.ndarray | None
    symbols: tuple[str, ...]
    label_names: tuple[str, str] | None = None

    @property
    def vocab_size(self) -> int:
        """Return K + 1, the symbols and the padding, as `LSTMClassifier` expects."""
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
            ValueError: If `numbers` is not one-dimensional, or a symbol is not 1..K.
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

    `pandas.read_csv` reads the file, each cell as the text it is, and `encode_table` does the rest.
    In error messages, row 1 is the first row below the header.

    Args:
        path: File name, URL or open file, compressed or not.
        separator: What separates the symbols of a sequence; see `encode_table`.
        label_names: Names of label 0 and label 1; see `encode_table`.
        symbols: Names of symbols 1..K; see `encode_table`.
        **options: `min_count`, `sequence`, `label` and `group` for `encode_table`, all others for
            `pandas.read_csv`, such as `sep=";"` (what separates *columns*) or `encoding="cp1252"`.

    Returns:
        The sequences in the order of the file.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not a CSV file, or `encode_table` refuses what it holds.

    Example:
        >>> import io
        >>> file = io.StringIO("sequence;label\nscroll click;left\nclick buy buy;bought\n")
        >>> table = load_csv(file, label_names=("left", "bought"), sep=";")
        >>> table.symbols, table.labels
        (('buy', 'click', 'scroll'), array([0, 1]))
        >>> table.sequences[1], table.decode(table.sequences[1])
        (array([2, 1, 1]), ['click', 'buy', 'buy'])
    """
    ours = {name: options.pop(name) for name in TABLE_OPTIONS & options.keys()}
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, **options)
    except UnicodeDecodeError as error:
        hint = "for another encoding pass encoding='utf-16', encoding='cp1252' (Excel), ..."
        raise ValueError(f"{path} is not UTF-8 text ({error}); {hint}") from error
    if isinstance(frame.index, pd.RangeIndex):
        frame.index += 1
    elif "index_col" not in options:
        names = list(frame.columns)
        raise ValueError(f"row 1 has more cells than the header, {names}; are its quotes missing?")
    ours |= {"separator": separator, "label_names": label_names, "symbols": symbols}
    return encode_table(frame, **ours)


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

    A sequence is a text or a list (tuple, array) of names; a text that is a printed list, such as
    `['view', 'add']`, counts as a list. Names are Unicode-normalised (NFC). Other columns are
    ignored. In error messages, a row is named by the table's index.

    Args:
        frame: The table. The columns of labels and groups may be missing.
        separator: What separates the symbols of a text: None is any white space, "" makes every
            character a symbol, anything else is that text; spaces around names do not count.
        label_names: Names of label 0 and label 1; None takes the two that occur, sorted.
        symbols: Names of symbols 1..K. For new data pass the `symbols` of the training data, so
            that every name keeps its number. None takes the names that occur: in numeric order if
            all are integers, sorted otherwise.
        min_count: Symbols that occur less often become "<unk>", the last symbol.
        sequence: Name of the column of sequences.
        label: Name of the column of labels.
        group: Name of the column of groups.

    Returns:
        The sequences in the order of the table. If "<unk>" is in `symbols`, all other names
        become that.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If a column is missing or misspelt, a cell is empty, there are not exactly two
            labels, symbols are unknown, or it is doubtful what the symbols of a text are.

    Example:
        >>> visits = pd.DataFrame({"sequence": [["view", "buy"], ["view"]], "label": ["yes", "no"]})
        >>> table = encode_table(visits)
        >>> table.symbols, table.sequences[0], table.label_names, table.labels
        (('buy', 'view'), array([2, 1]), ('no', 'yes'), array([1, 0]))
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame is {shorten(frame)}; it must be a pandas DataFrame")
    if frame.empty:
        raise ValueError("there are no rows; there must be at least one sequence")
    if symbols is not None:
        symbols = check_names("symbols", symbols)
    if label_names is not None:
        label_names = check_names("label_names", label_names, 2)
    if check_count("min_count", min_count, minimum=1) > 1 and symbols:
        raise ValueError(f"min_count is {min_count}; with symbols= it must be 1")
    column = _find_column(frame, sequence, is_optional=False).map(_read_printed).astype(object)
    labels = _find_column(frame, label, is_optional=label == "label")
    groups = _find_column(frame, group, is_optional=group == "group")
    if labels is not None:
        labels, label_names = _encode_labels(labels, label_names)
    groups = None if groups is None else np.array(_texts(groups))
    where = f"column {sequence!r}, row"
    separator = separator and unicodedata.normalize("NFC", separator)
    rows = [_split(cell, f"{where} {row}", separator) for row, cell in column.items()]
    found = set(chain.from_iterable(rows))
    new = found - set(symbols or ())
    for name in sorted(new):
        if fault := _find_fault(name):
            _refuse(column, rows, {name}, fault)
    if new and symbols and UNKNOWN not in symbols:
        _refuse(column, rows, new, NOT_A_SYMBOL.format(shorten(symbols)))
    known = set(symbols or ()) if new == found else set()
    _check_separator(column, rows, new, separator, known)
    symbols = symbols or _choose_symbols(rows, found, min_count)
    numbers = {name: number for number, name in enumerate(symbols, start=1)}
    numbers = {name: numbers.get(name, numbers.get(UNKNOWN)) for name in found}
    n_symbols = sum(map(len, rows))
    flat = np.fromiter(map(numbers.get, chain.from_iterable(rows)), np.int64, n_symbols)
    ends = accumulate(map(len, rows))
    sequences = [flat[end - len(names) : end] for names, end in zip(rows, ends, strict=True)]
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
    for position, names in enumerate(sequences):
        if isinstance(names, str):
            raise TypeError(f"sequence {position} is {names!r}; it must be a list of names")
    frame = pd.DataFrame({"sequence": pd.Series(list(sequences), dtype=object)})
    return encode_table(frame, symbols=symbols).sequences


def check_names(argument: str, names: Sequence[str], n_names: int | None = None) -> tuple[str, ...]:
    """Return different names as a tuple of text, Unicode-normalised (NFC).

    Args:
        argument: What to call them in an error message.
        names: The names in order: a list, tuple, array or column of text or integers.
        n_names: How many there must be; None for at least one.

    Raises:
        TypeError: If `names` has no order, or a name is not text or an integer.
        ValueError: If names are equal, blank or not printable, or too few or too many.
    """
    texts = tuple(_as_names(names, argument))
    if len(set(texts)) < len(texts) or any(map(_find_fault, texts)):
        raise ValueError(f"{argument} is {shorten(names)}; names must be different and not blank")
    if n_names not in (None, len(texts)):
        raise ValueError(f"{argument} is {shorten(names)}; it must hold {n_names} names")
    return texts


def _find_column(frame: pd.DataFrame, name: str, *, is_optional: bool) -> pd.Series | None:
    """Return a column, or None if it is optional and missing; a misspelt one is an error."""
    alike = rf"\s*{re.escape(name)}s?(\.\d+)?\s*"  # pandas calls a second "label" label.1
    found = [column for column in frame.columns if re.fullmatch(alike, str(column), re.I)]
    if found == [name]:
        return frame[name].astype(object)  # not pandas strings, which are slow one by one
    if found or not is_optional:
        raise ValueError(
            f"columns are {list(frame.columns)}; there must be exactly one like {name!r}. Pass its "
            "name as sequence=, label= or group=, or what separates columns, such as sep=';'"
        )
    return None


def _refuse(column: pd.Series, rows: Iterable[Sequence[str]], wrong: set[str], rule: str) -> None:
    """Raise an error that names wrong values, each with the row where it is first."""
    first = {}
    for row, values in zip(column.index, rows, strict=True):
        for value in wrong.intersection(values):
            first.setdefault(value, f"{value!r} (row {row})")
    raise ValueError(f"column {column.name!r} holds {', '.join(first.values())}; {rule}")


def _clean(cell: object) -> str:
    """Return a cell as text, Unicode-normalised, without white space at its ends."""
    return unicodedata.normalize("NFC", str(cell)).strip()


def _texts(column: pd.Series) -> list[str]:
    """Return the cells of a column as text; none may be empty."""
    codes, values = pd.factorize(column)  # the code of a missing value is -1
    values = [*map(_clean, values), ""]
    texts = [values[code] for code in codes]
    for text in sorted(set(texts)):
        if fault := _find_fault(text) if text else "no cell may be empty":
            _refuse(column, zip(texts, strict=True), {text}, fault)
    return texts


def _encode_labels(column: pd.Series, names: tuple | None) -> tuple[np.ndarray, tuple[str, str]]:
    """Return labels as 0 and 1, and their names."""
    texts = _texts(column)
    found = set(texts)
    if names is None and len(found) == 2:
        values = sorted(column.unique(), key=lambda value: (isinstance(value, str), value))
        names = tuple(dict.fromkeys(_clean(value) for value in values))
    if names is None or not found <= set(names):
        rule = f"labels must be {names}" if names else NOT_TWO_LABELS
        _refuse(column, zip(texts, strict=True), found - set(names or ()), rule)
    return np.array([names.index(text) for text in texts]), names


def _split(cell: object, where: str, separator: str | None) -> list[str]:
    """Return the names in a cell."""
    if not isinstance(cell, str):
        return _as_names(cell, where)
    text = unicodedata.normalize("NFC", cell)
    is_closed = text.rstrip()[-1:] in ("]", ")", "}")
    if (is_closed and PRINTED.fullmatch(text)) or "\ndtype: " in text:
        raise ValueError(f"{where} is {shorten(text)}; {NOT_READABLE}")
    if separator is None:
        return text.split() or [""]
    names = [name.strip() for name in text.split(separator)] if separator else list(text)
    return [name for name in names if name or separator != " "] or [""]


def _as_names(values: object, where: str) -> list[str]:
    """Return the names in a list, tuple or array."""
    names = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(names, list | tuple):
        raise TypeError(f"{where} is {shorten(values)}; it must be a list of names")
    for name in names:
        if type(name) not in KINDS and (isinstance(name, bool) or not isinstance(name, KINDS)):
            raise TypeError(f"{where} holds {shorten(name)}; names must be text or integers")
    return [unicodedata.normalize("NFC", name) for name in map(str, names)] or [""]


def _read_printed(cell: object) -> object:
    """Return the list in a text such as "['view', 'add']", and anything else as it is."""
    if isinstance(cell, str) and cell.strip()[-1:] in "])" and not NUMPY.search(cell):
        for read in (json.loads, ast.literal_eval):
            with suppress(Exception):  # whatever is wrong with it, it is not a list
                names = read(cell.strip())
                return names if isinstance(names, list | tuple) else cell
    return cell


def _check_separator(
    column: pd.Series, rows: list, new: set[str], separator: str | None, known: set[str]
) -> None:
    """Refuse texts whose symbols seem to be separated by something else."""
    if separator == " " or not new or not all(isinstance(cell, str) for cell in column):
        return
    are_whole = max(map(len, rows)) == 1 < max(map(len, new))
    are_varied = len(new) > max(2, len(rows) / 2) or len(set().union(*new)) < len(new)
    mark = _find_separator(list(column[:1000]), new, known)
    is_joined = mark in MARKS or mark in new or (known and mark is not None)
    if (are_whole and are_varied) or (is_joined and (are_whole or separator is None)):
        raise ValueError(
            f"column {column.name!r} holds texts such as {shorten(column.iloc[0])}; pass "
            f"separator={mark or ''!r} if their symbols are separated like this ('' makes each "
            "character a symbol), separator=' ' or lists of names if not"
        )


def _find_separator(texts: list[str], new: set[str], known: set[str]) -> str | None:
    """Return the likeliest separator of names that are not split yet; None if there is none."""
    for mark in [*SEPARATORS, ""]:
        parts = set(chain.from_iterable(name.split(mark) if mark else name for name in new))
        if known:
            is_likely = parts <= known
        else:
            is_joint = mark in MARKS and any(mark in name for name in new)
            is_common = sum(mark in text for text in texts) > max(1, len(texts) / 2)
            is_likely = mark in new or (is_joint and len(parts) <= len(new)) or (mark and is_common)
        if is_likely:
            return mark
    return None


def _find_fault(name: str) -> str | None:
    """Say what is wrong with a name, if anything is."""
    if not name or name != name.strip().strip(JOINERS):
        return "names must not be blank or have white space at their ends"
    if "..." in name:
        return "'...' means that a list was cut off when it was printed"
    hidden = [c for c in name if c in BLANK or not (c.isprintable() or c in JOINERS)]
    what = ", ".join(unicodedata.name(c, "control character") for c in hidden)
    return f"names must not hold invisible characters ({what})" if hidden else None


def _choose_symbols(rows: list[list[str]], found: set[str], min_count: int) -> tuple[str, ...]:
    """Return the names that are common, and "<unk>" if there are rare ones."""
    if min_count == 1:
        return _in_order(found)
    counts = Counter(chain.from_iterable(rows))
    check_count("min_count", min_count, minimum=1, maximum=max(counts.values()))
    common = {name for name, count in counts.items() if count >= min_count} - {UNKNOWN}
    return _in_order(common) + (UNKNOWN,) * (len(common) < len(found))


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Sort names: in numeric order if all are integers, else as text."""
    is_whole = all(re.fullmatch(r"[+-]?[0-9]{1,18}", name) for name in names)
    return tuple(sorted(names, key=lambda name: (int(name), name) if is_whole else name))
