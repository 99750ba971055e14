"""Half precision and compilation: quicker where the machine has them, never another interface."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.networks import BiasFreeNorm, UNet
from tests.denoisers.learned.test_saved import _interrupted
from tests.instances import smooth_images

SETTINGS = {"recipe": {"batch_size": 4}, "max_epochs": 6, "random_state": 0}


def make(precision="32", channels=8, **parameters):
    machine = {"precision": precision, **parameters.pop("machine", {})}
    return NetworkDenoiser(UNet(channels, 1), **{**SETTINGS, **parameters}, machine=machine)


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_half_precision_learns_as_single_does(precision):
    X = smooth_images(16)
    noisy = add_gaussian_noise(X, 0.2, random_state=0)
    single = make().fit(X)
    half = make(precision).fit(X)
    assert half.score(noisy, X) > single.score(noisy, X) - 2
    for value in half.network_.state_dict().values():
        assert value.dtype == torch.float32 and value.isfinite().all()
    assert half.transform(noisy.astype("float32")).dtype == "float32"
    assert half.linearize(noisy[0]).dtype == "float64"


@pytest.mark.parametrize("units, precision", [({"avx512_bf16": True}, "bf16-mixed"), ({}, "32")])
def test_auto_is_what_the_processor_does_fast(units, precision, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units, raising=False)
    X, settings = smooth_images(8), {"max_epochs": 2, "machine": {"device": "cpu"}}
    found, expected = (make(name, **settings).fit(X) for name in ("auto", precision))
    assert_array_equal(found.transform(X), expected.transform(X))


def test_half_precision_goes_on_from_a_checkpoint(tmp_path):
    X = smooth_images(10)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = make("16-mixed").fit(X)
        part = make("16-mixed", checkpoint_dir=tmp_path, machine={"checkpoint_every": 1e-9})
        _interrupted(tmp_path, 7, lambda: part.fit(X))
        part.fit(X)
    finally:
        torch.set_num_threads(threads)
    for a, b in zip(
        whole.network_.state_dict().values(), part.network_.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)


def test_infinite_loss_is_refused_in_half_precision():
    with pytest.raises(FloatingPointError, match="last good weights"):
        recipe = {"base": "paper", "learning_rate": 1e30}
        make("16-mixed", max_epochs=50, recipe=recipe).fit(smooth_images(8))


def test_norm_keeps_single_statistics_in_half_precision(global_random_seed):
    """Values around 300: their squares overflow 16 bits."""
    x = 300 + torch.randn(64, 2, 8, 8, generator=torch.Generator().manual_seed(global_random_seed))
    norm = BiasFreeNorm(2, momentum=1.0)
    out = norm(x.half())
    assert out.dtype == torch.float16
    assert_allclose(norm.running_sd.flatten(), x.std(dim=(0, 2, 3), unbiased=False), rtol=2e-2)


COMPILED = """
import sys, warnings
import torch
torch.set_num_threads(1)
from tests.instances import smooth_images
from tests.training.test_precision import make
X = smooth_images(9)
settings = {"max_epochs": 2, "channels": 4}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    compiled = make(**settings, machine={"compile": True}).fit(X)
said = [str(w.message) for w in caught if "compile=True" in str(w.message)]
plain = make(**settings).fit(X)
assert list(compiled.network_.state_dict()) == list(plain.network_.state_dict())
for a, b in zip(compiled.network_.state_dict().values(), plain.network_.state_dict().values()):
    assert (a - b).abs().max() < 1e-3
import pickle
pickle.loads(pickle.dumps(compiled)).transform(X)
print(len(said), *said)
"""


def run_compiled(tmp_path, **environment):
    result = subprocess.run(
        [sys.executable, "-c", COMPILED],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "TORCHINDUCTOR_CACHE_DIR": str(tmp_path),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split(maxsplit=1)


def test_without_a_compiler_training_goes_on(tmp_path):
    count, message = run_compiled(tmp_path, CXX=str(tmp_path / "no-such-compiler"))
    assert count == "1" and "C++ compiler" in message


@pytest.mark.slow
@pytest.mark.skipif(
    subprocess.run(["which", "g++"], capture_output=True).returncode != 0, reason="no compiler"
)
def test_compiled_training_gives_the_same_weights(tmp_path):
    assert run_compiled(tmp_path) == ["0"]
