"""Fixtures shared by the whole suite."""

import os

import numpy as np
import pytest


@pytest.fixture
def global_random_seed():
    """Seed that any test must pass with; set GAHB_SK_TEST_SEED to try another."""
    return int(os.environ.get("GAHB_SK_TEST_SEED", "42"))


@pytest.fixture
def rng(global_random_seed):
    """Random numbers for test data."""
    return np.random.RandomState(global_random_seed)
