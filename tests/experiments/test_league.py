import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk.analysis import eigenbasis, subspace_alignment
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.denoisers import (
    CovarianceWindowsDenoiser,
    EmpiricalBayesDenoiser,
    FunctionDenoiser,
    LocalEmpiricalBayesDenoiser,
    OracleShrinkage,
    SmoothedEmpiricalBayesDenoiser,
    WienerDenoiser,
)
from gahb_sk.experiments import calibrate, league

SIGMAS = [0.1, 0.5]


@pytest.fixture
def images(global_random_seed):
    """To train on, to calibrate on, to test on."""
    X = make_c_alpha_images(90, 8, dtype=np.float64, random_state=global_random_seed)
    return X[:60], X[60:70], X[70:]


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (LocalEmpiricalBayesDenoiser, (3, 5, 7)),
        (LocalEmpiricalBayesDenoiser, (3, (1, 5))),
        (CovarianceWindowsDenoiser, (0.0, 0.1, 0.4)),
        (SmoothedEmpiricalBayesDenoiser, (0.0, 0.1, 0.4)),
    ],
)
def test_the_value_of_another_theory_is_found(cls, values, images, global_random_seed):
    """If the network is the theory itself, its own values are the nearest, exactly."""
    train, fresh, test = images
    truth = dict(zip(SIGMAS, (values[-1], values[0]), strict=True))
    theory = cls().fit(train)
    found = calibrate(
        theory, theory.with_levels(truth), fresh, SIGMAS, values=values,
        random_state=global_random_seed,
    )  # fmt: skip
    assert found.chosen == truth
    assert len(found.table) == len(values) * len(SIGMAS)
    noisy = test + 0.1
    assert_array_equal(
        found.theory.transform(noisy, 0.1), theory.with_levels(values[-1]).transform(noisy, 0.1)
    )


def test_a_theory_without_a_window_has_nothing_to_calibrate(images):
    train, fresh, _ = images
    with pytest.raises(TypeError, match="nothing to calibrate"):
        calibrate(WienerDenoiser().fit(train), EmpiricalBayesDenoiser().fit(train), fresh, 0.1)
    with pytest.raises(ValueError, match="values: expected at least one"):
        calibrate(LocalEmpiricalBayesDenoiser().fit(train), "disks", fresh, 0.1, values=())


def test_columns_are_their_definitions(images):
    train, _, test = images

    def halve(image):
        return 0.5 * image

    def shift(image):
        return 0.5 * image + 0.1

    table = league(
        {"same": FunctionDenoiser(halve).fit(train), "far": FunctionDenoiser(shift).fit(train)},
        {"network": FunctionDenoiser(halve).fit(train)}, test, SIGMAS,
    )  # fmt: skip
    same, far = table.where(rival="same"), table.where(rival="far")
    for name in ("output_cosine", "output_r2", "residual_cosine", "residual_r2"):
        assert_allclose(same[name], 1)
    assert np.isinf(same["agreement"]).all()
    assert_allclose(far["agreement"], 20)
    assert_allclose(far["agreement_se"], 0, atol=1e-9)
    assert_allclose(far["output_r2"], 1)  # a constant is invisible to the correlation alone
    assert (far["output_cosine"] < 1 - 1e-4).all()
    assert_allclose(same["psnr"], same["network_psnr"])
    assert_array_equal(table["n_images"], len(test))


def test_everyone_meets_everyone_on_the_same_noise(images):
    train, _, test = images
    memoriser, linear = EmpiricalBayesDenoiser().fit(train), WienerDenoiser().fit(train)
    table = league(
        {"linear": linear}, {"a": memoriser, "b": linear}, test, SIGMAS, optimum=memoriser
    )
    matches = list(zip(table["network"], table["rival"], table["role"], strict=True))
    assert matches[: len(matches) // 2] == [
        ("a", "linear", "theory"),
        ("a", "optimum", "optimum"),
        ("b", "linear", "theory"),
        ("b", "optimum", "optimum"),
        ("a", "b", "network"),
    ]
    assert np.isinf(table.where(network="b", rival="linear")["agreement"]).all()
    assert_allclose(
        table.where(network="a", rival="linear")["agreement"],
        table.where(network="a", rival="b")["agreement"],
    )


def test_alignment_is_that_of_the_leading_eigenvectors(images):
    """A multiple has the same eigenvectors; those of others are compared image by image."""
    train, _, test = images
    linear = WienerDenoiser().fit(train)
    half = FunctionDenoiser(lambda image, sigma: 0.5 * linear.denoise(image[None], sigma)[0])
    theories = {"same": linear, "half": half.fit(train), "far": EmpiricalBayesDenoiser().fit(train)}
    table = league(theories, {"n": linear}, test[:4], 0.3, n_vectors=5, n_linearized=3)
    assert_allclose(table.where(rival="same")["alignment"], 1)
    assert_allclose(table.where(rival="half")["alignment"], 1, atol=1e-4)
    (far,) = table.where(rival="far").rows()
    noisy = _noisy(test[:4], 0.3)
    overlaps = [
        subspace_alignment(
            *(eigenbasis(one, image, 5, sigma=0.3).vectors for one in (linear, theories["far"]))
        ).overlap
        for image in noisy[:3]
    ]
    assert_allclose(far["alignment"], np.mean(overlaps))
    assert "alignment" not in league(theories, {"n": linear}, test[:2], 0.3)


def _noisy(clean, sigma):
    """The noisy images of the league: those that a network sees."""
    seen = []

    def spy(image, sigma):
        seen.append(image)
        return image

    league({"spy": FunctionDenoiser(spy).fit(clean)}, {"n": WienerDenoiser().fit(clean)}, clean,
           sigma)  # fmt: skip
    return np.stack(seen)


def test_calibration_and_league_have_other_noise(images):
    """Else a window would be tested on the noise that it was chosen on."""
    train, fresh, _ = images
    seen = []

    def spy(image, sigma):
        seen.append(image)
        return image

    network, theory = FunctionDenoiser(spy).fit(train), LocalEmpiricalBayesDenoiser().fit(train)
    calibrate(theory, network, fresh, 0.1, values=(3,))
    league({"local": theory}, {"network": network}, fresh, 0.1)
    first, second = np.split(np.stack(seen), 2)
    assert np.abs(first - second).max() > 0.05


def test_oracles_are_no_theories(images):
    train, _, test = images
    oracle = OracleShrinkage().fit(train)
    with pytest.raises(TypeError, match="needs the clean image"):
        league({"oracle": oracle}, {"linear": WienerDenoiser().fit(train)}, test, 0.1)
