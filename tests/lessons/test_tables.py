"""Tables and CSV files are read correctly or rejected; errors name the column, row and value."""

import gzip
import io
import json
import re
import sys
import time
import unicodedata

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from seqclf_utils import SequenceDataset, encode_table, load_csv, split_indices

PLAIN = "sequence,label\n1 6 6,1\n3,0\n"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes text or bytes to a file and returns its path."""

    def write(content, name="dice.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def names_of(table):
    """Decode all sequences of a table into lists of names."""
    return [table.decode(sequence) for sequence in table.sequences]


def encode(sequences, **options):
    """Encode a table with sequences only."""
    return encode_table(pd.DataFrame({"sequence": pd.Series(sequences, dtype=object)}), **options)


def as_file(sequences):
    """Write a column of sequences to CSV with pandas and return the open file."""
    frame = pd.DataFrame({"sequence": pd.Series(sequences, dtype=object)})
    return io.StringIO(frame.to_csv(index=False))


# ---------------------------------------------------------------------------- encoded tables


def test_a_table_holds_what_the_model_needs(file):
    """A table has sequences of int64 symbols 1..K, int64 labels, group names and sorted symbols."""
    table = load_csv(file("id,label,group,sequence\n9,1,anna,b a\n8,0,ben,c b b\n"))

    assert [sequence.tolist() for sequence in table.sequences] == [[2, 1], [3, 2, 2]]
    assert {sequence.dtype for sequence in table.sequences} == {np.dtype(np.int64)}
    assert (table.labels.tolist(), table.labels.dtype) == ([1, 0], np.dtype(np.int64))
    assert table.groups.tolist() == ["anna", "ben"]
    assert (table.symbols, table.label_names, table.vocab_size) == (("a", "b", "c"), ("0", "1"), 4)
    assert SequenceDataset(table.sequences, table.labels, vocab_size=table.vocab_size)


@pytest.mark.parametrize(
    ("sequences", "symbols"),
    [
        (["6 5 4", "3 2 1"], ("1", "2", "3", "4", "5", "6")),
        (["10 9 -1 007 7"], ("-1", "007", "7", "9", "10")),
        (["10 9 a"], ("10", "9", "a")),
        (["10.5 9.25 -1"], ("-1", "10.5", "9.25")),
        ([[10, 9], [-1]], ("-1", "9", "10")),
        (["scroll click", "buy"], ("buy", "click", "scroll")),
        (["buy", "click scroll"], ("buy", "click", "scroll")),
    ],
)
def test_symbols_are_in_numeric_order_or_sorted(sequences, symbols):
    """Symbols are sorted, numerically if all are integers, whatever the order of the rows."""
    assert encode(sequences).symbols == symbols


@pytest.mark.parametrize(
    "labels",
    [
        *([1, 0, 1], [10, 2, 2], [1.0, 0.0, 0.0], [True, False, True]),
        *(["no", "yes", "no"], ["b", "B"], ["10", "9"], ["+1", "-1"]),
    ],
    ids=str,
)
def test_labels_are_numbered_as_scikit_learn_does(labels):
    """Without label_names, the smaller label becomes 0, as with LabelEncoder."""
    frame = pd.DataFrame({"sequence": ["a"] * len(labels), "label": labels, "group": labels})
    table = encode_table(frame)
    encoder = LabelEncoder().fit(labels)

    assert table.labels.tolist() == encoder.transform(labels).tolist()
    assert table.label_names == tuple(map(str, encoder.classes_))
    assert table.groups.tolist() == list(map(str, labels))


def test_label_names_say_which_is_which(file):
    """The first of label_names becomes label 0, even if one of the two names does not occur."""
    path = file("sequence,label\n1,not bought\n2,bought\n")
    assert load_csv(path, label_names=["not bought", "bought"]).labels.tolist() == [0, 1]
    assert load_csv(path, label_names=["bought", "not bought"]).labels.tolist() == [1, 0]
    assert load_csv(file("sequence,label\n1,-1\n1,+1")).label_names == ("+1", "-1")
    table = load_csv(file("sequence,label\n" + "1 2,1\n" * 9), label_names=(0, 1))
    assert table.labels.tolist() == [1] * 9
    with pytest.raises(ValueError, match="label"):
        split_indices(table.labels, seed=0)


def test_names_become_numbers_and_numbers_names():
    """`decode` inverts `encode` for any container, and `symbols=` sets the numbering."""
    table = encode(["b a"])

    assert table.labels is table.groups is table.label_names is None
    assert encode(["b a"], symbols=["b", "c", "a"]).sequences[0].tolist() == [1, 3]
    assert table.encode(["a", "b", "b"]).tolist() == table.encode(np.array(list("abb"))).tolist()
    for numbers in ([2, 1], np.array([2, 1]), torch.tensor([2, 1])):
        assert table.encode(table.decode(numbers)).tolist() == [2, 1]


# ------------------------------------------------------------------------ formats of sequences

LISTS = [[["1", "2"], ["3"]], [["a", "b,'c"], ["it's"]], [["é", "🙂"], ["\\d", "0"]]]


@pytest.mark.parametrize("lists", LISTS, ids=["digits", "quotes", "Unicode"])
@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series, json.dumps])
def test_lists_are_read_from_tables_and_files(lists, kind):
    """A cell can be a list, tuple, array or Series of names or integers, or a printed list."""
    readers = (
        [encode] if kind in (np.array, pd.Series) else [encode, lambda c: load_csv(as_file(c))]
    )
    for read in readers:
        assert names_of(read([kind(names) for names in lists])) == lists
        assert names_of(read([kind([1, 2]), kind([3])])) == LISTS[0]


UNREADABLE = [
    *(np.array([1, 2, 3]), np.array(["a", "b"]), np.arange(2000) % 3, torch.tensor([1])),
    *([np.int64(1), np.int64(2)], [np.int64(1)], {"a", "b"}, {1}, pd.Series(["view", "add"])),
    *("array([1, 2])", "tensor([1, 2])", "[a, b]", "[A;B]", "[007, 1]", "[1 2)"),
]


@pytest.mark.parametrize("cell", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_printed_list_that_cannot_be_read_back_is_refused(cell):
    """The error names the row and shows how to write the list to a file."""
    with pytest.raises(ValueError, match=r"column 'sequence', row 2 is .*\[' '\.join\(map\(str"):
        load_csv(as_file(["1 2", cell]))


@pytest.mark.parametrize("cell", ["1 2 ...", "a ..., b", "[1, 2, ...]", "1, 2, 3...", ["a", "..."]])
def test_abbreviated_sequences_are_refused(cell):
    """A sequence abbreviated with dots is rejected."""
    with pytest.raises((ValueError, TypeError), match=r"row 0.*(\.\.\.|Ellipsis)"):
        encode([cell])


def test_brackets_may_belong_to_names():
    """A string with brackets is read as a printed list only if one pair encloses all of it."""
    texts = ["[CLS] a b [SEP]", "(a) f(x)", "[SEP]", "(1)"]
    assert names_of(encode(texts)) == [text.split() for text in texts]


@pytest.mark.parametrize(
    ("separator", "lists"),
    [
        (",", ["ABC", "BCA", "CA", "A"]),
        (">", ["ABC", "BCA", "CA", "A"]),
        (" -> ", ["ABC", "BCA", "CA", "A"]),
        ("-", ["AB", "BC", "CD"]),
        ("", ["ACGTTGCA", "GCAT", "TTGA", "AACC"]),
        ("\u2192", ["AB", "BC", "CD"]),
        ("|", ["A", "B", "AB", "BA", "A", "B", "A"]),
        ("", [f"{'ACGT'[i % 4]}ACG{'TGA'[i % 3]}" for i in range(40)]),
        (">", [["Create Fine", "Pay"], ["Pay", "Create Fine"]]),
        (" - ", [["Create Fine", "Pay"], ["Pay", "Create Fine"]]),
        (";", [["a", "b c"], ["d", "e c"]]),
    ],
)
def test_another_separator_is_named_and_then_works(separator, lists):
    """Sequences with a different separator are rejected, and the suggested separator works."""
    lists = [list(names) for names in lists]
    texts = [separator.join(names) for names in lists]

    with pytest.raises(ValueError, match=re.escape(f"pass separator={separator.strip()!r}")):
        encode(texts)
    assert names_of(encode(texts, separator=separator.strip())) == lists


@pytest.mark.parametrize(
    ("texts", "mark"), [(["A B C", "B C A", "C A B"], " "), (["A>B", "A>B", "B>A", "B>A"], ">")]
)
def test_a_separator_that_does_not_occur_is_refused(texts, mark):
    """If the given separator does not occur, the error suggests one that does."""
    with pytest.raises(ValueError, match=f"such as '{texts[0]}'; pass separator='{mark}'"):
        encode(texts, separator="|")


@pytest.mark.parametrize(("text", "mark"), [("a>b", ">"), ("abab", ""), ("b_a", "_")])
def test_new_sequences_that_are_not_split_are_refused(text, mark):
    """New data in a different format from the training data is rejected, not read as "<unk>"."""
    symbols = ["a", "b", "<unk>"]
    with pytest.raises(ValueError, match=f"pass separator='{mark}'"):
        encode([text], symbols=symbols)
    assert names_of(encode([text, "a"], symbols=symbols)) == [["<unk>"], ["a"]]
    assert names_of(encode(["c"], symbols=symbols)) == [["<unk>"]]


@pytest.mark.parametrize(
    "texts",
    [["add", "view"] * 9, ["a", "b", "c"], ["1;6 a.b"], ["log-in", "log-out"] * 3, ["AB"], ["A,B"]],
    ids=str,
)
def test_sequences_of_one_symbol_are_read(texts):
    """One-symbol sequences are accepted if the names are few or cannot be split."""
    assert names_of(encode(texts)) == [text.split() for text in texts]


def test_an_explicit_format_is_not_questioned():
    """No other separator is suggested for lists or if a separator or symbols are given."""
    texts = ["a;b c", "d;e c"]
    lists = [text.split() for text in texts]
    assert names_of(encode(texts, separator=" ")) == lists
    assert names_of(encode([["AB"], ["CD"], ["EF"]])) == [["AB"], ["CD"], ["EF"]]
    assert names_of(encode(texts, symbols=["a;b", "d;e", "c"])) == lists
    assert names_of(encode(["AC", "CG", "GT"], separator=" ")) == [["AC"], ["CG"], ["GT"]]
    assert names_of(load_csv(as_file(["A C", "C G"]), separator=" ")) == [["A", "C"], ["C", "G"]]
    assert names_of(load_csv(as_file(["AC", "CG"]), separator="")) == [["A", "C"], ["C", "G"]]
    with pytest.raises(ValueError, match="names must not be blank"):
        encode(["a b", "  "], separator=" ")


@pytest.mark.parametrize(
    ("text", "separator", "names"),
    [
        ("  1   6\t6 ", None, ["1", "6", "6"]),
        ("1\u00a06\n6", None, ["1", "6", "6"]),
        (" 1  6 ", " ", ["1", "6"]),
        (" A > B>C ", ">", ["A", "B", "C"]),
        ("Create Fine\tPay", "\t", ["Create Fine", "Pay"]),
        ("می\u200cخواهم 👨\u200d👩", None, ["می\u200cخواهم", "👨\u200d👩"]),  # joiners are kept
        ("♠ Ä 日本 🙂 nan None #x =1", None, ["♠", "Ä", "日本", "🙂", "nan", "None", "#x", "=1"]),
    ],
)
def test_spaces_around_names_do_not_count(text, separator, names):
    """Runs of white space count as one separator; with other separators, names are stripped."""
    assert names_of(encode([text], separator=separator)) == [names]


def test_names_that_look_the_same_are_the_same():
    """Composed and decomposed Unicode characters are the same symbol everywhere."""
    table = encode(["caf\u00e9 x", ["cafe\u0301"]])
    assert table.symbols == ("caf\u00e9", "x")
    assert table.encode(["cafe\u0301"]).tolist() == [1]
    assert encode(["caf\u00e9"], symbols=["cafe\u0301"]).sequences[0].tolist() == [1]
    assert encode(["xe\u0301y"], separator="e\u0301").symbols == ("x", "y")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("A A\u200b", r"'A\u200b' (row 0); names must not hold invisible characters (ZERO WIDTH"),
        ("A\0 A", r"'A\x00' (row 0); names must not hold invisible characters (control character)"),
        (["a b", "a\u00a0b"], "(NO-BREAK SPACE)"),
        ("A\u3164", "(HANGUL FILLER)"),
        (["A\u200d"], "white space at their ends"),
        (["a", " b"], "' b' (row 0); names must not be blank, cut off ('...') or have white space"),
        ([], "'' (row 0); names must not be blank"),
        ("", "'' (row 0); names must not be blank"),
    ],
)
def test_invisible_names_are_refused(cell, message):
    """The error spells out the invisible characters, or says that the name is blank."""
    with pytest.raises(ValueError, match=re.escape(message)):
        encode([cell])
    with pytest.raises(ValueError, match=r"symbols is .*; names must be different and not blank"):
        encode(["a"], symbols=["a", *(cell if isinstance(cell, list) and cell else ["\u200b"])])


@pytest.mark.parametrize("column", ["label", "group"])
@pytest.mark.parametrize(("name", "rule"), [("p1\u200b", ".*ZERO WIDTH"), (None, "'' .row 1")])
def test_labels_and_groups_that_cannot_be_seen_are_refused(column, name, rule):
    """Missing labels and groups, and those with invisible characters, are rejected."""
    frame = pd.DataFrame({"sequence": ["a", "b"], column: ["p1", name]})
    with pytest.raises(ValueError, match=rf"column '{column}' holds {rule}"):
        encode_table(frame)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "row 1 is None; it must be a list of names"),
        (3, "row 1 is 3; it must be a list of names"),
        (["a", 1.5], "row 1 holds 1.5; names must be text or integers"),
        ([["a"]], r"row 1 holds \['a'\]; names must be"),
        ([True], "row 1 holds True; names must be"),
        ("[1.5, 2]", "row 1 holds 1.5; names must be"),
    ],
)
def test_a_cell_that_is_not_a_sequence_is_refused(cell, message):
    """The error names the row and the invalid value."""
    with pytest.raises(TypeError, match=message):
        encode(["a b", cell])


# --------------------------------------------------------------------- rare and unknown symbols


def test_all_unknown_names_are_named_at_once():
    """The error lists each unknown name with its first row, and suggests min_count=2."""
    with pytest.raises(
        ValueError,
        match=r"column 'sequence' holds 'basket' \(row 0\), 'clik' \(row 1\); symbols are "
        r"\('view', 'add'\); with min_count=2 in training, '<unk>' stands for other names",
    ):
        encode(["view basket", "clik basket add"], symbols=["view", "add"])


def test_rare_names_become_unknown():
    """With `min_count=2`, names that occur once are replaced by "<unk>", the last symbol."""
    table = encode(["9 1 1", "2 9"], min_count=2)

    assert table.symbols == ("1", "9", "<unk>")
    assert names_of(table) == [["9", "1", "1"], ["<unk>", "9"]]
    assert names_of(encode(["5 9"], symbols=table.symbols)) == [["<unk>", "9"]]
    assert table.encode(["new", "1"]).tolist() == [3, 1]


def test_unknown_is_a_symbol_only_if_it_occurs():
    """The symbol "<unk>" exists only if it occurs in training, and it never counts as too rare."""
    assert encode(["a a", "b b"], min_count=2).symbols == ("a", "b")
    assert encode(["a a <unk>"], min_count=2).symbols == ("a", "<unk>")
    assert encode(["a a <unk>"]).symbols == ("<unk>", "a")


# --------------------------------------------------------------------------- files and tables


@pytest.mark.parametrize("columns", ["sequence;label;group\n", "sequence\tlabel\tgroup\n"])
def test_other_columns_separators_lose_no_text(columns, file):
    """A file with a different column separator is rejected, and with sep= it is read correctly."""
    sep = columns[8]
    text = columns + sep.join(["01 010", "None", "007"]) + "\n" + sep.join(["010", "NA", "DE"])
    path = file(text)

    with pytest.raises(ValueError, match=r"exactly one must be like 'sequence'.*sep=';'"):
        load_csv(path)
    table = load_csv(path, sep=sep)

    assert path.read_text() == text
    assert names_of(table) == [["01", "010"], ["010"]]
    assert (table.label_names, table.groups.tolist()) == (("NA", "None"), ["007", "DE"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize(("name", "pack"), [("a.csv", bytes), ("a.csv.gz", gzip.compress)])
def test_line_ends_byte_order_marks_and_compression_do_not_matter(file, end, mark, name, pack):
    """Line endings, a byte order mark, blank lines and compression do not change what is read."""
    text = PLAIN.replace("\n", end + end)
    assert names_of(load_csv(file(pack(mark + text.encode()), name))) == [["1", "6", "6"], ["3"]]


def test_other_encodings_are_named(file):
    """A file that is not UTF-8 is rejected with a suggested encoding, which then works."""
    path = file("sequence\nÄ B\n".encode("cp1252"))

    with pytest.raises(ValueError, match=r"dice\.csv is not UTF-8 .*encoding='cp1252'"):
        load_csv(path)
    assert names_of(load_csv(path, encoding="cp1252")) == [["Ä", "B"]]


def test_rows_are_named_as_the_reader_sees_them(file):
    """Errors name rows by the table's index or, in a file, by their number below the header."""
    frame = pd.DataFrame({"sequence": ["a", "b"]}, index=["x", "y"])
    with pytest.raises(ValueError, match=r"'b' \(row y\)"):
        encode_table(frame, symbols=["a"])
    path = file("id,sequence\nx,a\n\ny,b\n")
    with pytest.raises(ValueError, match=r"'b' \(row 2\)"):
        load_csv(path, symbols=["a"])
    with pytest.raises(ValueError, match=r"'b' \(row y\)"):
        load_csv(path, symbols=["a"], index_col="id")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No columns to parse from file"),
        ("sequence,label\n", "number of rows is 0; it must be at least 1"),
        ("label,group\n1,a\n", "exactly one must be like 'sequence'"),
        ("sequence,Label\n1,1\n", r"columns are \['sequence', 'Label'\]; .* be like 'label'"),
        ("sequence, group\n1,1\n", "exactly one must be like 'group'"),
        ("sequence,groups\n1,1\n", "exactly one must be like 'group'"),
        ("sequence,label,label\n1,1,1\n", "exactly one must be like 'label'"),
        ("sequence,label\nA,B,1\nA,B,0\n", "row 1 has more cells than the header"),
        ("sequence\nA,B,1\n", "row 1 has more cells than the header"),
        ("sequence,label\n1,1\n3,6,0\n", "Expected 2 fields in line 3, saw 3"),
        ('sequence,label\n"1,1\n3,0\n', "EOF inside string"),
        ("sequence,label\n1,1\n3\n", r"column 'label' holds '' \(row 2\); names must not"),
        ("sequence,group\n1,1\n3, \n", r"column 'group' holds '' \(row 2\); names must not"),
        ("sequence,label\n1,1\n,0\n", r"column 'sequence' holds '' \(row 2\)"),
        ("sequence,label\n1,1\n3,0\n3\0,0", r"column 'sequence' holds '3\\x00' \(row 3\)"),
        ("sequence,label\n1,a\n3,b\n3,c\n3,a", r" 'a' \(row 1\), 'b' .row 2., 'c' .row 3.; .*07"),
        ("sequence,label\n1,a\n3,a\n", r"'a' \(row 1\); there must be two: pass label_names="),
    ],
)
def test_malformed_files_are_refused(file, text, message):
    """The error names the column, the row, the value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        load_csv(file(text))


def test_a_misspelled_label_is_named(file):
    """With label_names, the error lists only the labels that are not among them."""
    with pytest.raises(ValueError, match=r"'let' \(row 2\); labels must be \('left', 'bought'\)"):
        load_csv(file("sequence,label\na,left\nb,let\n"), label_names=("left", "bought"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"label_names": ("a", "b", "c")}, ValueError, "number of label_names is 3; it must be at"),
        ({"label_names": ("a", "a")}, ValueError, "label_names is .*; names must be different"),
        ({"label_names": "01"}, TypeError, "label_names is '01'; it must be a list of names"),
        ({"label_names": {"0", "1"}}, TypeError, "label_names is .*; it must be a list of names"),
        ({"symbols": []}, ValueError, "symbols is .*; names must be different"),
        ({"symbols": [1.5]}, TypeError, "symbols holds 1.5; names must be text or integers"),
        ({"min_count": 0}, ValueError, "min_count is 0; it must be at least 1"),
        ({"min_count": 3}, ValueError, "min_count is 3; it must be at most 2"),
        (
            {"min_count": 2, "symbols": ["1"]},
            ValueError,
            "with symbols= is 2; it must be at most 1",
        ),
        ({"group": "patient"}, ValueError, "exactly one must be like 'patient'"),
        ({"sequence": "visits"}, ValueError, "exactly one must be like 'visits'"),
    ],
)
def test_bad_options_are_named(file, options, error, message):
    """The error names the invalid option, its value and what is allowed."""
    with pytest.raises(error, match=message):
        load_csv(file(PLAIN), **options)


@pytest.mark.parametrize("frame", [None, [["a"]], {"sequence": ["a"]}])
def test_only_a_data_frame_is_encoded(frame):
    """`encode_table` rejects anything but a DataFrame."""
    with pytest.raises(TypeError, match=re.escape(f"frame is {frame!r}; it must be a pandas")):
        encode_table(frame)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1, 0], "numbers[1] is 0; it must be at least 1"),
        ([3], "numbers[0] is 3; it must be at most 2"),
        ([1.7], "numbers holds float64 values; they must be integers"),
        ([[1]], "numbers is [[1]]; it must be a one-dimensional list"),
    ],
)
def test_decode_refuses_what_has_no_name(numbers, message):
    """`decode` rejects padding, symbols above K and numbers that are not integers."""
    with pytest.raises(ValueError, match=re.escape(message)):
        encode(["b a"]).decode(numbers)


def test_encode_takes_names_not_a_text():
    """`encode` rejects a string, which Python would read as a list of letters."""
    table = encode(["a d"])
    with pytest.raises(TypeError, match="sequence 0 is 'add'; it must be a list of names"):
        table.encode("add")
    with pytest.raises(ValueError, match=r"holds 'x' \(row 0\); symbols are \('a', 'd'\)"):
        table.encode(["a", "x"])


def cpu_time(call):
    """Return the shortest CPU time of three calls, in seconds, with coverage tracing turned off."""
    times, tracer = [], sys.gettrace()
    sys.settrace(None)
    for _ in range(3):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    sys.settrace(tracer)
    return min(times)


def test_a_hundred_thousand_rows_take_seconds(file):
    """Reading 100,000 rows takes at most twice the CPU time of pandas plus one second."""
    rng = np.random.default_rng(0)
    throws = rng.integers(1, 7, size=(100_000, 30)).tolist()
    rows = [f"{' '.join(map(str, row))},{i % 2},g{i % 500}" for i, row in enumerate(throws)]
    path = file("sequence,label,group\n" + "\n".join(rows))

    table = load_csv(path)

    assert [sequence.tolist() for sequence in table.sequences] == throws
    assert table.labels.tolist() == [0, 1] * 50_000
    assert table.groups[[0, 501, 99_999]].tolist() == ["g0", "g1", "g499"]
    assert cpu_time(lambda: load_csv(path)) <= 1 + 2 * cpu_time(lambda: pd.read_csv(path))


# Any text except lone surrogates, which cannot be written to a file.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" ,;>\"'[]\n"), max_size=5
)
WORD = st.text("abcé01-,;>|(\"'", min_size=1, max_size=3)
ANY = st.integers(0, 19).flatmap(lambda number: WORD if number else TEXT)


def split_as_said(text, separator):
    """Split a string into names as documented."""
    text = unicodedata.normalize("NFC", text)
    if separator in (None, ""):
        return text.split() if separator is None else list(text)
    names = [name.strip() for name in text.split(separator)]
    return [name for name in names if name] if separator == " " else names


@given(st.data())
def test_any_table_comes_back_equal_or_is_refused(data):
    """Tables and files with any text and separator are read unchanged or rejected."""
    separator = data.draw(st.sampled_from([None, "", " ", ",", ">", "->", "\t", "ab"]) | TEXT)
    cells = st.lists(ANY, min_size=1, max_size=4).map((separator or " ").join)
    rows = data.draw(st.lists(st.tuples(cells, ANY, ANY), min_size=2, max_size=6))
    rows = [(cell, rows[i % 2][1], group) for i, (cell, _, group) in enumerate(rows)]  # two labels
    frame = pd.DataFrame(rows, columns=["sequence", "label", "group"])
    assume(not any(re.search(r"[\])]\s*$", text) for text in frame["sequence"]))  # printed lists
    source = data.draw(st.sampled_from(["table", "file"]))
    try:
        if source == "table":
            table = encode_table(frame, separator=separator)
        else:
            table = load_csv(io.StringIO(frame.to_csv(index=False)), separator=separator)
    except (ValueError, TypeError) as error:
        assert re.match(r"column '(sequence|label|group)'", str(error)), error
        return

    clean = [[unicodedata.normalize("NFC", t).strip() for t in row[1:]] for row in rows]
    assert names_of(table) == [split_as_said(text, separator) for text in frame["sequence"]]
    assert [table.label_names[label] for label in table.labels] == [label for label, _ in clean]
    assert table.groups.tolist() == [group for _, group in clean]


@given(
    st.lists(st.none() | st.lists(st.integers() | ANY, max_size=4), min_size=1, max_size=4),
    st.sampled_from(["table", list, tuple, json.dumps]),
)
def test_any_list_comes_back_equal_or_is_refused(lists, kind):
    """Lists of any names, in a table or printed to a file, round-trip or are rejected."""
    try:
        if kind == "table":
            table = encode(lists)
        else:
            table = load_csv(as_file([names and kind(names) for names in lists]))
    except (ValueError, TypeError) as error:
        assert re.match(r"column 'sequence'", str(error)), error
        return

    expected = [[unicodedata.normalize("NFC", str(name)) for name in names] for names in lists]
    assert names_of(table) == expected
