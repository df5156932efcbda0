"""The reader's own sequences, from a CSV file, with errors that say what to change."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from seqclf_utils.extras.files import can_be_name
from seqclf_utils.validation import check_numbers, is_list, shorten

COLUMNS = ("sequence", "label", "group")  # in any order; label and group may be missing
AS_UTF8 = "save it again as UTF-8 (in Excel: file type 'CSV UTF-8')"


@dataclass(frozen=True, eq=False)
class SequenceTable:
    """Sequences from a file, as numbers that a model can read.

    Attributes:
        sequences: One int64 array of symbols 1..K a row, shape (L_i,).
        labels: Labels 0 and 1, int64, shape (N,); None if the file has no column `label`.
        groups: Source of each sequence as text, shape (N,); None if there is no column `group`.
        symbols: The K names; the first one is symbol 1.
    """

    sequences: list[np.ndarray]
    labels: np.ndarray | None
    groups: np.ndarray | None
    symbols: tuple[str, ...]

    @property
    def vocab_size(self) -> int:
        """Return K + 1, the symbols and the padding, as `LSTMClassifier` wants it."""
        return len(self.symbols) + 1

    def decode(self, sequence: Sequence[int]) -> list[str]:
        """Turn symbols back into their names.

        Args:
            sequence: Symbols 1..K without padding, shape (L,).

        Returns:
            One name a symbol.

        Raises:
            ValueError: If `sequence` is not one-dimensional, or a symbol is not 1..K.
        """
        if is_list(sequence) and len(sequence) == 0:
            return []
        numbers = check_numbers("sequence", sequence)
        is_wrong = ~np.isin(numbers, range(1, self.vocab_size))
        if is_wrong.any():
            position = int(is_wrong.argmax())
            raise ValueError(
                f"sequence[{position}] is {numbers[position]:g}; "
                f"symbols must be 1..{len(self.symbols)} (0 is kept for padding)"
            )
        return [self.symbols[int(number) - 1] for number in numbers]


def load_csv(
    path: str | PathLike,
    *,
    label_names: Sequence[str] = ("0", "1"),
    symbols: Sequence[str] | None = None,
) -> SequenceTable:
    r"""Read sequences, and labels and groups where there are any, from a CSV file.

    The file is UTF-8 text, and commas separate its columns. Line 1 names them: `sequence`, and if
    you have them `label` and `group`, in any order; any other column is an error, so that no
    misspelt one is overlooked. Each row is one sequence, its symbols separated by spaces. A
    symbol's name is any text without a space, and spaces around names do not count. Lines that
    hold nothing but spaces and commas are skipped.

    Args:
        path: The file.
        label_names: What the file calls label 0 and label 1.
        symbols: The names of symbols 1..K. Pass the `symbols` of the training data to read new
            data, so that every name keeps its number; names that do not occur are fine. None
            takes the names that occur: in numeric order if all are whole numbers, else sorted.

    Returns:
        The sequences in the order of the file. One label alone is accepted here; `split_indices`
        will ask for both.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        TypeError: If `path` is no file name, or `label_names` or `symbols` not a list of text.
        ValueError: If the file is not such a CSV file; the message names the line, the column,
            what stands there and what is allowed. A row over several lines is named by its first.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "visits.csv"
        >>> _ = path.write_text("sequence,label\nscroll click,left\nclick buy buy,bought\n")
        >>> table = load_csv(path, label_names=("left", "bought"))
        >>> table.symbols, table.labels
        (('buy', 'click', 'scroll'), array([0, 1]))
        >>> table.sequences[1], table.decode(table.sequences[1])
        (array([2, 1, 1]), ['click', 'buy', 'buy'])
    """
    codes = {name: code for code, name in enumerate(_check_names("label_names", label_names))}
    if len(codes) != 2:
        raise ValueError(f"label_names holds {len(codes)} names; there must be 2, for 0 and for 1")
    if symbols is not None:
        symbols = _check_names("symbols", symbols)
    path = _check_path(path)
    rows = _read_rows(_read_text(path), path.name)
    columns = _read_columns(rows, path.name)

    labels = groups = None
    if "label" in columns:
        labels = [_code(row, cell, codes) for row, cell in columns["label"]]
        labels = np.array(labels, dtype=np.int64)
    if "group" in columns:
        groups = np.array([_not_empty(row, "group", cell) for row, cell in columns["group"]])
    texts = [(row, _not_empty(row, "sequence", cell)) for row, cell in columns["sequence"]]
    if symbols is None:
        symbols = _in_order({name for _, text in texts for name in text.split()})
    numbers = {name: number for number, name in enumerate(symbols, start=1)}
    return SequenceTable(
        [_encode(row, text, numbers) for row, text in texts], labels, groups, symbols
    )


def _check_names(argument: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple if each is text of its own, without space at its ends."""
    if not is_list(names) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{argument} is {shorten(names)}; it must be a list of names, each of them text"
        )
    for name in names:
        if name != name.strip() or not name or (argument == "symbols" and len(name.split()) > 1):
            raise ValueError(f"{argument} holds {name!r}; a name must not be blank or hold spaces")
    if len(set(names)) < len(names) or len(names) == 0:
        raise ValueError(f"{argument} is {names!r}; the names must be different, at least 1")
    return tuple(names)


def _check_path(path: str | PathLike) -> Path:
    """Return a path, or say why it can be none."""
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path is {shorten(path)}; it must be the name of a file")
    if not can_be_name(path):
        raise ValueError(f"path is {str(path)!r}; no file can have this name")
    return Path(path)


def _read_text(path: Path) -> str:
    """Read a whole file as UTF-8, with or without a byte-order mark."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; it must be a CSV file")
    data = path.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{path.name} is UTF-16 text; {AS_UTF8}")
    nul = data.find(b"\0")
    if nul >= 0:
        raise ValueError(
            f"{path.name}, line {_line_of(data, nul)}: there is a NUL byte, so the file is damaged "
            f"or UTF-16 text; {AS_UTF8}"
        )
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name}, line {_line_of(data, error.start)}: byte {data[error.start]:#04x} "
            f"cannot be read as UTF-8 text; {AS_UTF8}"
        ) from error


def _line_of(data: bytes, position: int) -> int:
    """Return the line, from 1, on which a byte stands; lines end with LF, CR LF or CR."""
    return 1 + len(re.findall(rb"\r\n?|\n", data[:position]))


def _read_rows(text: str, file: str) -> list[tuple[str, list[str]]]:
    """Cut a text into rows of fields; each comes with the place where it starts, for messages."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, skipinitialspace=True, strict=True)
    rows, start = [], 0
    limit = csv.field_size_limit(len(text))  # the usual limit is 131,072 characters a field
    try:
        for fields in reader:
            if lines[start].strip(" \t\r\n,"):  # a row over several lines has a quote in its first
                rows.append((f"{file}, line {start + 1}", fields))
            start = reader.line_num
    except csv.Error as error:
        raise ValueError(
            f"{file}, line {start + 1}: a double quote is out of place ({error}); a field that "
            'begins with one must end with one, and inside it a quote must be written twice, ""'
        ) from error
    finally:
        csv.field_size_limit(limit)
    return rows


def _read_columns(rows: list[tuple[str, list[str]]], file: str) -> dict[str, list[tuple[str, str]]]:
    """Turn rows into columns by name; each cell comes with the place of its row."""
    if not rows:
        raise ValueError(f"{file} is empty; line 1 must name the columns, {_listed(COLUMNS)}")
    place, header = rows[0]
    header = [name.strip() for name in header]
    _check_header(place, header)
    if len(rows) == 1:
        raise ValueError(f"{file} has no rows below its header; there must be at least 1 sequence")
    for row, fields in rows[1:]:
        if len(fields) != len(header):
            raise ValueError(
                f"{row} has {len(fields)} fields, {_listed(fields)}; there must be {len(header)}, "
                f"one for each of the columns {_listed(header)} (a field that holds a comma must "
                "stand in double quotes)"
            )
    return {
        name: [(row, fields[position].strip()) for row, fields in rows[1:]]
        for position, name in enumerate(header)
    }


def _check_header(place: str, header: list[str]) -> None:
    """Check that the columns are known ones, each at most once, `sequence` among them."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(separator in column for column in header):
            raise ValueError(
                f"{place}: the header is {','.join(header)!r}; columns are separated by {name}, as "
                "some versions of Excel write them, but must be separated by commas. To change the "
                f"file: pd.read_csv(path, sep={separator!r}).to_csv(path, index=False)"
            )
    for position, column in enumerate(header, start=1):
        if column not in COLUMNS:
            raise ValueError(
                f"{place}: column {position} is called {column!r}; the columns must be called "
                f"{_listed(COLUMNS)} (label and group may be missing), and there must be no other"
            )
        if header.count(column) > 1:
            raise ValueError(f"{place}: there are two columns {column!r}; there must be only one")
    if "sequence" not in header:
        raise ValueError(f"{place}: there is no column 'sequence', only {_listed(header)}")


def _not_empty(row: str, column: str, cell: str) -> str:
    """Return a cell that holds something."""
    if not cell:
        raise ValueError(f"{row}, column {column!r} is empty; every row must have a {column}")
    return cell


def _code(row: str, cell: str, codes: dict[str, int]) -> int:
    """Return a label as 0 or 1."""
    if cell not in codes:
        raise ValueError(
            f"{row}, column 'label' is {cell!r}; it must be {' or '.join(map(repr, codes))} (for "
            "other names pass label_names=...; for data without labels leave out the column)"
        )
    return codes[cell]


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Sort names: by value if all are whole numbers, else as text."""
    if all(re.fullmatch(r"[+-]?[0-9]{1,18}", name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _encode(row: str, text: str, numbers: dict[str, int]) -> np.ndarray:
    """Return the symbols of one sequence as numbers, int64, shape (L,)."""
    names = text.split()
    try:
        return np.array([numbers[name] for name in names], dtype=np.int64)
    except KeyError:
        position, name = next((i, name) for i, name in enumerate(names, 1) if name not in numbers)
        raise ValueError(
            f"{row}, column 'sequence': symbol {position} is {name!r}; "
            f"it must be one of {_listed(tuple(numbers))}"
        ) from None


def _listed(names: Sequence[str], most: int = 20) -> str:
    """Write names one after the other, the first of them if there are many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more
