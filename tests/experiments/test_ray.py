"""Ray's workers compute what this process does, through joblib's back end."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import GridSearchCV, cross_validate

from gahb_sk import WaveletShrinkage, WienerDenoiser
from gahb_sk.datasets import open_stack, save_stack
from gahb_sk.experiments import compare_denoisers
from tests.instances import smooth_images

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of Ray's own


@pytest.fixture(scope="module")
def on_workers():
    """Two processes of this machine, which joblib's tasks go to."""
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20)
    register_ray()
    yield lambda: joblib.parallel_config(backend="ray")
    ray.shutdown()


def test_cross_validation_and_grid_search(on_workers):
    X = smooth_images(12)
    grid = {"threshold": [1.0, 2.0, "bayes"]}
    alone = cross_validate(WaveletShrinkage(), X, cv=3)["test_score"]
    chosen = GridSearchCV(WaveletShrinkage(), grid, cv=3).fit(X).cv_results_["mean_test_score"]
    with on_workers():
        together = cross_validate(WaveletShrinkage(), X, cv=3, n_jobs=2)["test_score"]
        search = GridSearchCV(WaveletShrinkage(), grid, cv=3, n_jobs=2).fit(X)
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
