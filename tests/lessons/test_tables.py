"""load_csv: files as people write them, and what a malformed one is told."""

import csv
import math
import re
import time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqclf_utils import SequenceDataset, load_csv, split_indices

PLAIN = "sequence,label\n1 6 6,1\n3,0\n"


@pytest.fixture
def file(tmp_path):
    """Return a function that writes text or bytes to a file and returns its path."""

    def write(content):
        path = tmp_path / "dice.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def as_lists(table):
    """Return sequences as names, labels and groups as lists."""
    names = [table.decode(sequence) for sequence in table.sequences]
    labels = None if table.labels is None else table.labels.tolist()
    return names, labels, None if table.groups is None else table.groups.tolist()


# ------------------------------------------------------------------------------ what is read


def test_a_table_holds_what_the_model_needs(file):
    """Sequences are int64 arrays of 1..K, labels int64, groups text, symbols in order."""
    table = load_csv(file("sequence,label,group\nb a,1,anna\nc b b,0,ben\n"))

    assert [s.tolist() for s in table.sequences] == [[2, 1], [3, 2, 2]]
    assert {s.dtype for s in table.sequences} == {np.dtype(np.int64)}
    assert (table.labels.tolist(), table.labels.dtype) == ([1, 0], np.dtype(np.int64))
    assert table.groups.tolist() == ["anna", "ben"]
    assert table.symbols == ("a", "b", "c")
    assert table.vocab_size == 4
    assert SequenceDataset(table.sequences, table.labels, vocab_size=table.vocab_size)


def test_columns_may_stand_in_any_order(file):
    """The header decides which column is which; spaces around its names do not count."""
    table = load_csv(file(" group ,label, sequence\nanna,1,b a\nben,0,c\n"))

    assert as_lists(table) == ([["b", "a"], ["c"]], [1, 0], ["anna", "ben"])


def test_labels_and_groups_may_be_missing(file):
    """New data to predict has neither."""
    table = load_csv(file("sequence\n1 6 6\n3\n"))

    assert as_lists(table) == ([["1", "6", "6"], ["3"]], None, None)


def test_faces_of_a_die_keep_their_numbers(file):
    """Whole numbers are put in numeric order: 1..6 stay 1..6, and 10 comes after 9."""
    assert load_csv(file("sequence\n6 5 4\n3 2 1\n")).sequences[0].tolist() == [6, 5, 4]
    assert load_csv(file("sequence\n10 9 -1 007 7\n")).symbols == ("-1", "007", "7", "9", "10")
    assert load_csv(file("sequence\n10 9 a\n")).symbols == ("10", "9", "a")
    assert load_csv(file(f"sequence\n{'9' * 5000} 1\n")).vocab_size == 3


def test_order_of_rows_does_not_change_the_numbers(file):
    """A symbol's number depends on which names occur, not on where."""
    first = load_csv(file("sequence\nscroll click\nbuy\n")).symbols
    second = load_csv(file("sequence\nbuy\nclick scroll\n")).symbols

    assert first == second == ("buy", "click", "scroll")


def test_symbols_of_the_training_data_fix_the_numbers(file):
    """With symbols= a name keeps its number, even if others are missing, whatever the order."""
    table = load_csv(file("sequence\nscroll buy\n"), symbols=["scroll", "click", "buy"])

    assert table.sequences[0].tolist() == [1, 3]
    assert table.symbols == ("scroll", "click", "buy")
    assert table.vocab_size == 4


def test_label_names_say_which_is_which(file):
    """The first name is label 0, the second label 1, also if they are 0 and 1 themselves."""
    path = file("sequence,label\n1,spam\n2,ham\n")
    assert load_csv(path, label_names=("ham", "spam")).labels.tolist() == [1, 0]
    assert load_csv(path, label_names=["spam", "ham"]).labels.tolist() == [0, 1]
    assert load_csv(file(PLAIN), label_names=("1", "0")).labels.tolist() == [0, 1]
    path = file("sequence,label\n1,not bought\n2,bought\n")
    assert load_csv(path, label_names=("not bought", "bought")).labels.tolist() == [0, 1]


def test_one_label_alone_is_read_and_refused_by_the_split(file):
    """A file to be judged may hold one label; a split of it is told what is missing."""
    table = load_csv(file("sequence,label\n" + "1 2,1\n" * 9))

    assert table.labels.tolist() == [1] * 9
    with pytest.raises(ValueError, match="labels holds 0 sequences with label 0"):
        split_indices(table.labels, seed=0)


# ------------------------------------------------------------------- how people write files


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_line_ends_and_byte_order_marks_do_not_matter(file, end, last, mark):
    """Files from Linux, Windows, old Macs and Excel hold the same."""
    text = PLAIN.replace("\n", end)
    text = text if last else text.removesuffix(end)

    assert as_lists(load_csv(file(mark + text.encode()))) == (
        [["1", "6", "6"], ["3"]],
        [1, 0],
        None,
    )


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("1 6 6,1", ["1", "6", "6"]),
        ("  1   6\t6  , 1 ", ["1", "6", "6"]),
        ("1\u00a06\u00a06,1", ["1", "6", "6"]),
        ('"1 6 6","1"', ["1", "6", "6"]),
        ('"1 6 6", "1"', ["1", "6", "6"]),
        ('"1, 6, 6",1', ["1,", "6,", "6"]),
        ('"1 6\n6",1', ["1", "6", "6"]),
        ('"1 6\r\n6",1', ["1", "6", "6"]),
        ('"""1"" 6",1', ['"1"', "6"]),
        ("1;6 a.b,1", ["1;6", "a.b"]),
        ("♠ Ä 日本 🙂,1", ["♠", "Ä", "日本", "🙂"]),
        ("nan None 1e5 #x =1,1", ["nan", "None", "1e5", "#x", "=1"]),
    ],
)
def test_spaces_quotes_and_other_alphabets(file, row, names):
    """Spaces and tabs separate symbols, however many; quotes may enclose commas and line breaks."""
    table = load_csv(file(f"sequence,label\n{row}\n"))

    assert as_lists(table) == ([names], [1], None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("blank", ["", "   ", "\t", ",", " , "])
def test_blank_lines_are_skipped_and_counted(file, end, blank):
    """At the start, between rows and at the end; an error after them names the right line."""
    lines = [blank, "sequence,label", blank, "1 6,1", blank, blank, "3,0", blank, blank]
    path = file(end.join(lines))
    assert as_lists(load_csv(path)) == ([["1", "6"], ["3"]], [1, 0], None)

    with pytest.raises(ValueError, match="line 7, column 'sequence': symbol 1 is '3'"):
        load_csv(path, symbols=["1", "6"])


def test_a_row_over_several_lines_does_not_disturb_the_count(file):
    """A row is named by the line where it begins, the next one by its own."""
    text = 'sequence,label\n"1\n2\r\n3",{}\n1,{}\n'

    with pytest.raises(ValueError, match="line 2, column 'label' is 'x'"):
        load_csv(file(text.format("x", 1)))
    with pytest.raises(ValueError, match="line 5, column 'label' is 'x'"):
        load_csv(file(text.format(1, "x")))


@pytest.mark.parametrize("name", ["X", ".", ";", "#", "-", "0"])
def test_only_spaces_and_commas_are_blank(file, name):
    """Any other character makes a row, however little it looks like one."""
    assert as_lists(load_csv(file(f"sequence\n{name}\n"))) == ([[name]], None, None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_line_break_inside_a_name_stays_as_it_is(file, end):
    """In quotes a group may have two lines."""
    assert load_csv(file(f'sequence,group\n1,"a{end}b"\n')).groups.tolist() == [f"a{end}b"]


def test_a_very_long_sequence_is_read(file):
    """Longer than the 131,072 characters at which Python's csv module stops; its limit stays."""
    limit = csv.field_size_limit()

    table = load_csv(file("sequence,label\n" + "12 " * 100_000 + ",1\n"))

    assert len(table.sequences[0]) == 100_000
    assert csv.field_size_limit() == limit


def test_a_hundred_thousand_rows_take_seconds(file):
    """A large file is read right, in less than 20 seconds of processor time (about 2 measured)."""
    rng = np.random.default_rng(0)
    throws = rng.integers(1, 7, size=(100_000, 30)).tolist()
    rows = [f"{' '.join(map(str, row))},{i % 2},g{i % 500}" for i, row in enumerate(throws)]
    path = file("sequence,label,group\n" + "\n".join(rows))

    started = time.process_time()
    table = load_csv(path)
    seconds = time.process_time() - started

    assert [s.tolist() for s in table.sequences] == throws
    assert table.labels.tolist() == [0, 1] * 50_000
    assert table.groups[[0, 501, 99_999]].tolist() == ["g0", "g1", "g499"]
    assert seconds < 20


# Any text that is not blank, with what csv.writer has to quote among it.
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")) | st.sampled_from(",\";'#="),
    min_size=1,
    max_size=6,
)


@given(
    st.lists(
        st.tuples(st.lists(NAMES, min_size=1, max_size=8), st.integers(0, 1), NAMES),
        min_size=1,
        max_size=8,
    ),
    st.permutations(["sequence", "label", "group"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@example([(["\ufeff", '"'], 0, ","), (['""', ",a"], 1, "'")], ["sequence", "label", "group"],
         "\n", "utf-8-sig", csv.QUOTE_MINIMAL)  # fmt: skip
def test_what_csv_writer_writes_is_read_back(
    tmp_path_factory, rows, header, end, encoding, quoting
):
    """Whatever the names, the order of columns, the line ends and the quoting."""
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.DictWriter(stream, header, lineterminator=end, quoting=quoting)
        writer.writeheader()
        for names, label, group in rows:
            writer.writerow({"sequence": " ".join(names), "label": label, "group": group})

    table = load_csv(path)

    assert as_lists(table) == tuple(map(list, zip(*rows, strict=True)))
    assert set(table.symbols) == {name for names, _, _ in rows for name in names}
    again = load_csv(path, symbols=table.symbols[::-1])
    assert as_lists(again) == as_lists(table)


# ---------------------------------------------------------------- what a bad file is told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "dice.csv is empty; line 1 must name the columns, 'sequence', 'label', 'group'"),
        ("\n\n , \n", "dice.csv is empty; line 1 must name the columns"),
        ("sequence,label\n\n", "dice.csv has no rows below its header; there must be at least 1"),
        ("visits", "line 1: column 1 is called 'visits'"),
        ("label,group\n1,a\n", "line 1: there is no column 'sequence', only 'label', 'group'"),
        ("1 6 6,1\n3,0\n", "line 1: column 1 is called '1 6 6'; the columns must be called 'seq"),
        ("\nsequence,labels\n1,1\n", "line 2: column 2 is called 'labels'; the columns must be"),
        ("Sequence,label\n1,1\n", "line 1: column 1 is called 'Sequence'"),
        ("sequence,label,\n1,1,\n", "line 1: column 3 is called ''"),
        (
            "sequence,id,label\n1,7,1\n",
            "line 1: column 2 is called 'id'; .* there must be no other",
        ),
        ("sequence,label,label\n1,1,1\n", "line 1: there are two columns 'label'; .* only one"),
        (
            "sequence;label\n1 6;1\n",
            "line 1: the header is 'sequence;label'; columns are separated by semicolons, as some "
            r"versions of Excel write them, but must be separated by commas.*sep=';'\)",
        ),
        ("sequence;label,group\n1;1,a\n", "line 1: the header is 'sequence;label,group'; col"),
        ("sep=;\nsequence;label\n1;1\n", "line 1: the header is 'sep=;'; columns .* semicolons"),
        ("sequence\tlabel\n1 6\t1\n", r"line 1: the header is .* by tabs.*sep='\\t'\)"),
        ("sequence,label\n1,1\n3\n", "line 3 has 1 fields, '3'; there must be 2, one for each of"),
        ("sequence,label\n1,1\n3,6,0\n", "line 3 has 3 fields, '3', '6', '0'; .* double quotes"),
        ("sequence,label\n1,1\n,0\n", "line 3, column 'sequence' is empty; every row must have"),
        ('sequence,label\n1,1\n" ",0\n', "line 3, column 'sequence' is empty"),
        ('sequence\n1\n""\n', "line 3, column 'sequence' is empty"),
        ('sequence,label\n1,1\n"",""\n', "line 3, column 'label' is ''"),
        ("sequence,label\n1,1\n3,\n", "line 3, column 'label' is ''; it must be '0' or '1'"),
        ("sequence,label\n1,1\n3,1.0\n", "line 3, column 'label' is '1.0'; it must be '0' or '1'"),
        ("sequence,label\n1,1\n3,yes\n", "line 3, column 'label' is 'yes'; .* label_names="),
        ("sequence,label,group\n1,1,a\n3,0,\n", "line 3, column 'group' is empty; every row must"),
        ('sequence,label\n1,1\n"3,0\n4,1\n', "line 3: a double quote is out of place"),
        ('sequence,label\n1,1\n"3" 4,0\n', "line 3: a double quote is out of place"),
        (PLAIN.encode("utf-16"), "dice.csv is UTF-16 text; save it again as UTF-8"),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "dice.csv is UTF-16 text; save it again"),
        (PLAIN.encode("utf-16-le"), "line 1: there is a NUL byte, .* save it again as UTF-8"),
        ("sequence,label\r\n1,1\r\n3\0,0\r\n", "line 3: there is a NUL byte"),
        ("\0sequence\n1\n", "line 1: there is a NUL byte"),
        (b"sequence\r1\r\xc4\r", "line 3: byte 0xc4 cannot be read as UTF-8 text; save it again"),
        (b"\xef\xbb\xbfsequence\n\xc3\x84\nx\n\xc3", "line 4: byte 0xc3 cannot be read"),
    ],
)
def test_a_malformed_file_is_told_where_and_what(file, text, message):
    """The message names the line, the column, what stands there and what is allowed."""
    with pytest.raises(ValueError, match=message):
        load_csv(file(text))


def test_every_message_names_the_file_but_not_its_folder(file):
    """Enough to find it, and nothing of the machine."""
    for text in ("", "sequence,label\n1,x\n", "a\n1\n", "sequence\n1,2\n", 'sequence\n"', "\0"):
        with pytest.raises(ValueError, match=r"^dice\.csv") as caught:
            load_csv(file(text))
        assert str(file("").parent) not in str(caught.value)


def test_an_unknown_symbol_is_named_with_its_place(file):
    """Line, position in the sequence counted from 1, the symbol, and what is allowed."""
    path = file("sequence,label\nbuy,1\nclick scroll clik buy,0\n")

    with pytest.raises(
        ValueError,
        match=r"line 3, column 'sequence': symbol 3 is 'clik'; "
        "it must be one of 'buy', 'click', 'scroll'$",
    ):
        load_csv(path, symbols=["buy", "click", "scroll"])


@pytest.mark.parametrize(("n_names", "end"), [(20, "'20'"), (21, "'20' and 1 more")])
def test_a_long_list_of_allowed_names_is_cut(file, n_names, end):
    """The first twenty names, and how many more there are if there are more."""
    with pytest.raises(ValueError, match=rf"'1', '2', .*'19', {end}$"):
        load_csv(file("sequence\n77\n"), symbols=[str(i) for i in range(1, n_names + 1)])


def test_missing_files_and_folders(tmp_path):
    """Python's own errors, and a folder is called a folder on every system."""
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        load_csv(tmp_path / "nowhere.csv")
    with pytest.raises(IsADirectoryError, match="is a folder; it must be a CSV file"):
        load_csv(tmp_path)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"label_names": ("no",)}, ValueError, "label_names holds 1 names; there must be 2"),
        ({"label_names": ("a", "b", "c")}, ValueError, "label_names holds 3 names"),
        ({"label_names": ("a", "a")}, ValueError, "label_names is .* must be different"),
        ({"label_names": (0, 1)}, TypeError, r"label_names is \(0, 1\); .* each of them text"),
        ({"label_names": "01"}, TypeError, "label_names is '01'; it must be a list of names"),
        ({"label_names": ("", "1")}, ValueError, "label_names holds ''; .* blank"),
        ({"label_names": ("0 ", "1")}, ValueError, "label_names holds '0 '"),
        ({"symbols": []}, ValueError, r"symbols is \[\]; .* at least 1"),
        ({"symbols": ["1", "6", "1"]}, ValueError, "symbols is .* must be different"),
        ({"symbols": range(1, 7)}, TypeError, r"symbols is range\(1, 7\); .* each of them text"),
        ({"symbols": "136"}, TypeError, "symbols is '136'; it must be a list of names"),
        ({"symbols": 6}, TypeError, "symbols is 6; it must be a list of names"),
        ({"symbols": ["1 6"]}, ValueError, "symbols holds '1 6'; a name must not .* hold spaces"),
    ],
)
def test_bad_options_are_named(file, options, error, message):
    """The message says which option is wrong, its value and what is allowed."""
    with pytest.raises(error, match=message):
        load_csv(file(PLAIN), **options)


# ------------------------------------------------------------------------------------ decode


def test_decode_takes_what_models_and_people_hold(file):
    """Arrays, tensors and lists of symbols give names."""
    table = load_csv(file("sequence\nb a\n"))

    for sequence in (table.sequences[0], [2, 1], (2.0, 1.0)):
        assert table.decode(sequence) == ["b", "a"]
    assert table.decode([]) == []


@pytest.mark.parametrize("wrong", [0, 3, -1])
def test_decode_refuses_padding_and_strangers(file, wrong):
    """Padding has no name; nor has a symbol beyond K."""
    table = load_csv(file("sequence\nb a\n"))

    with pytest.raises(
        ValueError, match=re.escape(f"sequence[1] is {wrong}; symbols must be 1..2")
    ):
        table.decode([1, wrong])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "path is None; it must be the name of a file"),
        (b"visits.csv", "path is b'visits.csv'; it must be the name of a file"),
        ("a\0b", r"path is 'a\x00b'; no file can have this name"),
        ("\ud800", r"path is '\ud800'; no file can have this name"),
    ],
    ids=["None", "bytes", "NUL", "half a character"],
)
def test_what_is_no_path_is_named(path, message):
    """Neither pathlib nor the system speaks first."""
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        load_csv(path)


@pytest.mark.parametrize("names", [{"0", "1"}, {"1": 1, "0": 0}, iter("01"), np.array("0")])
def test_names_in_no_order_are_refused(names, file):
    """The order of a set is chance, and would turn the labels round in one run of two."""
    for argument in ("label_names", "symbols"):
        with pytest.raises(TypeError, match=f"{argument} is .*; it must be a list of names"):
            load_csv(file(PLAIN), **{argument: names})


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ([1.7], "sequence[0] is 1.7; symbols must be 1..2"),
        ("12", "sequence has shape (); it must be one-dimensional"),
        (["1"], "sequence holds <U1 values; it must hold numbers"),
        ([1, math.nan], "sequence[1] is nan; it must be a finite number"),
    ],
    ids=["fraction", "text", "texts", "nan"],
)
def test_decode_cuts_nothing_off(sequence, message, file):
    """1.7 is not symbol 1, nor is "1"."""
    with pytest.raises(ValueError, match=re.escape(message)):
        load_csv(file("sequence\nb a\n")).decode(sequence)
