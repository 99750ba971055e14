import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import linregress
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from gahb_sk import (
    FunctionDenoiser,
    OracleShrinkage,
    WaveletShrinkage,
    WienerDenoiser,
    add_gaussian_noise,
    psnr as image_psnr,
    ssim as image_ssim,
)
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import BaseDenoiser
from gahb_sk.experiments import _noisy_images, clustered_mean, compare_denoisers, verdict
from gahb_sk.metrics import psnr_slope

BOTH = {"wavelet": WaveletShrinkage(), "oracle": OracleShrinkage()}


@pytest.fixture(scope="module")
def X():
    return make_c_alpha_images(12, image_size=16, random_state=0)


def identity(noisy, sigma):
    return noisy


def interrupts_blocked(noisy, sigma):
    return np.full_like(noisy, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_one_row_a_denoiser_fold_and_level(X):
    table = compare_denoisers(BOTH, X, [0.3, 0.1], cv=3)
    assert table.n_rows == 2 * 3 * 2
    assert table.denoisers == ["wavelet", "oracle"]
    assert_array_equal(table.sigma, [0.1, 0.3])
    assert_array_equal(table.where(denoiser="oracle")["bound"], True)
    assert set(table.where(denoiser="wavelet")["kind"]) == {"classical"}
    assert (table["fit_seconds"] >= 0).all() and (table["denoise_seconds"] > 0).all()


def test_identity_scores_the_noise_itself(X, global_random_seed):
    table = compare_denoisers(
        {"identity": FunctionDenoiser(identity)}, X, [0.1], cv=4, random_state=global_random_seed
    )
    noisy = add_gaussian_noise(X, 0.1, global_random_seed)
    values = image_psnr(X, noisy)
    means = table.means()
    assert_allclose(means["psnr"], values.mean())
    assert_allclose(means["psnr_se"], values.std(ddof=1) / np.sqrt(len(X)))


def test_ssim_is_that_of_the_images(X, global_random_seed):
    denoisers = {"identity": FunctionDenoiser(identity)}
    table = compare_denoisers(denoisers, X, [0.1], cv=4, random_state=global_random_seed)
    values = image_ssim(X, add_gaussian_noise(X, 0.1, global_random_seed))
    means = table.means()
    assert_allclose(means["ssim"], values.mean())
    assert_allclose(means["ssim_se"], values.std(ddof=1) / np.sqrt(len(X)))


def test_units_of_the_images_do_not_matter(X):
    """Images, levels and data_range 255 times as large: the same PSNR and SSIM."""
    denoisers = {"identity": FunctionDenoiser(identity)}
    X = X.astype(np.float64)
    unit = compare_denoisers(denoisers, X, [0.1], cv=2)
    large = compare_denoisers(denoisers, 255 * X, [25.5], cv=2, data_range=255.0)
    for metric in ("psnr", "ssim"):
        assert_allclose(large[metric], unit[metric], rtol=1e-6)


def test_images_that_come_out_exactly_are_counted_apart(X):
    """A denoiser that knows flat images by their mean, and leaves the others alone."""
    X = X.copy()
    X[::3] = 0

    def flat_is_zero(noisy, sigma):
        return np.where(np.abs(noisy.mean((-2, -1), keepdims=True)) < 0.05, 0, noisy)

    table = compare_denoisers({"a": FunctionDenoiser(flat_is_zero)}, X, [0.05, 0.1], cv=3)
    means = table.means()
    for k, sigma in enumerate([0.05, 0.1]):
        rest = np.setdiff1d(np.arange(12), np.arange(0, 12, 3))
        out = flat_is_zero(add_gaussian_noise(X, sigma, 0), sigma)
        values = image_psnr(X, out)[rest]
        assert means["n_exact"][k] == 4 and means["n_images"][k] == 12
        assert_allclose(means["psnr"][k], values.mean())
        assert_allclose(means["psnr_se"][k], values.std(ddof=1) / np.sqrt(8))
    assert np.isfinite(table.slopes()["slope"]).all()


def test_psnr_is_unknown_where_all_images_come_out_exactly():
    table = compare_denoisers([OracleShrinkage()], np.zeros((4, 16, 16)), [0.1, 0.2], cv=2)
    assert_array_equal(table["n_exact"], 2)
    assert np.isnan(table.means()["psnr"]).all() and np.isnan(table.slopes()["slope"]).all()
    assert_allclose(table.means()["ssim"], 1)


def test_all_denoisers_and_folds_see_the_same_noise(X):
    examples = compare_denoisers(BOTH, X, [0.1, 0.2], cv=3, n_examples=2).examples
    noise = {sigma: shown["noisy"] - shown["clean"] for sigma, shown in examples.items()}
    assert_allclose(noise[0.2], 2 * noise[0.1], atol=1e-6)
    alone = add_gaussian_noise(X, 0.1, 0)  # image k gets stream k, whatever the fold
    shown = examples[0.1]
    for clean, noisy in zip(shown["clean"], shown["noisy"], strict=True):
        k = int(np.flatnonzero((X == clean).all((1, 2)))[0])
        assert_array_equal(noisy, alone[k])


@pytest.mark.parametrize("pixels", [1, 2**22])
def test_examples_are_the_first_images_of_a_fold(pixels, X, monkeypatch):
    monkeypatch.setattr(_noisy_images, "_CHUNK_PIXELS", pixels)  # one image at a time, or all
    wavelet = WaveletShrinkage()
    shown = compare_denoisers({"wavelet": wavelet}, X, [0.1], cv=2, n_examples=3).examples[0.1]
    assert_array_equal(shown["clean"], X[:3])
    assert_allclose(shown["wavelet"], wavelet.fit(X).transform(shown["noisy"], 0.1), atol=1e-6)


def test_a_denoiser_scores_the_same_alone_and_in_company(X):
    alone = compare_denoisers({"wavelet": WaveletShrinkage()}, X, [0.1], cv=3)
    together = compare_denoisers(BOTH, X, [0.1], cv=3).where(denoiser="wavelet")
    assert_array_equal(alone["psnr"], together["psnr"])


def test_workers_change_nothing_but_the_seconds(X):
    one = compare_denoisers(BOTH, X, [0.1], cv=3)
    two = compare_denoisers(BOTH, X, [0.1], cv=3, n_jobs=2)
    for column in ("denoiser", "fold", "psnr", "ssim"):
        assert_array_equal(one[column], two[column])


def test_a_frozen_denoiser_takes_part_as_it_is(X):
    fitted = WienerDenoiser().fit(X[:4] * 0.5)
    own = fitted.mean_.copy()
    frozen = compare_denoisers([FrozenEstimator(fitted)], X, [0.1], cv=2)
    assert set(frozen["denoiser"]) == {"WienerDenoiser"}
    np.testing.assert_array_equal(fitted.mean_, own)
    anew = compare_denoisers([fitted], X, [0.1], cv=2)
    assert (np.abs(frozen["psnr"] - anew["psnr"]) > 1e-3).all()


def test_pooled_means_weigh_each_image_once(X):
    """11 images in 3 folds: folds of 4, 4 and 3, yet the mean is that over images."""
    pooled = compare_denoisers(BOTH, X[:11], [0.1], cv=3).means()
    single = compare_denoisers(BOTH, X[:11], [0.1], cv=11).means()
    assert_array_equal(pooled["n_images"], 11)
    assert_allclose(pooled["psnr"], single["psnr"], rtol=1e-6)
    assert_allclose(pooled["psnr_se"], single["psnr_se"], rtol=1e-6)


def test_slope_of_the_identity_is_one(X):
    slopes = compare_denoisers([FunctionDenoiser(identity)], X, [0.05, 0.1, 0.4], cv=2).slopes()
    assert_allclose(slopes["slope"], 1, atol=1e-4)
    assert_allclose(slopes["slope_se"], 0, atol=1e-4)


def test_the_slope_is_that_of_least_squares_and_its_error_that_of_the_images_slopes(X):
    sigma = [0.03, 0.1, 0.2, 0.5]
    table = compare_denoisers({"wavelet": WaveletShrinkage()}, X, sigma, cv=2)
    means, slopes = table.means(), table.slopes()
    assert_allclose(slopes["slope"], linregress(means["input_psnr"], means["psnr"]).slope)
    psnrs = [table.images.where(sigma=level)["psnr"] for level in sigma]
    own = psnr_slope(sigma, np.transpose(psnrs))
    assert_allclose(slopes["slope"], own.mean())
    assert_allclose(slopes["slope_se"], own.std(ddof=1) / np.sqrt(12))


def test_slope_needs_two_levels(X):
    assert np.isnan(compare_denoisers(BOTH, X, [0.1], cv=2).slopes()["slope"]).all()
    two = compare_denoisers(BOTH, X, [0.1, 0.2], cv=2).slopes()
    assert np.isfinite(two["slope"]).all() and np.isfinite(two["slope_se"]).all()


def test_the_score_of_every_image_is_kept(X):
    table = compare_denoisers(BOTH, X, [0.1, 0.2], cv=3)
    images = table.images
    assert images.n_rows == 2 * 2 * 12
    for row in table.rows():
        own = images.where(denoiser=row["denoiser"], fold=row["fold"], sigma=row["sigma"])
        assert_allclose(own["psnr"].mean(), row["psnr"])
    expected = image_psnr(X, WaveletShrinkage().transform(add_gaussian_noise(X, 0.1, 0), 0.1))
    found = images.where(denoiser="wavelet", sigma=0.1)
    assert_allclose(found["psnr"][np.argsort(found["image"])], expected, rtol=1e-6)
    assert len(table.where(kind="optimal").images) == 2 * 12


def worse_by(gain):
    """The noisy image with its noise made larger, so that each PSNR falls by ``gain`` dB."""
    factor = 10 ** (gain / 20)

    def denoise(noisy, sigma):
        return factor * noisy

    return FunctionDenoiser(denoise)


def test_differences_are_paired():
    """The images' PSNRs spread by decibels, but one is 0.1 dB worse on each: that shows."""
    images = np.zeros((12, 16, 16))
    denoisers = {"a": worse_by(0), "b": worse_by(0.1)}
    table = compare_denoisers(denoisers, images, [0.1, 0.2], cv=2)
    found = table.differences("a")
    assert_allclose(found["difference"], -0.1)
    assert_allclose(found["difference_se"], 0, atol=1e-9)
    assert_array_equal(found["verdict"], "worse")
    assert_array_equal(table.differences("b")["verdict"], "better")
    with pytest.raises(ValueError, match="denoiser 'c'.*Expected one of: 'a', 'b'"):
        table.differences("c")


def test_a_denoiser_does_not_differ_from_itself(X):
    same = {"a": WaveletShrinkage(), "b": WaveletShrinkage()}
    assert_array_equal(
        compare_denoisers(same, X, [0.1], cv=2).differences("a")["verdict"], "no difference shown"
    )


def test_verdicts_err_as_rarely_as_they_say(rng):
    """Without a true difference 5 % of the intervals leave out 0, also for few, unequal sources."""
    wrong = 0
    for _ in range(2000):
        sources = np.repeat(np.arange(8), rng.randint(2, 5, size=8))
        values = rng.randn(8)[sources] + 0.3 * rng.randn(len(sources))
        wrong += verdict(*clustered_mean(values, sources)) != "no difference shown"
    assert 0.03 < wrong / 2000 < 0.09
    independent = [clustered_mean(rng.randn(30), np.arange(30))[1] for _ in range(50)]
    assert_allclose(np.mean(independent), 1 / np.sqrt(30), rtol=0.1)


def test_images_of_one_source_count_as_one(X):
    """Each image four times: the error is that of the images, not of four times as many."""
    once = compare_denoisers(BOTH, X, [0.1], cv=4).differences("oracle")
    groups = np.repeat(np.arange(12), 4)
    many = compare_denoisers(
        BOTH, np.repeat(X, 4, axis=0), [0.1], cv=GroupKFold(4), groups=groups
    ).differences("oracle")
    assert many["n_sources"][0] == 12 and many["n_images"][0] == 48
    assert 0.6 < many["difference_se"][0] / once["difference_se"][0] < 1.4


def test_groups_stay_together(X):
    groups = np.repeat([0, 1, 2], 4)
    table = compare_denoisers(
        {"wavelet": WaveletShrinkage()}, X, [0.1], cv=GroupKFold(3), groups=groups, n_examples=4
    )
    clean = table.examples[0.1]["clean"]
    assert any(np.array_equal(clean, X[groups == k]) for k in range(3))


@pytest.mark.parametrize(
    "cv, sizes",
    [
        (4, [3, 3, 3, 3]),
        (0.25, [3]),
        (KFold(6), [2] * 6),
        (ShuffleSplit(2, test_size=5, random_state=0), [5, 5]),
        ([(np.arange(10), np.arange(10, 12))], [2]),
    ],
)
def test_kinds_of_cv(cv, sizes, X):
    table = compare_denoisers({"wavelet": WaveletShrinkage()}, X, [0.1], cv=cv)
    assert_array_equal(table["n_images"], sizes)


class Lost(BaseDenoiser):
    """Multiplies by ``factor``, and is interrupted in its fold number ``end``."""

    calls, end = 0, None

    def __init__(self, factor=0.5, sigma=None, image_shape=None):
        self.factor, self.sigma, self.image_shape = factor, sigma, image_shape

    def _denoise(self, noisy, sigma):
        Lost.calls += 1
        if Lost.calls == Lost.end:
            raise KeyboardInterrupt
        return self.factor * noisy


@pytest.fixture
def lost(monkeypatch):
    monkeypatch.setattr(Lost, "calls", 0)
    return Lost


def test_a_lost_comparison_goes_on_where_it_was(lost, X, tmp_path, monkeypatch):
    options = {"cv": 4, "n_examples": 2, "random_state": 0}
    whole = compare_denoisers([Lost(), OracleShrinkage()], X, [0.1], **options)
    lost.calls = 0
    monkeypatch.setattr(lost, "end", 3)  # in the third of four folds
    with pytest.raises(KeyboardInterrupt):
        compare_denoisers([Lost(), OracleShrinkage()], X, [0.1], **options, folder=tmp_path)
    monkeypatch.setattr(lost, "end", None)
    for calls in (5, 5):  # the two folds that were left, then none
        again = compare_denoisers([Lost(), OracleShrinkage()], X, [0.1], **options, folder=tmp_path)
        assert lost.calls == calls
        for name, values in whole.items():
            if not name.endswith("_seconds"):
                assert_array_equal(again[name], values)
        assert_array_equal(again.images["psnr"], whole.images["psnr"])
        assert_array_equal(again.examples[0.1]["Lost"], whole.examples[0.1]["Lost"])


def test_scores_of_another_comparison_are_not_taken(lost, X, tmp_path):
    def calls(denoiser=None, images=X, sigma=0.1, **changes):
        lost.calls = 0
        options = {"cv": 2, "random_state": 0, **changes}
        compare_denoisers({"lost": denoiser or Lost()}, images, [sigma], **options, folder=tmp_path)
        return lost.calls

    assert calls() == 2 and calls() == 0
    others = [{"denoiser": Lost(0.4)}, {"images": X + 0.1}, {"sigma": 0.2}, {"random_state": 1}]
    for other in [*others, {"data_range": 2.0}, {"cv": KFold(2, shuffle=True, random_state=0)}]:
        assert calls(**other) == 2
    assert calls() == 2 and calls() == 0
    for file in (tmp_path / "scores").iterdir():
        file.write_bytes(file.read_bytes()[:-40])
    assert calls() == 2 and calls() == 0


def test_functions_are_compared_again(X, tmp_path):
    """Another function may have the same name."""
    for factor in (1.0, 0.5):
        denoiser = FunctionDenoiser(lambda noisy, sigma, factor=factor: factor * noisy)
        table = compare_denoisers({"f": denoiser}, X, [1e-9], cv=2, folder=tmp_path)
        assert (table["psnr"].max() > 100) == (factor == 1)


def test_nothing_given_is_changed(X):
    before = X.copy()
    wavelet = WaveletShrinkage()
    compare_denoisers([wavelet], X, [0.1], cv=2)
    assert_array_equal(X, before)
    assert not [name for name in vars(wavelet) if name.endswith("_")]


def test_progress_is_on_stderr_and_only_if_asked(X, capsys):
    compare_denoisers(BOTH, X, [0.1], cv=2)
    assert capsys.readouterr() == ("", "")
    compare_denoisers(BOTH, X, [0.1], cv=2, verbose=True)
    out, err = capsys.readouterr()
    assert out == "" and "4/4" in err


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sigma": [0.0]}, "sigma: expected positive"),
        ({"sigma": [-0.1, 0.1]}, "sigma: expected positive"),
        ({"sigma": [np.inf]}, "finite"),
        ({"sigma": []}, "sigma"),
        ({"sigma": "abc"}, "sigma: expected positive .* 'abc'"),
        ({"sigma": True}, "sigma: expected positive .* True"),
        ({"sigma": [[0.1], [0.1, 0.2]]}, "sigma: expected positive"),
        ({"cv": []}, "cv: expected at least one pair"),
        ({"cv": [(np.arange(12), np.arange(0))]}, "cv: .* images on both sides"),
        ({"n_jobs": 0}, "n_jobs.* 0"),
        ({"denoisers": {"clean": WaveletShrinkage()}}, "another name than 'clean'"),
        ({"denoisers": {"noisy": WaveletShrinkage()}}, "another name than 'noisy'"),
        ({"cv": 13}, "between 2 and the number of images, 12, got 13"),
        ({"cv": 1}, "fraction"),
        ({"cv": 1.0}, "fraction in"),
        ({"cv": 0.01}, "leaves images on both sides"),
        ({"denoisers": {}}, "at least one"),
        ({"denoisers": [WaveletShrinkage(), WaveletShrinkage(n_shifts=4)]}, "different names"),
    ],
)
def test_bad_values(changes, message, X):
    arguments = {"denoisers": BOTH, "X": X, "sigma": [0.1], **changes}
    with pytest.raises(ValueError, match=message):
        compare_denoisers(**arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_images(bad, X):
    broken = X.copy()
    broken[3, 2, 1] = bad
    with pytest.raises(ValueError, match="X"):
        compare_denoisers(BOTH, broken, [0.1], cv=2)


def test_flat_rows_are_to_be_reshaped(X):
    with pytest.raises(ValueError, match=r"flat rows of shape \(12, 256\). Reshape .* \(n, H, W\)"):
        compare_denoisers(BOTH, X.reshape(12, -1), [0.1], cv=2)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_ctrl_c_is_held_only_while_workers_start():
    """In a fresh process, whose helpers of joblib and multiprocessing do not run yet."""
    code = f"from {__name__} import check_interrupts; check_interrupts()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def check_interrupts():
    X, denoisers = np.zeros((4, 16, 16)), {"f": FunctionDenoiser(interrupts_blocked)}
    for n_jobs, blocked in ((1, 0), (2, 1)):
        table = compare_denoisers(denoisers, X, [0.1], cv=2, n_examples=1, n_jobs=n_jobs)
        assert_array_equal(table.examples[0.1]["f"], blocked)
        assert not interrupts_blocked(X, 0.1).any()


def test_bad_types(X):
    with pytest.raises((TypeError, ValueError), match="uint8"):
        compare_denoisers(BOTH, (255 * X).astype(np.uint8), [0.1], cv=2)
    with pytest.raises(TypeError, match=r"denoisers\['f'\]: expected a denoiser, .* the class"):
        compare_denoisers({"f": WaveletShrinkage}, X, [0.1], cv=2)


def test_one_image_cannot_be_split(rng):
    with pytest.raises(ValueError, match="X: expected at least two images"):
        compare_denoisers([WaveletShrinkage()], rng.rand(1, 8, 8))
    with pytest.raises(ValueError, match=r"groups: expected one group per image, shape \(4,\)"):
        compare_denoisers([WaveletShrinkage()], rng.rand(4, 8, 8), cv=2, groups=[0, 1])
    with pytest.raises(ValueError, match="cv, groups: they do not split 4 images"):
        compare_denoisers([WaveletShrinkage()], rng.rand(4, 8, 8), cv=[0.5])
