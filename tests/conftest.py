"""Fixtures shared by the whole suite."""

import os

import numpy as np
import pytest


@pytest.fixture(scope="session")
def global_random_seed():
    """Seed that any test must pass with; set GAHB_SK_TEST_SEED to try another."""
    return int(os.environ.get("GAHB_SK_TEST_SEED", "42"))


@pytest.fixture
def rng(global_random_seed):
    """Random numbers for test data."""
    return np.random.RandomState(global_random_seed)


def pytest_collection_modifyitems(items):
    """Mark the contract of the sampled posterior mean as slow: it samples every image."""
    for item in items:
        if "CAlphaPosteriorMean" in item.name and "test_common" in item.nodeid:
            item.add_marker(pytest.mark.slow)
