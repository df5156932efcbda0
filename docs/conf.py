"""Sphinx configuration of the web book, which `python course.py book` builds.

The source folder is the checkout itself, so that relative links work in the book as on a git host.
`book_pages.py` preprocesses the pages.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # for book_pages, and for seqclf_utils

import seqclf_utils  # noqa: E402

project = "seqclf"
author = "The seqclf authors"
project_copyright = "2026, The seqclf authors. Text and figures CC BY 4.0, code BSD 3-Clause"
release = version = seqclf_utils.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "book_pages"]
root_doc = "README"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("docs/*.md", "notebooks/*.ipynb", "workshop/*.md"),
]
exclude_patterns = [".*", "docs/_build", "notebooks/.ipynb_checkpoints"]
templates_path = ["_templates"]
nitpicky = True
nitpick_ignore_regex = [  # documented elsewhere, and the book must work offline
    ("py:.*", r"(collections|matplotlib|np|numpy|optional|os|pandas|pathlib|torch|typing)(\..*)?"),
]

# Notebooks: show stored outputs, execute nothing.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # the default loads scripts from other sites; widgets appear as text
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "dollarmath"]  # dollarmath: as in JupyterLab
myst_heading_anchors = 3
myst_heading_slug_func = "book_pages.anchor"

# The package: signatures without types, which are shown with each argument's description.
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = "seqclf: classify sequences with an LSTM"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = html_show_sourcelink = False  # each notebook has a download link
html_show_search_summary = False  # it fetches pages, which browsers forbid for local files
html_use_index = html_domain_indices = False  # the API page is short enough
html_sidebars = {"**": ["pages"]}
html_theme_options = {
    "logo": {"text": "seqclf"},
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "secondary_sidebar_items": ["page-toc"],
    "primary_sidebar_end": [],
    "search_bar_text": "Search the course ...",
    "show_toc_level": 2,
    "back_to_top_button": False,  # it covers the text
}
