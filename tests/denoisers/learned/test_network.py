import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gahb_sk import NetworkDenoiser, add_gaussian_noise
from gahb_sk.networks import UNet
from tests.instances import smooth_images


def small(**parameters):
    """A small network; a batch size goes into the recipe."""
    if "batch_size" in parameters:
        parameters["recipe"] = {"batch_size": parameters.pop("batch_size")}
    network = UNet(channels=4, n_blocks=2)
    return NetworkDenoiser(network, **{"max_epochs": 1, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return small(max_epochs=3).fit(smooth_images(20))


def test_homogeneous(fitted, rng):
    y = rng.rand(2, 16, 16)
    out = fitted.transform(y)
    for a in (0.01, 0.5, 30.0):
        assert_allclose(fitted.transform(a * y), a * out, atol=1e-5 * a)


def test_equal_to_its_jacobian_times_its_input(fitted, rng):
    y = rng.rand(1, 12, 10)
    product = fitted.linearize(y[0]).matvec(y.ravel())
    assert_allclose(product.reshape(12, 10), fitted.transform(y)[0], atol=1e-5)


def test_jacobian_against_finite_differences(fitted, rng):
    y, v = rng.rand(2, 8, 8)
    operator = fitted.linearize(y)
    assert operator.step is None
    h = 1e-3
    moved = fitted.transform(np.stack([y + h * v, y - h * v]).astype(np.float64))
    assert_allclose(
        operator.matvec(v.ravel()), ((moved[0] - moved[1]) / (2 * h)).ravel(), atol=2e-3
    )


def test_linearize_leaves_the_network_as_it_is(fitted, rng):
    before = {name: value.clone() for name, value in fitted.network_.state_dict().items()}
    fitted.linearize(rng.rand(8, 8)).matmat(rng.rand(64, 3))
    assert all(module.inplace for module in fitted.network_.modules() if hasattr(module, "inplace"))
    for name, value in fitted.network_.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (7, 13), (16, 16), (17, 3)])
def test_any_size(fitted, rng, size):
    out = fitted.transform(rng.rand(2, *size))
    assert out.shape == (2, *size) and np.isfinite(out).all()


def test_padding_is_cropped(fitted, rng):
    """An image whose sides need padding equals the same image padded by hand."""
    y = rng.rand(1, 14, 15)
    padded = np.pad(y, ((0, 0), (0, 2), (0, 1)), mode="reflect")
    assert_allclose(fitted.transform(y), fitted.transform(padded)[:, :14, :15], atol=1e-6)


def test_images_too_large_for_single_precision_give_no_nan(fitted, rng):
    with pytest.raises(FloatingPointError, match="values up to 3e.38 in magnitude"):
        fitted.transform(np.full((1, 8, 8), 3e38))
    with pytest.raises(ValueError, match="single precision"):
        fitted.transform(np.full((1, 8, 8), 1e100))


def test_colour(rng):
    X = rng.rand(6, 3, 8, 8)
    denoiser = small().fit(X)
    assert denoiser.transform(X).shape == X.shape
    with pytest.raises(ValueError, match="channel.* as seen in fit"):
        denoiser.transform(X[:, 0])


def test_tensors_do_not_go_through_numpy(fitted, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("copied to NumPy")

    y = torch.rand(2, 8, 8, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(torch.Tensor, "numpy", refuse)
    assert fitted.transform(y).shape == y.shape


def test_memory_is_bounded_by_chunks(fitted, monkeypatch):
    seen = []
    forward = type(fitted.network_).forward

    def spy(self, x):
        seen.append(len(x) * x.shape[2] * x.shape[3])
        return forward(self, x)

    monkeypatch.setattr(type(fitted.network_), "forward", spy)
    fitted.transform(np.zeros((600, 32, 32), np.float32))
    assert len(seen) > 1 and max(seen) <= 2**18


def test_stops(rng):
    X = smooth_images(10)
    assert small(max_images=25, max_epochs=None, batch_size=5).fit(X).n_images_seen_ == 25
    several = small(max_epochs=4, batch_size=5).fit(X)
    assert several.n_iter_ == 8 and len(several.loss_curve_) == 4
    assert small(max_epochs=None, max_images=None, time_budget=0.2).fit(X).n_iter_ >= 1


def test_random_state():
    X = smooth_images(8)
    y = add_gaussian_noise(X, 0.1, 0)
    first, again, other = (small(random_state=seed).fit(X) for seed in (3, 3, 4))
    assert_array_equal(first.transform(y), again.transform(y))
    assert not np.allclose(first.transform(y), other.transform(y))
    state = np.random.RandomState(0)
    assert not np.allclose(
        small(random_state=state).fit(X).transform(y), small(random_state=state).fit(X).transform(y)
    )


class Recorder:
    """A callback of scikit-learn that counts tasks."""

    def __init__(self):
        self.began, self.ended, self.closed = [], [], 0

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.began.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)

    def teardown(self, estimator, context):
        self.closed += 1


def test_callbacks_hear_of_each_epoch():
    recorder = Recorder()
    small(max_epochs=3).set_callbacks(recorder).fit(smooth_images(6))
    assert recorder.began == ["fit", "epoch", "epoch", "epoch"]
    assert recorder.ended == ["epoch", "epoch", "epoch", "fit"]
    assert recorder.closed == 1


def test_progress_goes_to_stderr_only_if_asked(capsys):
    small().fit(smooth_images(6))
    assert capsys.readouterr() == ("", "")
    small(verbose=True).fit(smooth_images(6))
    captured = capsys.readouterr()
    assert captured.out == "" and "NetworkDenoiser" in captured.err


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"network": UNet(channels=0)}, "channels"),
        ({"network": UNet(n_blocks=5)}, "n_blocks"),
        ({"network": "unt"}, "Did you mean 'unet'"),
        ({"predicts": "clean"}, "modules of your own"),
        ({"noise_range": (0.5, 0.1)}, "low <= high"),
        ({"noise_range": (0, 1)}, "0 < low"),
        ({"noise_range": ("a", 1)}, "0 < low"),
        ({"recipe": "papre"}, "recipe"),
        ({"batch_size": 0}, "batch_size"),
        ({"time_budget": 0}, "time_budget"),
        ({"max_epochs": None, "max_images": None}, "when to stop"),
        ({"machine": {"device": "gpu"}}, "device"),
        ({"machine": {"devise": "cpu"}}, "Did you mean 'device'"),
        ({"machine": {"pixels_at_once": 0}}, "whole number >= 1"),
        ({"recipe": {"learning_rate": -1.0}}, "learning_rate"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        small().set_params(**parameters).fit(smooth_images(4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu():
    X = smooth_images(8)
    denoiser = small(machine={"device": "cuda"}).fit(X)
    assert next(denoiser.network_.parameters()).device.type == "cpu"
    y = torch.from_numpy(X).cuda()
    assert denoiser.transform(y).device == y.device


@pytest.mark.slow
def test_learns_to_denoise():
    """After 8,000 images it beats the best constant and the noisy input by far."""
    from gahb_sk.datasets import make_c_alpha_images

    X = make_c_alpha_images(1000, image_size=32, random_state=0)
    denoiser = NetworkDenoiser(UNet(8, 2), max_images=8000, random_state=0).fit(X)
    test = make_c_alpha_images(20, image_size=32, random_state=1)
    assert denoiser.score(test, sigma=0.1) > 25
    assert denoiser.score(test, sigma=0.3) > 18
