"""Importing the package is quick and loads nothing heavy."""

import subprocess
import sys

import pytest

import gahb_sk


def loaded_after(statement):
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_import_loads_neither_torch_nor_matplotlib():
    modules = loaded_after("import gahb_sk")
    assert not {"torch", "matplotlib", "sklearn", "scipy", "pandas"} & set(modules)


def test_what_runs_in_numpy_does_not_load_torch():
    statements = [
        "import gahb_sk",
        "gahb_sk.denoisers, gahb_sk.noise, gahb_sk.metrics, gahb_sk.plots",
        "from gahb_sk import WaveletShrinkage, OracleShrinkage, compare_denoisers",
        "from gahb_sk.datasets import make_c_alpha_images",
        "from gahb_sk.plots import ComparisonDisplay",
        "import gahb_sk.cli",
    ]
    # One process for all: each costs seconds on a busy machine.
    assert not {"torch", "matplotlib"} & set(loaded_after("; ".join(statements)))


@pytest.mark.parametrize(
    "room",
    [
        "",
        ".analysis",
        ".datasets",
        ".denoisers",
        ".experiments",
        ".image_classes",
        ".plots",
        ".sampling",
        ".sampling.operators",
        ".transforms",
        ".zoo",
    ],
)
def test_every_public_name_exists(room):
    import importlib

    package = importlib.import_module(f"gahb_sk{room}")
    assert len(set(package.__all__)) == len(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)


def test_unknown_name():
    with pytest.raises(AttributeError, match="attribute Wavelet"):
        gahb_sk.Wavelet  # noqa: B018
