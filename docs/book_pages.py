"""Preprocessing of the book's pages.

Sphinx calls these functions after reading a file and before parsing it, so that the sources can
remain plain Markdown and notebooks, which git hosts and JupyterLab display well.
"""

import inspect
import json
import os
import re
import shutil
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = {
    "Notebooks": ["notebooks/*.ipynb"],
    "Look it up": [
        *("docs/glossary.md", "docs/common_mistakes.md", "docs/error_messages.md"),
        *("docs/failure_recovery.md", "docs/api.md", "docs/further_reading.md"),
    ],
    "For teachers": ["workshop/*.md"],
    "How it is made": [
        *("docs/mutation_tests.md", "docs/reproducibility.md", "docs/benchmarks.md"),
        *("CONTRIBUTING.md", "CHANGELOG.md"),
    ],
}


def anchor(heading: str) -> str:
    """Return the anchor of a heading as in JupyterLab, so that links work in the book too."""
    return heading.replace(" ", "-")


def chapter(caption: str, patterns: list[str]) -> str:
    """Return the table of contents of one chapter, or "" if it has no pages."""
    paths = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in paths]
    lines = ["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"]
    return "\n".join(lines) if names else ""


def contents() -> str:
    """Return the book's table of contents, which is appended to the README."""
    start = "```{toctree}\n:hidden:\n\nStart <self>\nPlay <docs/play>\n```"
    return "\n\n".join([start, *(chapter(*item) for item in CHAPTERS.items())])


def places_to_run(name: str) -> str:
    """Return the line of links below a notebook's title.

    Colab and Binder need a repository on GitHub, whose address is known where GitHub builds the
    book. Colab opens the copy that `tools/colab_copies.py` makes.
    """
    links = [f"{{download}}`Download <{name}>`"]
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository and os.environ.get("GITHUB_SERVER_URL") == "https://github.com":
        colab = f"https://colab.research.google.com/github/{repository}/blob/colab/{name}"
        binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?labpath=notebooks/{name}"
        links = [f"[Open in Colab]({colab})", f"[Open in Binder]({binder})", *links]
    return "{.places-to-run}\n" + "\n".join(links)


def describe_figure(cell: dict) -> None:
    """Copy the alt text of a cell's figure to the cell's metadata, where myst-nb reads it."""
    shown = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
    alts = [output["metadata"].get("image/png", {}).get("alt") for output in shown]
    if alts:
        if len(alts) > 1 or not alts[0]:
            raise ValueError(f"a cell must show one figure with alt text; it shows {alts}")
        cell["metadata"]["mystnb"] = {"image": {"alt": alts[0]}}


def repair_tables(cell: dict) -> None:
    """Replace the empty header cells in the corners of pandas tables with ordinary cells."""
    for output in cell["outputs"]:
        html = output.get("data", {}).get("text/html")
        if html:
            text = html if isinstance(html, str) else "".join(html)
            output["data"]["text/html"] = text.replace("<th></th>", "<td></td>")


def prepare_notebook(text: str, name: str) -> str:
    """Add links below a notebook's title, and adapt its alt texts and tables to the book."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            describe_figure(cell)
            repair_tables(cell)
    links = {"cell_type": "markdown", "metadata": {}, "source": places_to_run(name)}
    notebook["cells"].insert(1, links | {"id": "places-to-run"})
    return json.dumps(notebook)


def describe_package() -> str:
    """Write directives that document each public name of the package, module by module."""
    package = import_module("seqclf_utils")
    members = {}
    for name, value in sorted(vars(package).items()):
        if name.startswith("_") or inspect.ismodule(value):
            continue
        module = getattr(value, "__module__", "seqclf_utils.data")  # a constant
        members.setdefault(module, []).append(name)
    return "\n\n".join(describe_module(*item) for item in sorted(members.items()))


def describe_module(module: str, names: list[str]) -> str:
    """Write the directives of one module, below a heading and the first line of its docstring."""
    package = import_module("seqclf_utils")
    about = import_module(module).__doc__.splitlines()[0]
    kinds = {"type": "autoclass", "function": "autofunction"}
    lines = [f"## `{module.rpartition('.')[2]}`", "", about, "", "```{eval-rst}"]
    for name in names:
        kind = kinds.get(type(getattr(package, name)).__name__, "autodata")
        lines += [f".. {kind}:: seqclf_utils.{name}"]
        lines += ["   :members:", ""] if kind == "autoclass" else [""]
    return "\n".join([*lines, "```"])


def play_data() -> str:
    """Write what the game needs as JSON: the shipped model's weights and the casino's players."""
    game = import_module("seqclf_utils.extras.game")
    weights = import_module("seqclf_utils").load_trained_model().double().state_dict()
    data = {"longest": game.MOST_THROWS, "weights": {}}
    for name, weight in weights.items():
        data["weights"][name] = weight.round(decimals=8).tolist()
    players = import_module("seqclf_utils.casino").PLAYERS[game.CHEAT]
    for name, player in zip(("honest", "cheat"), players, strict=True):
        data[name] = {key: table.tolist() for key, table in player._asdict().items()}
    return json.dumps(data)


def add_game(text: str) -> str:
    """Replace the note on where to find the game, meant for other readers, with the game itself."""
    html = (ROOT / "docs/_templates/play.html").read_text("utf-8").replace("DATA", play_data())
    block = f"```{{raw}} html\n{html}```"
    return re.sub("<!-- game -->.*<!-- end of game -->", lambda _: block, text, flags=re.S)


def prepare(app, docname: str, source: list[str]) -> None:
    """Preprocess a page before it is parsed."""
    if docname == app.config.root_doc:
        play = "{.places-to-run}\n[Play against the casino](docs/play.md)\n\n![The"
        source[0] = source[0].replace("![The", play, 1) + f"\n\n{contents()}\n"
    elif docname == "docs/play":
        source[0] = add_game(source[0])
    elif docname == "docs/api":
        source[0] += f"\n\n{describe_package()}\n"
    elif docname.startswith("notebooks/"):
        source[0] = prepare_notebook(source[0], f"{docname.rpartition('/')[2]}.ipynb")


def refuse_formulas(app, doctree) -> None:
    """Emit a warning, which fails the build, for each formula: the book has no MathJax."""
    from sphinx.util import logging

    for node in doctree.findall(lambda node: node.tagname in ("math", "math_block")):
        text = "a formula, and the book has nothing to show it with: write it in words or as code"
        logging.getLogger(__name__).warning(text, location=node)


def add_index(app, failure) -> None:
    """Copy the start page to index.html."""
    if not failure and app.builder.name == "html":
        shutil.copy(Path(app.outdir, f"{app.config.root_doc}.html"), Path(app.outdir, "index.html"))


def setup(app) -> dict:
    """Connect the functions to Sphinx's events."""
    app.connect("source-read", prepare)
    app.connect("doctree-read", refuse_formulas)
    app.connect("build-finished", add_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
