"""check_denoiser passes what keeps the contract, and says what is broken in what does not."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gahb_sk.denoisers import BaseDenoiser, FunctionDenoiser, OracleDenoiser, WaveletShrinkage
from gahb_sk.testing import check_denoiser, random_fields

CONTRIBUTING = Path(__file__).parent.parent / "CONTRIBUTING.md"


class Blend(BaseDenoiser):
    """Blends each image with its blurred copy, by the noise level: it keeps the contract."""

    def __init__(self, sigma=None, image_shape=None):
        self.sigma, self.image_shape = sigma, image_shape

    def _denoise(self, noisy, sigma):
        weight = (sigma / (0.1 + sigma)).reshape(-1, 1, 1, 1)
        return noisy + weight * (gaussian_filter(noisy, (0, 0, 1, 1)) - noisy)


class WritesIntoItsInput(Blend):
    def _denoise(self, noisy, sigma):
        noisy += 0.01
        return super()._denoise(noisy, sigma)


class WritesIntoTheTrainingImages(Blend):
    learns = True

    def _fit(self, images):
        images[:][:] *= 0.5


class OneSigmaForAll(Blend):
    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, np.full_like(sigma, sigma.mean()))


class IgnoresSigma(Blend):
    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, np.full_like(sigma, 0.1))


class ChangesShape(Blend):
    def transform(self, X, sigma=None):
        return self.denoise(X, sigma)

    def denoise(self, X, sigma=None, *, clean=None):
        return super().denoise(X, sigma)[..., 1:]


class ChangesDtype(Blend):
    def denoise(self, X, sigma=None, *, clean=None):
        return super().denoise(X, sigma).astype(np.float64)


class DependsOnTheBatch(Blend):
    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, sigma) - noisy.mean()


class SeedsGlobally(Blend):
    def _denoise(self, noisy, sigma):
        np.random.seed(0)  # noqa: NPY002
        return super()._denoise(noisy, sigma)


class LearnsInSecret(Blend):
    def _fit(self, images):
        self.mean_ = images[:].mean()

    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, sigma) + self.mean_


class BlindInSecret(Blend):
    blind = False

    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, np.full(len(noisy), 0.1))


class Random(Blend):
    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, sigma) + np.random.default_rng().normal() * 1e-3


class BuildsInInit(Blend):
    def __init__(self, sigma=None, image_shape=None):
        super().__init__(sigma, image_shape)
        self.filter_ = 1


class AcceptsIntegers(Blend):
    def denoise(self, X, sigma=None, *, clean=None):
        X = X / 255 if getattr(X, "dtype", None) == np.uint8 else X
        return super().denoise(X, sigma)


class WrongJacobian(Blend):
    def _jacobian(self, image, sigma):
        from gahb_sk.jacobians import JacobianOperator

        return JacobianOperator(image.size, lambda V: 3 * V, lambda V: 2 * V)


class Unsure(Blend):
    kind = "clever"


class Part(OracleDenoiser):
    """Removes the noise in proportion to 1 - sigma."""

    def __init__(self, sigma=None, image_shape=None):
        self.sigma, self.image_shape = sigma, image_shape

    def _denoise(self, noisy, sigma, clean):
        return clean + sigma.reshape(-1, 1, 1, 1) * (noisy - clean)


class BlindPart(Part):
    blind = True

    def _denoise(self, noisy, sigma, clean):
        return clean + 0.5 * (noisy - clean)


BROKEN = {
    WritesIntoItsInput: "writes into its input",
    OneSigmaForAll: "mixes up sigma of each image",
    IgnoresSigma: "ignores sigma",
    ChangesShape: r"turns \(5, 16, 16\) into \(5, 16, 15\)",
    ChangesDtype: "turns float32 into float64",
    DependsOnTheBatch: "depends on the batch",
    SeedsGlobally: "global random state",
    LearnsInSecret: "learns = True",
    BlindInSecret: "blind = True",
    Random: "chance|another result",
    BuildsInInit: r"\['filter_'\] before fit",
    AcceptsIntegers: "accepts integers of 8 bits",
    WrongJacobian: "adjoint",
    Unsure: "kind='clever'",
    WritesIntoTheTrainingImages: "writes into its input",
}


def test_what_keeps_the_contract_passes():
    check_denoiser(Blend())
    check_denoiser(FunctionDenoiser(np.negative))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda cls: cls.__name__)
def test_what_breaks_it_fails_and_says_why(broken):
    with pytest.raises(AssertionError, match=BROKEN[broken]) as error:
        check_denoiser(broken())
    assert re.match(rf"check_\w+: {broken.__name__} .*\. [A-Z].*\.$", str(error.value))


class CutsInItsHook(Blend):
    def _denoise(self, noisy, sigma):
        return super()._denoise(noisy, sigma)[..., 1:]


def test_a_hook_that_changes_the_shape_is_named():
    with pytest.raises(ValueError, match=r"CutsInItsHook: _denoise must return images of the sha"):
        check_denoiser(CutsInItsHook())


def test_oracles_are_checked_too():
    check_denoiser(Part())
    check_denoiser(BlindPart())


def test_images_of_ones_own():
    check_denoiser(WaveletShrinkage(), random_fields(5, (3, 16, 20)))


def test_the_denoiser_of_contributing_keeps_it_in_a_foreign_package(tmp_path):
    text = CONTRIBUTING.read_text(encoding="utf-8")
    source, check = re.findall(r"```python\n(.*?)```", text, re.S)
    assert len([line for line in source.splitlines() if line.startswith("    ")]) <= 12
    package = tmp_path / "foreign"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "blur.py").write_text(source)
    script = tmp_path / "script.py"
    script.write_text("from foreign.blur import GaussianBlur\n" + check)
    home = str(CONTRIBUTING.parent)
    environment = {"PYTHONPATH": home, "OMP_NUM_THREADS": "1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
