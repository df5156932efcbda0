"""Every notebook has clean stored outputs, follows the template and matches the package.

Whether the stored outputs are up to date is tested by `pytest --nbval`.
"""

import ast
import importlib
import inspect
import re
import textwrap

import nbformat
import numpy as np
import pytest
import torch
from IPython.core.inputtransformer2 import TransformerManager
from notebook_text import NOTEBOOKS
from torch.utils.data import DataLoader

import seqclf_utils as sc

# Definitions that notebooks write out as in the package.
MIRRORED = {
    "01_data_splits": {
        "data": {"split_by_sequence", "deal_groups", "split_by_group", "split_indices"}
    },
    "02_model_anatomy": {"model": {"LSTMClassifier"}},
    "03_padding_and_packing": {"data": {"collate_fn"}, "model": {"masked_mean"}},
    "04_training_with_early_stopping": {
        "training": {"EarlyStopping", "evaluate", "train_one_epoch"}
    },
    "08_scaling_up": {"extras.batching": {"LengthBatchSampler", "DeviceLoader"}},
}
# Definitions that are shorter than the package's; tests below compare their behaviour.
SIMPLER = {
    "03_padding_and_packing": {"data": {"SequenceDataset"}},
    "04_training_with_early_stopping": {"training": {"fit"}},
    "08_scaling_up": {"extras.flat": {"FlatDataset"}},
}
MOST_LINES = {"fit": 20, "EarlyStopping": 20, "LSTMClassifier": 25}  # other definitions: 15
START = "00_start_here"  # an introduction with fewer sections and words, and no exercises
ALLOWED_TAGS = re.compile(
    r"setup|exercise|check|solution|quiz|(mirror|simple):seqclf_utils\.[\w.]+"
    r"|answer"  # answers a prediction: folded in the learners' copies
    r"|no-output"  # describes the reader's machine
    r"|nbval-ignore-output"  # shows how long something takes
)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def cells(path, kind=None, tag=None):
    """List the cells of one type, or with one tag."""
    return [
        cell
        for cell in read(path).cells
        if (kind is None or cell.cell_type == kind)
        and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def code_lines(cell):
    """Count the non-empty lines of a cell."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


@each_notebook
def test_stored_outputs_come_from_one_clean_run(path):
    """Execution counts are 1..n, and no output is an error or on stderr."""
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


@each_notebook
def test_cells_that_print_or_show_have_outputs(path):
    """Cells that print or show a figure have stored outputs."""
    for cell in cells(path, "code"):
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in top_level_calls(cell.source)
        }
        if called & {"print", "show_figure"}:
            assert cell.outputs, cell.source


def parse(source):
    """Return a cell's syntax tree, with magics such as %run turned into calls."""
    return ast.parse(TransformerManager().transform_cell(source))


def top_level_calls(source):
    """Yield the calls that run with the cell, but not those in functions that it defines."""
    pending = list(parse(source).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.ExceptHandler):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node
        pending.extend(ast.iter_child_nodes(node))


@each_notebook
def test_metadata_is_the_same_on_every_machine(path):
    """Metadata contains only tags, numbered IDs and the default kernel."""
    notebook = read(path)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for number, cell in enumerate(notebook.cells):
        assert cell.id == f"cell-{number:02d}"
        assert set(cell.metadata) <= {"tags"}
        assert all(ALLOWED_TAGS.fullmatch(tag) for tag in cell.metadata.get("tags", []))


@each_notebook
def test_outputs_name_nothing_of_this_machine(path):
    """Stored outputs contain no paths, addresses or times."""
    outputs = "".join(str(cell.get("outputs", "")) for cell in read(path).cells)
    text = re.sub(r"'image/png': '[^']*'", "", outputs)
    assert not re.search(r"/tmp|/home|/root|0x[0-9a-f]{6}|ipykernel|site-packages|it/s", text)


@each_notebook
def test_template(path):
    """Notebooks follow the template, from the title and question to the link at the end."""
    notebook = read(path).cells
    number = path.name[:2]
    assert re.fullmatch(rf"# {number} · \S.+", notebook[0].source)
    assert "**The question:**" in notebook[1].source
    assert "After this notebook you can" in notebook[1].source
    assert 3 <= notebook[1].source.count("\n- ") <= 5
    assert re.search(r"\| \d+ minutes \| about \d+ s \|", notebook[1].source)
    (setup,) = cells(path, "code", "setup")
    assert code_lines(setup) <= 15
    called = {ast.unparse(node.func) for node in top_level_calls(setup.source)}
    assert called <= {"sc.use_course_style", "sc.agree_across_machines"}
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    sections = [int(n) for n in re.findall(r"^## (\d+)\. ", text, flags=re.M)]
    assert sections == list(range(1, len(sections) + 1))
    assert len(sections) in (range(3, 6) if path.stem == START else range(5, 8))
    assert text.count("**Predict first:**") >= len(sections) - 1
    assert "## Quiz" in text.splitlines()
    assert "## Summary" in text.splitlines()
    assert "**Next:**" in notebook[-1].source
    question = re.search(r"\*\*The question:\*\* (.+)", notebook[1].source)[1].rstrip("?")
    assert question.lower() in notebook[-1].source.lower().replace("\n", " ")


@each_notebook
def test_cells_are_short_and_explained(path):
    """Notebooks respect the limits on code lines, words and Markdown cells in CONTRIBUTING."""
    code = cells(path, "code")
    aside = {"quiz", "solution"}  # folded away
    prose = [c for c in cells(path, "markdown") if not aside & set(c.metadata.get("tags", []))]
    lines = [code_lines(cell) for cell in code]
    assert max(len(line) for cell in code for line in cell.source.splitlines()) <= 110  # a screen
    assert np.median(lines) <= 5
    assert np.percentile(lines, 90) <= 15
    assert max(lines) <= 30
    figures = [code_lines(cell) for cell in code if "show_figure(" in cell.source]
    assert not figures or np.median(figures) <= 8
    assert len(prose) / len(code) >= 1.2
    words = sum(len(re.sub(r"```.*?```", "", cell.source, flags=re.S).split()) for cell in prose)
    assert words in (range(400, 1201) if path.stem == START else range(1500, 2701))


@each_notebook
def test_prose_has_no_filler(path):
    """The text avoids words such as "simply", which discourage readers who struggle."""
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    found = re.findall(r"\b(simply|just|obviously|clearly|of course|trivial\w*)\b", text, re.I)
    assert found == []


@each_notebook
def test_every_prediction_has_an_answer_that_can_be_folded(path):
    """Each prediction is followed by code and then by an answer in its own cell."""
    kinds = []
    for cell in read(path).cells:
        if "answer" in cell.metadata.get("tags", []):
            kinds.append("answer")
        elif "**Predict first:**" in cell.source:
            kinds.append("predict")
        elif cell.cell_type == "code":
            kinds.append("code")
    story = "".join({"predict": "p", "code": "c", "answer": "a"}[kind] for kind in kinds)
    assert re.fullmatch(r"c*(pc+(ac*)+)*", story), story


def bare(definition):
    """Return a definition's syntax tree as text, without docstrings, annotations or @checked."""
    tree = ast.parse(textwrap.dedent(definition))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.decorator_list = [
                each for each in node.decorator_list if "checked(" not in ast.unparse(each)
            ]
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def tagged(path, kind):
    """Return the sources of cells tagged mirror: or simple:, by the name of the definition."""
    return {
        tag.removeprefix(f"{kind}:seqclf_utils."): cell.source
        for cell in cells(path, "code")
        for tag in cell.metadata.get("tags", [])
        if tag.startswith(f"{kind}:")
    }


def listed(modules):
    """Return module.name for all names of all modules."""
    return {f"{module}.{name}" for module, names in modules.items() for name in names}


@each_notebook
def test_mirrored_definitions_are_those_of_the_package(path):
    """A notebook's definitions equal the package's, and no listed definition is missing."""
    mirrors = tagged(path, "mirror")
    assert set(mirrors) == listed(MIRRORED.get(path.stem, {}))
    assert set(tagged(path, "simple")) == listed(SIMPLER.get(path.stem, {}))
    for name, source in mirrors.items():
        module, attribute = name.rsplit(".", 1)
        ours = getattr(importlib.import_module(f"seqclf_utils.{module}"), attribute)
        assert bare(source) == bare(inspect.getsource(ours)), name


@each_notebook
def test_what_a_notebook_builds_is_short(path):
    """The definitions that a notebook builds are short and contain no validation."""
    for cell in cells(path, "code"):
        assert not re.search(r"seqclf_utils\.(validation|extras)", cell.source)
    for name, source in (tagged(path, "mirror") | tagged(path, "simple")).items():
        assert not re.search(r"check|try:|raise |isinstance|print\(", source), name
        n_lines = sum(bool(line.strip()) for line in source.splitlines())
        assert n_lines <= MOST_LINES.get(name.rsplit(".", 1)[1], 15), name


def built_in(stem):
    """Run the set-up and the definitions of a notebook, and return its namespace."""
    return prepared(next(path for path in NOTEBOOKS if path.stem == stem))


@pytest.mark.parametrize("kind", [list, np.array])
def test_the_simpler_dataset_does_the_same(kind, settings_kept):
    """The notebook's dataset gives the same items and batches as the package's."""
    simpler = built_in("03_padding_and_packing")["SequenceDataset"]
    sequences, labels = [kind(s) for s in ([3, 2], [1, 6, 6, 4, 6], [5, 1, 4], [2])], [0, 1, 0, 1]
    ours, theirs = simpler(sequences, labels), sc.SequenceDataset(sequences, labels)

    assert len(ours) == len(theirs) == 4
    for i in (0, 3, -1):
        for a, b in zip(ours[i], theirs[i], strict=True):
            assert (a.tolist(), a.dtype, a.shape) == (b.tolist(), b.dtype, b.shape)
    loaders = [DataLoader(d, batch_size=3, collate_fn=sc.collate_fn) for d in (ours, theirs)]
    for batches in zip(*loaders, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(*batches, strict=True))


@pytest.mark.parametrize(("max_epochs", "patience"), [(12, 2), (3, 5)])
@pytest.mark.parametrize("seed", [0, 1, 70_000])
def test_the_simpler_fit_does_the_same(seed, max_epochs, patience, settings_kept):
    """The notebook's `fit` gives the same history and weights as the package's."""
    fit = built_in("04_training_with_early_stopping")["fit"]
    casino = sc.make_casino(60, min_length=3, max_length=8, seed=seed)
    splits = sc.split_indices(casino.labels, seed=seed)
    histories, weights = [], []
    for train in (fit, sc.fit):
        sc.seed_everything(seed)
        model = sc.LSTMClassifier(hidden_size=8, packed=False)
        loaders = sc.make_loaders(casino.sequences, casino.labels, splits, seed=seed)
        options = {"max_epochs": max_epochs, "patience": patience, "learning_rate": 0.05}
        histories.append(train(model, *loaders[:2], **options))
        weights.append(model.state_dict())

    ours, theirs = histories
    assert ours.equals(theirs[list(ours.columns)])
    assert len(ours) == max_epochs if max_epochs < patience else len(ours) < max_epochs
    assert theirs["is_best"].sum() == 1
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_the_simpler_flat_dataset_does_the_same(settings_kept):
    """The notebook's FlatDataset gives the same batches as the package's."""
    simpler = built_in("08_scaling_up")["FlatDataset"]
    flat = sc.flatten([[3, 2], [1, 6, 6], [5]], vocab_size=7)
    ours, theirs = simpler(*flat, [0, 1, 0]), sc.FlatDataset(*flat, [0, 1, 0])
    assert len(ours) == len(theirs) == 3
    for indices in ([0, 1], [2], [2, 0, 1]):
        assert all(torch.equal(a, b) for a, b in zip(ours[indices], theirs[indices], strict=True))


def prepared(path):
    """Run what exercises depend on: set-up, imports and the notebook's own definitions."""
    namespace = {}
    for cell in cells(path, "code"):
        tags = cell.metadata.get("tags", [])
        body = parse(cell.source).body
        is_import = all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)
        is_needed = any(re.match("setup$|mirror:|simple:", tag) for tag in tags)
        if is_import or is_needed:
            exec(cell.source, namespace)
    return namespace


def exercises(path):
    """List the triples of stub, check and solution, and assert that their order is right."""
    tagged = [
        (cell.metadata["tags"][0], cell)
        for cell in read(path).cells
        if set(cell.metadata.get("tags", [])) & {"exercise", "check", "solution"}
    ]
    names = [name for name, _ in tagged]
    assert names == ["exercise", "check", "solution"] * (len(names) // 3)
    return [[cell for _, cell in tagged[i : i + 3]] for i in range(0, len(tagged), 3)]


@each_notebook
def test_exercises_go_from_a_warm_up_to_half_an_hour(path):
    """A lesson has two or three numbered exercises of increasing length."""
    if path.stem == START:
        assert exercises(path) == []
        return
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    titles = re.findall(r"^### Exercise (\d): .+ \((\d+) min\)$", text, flags=re.M)
    assert [int(number) for number, _ in titles] == list(range(1, len(titles) + 1))
    assert len(titles) == len(exercises(path)) in (2, 3)
    minutes = [int(m) for _, m in titles]
    assert minutes == sorted(minutes)
    assert minutes[0] <= 10
    assert minutes[-1] == 30


def quiz(path):
    """List the questions, each with its options as (letter, text, verdict, reason)."""
    option = re.compile(
        r"<details><summary>([A-E])\. (.+?)</summary>\n\n\*\*(Yes|No)\.\*\* (.+?)\n\n</details>",
        re.S,
    )
    return [(cell.source, option.findall(cell.source)) for cell in cells(path, tag="quiz")]


@each_notebook
def test_quiz(path):
    """A quiz has 3 to 5 questions, and every option unfolds to reveal a verdict and a reason."""
    questions = quiz(path)
    assert 3 <= len(questions) <= 5
    for number, (source, options) in enumerate(questions, start=1):
        assert source.startswith(f"**Question {number}.** ")
        assert source.count("<details>") == source.count("</details>") == len(options)
        assert "".join(letter for letter, *_ in options) == "ABCDE"[: len(options)]
        assert 3 <= len(options) <= 5
        assert [verdict for _, _, verdict, _ in options].count("Yes") == 1
        assert all(len(reason.split()) >= 8 for *_, reason in options), source


@each_notebook
def test_quiz_cannot_be_guessed_from_its_form(path):
    """The right option is not always in the same position, nor is it usually the longest."""
    places, longest = set(), 0
    questions = quiz(path)
    for _, options in questions:
        right = next(i for i, (*_, verdict, _) in enumerate(options) if verdict == "Yes")
        places.add(right)
        longest += len(options[right][1]) == max(len(text) for _, text, *_ in options)
    assert len(places) >= 2
    assert longest <= len(questions) / 2


@each_notebook
def test_notebooks_lead_to_each_other(path):
    """The last cell links to the next notebook and to the glossary."""
    last = cells(path, "markdown")[-1].source
    number = NOTEBOOKS.index(path)
    if number + 1 < len(NOTEBOOKS):
        assert f"]({NOTEBOOKS[number + 1].name})" in last.partition("**Next:**")[2]
    assert "](../docs/glossary.md)" in last
    assert "**Read more:**" in last


@each_notebook
def test_checks_accept_the_solution(path, capsys, settings_kept):
    """Each check rejects the stub and accepts the solution."""
    namespace = prepared(path)
    for stub, check, solution in exercises(path):
        assert solution.source.startswith("<details><summary>Solution</summary>")
        (code,) = re.findall(r"```python\n(.*?)```", solution.source, flags=re.S)
        signature = re.search(r"def .+:", stub.source)[0]
        assert signature in code
        exec(stub.source, namespace)
        exec(check.source, namespace)
        assert capsys.readouterr().out.startswith("Not yet: ")
        exec(code, namespace)
        exec(check.source, namespace)
        assert capsys.readouterr().out == "Correct\n"
