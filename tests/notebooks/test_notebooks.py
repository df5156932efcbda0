"""What every notebook promises: clean stored outputs, one template, code that matches the package.

That stored outputs are still true is not tested here: `pytest --nbval` executes them.
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
from notebook_text import NOTEBOOKS
from torch.utils.data import DataLoader

import seqclf_utils as sc

# The definitions of the package that each notebook builds.
MIRRORED = {
    "00_start_here": set(),
    "01_data_splits": {
        "seqclf_utils.data.split_by_group",
        "seqclf_utils.data.split_by_sequence",
        "seqclf_utils.data.split_indices",
    },
    "02_model_anatomy": {"seqclf_utils.model.LSTMClassifier"},
    "03_padding_and_packing": {
        "seqclf_utils.data.collate_fn",
        "seqclf_utils.model.masked_mean",
    },
    "04_training_with_early_stopping": {
        "seqclf_utils.training.EarlyStopping",
        "seqclf_utils.training.evaluate",
        "seqclf_utils.training.fit",
        "seqclf_utils.training.train_one_epoch",
    },
    "05_last_vs_avg_pooling": set(),
    "06_judging_on_unseen_data": set(),
    "07_your_own_sequences": set(),
    "08_scaling_up": {"seqclf_utils.extras.batching.LengthBatchSampler"},
    "09_when_it_goes_wrong": set(),
}
# Definitions that do the same as the package's, in fewer words.
SIMPLER = {
    "03_padding_and_packing": {"seqclf_utils.data.SequenceDataset"},
    "08_scaling_up": {"seqclf_utils.extras.batching.OnDevice"},
}
START = "00_start_here"  # two minutes, not a lesson: fewer sections and words, no exercises
ALLOWED_TAGS = re.compile(
    r"setup|exercise|check|solution|quiz|(mirror|simple):seqclf_utils\.\w+\.\w+"
    r"|nbval-ignore-output"  # notebook 08 shows how long something takes
)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def cells(path, kind=None, tag=None):
    """List the cells of one kind, or with one tag."""
    return [
        cell
        for cell in read(path).cells
        if (kind is None or cell.cell_type == kind)
        and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def code_lines(cell):
    """Count the lines of a cell that are not empty."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def test_there_are_the_notebooks_that_are_listed_here():
    """A new notebook must be entered in MIRRORED."""
    assert [path.stem for path in NOTEBOOKS] == sorted(MIRRORED)


@each_notebook
def test_stored_outputs_come_from_one_clean_run(path):
    """Counts are 1..n, nothing went to stderr, nothing raised: nbval would not notice."""
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


@each_notebook
def test_cells_that_print_or_show_have_outputs(path):
    """A cleared output must not pass for an empty one."""
    for cell in cells(path, "code"):
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            for node in top_level_calls(cell.source)
        }
        if called & {"print", "show_figure"}:
            assert cell.outputs, cell.source


def top_level_calls(source):
    """Yield the calls that run with the cell: not those inside functions it defines."""
    pending = list(ast.parse(source).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.ExceptHandler):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node
        pending.extend(ast.iter_child_nodes(node))


@each_notebook
def test_metadata_is_the_same_on_every_machine(path):
    """Re-executing must change no byte: only tags, numbered ids and the plain kernel stay."""
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
    """No paths, addresses, times or versions in what is stored."""
    outputs = "".join(str(cell.get("outputs", "")) for cell in read(path).cells)
    text = re.sub(r"'image/png': '[^']*'", "", outputs)
    assert not re.search(r"/tmp|/home|/root|0x[0-9a-f]{6}|ipykernel|site-packages|it/s", text)


@each_notebook
def test_template(path):
    """Title, question, objectives, minutes, set-up, sections, predictions, summary, next."""
    notebook = read(path).cells
    number = path.name[:2]
    assert re.fullmatch(rf"# {number} · \S.+", notebook[0].source)
    assert "**The question:**" in notebook[1].source
    assert "After this notebook you can" in notebook[1].source
    assert 3 <= notebook[1].source.count("\n- ") <= 5
    assert re.search(r"\| \d+ minutes \| about \d+ s \|", notebook[1].source)
    (setup,) = cells(path, "code", "setup")
    assert code_lines(setup) <= 12 + 7  # seven of them are for Colab
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
    """The budgets of CONTRIBUTING: lines a cell, words a notebook, prose beside code."""
    code = cells(path, "code")
    aside = {"quiz", "solution"}  # folded away until asked for
    prose = [c for c in cells(path, "markdown") if not aside & set(c.metadata.get("tags", []))]
    lines = [code_lines(cell) - 7 * ("google.colab" in cell.source) for cell in code]
    longest = max(n for n, cell in zip(lines, code, strict=True) if "def fit(" not in cell.source)
    assert max(len(line) for cell in code for line in cell.source.splitlines()) <= 110  # a screen
    assert np.median(lines) <= 5
    assert np.percentile(lines, 90) <= 15
    assert longest <= 30
    assert max(lines) <= 38  # fit names each of its nine arguments on a line of its own
    assert len(prose) / len(code) >= 1.2
    words = sum(len(re.sub(r"```.*?```", "", cell.source, flags=re.S).split()) for cell in prose)
    assert words in (range(400, 1201) if path.stem == START else range(1500, 2701))


@each_notebook
def test_prose_has_no_filler(path):
    """Words that tell a struggling reader that it is easy."""
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    found = re.findall(r"\b(simply|just|obviously|clearly|of course|trivial\w*)\b", text, re.I)
    assert found == []


@each_notebook
def test_figures_have_alt_text(path):
    """Every picture says in words what it shows, and the words are stored with it."""
    for cell in cells(path, "code"):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                assert 40 <= len(alt) <= 320
                assert output.data["text/plain"] == f"Figure: {alt}"


@each_notebook
def test_links_lead_somewhere(path):
    """A relative link names a file that exists."""
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", cell.source):
            assert (path.parent / target).exists(), target


def bare(definition):
    """Return a definition's syntax tree as text, without docstrings and annotations."""
    tree = ast.parse(textwrap.dedent(definition))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def package_object(name):
    """Import seqclf_utils.module.name."""
    module, attribute = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), attribute)


@each_notebook
def test_mirrored_definitions_are_those_of_the_package(path):
    """What a notebook builds is what the package ships, and nothing is left out."""
    mirrors = {
        tag.removeprefix("mirror:"): cell.source
        for cell in cells(path, "code")
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("mirror:")
    }
    assert set(mirrors) == MIRRORED[path.stem]
    for name, source in mirrors.items():
        assert bare(source) == bare(inspect.getsource(package_object(name))), name


@each_notebook
def test_simpler_definitions_are_the_listed_ones(path):
    """Each is compared with the package's below."""
    tags = [tag for cell in cells(path, "code") for tag in cell.metadata.get("tags", [])]
    names = {tag.removeprefix("simple:") for tag in tags if tag.startswith("simple:")}
    assert names == SIMPLER.get(path.stem, set())


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_the_simpler_dataset_does_the_same(kind, settings_kept):
    """The same items, the same batches through a loader, the same refusals."""
    path = next(path for path in NOTEBOOKS if path.stem == "03_padding_and_packing")
    simpler = prepared(path)["SequenceDataset"]
    sequences, labels = [kind(s) for s in ([3, 2], [1, 6, 6, 4, 6], [5, 1, 4], [2])], [0, 1, 0, 1]
    ours, theirs = simpler(sequences, labels), sc.SequenceDataset(sequences, labels)

    assert len(ours) == len(theirs) == 4
    for i in (0, 3, -1):
        for a, b in zip(ours[i], theirs[i], strict=True):
            assert (a.tolist(), a.dtype, a.shape) == (b.tolist(), b.dtype, b.shape)
    loaders = [DataLoader(d, batch_size=3, collate_fn=sc.collate_fn) for d in (ours, theirs)]
    for batches in zip(*loaders, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(*batches, strict=True))
    for bad in ([], [[7]], [[]], [[1.5]]):
        said = []
        for dataset in (simpler, sc.SequenceDataset):
            with pytest.raises(ValueError, match="sequences") as caught:
                dataset(bad, [1])
            said.append(str(caught.value))
        assert said[0] == said[1]


def test_the_simpler_loader_for_a_device_does_the_same(settings_kept):
    """As many batches, the same tensors at the same places; `meta` stands in for a GPU."""
    path = next(path for path in NOTEBOOKS if path.stem == "08_scaling_up")
    simpler = prepared(path)["OnDevice"]
    dataset = sc.SequenceDataset([[3, 2], [1, 6, 6], [5]], [0, 1, 0])
    for device in ("cpu", "meta"):
        loader = DataLoader(dataset, batch_size=2, collate_fn=sc.collate_fn)
        ours, theirs = simpler(loader, device), sc.OnDevice(loader, device)
        assert len(ours) == len(theirs) == 2
        for batch, other in zip(ours, theirs, strict=True):
            for a, b in zip(batch, other, strict=True):
                assert (a.device, a.dtype, a.shape) == (b.device, b.dtype, b.shape)
                assert a.is_meta or a.tolist() == b.tolist()


def prepared(path):
    """Run what exercises build on: set-up, imports from the package and mirrored definitions."""
    namespace = {}
    for cell in cells(path, "code"):
        tags = cell.metadata.get("tags", [])
        body = ast.parse(cell.source).body
        is_import = all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)
        is_needed = any(re.match("setup$|mirror:|simple:", tag) for tag in tags)
        if is_import or is_needed:
            exec(cell.source, namespace)
    return namespace


def exercises(path):
    """List the triples stub, check, solution, and see that they stand in this order."""
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
    """Two or three, numbered, longer and longer, with the minutes in the title."""
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
    """List the questions: each a list of options as (letter, text, verdict, reason)."""
    option = re.compile(
        r"<details><summary>([A-E])\. (.+?)</summary>\n\n\*\*(Yes|No)\.\*\* (.+?)\n\n</details>",
        re.S,
    )
    return [(cell.source, option.findall(cell.source)) for cell in cells(path, tag="quiz")]


@each_notebook
def test_quiz(path):
    """Three to five questions; every option unfolds to a verdict and its reason."""
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
    """The right option is neither always at one place nor mostly the longest."""
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
    """The last cell links to the next notebook, and back to the map and the glossary."""
    last = cells(path, "markdown")[-1].source
    number = NOTEBOOKS.index(path)
    if number + 1 < len(NOTEBOOKS):
        assert f"]({NOTEBOOKS[number + 1].name})" in last.partition("**Next:**")[2]
    assert "](../docs/glossary.md)" in last
    assert "**Read more:**" in last


@each_notebook
def test_checks_refuse_the_stub(path):
    """As it stands, no exercise passes; its stored output says what is missing."""
    for _, check, _ in exercises(path):
        assert check.outputs[0].text.startswith("Not yet: ")


@each_notebook
def test_checks_accept_the_solution(path, capsys, settings_kept):
    """With the solution put into the stub, each check says Correct."""
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
