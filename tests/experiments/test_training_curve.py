import pytest
import torch
from numpy.testing import assert_array_equal

from gahb_sk import NetworkDenoiser
from gahb_sk.datasets import make_c_alpha_images
from gahb_sk.experiments import training_curve
from gahb_sk.networks import ResidualUNet
from gahb_sk.training import Trainer


@pytest.fixture
def X(global_random_seed):
    return make_c_alpha_images(24, 8, random_state=global_random_seed)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # weights are equal bit by bit
    yield
    torch.set_num_threads(before)


def network(**parameters):
    return NetworkDenoiser(
        ResidualUNet(channels=4, n_blocks=1), recipe={"batch_size": 8}, random_state=3,
        **{"max_images": 96, **parameters},
    )  # fmt: skip


def weights(denoiser):
    return {name: value.numpy() for name, value in denoiser.network_.state_dict().items()}


def test_measuring_changes_no_weight(X):
    curve = training_curve(network(), X, measure={"score": lambda d: d.score(X, sigma=0.3)})
    alone = network().fit(X)
    for name, value in weights(alone).items():
        assert_array_equal(weights(curve.estimator)[name], value)
    assert curve.estimator.get_params()["machine"] is None
    assert_array_equal(curve.table["steps"], [1, 2, 4, 8, 12])
    assert_array_equal(curve.table["images"], [8, 16, 32, 64, 96])
    assert curve.table["score"][-1] == alone.score(X, sigma=0.3)
    assert len(set(curve.table["score"].tolist())) == 5


def test_the_weights_of_a_step_are_those_of_that_step(X):
    """A constant learning rate makes a shorter training the beginning of a longer one."""
    recipe = {"batch_size": 8, "schedule": "constant", "warmup": 0.0}
    longer = network().set_params(recipe=recipe)
    curve = training_curve(longer, X, at=[5], measure={"score": lambda d: d.score(X, sigma=0.3)})
    shorter = network(max_images=40).set_params(recipe=recipe).fit(X)
    assert shorter.n_iter_ == 5
    assert curve.table["score"][0] == shorter.score(X, sigma=0.3)


def test_an_interrupted_run_goes_on(X, tmp_path):
    measure = {"score": lambda d: d.score(X, sigma=0.3)}
    whole = training_curve(network(), X, measure=measure)

    def interrupt(network, args, output):
        interrupt.calls += 1
        if interrupt.calls == 7:
            raise KeyboardInterrupt

    interrupt.calls = 0
    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, args, output: (
            interrupt(module, args, output) if hasattr(module, "encoder") else None
        )
    )
    machine = {"checkpoint_every": 1e-9}
    try:
        with pytest.raises(KeyboardInterrupt):
            training_curve(network(machine=machine), X, measure=measure, folder=tmp_path)
    finally:
        handle.remove()
    again = training_curve(network(machine=machine), X, measure=measure, folder=tmp_path)
    for name in ("steps", "images", "score"):
        assert_array_equal(again.table[name], whole.table[name])


def test_other_measures_train_nothing_again(X, tmp_path, monkeypatch):
    training_curve(network(), X, measure={"one": lambda d: 1.0}, folder=tmp_path)
    monkeypatch.setattr(Trainer, "step", None)
    curve = training_curve(network(), X, measure={"n": lambda d: d.n_iter_}, folder=tmp_path)
    assert_array_equal(curve.table["n"], 12)
    few = training_curve(network(), X, at=[2], measure={"one": lambda d: 1.0}, folder=tmp_path)
    assert_array_equal(few.table["steps"], [2, 12])


@pytest.mark.parametrize("at", [[], [0], [1.5], [-3]])
def test_steps_are_positive_whole_numbers(X, at):
    with pytest.raises(ValueError, match="at: expected positive whole numbers"):
        training_curve(network(), X, at=at, measure={"one": lambda d: 1.0})


def test_something_must_be_measured(X):
    with pytest.raises(ValueError, match="measure: expected at least one"):
        training_curve(network(), X, measure={})
