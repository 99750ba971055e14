"""What is installed: built from the source, alone in an environment, it works."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

import gahb_sk
import gahb_sk_weights

ROOT = Path(gahb_sk.__file__).parents[1]
MEGABYTE = 1e6

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="installed: there is no source to build"
)


def run(*words, **options):
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked(target, *paths):
    """Copy the files that git knows, and no build of before."""
    names = run("git", "-C", ROOT, "ls-files", "-z", "--", *paths).split("\0")
    for name in filter(None, names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes((ROOT / name).read_bytes())
    return target


def wheel(source, target):
    """Build with the tools that are there: nothing is downloaded."""
    options = "--quiet --no-deps --no-index --no-build-isolation".split()
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", target, source)
    return next(Path(target).glob("*.whl"))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of both distributions; that of the library is built from its sdist."""
    pytest.importorskip("setuptools", "77")
    folder = tmp_path_factory.mktemp("build")
    source = tracked(folder / "source", "gahb_sk", "gahb_sk_weights", *META)
    code = "import sys; from setuptools import build_meta as b; print(b.build_sdist(sys.argv[1]))"
    archive = folder / run(sys.executable, "-c", code, folder, cwd=source).split()[-1]
    return wheel(archive, folder / "own"), wheel(source / "gahb_sk_weights", folder / "more")


META = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "CHANGELOG.md", "CITATION.cff",
        "CONTRIBUTING.md", "SECURITY.md")  # fmt: skip


@pytest.fixture(scope="module")
def python(wheels, tmp_path_factory):
    """The Python of an environment with the library alone, beside what it depends on."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    paths = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    install(wheels[0], paths["purelib"])
    # A plain line: what is installed here in editable form stays out.
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def install(file, target):
    options = "--quiet --no-deps --no-index --target".split()
    run(sys.executable, "-m", "pip", "install", *options, target, file)


@pytest.mark.slow
def test_the_wheel_is_small(wheels):
    assert wheels[0].stat().st_size < 6 * MEGABYTE
    assert wheels[1].stat().st_size < 25 * MEGABYTE


@pytest.mark.slow
def test_installed_alone_it_denoises(python, tmp_path):
    code = (
        "import gahb_sk; from gahb_sk import load_pretrained, list_pretrained; "
        "from gahb_sk.datasets import make_c_alpha_images as make; X = make(2, 32); "
        "load_pretrained('c-alpha-2').transform(X); print(gahb_sk.__file__, *list_pretrained())"
    )
    place, *names = run(python, "-I", "-c", code, cwd=tmp_path).split()
    assert Path(place).is_relative_to(python.parents[1])
    assert "photographs" in names and "ray" not in names
    run(python, "-I", "-m", "gahb_sk", "reproduce", "--help", cwd=tmp_path)


@pytest.mark.slow
def test_the_other_networks_are_found_once_installed(python, wheels, tmp_path):
    install(wheels[1], tmp_path)
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r}); from gahb_sk import load_pretrained; "
        "from gahb_sk.zoo import load_pairs; load_pairs('pairs-8x8'); load_pretrained('ray')"
    )
    run(python, "-I", "-c", code, cwd=tmp_path)


def test_every_package_and_every_kind_of_data_is_named():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"]["gahb_sk"]
    kept = {path for one in patterns for path in (ROOT / "gahb_sk").glob(one)}
    listed = run("git", "-C", ROOT, "ls-files", "--", "gahb_sk").splitlines()
    files = [ROOT / name for name in listed if not name.endswith(".py")]
    assert files and [path for path in files if path not in kept] == []
    folders = {path.parent for path in (ROOT / "gahb_sk").rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_versions_agree():
    citation = (ROOT / "CITATION.cff").read_text()
    date = re.search(r"^date-released: (.*)$", citation, re.MULTILINE)[1]
    assert f"\nversion: {gahb_sk.__version__}\n" in citation
    assert f"\n## {gahb_sk.__version__} ({date})\n" in (ROOT / "CHANGELOG.md").read_text()
    assert f'version: "{gahb_sk.__version__}"' in (ROOT / "conda" / "recipe.yaml").read_text()
    assert gahb_sk_weights.__version__ == gahb_sk.__version__  # one recipe builds both


def test_every_target_that_is_named_is_one_of_make():
    files = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", ".ci/run")]
    files += [
        *ROOT.glob("docs/*.md"),
        *ROOT.glob(".github/**/*.md"),
        *ROOT.glob(".github/**/*.yml"),
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    named = set(re.findall(r"(?:^|`|run: )(?:[A-Z_]+=\S+ )?make ([a-z-]+)", text, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(named) > 8 and named - set(targets) == set()


def test_workflows_test_the_pythons_that_the_package_claims():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    claimed = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    (line,) = re.findall(r"python: \[(.*)\]", (ROOT / ".github/workflows/tests.yml").read_text())
    assert re.findall(r"3\.\d+", line) == claimed
    assert project["requires-python"] == f">={claimed[0]}"


def test_the_conda_recipe_has_the_same_requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "conda" / "recipe.yaml").read_text()
    renamed = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    for requirement in project["dependencies"]:
        name, lowest = requirement.split(">=")
        assert f"        - {renamed.get(name, name)} >={lowest}\n" in text
