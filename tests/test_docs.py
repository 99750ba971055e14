"""What README and guide show: imports exist, commands are understood, pages run."""

import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_validate

import gahb_sk
from gahb_sk.cli import build_parser
from gahb_sk.datasets import make_c_alpha_images, save_stack
from gahb_sk.reproduce import all_figures

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")),
]  # fmt: skip
ROOMS = (
    "analysis", "datasets", "denoisers", "experiments", "image_classes", "jacobians", "networks",
    "plots", "reproduce", "sampling", "sampling.operators", "testing", "training", "transforms",
    "zoo",
)  # fmt: skip
# The guide, at reduced scale.
SHORTER = [
    (r"time_budget=\d+", "time_budget=1"),
    (r"max_images=\d[\d_]*", "max_images=64"),
    (r"\(10, 100, 1000\)", "(2, 4)"),
    (r"Images\(80", "Images(16"),
    (r"images\(12, 64,", "images(2, 16,"),
]
# Its blocks start processes: each is a script of its own.
SCALING = ROOT / "docs" / "scaling.md"
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
# What each needs. The last two are not in requirements.lock, so their blocks run where they are.
LAUNCHERS = {'"fabric"': "lightning_fabric", "from dask": "distributed", "from ray": "ray"}

# Messages of Python and other packages, and what leads to them.
OF_OTHERS = {
    "missing 1 required keyword-only argument: 'clean'": lambda X: (
        gahb_sk.OracleShrinkage().fit(X).transform(X)
    ),
    "instance is not fitted yet": lambda X: gahb_sk.NetworkDenoiser().transform(X),
    "The 'scoring' parameter of": lambda X: cross_validate(
        gahb_sk.WaveletShrinkage(), X, scoring="psnr"
    ),
    "Unable to allocate": lambda X: np.empty(2**50),
}

RUN = [page for page in PAGES if page != SCALING and "```python" in page.read_text()]

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="no docs beside the tests")


def blocks(page, language):
    """Return the fenced blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def imported_names(code):
    """Yield the (module, name) pairs that a block takes from this package."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gahb_sk"):
            yield from ((node.module, alias.name) for alias in node.names)


def commands():
    """Yield the ``gahb-sk`` lines of all pages, continued lines joined."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for line in re.findall(r"^ *(gahb-sk [a-z].*)$", text, re.MULTILINE):
            yield page.name, line


def test_every_import_of_a_page_exists():
    taken = [(p.name, *one) for p in PAGES for code in blocks(p, "python") for one in
             imported_names(code)]  # fmt: skip
    assert len(taken) > 50
    missing = [one for one in taken if not hasattr(importlib.import_module(one[1]), one[2])]
    assert missing == []


def test_every_command_of_a_page_is_understood(capsys):
    lines = list(commands())
    assert len(lines) > 10
    refused = []
    for page, line in lines:
        try:
            build_parser().parse_args(shlex.split(line, comments=True)[1:])
        except SystemExit as stop:
            if stop.code:
                refused.append((page, line, capsys.readouterr().err.splitlines()[-1]))
    assert refused == []


def test_every_benchmark_of_a_page_is_there_with_its_options():
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for path, rest in re.findall(r"python (?:-m )?(benchmarks[./\w]+)([^`\n#]*)", text):
            file = ROOT / (path if path.endswith(".py") else path.replace(".", "/") + ".py")
            source = file.read_text(encoding="utf-8")
            options = set(re.findall(r"--[\w-]+", rest)) - {"--help"}
            assert {one for one in options if f'"{one}"' not in source} == set(), (page.name, path)
            found.add(file.name)
    assert len(found) > 10


def test_every_figure_and_every_stored_table_is_on_the_page_that_reproduces_them():
    page = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([\w]+) \| (?:reproduced|in part|not reproduced) \|", page, re.MULTILINE
    )
    assert rows == [str(figure.number) for figure in all_figures()]
    tables = {Path(name).name for name in re.findall(r"`([\w/.-]+\.(?:csv|txt))`", page)}
    assert tables >= {path.name for path in (ROOT / "docs" / "results").iterdir()}


def texts(tree):
    """Yield the strings of a module but its docstrings, which nobody gets to see as a message."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_troubleshooting_quotes_messages_that_exist():
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "gahb_sk").rglob("*.py")]
    messages = "\n".join(text for file in files for text in texts(ast.parse(file)))
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    assert len(quoted) > 25 and set(OF_OTHERS) <= quoted
    assert {words for words in quoted - set(OF_OTHERS) if words not in messages} == set()


@pytest.mark.parametrize("words", OF_OTHERS)
def test_troubleshooting_quotes_messages_of_other_packages(words):
    with pytest.raises((TypeError, ValueError, MemoryError), match=re.escape(words)):
        OF_OTHERS[words](make_c_alpha_images(4, 16, random_state=0))


def test_every_public_name_is_in_the_reference():
    listed = set(re.findall(r"^   ([\w.]+)$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE))
    listed = {name.rpartition(".")[2] for name in listed}
    rooms = [importlib.import_module(f"gahb_sk.{room}") for room in ROOMS]
    public = {name: getattr(room, name) for room in rooms for name in room.__all__}
    named = {name for name, value in public.items() if isinstance(value, type) or callable(value)}
    assert len(named) > 150 and named - listed == set()


def test_sphinx_reads_every_module():
    # It cannot read ``{**a, ...}`` among the arguments of a decorator: write ``a | {...}``.
    parser = pytest.importorskip("sphinx.pycode.parser").Parser
    for path in (ROOT / "gahb_sk").rglob("*.py"):
        parser(path.read_text(encoding="utf-8")).parse()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the kernel
@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs").glob("notebooks/*.ipynb")), ids=lambda path: path.stem
)
def test_a_notebook_runs_and_shows_something(path, tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = {kind for cell in cells for out in cell.outputs for kind in out.get("data", {})}
    assert {"image/png", "text/html"} <= kinds
    printed = "".join(out.get("text", "") for cell in cells for out in cell.outputs)
    assert "100%" in printed  # the bar


def shortened(code):
    for pattern, shorter in SHORTER:
        code = re.sub(pattern, shorter, code)
    return code


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A working directory with the files that pages read: pictures and a stack."""
    monkeypatch.chdir(tmp_path)
    images = make_c_alpha_images(8, image_size=128, random_state=0)
    Path("holiday").mkdir()
    for k, image in enumerate(images):
        matplotlib.image.imsave(f"holiday/{k}.png", image, cmap="gray", vmin=0, vmax=1)
    save_stack(images[:, :16, :16], "train.npy")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of trainings that short
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page, desk):
    names = {"__name__": page.stem}
    for code in blocks(page, "python"):
        exec(compile(shortened(code), page.name, "exec"), names)
    if page.stem == "README":
        grades = {row["topic"]: row["grade"] for row in names["found"].verdicts().rows()}
        assert grades["Does it know the noise level?"] == "yes"


@pytest.mark.slow
@pytest.mark.parametrize(
    "code", blocks(SCALING, "python"), ids=["processes", "torchrun", "dask", "ray"]
)
def test_a_script_of_the_page_on_scale_runs(code, desk):
    pytest.importorskip(next(name for words, name in LAUNCHERS.items() if words in code))
    Path("script.py").write_text(shortened(code))
    start = TORCHRUN if '"RANK"' in code else ()
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, *start, "script.py"],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr
    assert Path("denoiser").exists() == ("denoiser.save" in code)


def documented():
    """Return the full names in the reference."""
    names, module = set(), ""
    for line in (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines():
        if line.startswith(".. currentmodule::"):
            module = line.split()[-1]
        elif re.fullmatch(r"   [\w.]+", line):
            names.add(f"{module}.{line.strip()}")
    return names


def public_estimators():
    """Yield the classes of the package with an HTML representation."""
    for room in ("", *(f".{room}" for room in ROOMS)):
        module = importlib.import_module(f"gahb_sk{room}")
        for name in dir(module):
            one = getattr(module, name)
            if isinstance(one, type) and issubclass(one, BaseEstimator):
                yield one


def test_html_representations_link_to_a_page_of_the_reference(monkeypatch):
    monkeypatch.setenv("GAHB_SK_DOCS", "https://pages.test/")
    names, found = documented(), set(public_estimators())
    assert len(found) > 40
    links = {one.__name__: one._get_doc_link(object.__new__(one)) for one in found}
    pages = {f"https://pages.test/api/generated/{name}.html" for name in names}
    assert {name: link for name, link in links.items() if link not in pages} == {}
    assert links["WaveletShrinkage"] in gahb_sk.WaveletShrinkage()._repr_html_()


def test_estimators_of_other_packages_have_no_link():
    class Theirs(gahb_sk.BaseDenoiser):
        """A denoiser of a user."""

    assert Theirs()._get_doc_link() == ""
