"""Dask's workers compute what this process does, also when one of them is killed."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV, cross_validate

from gahb_sk import NetworkDenoiser, WaveletShrinkage
from gahb_sk.datasets import open_stack, save_stack
from gahb_sk.denoisers import FunctionDenoiser, WienerDenoiser
from gahb_sk.experiments import compare_denoisers, generalization_curve
from gahb_sk.networks import UNet
from tests.instances import smooth_images

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of Dask's own


@pytest.fixture(scope="module")
def on_workers():
    """Two processes of this machine, which joblib's tasks go to."""
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):

        def use():
            client.wait_for_workers(2, timeout=120)  # with one, joblib works in this process
            return joblib.parallel_config(backend="dask")

        yield use


class KilledOnce:
    """A function denoiser that kills the first worker it is called in."""

    def __init__(self, marker):
        self.marker, self.parent = Path(marker), os.getpid()

    def __call__(self, image, sigma):
        if os.getpid() != self.parent and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return image / (1 + sigma)

    def __repr__(self):
        return "KilledOnce"


def test_cross_validation_and_grid_search(on_workers):
    X = smooth_images(12)
    grid = {"threshold": [1.0, 2.0, "bayes"]}
    alone = cross_validate(WaveletShrinkage(), X, cv=3)["test_score"]
    chosen = GridSearchCV(WaveletShrinkage(), grid, cv=3).fit(X).cv_results_["mean_test_score"]
    with on_workers():
        together = cross_validate(WaveletShrinkage(), X, cv=3)["test_score"]
        search = GridSearchCV(WaveletShrinkage(), grid, cv=3).fit(X)
    assert_allclose(together, alone)
    assert_allclose(search.cv_results_["mean_test_score"], chosen)


def test_comparison_on_a_lazy_stack(on_workers, tmp_path):
    X = open_stack(save_stack(smooth_images(12), tmp_path / "stack.npy"))
    denoisers = {"wavelets": WaveletShrinkage(), "wiener": WienerDenoiser()}
    options = {"sigma": [0.1, 0.3], "cv": 3, "random_state": 0}
    alone = compare_denoisers(denoisers, X, **options)
    with on_workers():
        together = compare_denoisers(denoisers, X, **options, n_jobs=2)
    for name, values in alone.items():
        if not name.endswith("_seconds"):
            np.testing.assert_array_equal(together[name], values, err_msg=name)


def test_generalization_curve(on_workers):
    network = NetworkDenoiser(UNet(4, 1), max_images=32, random_state=0)
    options = {"n_train": [1, 4], "n_test": 4, "sigma": [0.2], "random_state": 0}
    X = smooth_images(12, (8, 8))
    alone = generalization_curve(network, X, **options)
    with on_workers():
        together = generalization_curve(network, X, **options, n_jobs=2)
    assert_allclose(together.psnr["psnr"], alone.psnr["psnr"], rtol=1e-4)


def test_the_task_of_a_killed_worker_is_done_again(on_workers, tmp_path):
    """On a lazy stack. Arrays lie on the one worker that joblib sent them to, and go with it."""
    killed = [FunctionDenoiser(KilledOnce(tmp_path / "killed"))]
    X = open_stack(save_stack(smooth_images(8), tmp_path / "stack.npy"))
    options = {"sigma": [0.1], "cv": 2, "random_state": 0}
    alone = compare_denoisers(killed, X, **options)
    with on_workers():
        together = compare_denoisers(killed, X, **options, n_jobs=2)
    assert (tmp_path / "killed").exists()
    assert_allclose(together["psnr"], alone["psnr"])


def test_dask_arrays_are_read_block_by_block():
    """Of images of a megapixel four are read at a time, and denoised before the next four."""
    import dask
    import dask.array as da

    events = []

    def block(zeros):
        events.append("read")
        return zeros

    def same(image, sigma):
        events.append("denoised")
        return image

    X = da.zeros((8, 1024, 1024), np.float32, chunks=(1, 1024, 1024))
    X = X.map_blocks(block, dtype=X.dtype, meta=np.empty((0, 0, 0), X.dtype))
    with dask.config.set(scheduler="synchronous"):
        denoised = FunctionDenoiser(same).transform(X, 0.1)
    assert denoised.shape == X.shape
    assert events == 2 * (4 * ["read"] + 4 * ["denoised"])
