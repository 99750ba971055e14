"""What the training of a network starts from: images, random streams, weights, checkpoints."""

import numpy as np

from gahb_sk._files import check_writable
from gahb_sk._random import child, seed_sequence, torch_seed
from gahb_sk.denoisers.learned._saved import settings
from gahb_sk.denoisers.learned._sources import training_source
from gahb_sk.networks._architectures import Architecture, as_architecture
from gahb_sk.networks._build import build_network
from gahb_sk.networks._published import load_checked
from gahb_sk.training._checkpoints import check_fingerprint, load_checkpoint, saved_root
from gahb_sk.training._noise_levels import check_noise_range
from gahb_sk.training._recipes import check_law_in_range, resolve_recipe
from gahb_sk.training._streams import stream
from gahb_sk.training._train import Setup


def recipe_of(denoiser):
    """Return the :class:`Recipe` of a denoiser; what it leaves open is as its network likes it."""
    network, recipe = as_architecture(denoiser.network), denoiser.recipe
    own = network.recipe if isinstance(network, Architecture) else Architecture.recipe
    if isinstance(recipe, dict):
        recipe = {"base": own, **recipe}
    return resolve_recipe(own if recipe is None else recipe)


def training_setup(denoiser, data, recipe, limits, start, part):
    """Check what a training needs and put it together.

    Parameters
    ----------
    denoiser : NetworkDenoiser
    data : tuple
        ``X``, ``y`` and ``sigma`` of ``fit``.
    recipe : Recipe
    limits : dict
        When to stop; see :class:`gahb_sk.training.Trainer`.
    start : torch.nn.Module or None
        The fitted network to go on from.
    part : bool
        Whether this is one part of a training, which keeps no checkpoints.

    Returns
    -------
    setup : Setup
    image_shape : tuple of int
        Shape of an image as the user sees it.
    """
    noise_range = check_noise_range(denoiser.noise_range)
    check_law_in_range(recipe, noise_range)
    reset = start is None or not part
    source, image_shape = training_source(denoiser, *data, recipe.objective, reset)
    root, saved, fingerprint = _root(denoiser, source, start, part)
    setup = Setup(
        network=_initial_network(denoiser, image_shape, root, start),
        source=source,
        recipe=recipe,
        noise_range=noise_range,
        root=root,
        limits=limits,
        machine=denoiser._machine(),
        checkpoint_dir=None if part else denoiser.checkpoint_dir,
        fingerprint=fingerprint,
        saved=saved,
        title=type(denoiser).__name__ if denoiser.verbose else None,
    )
    return setup, image_shape


def _root(denoiser, source, start, part):
    """Root of the random streams, and with a folder of checkpoints the last, and its terms."""
    root = seed_sequence(denoiser.random_state)
    if start is not None and denoiser.n_images_seen_:  # going on: other noise than before
        root = child(stream(root, "continued"), denoiser.n_images_seen_)
    if part or denoiser.checkpoint_dir is None:
        return root, None, None
    saved = load_checkpoint(check_writable(denoiser.checkpoint_dir, "checkpoint_dir"))
    seed, words = denoiser.random_state, np.atleast_1d(np.array(root.entropy, object))
    fingerprint = {
        **settings(denoiser),
        "precision": denoiser._machine().precision,
        "data": source.fingerprint(),
        "random_state": None if seed is None else [str(word) for word in words],
    }
    if saved is not None:
        check_fingerprint(saved[1], fingerprint, denoiser.checkpoint_dir)
        root = saved_root(saved[1])
    return root, saved, fingerprint


def _initial_network(denoiser, image_shape, root, start):
    network = build_network(
        denoiser.network,
        image_shape[0] if len(image_shape) == 3 else 1,
        blind=denoiser.blind,
        predicts=denoiser.predicts,
        seed=torch_seed(stream(root, "weights")),
    )
    if start is None:
        return network
    try:
        return load_checked(network, start.state_dict(), "warm_start")
    except ValueError as error:
        raise ValueError(
            f"{error} The fitted network was built with other parameters; use warm_start=False."
        ) from error
