"""The weights of a two-layer autoencoder against their closed form."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from gahb_sk import NetworkDenoiser
from gahb_sk.networks import ReLUAutoencoder

SIDE, SIGMA = 4, 0.1
D = SIDE**2


def trained(X, n_hidden, seed):
    denoiser = NetworkDenoiser(
        ReLUAutoencoder((SIDE, SIDE), n_hidden, random_state=seed),
        predicts="clean",
        noise_range=(SIGMA, SIGMA * 1.001),
        recipe={"loss_weight": "equal", "learning_rate": 0.01, "batch_size": 64,
                "weight_decay": 0.0},
        max_images=100_000,
        random_state=seed,
    ).fit(X)  # fmt: skip
    module = denoiser.network_.module
    return module, *(w.detach().numpy() for w in (module.encoder, module.decoder))


def linear_part(module, W1, W2, image):
    """The matrix by which the module multiplies around an image, and the units active there."""
    active = module.encode(torch.tensor(image[None, None])).numpy()[0] > 1e-3
    return W2[:, active] @ W1[:, active].T, active


@pytest.fixture
def simplex(global_random_seed):
    """Images at obtuse angles to each other, so that a unit may be active at one alone."""
    directions = np.linalg.qr(np.random.RandomState(global_random_seed).normal(size=(D, 4)))[0]
    points = directions - directions.mean(1, keepdims=True)
    return (2 * points / np.linalg.norm(points, axis=0)).T.reshape(4, SIDE, SIDE).astype(np.float32)


@pytest.mark.slow
def test_few_images_are_stored_in_the_columns(simplex, global_random_seed):
    module, W1, W2 = trained(np.tile(simplex, (64, 1, 1)), 24, global_random_seed)
    for image in simplex:
        A, active = linear_part(module, W1, W2, image)
        x = image.ravel()
        assert_allclose(A, np.outer(x, x) / (x @ x + SIGMA**2), atol=0.05)
        assert 0 < active.sum() < 24
        for W in (W1[:, active], W2[:, active]):
            assert np.linalg.norm(x @ W) > 0.8 * np.linalg.norm(x) * np.linalg.norm(W)


@pytest.mark.slow
def test_two_large_groups_give_their_wiener_filters(global_random_seed):
    """Around opposite centres: each group is denoised by its own leading directions."""
    random = np.random.RandomState(global_random_seed)
    centre, *spread = np.linalg.qr(random.normal(size=(D, 3)))[0].T
    groups = [
        sign * 2 * centre + random.normal(size=(500, 2)) * [0.5, 0.4] @ np.stack(spread)
        for sign in (1, -1)
    ]
    X = np.concatenate(groups).reshape(-1, SIDE, SIDE).astype(np.float32)
    module, W1, W2 = trained(X, 24, global_random_seed)
    for group in groups:
        S = group.T @ group / len(group)
        A, _ = linear_part(module, W1, W2, group.mean(0).reshape(SIDE, SIDE).astype(np.float32))
        assert_allclose(A, S @ np.linalg.inv(S + SIGMA**2 * np.eye(D)), atol=0.1)


def test_initial_weights_depend_on_the_seed_alone():
    one, two, other = (ReLUAutoencoder((1, SIDE, SIDE), 5, random_state=k) for k in (1, 1, 2))
    assert_allclose(one.encoder.detach(), two.encoder.detach())
    assert (one.encoder != other.encoder).any() and (one.encoder != one.decoder).any()
