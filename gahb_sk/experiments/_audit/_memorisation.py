"""Whether it memorises: its samples and its dimensions at training images against fresh ones."""

import numpy as np

from gahb_sk._arrays import as_array, to_numpy
from gahb_sk._random import child
from gahb_sk.analysis import local_dimension
from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._audit._result import NotApplicable, Section
from gahb_sk.experiments._memorization_test import memorization_test
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.sampling import ScoreSampler


def memorisation(case):
    """Draw samples, and test whether they are copies; compare local dimensions."""
    case.need_clean()
    if case.training_images is None:
        raise NotApplicable(
            "It needs the images that the denoiser was trained on: training_images=, or --train."
        )
    if case.denoiser.needs_clean:
        raise NotApplicable(
            f"{case.name} is given the clean image: nothing can be sampled from it."
        )
    training = np.asarray(to_numpy(as_array(case.training_images)))
    _check_shapes(training, case.X)
    verdicts, tables, notes = _samples(case, training)
    try:
        case.need_derivative()
    except NotApplicable as error:
        return Section(verdicts=verdicts, tables=tables, notes=[*notes, str(error)])
    verdict, table = _dimensions(case, training)
    tables["local_dimension"] = table
    return Section(verdicts=[*verdicts, verdict], tables=tables, notes=notes)


def _check_shapes(training, X):
    if training.shape[1:] != X.shape[1:]:
        raise ValueError(
            f"training_images: expected images of the shape of images, {X.shape[1:]}, got "
            f"{training.shape[1:]}."
        )


def _samples(case, training):
    """The share of samples that are copies; the images of the audit are the fresh ones."""
    seed = int(child(case.root, 9).generate_state(1)[0])
    sampler = ScoreSampler(case.denoiser, random_state=seed)
    drawn = sampler.sample(case.effort.n_samples)
    good = drawn.images[drawn.converged]
    notes = []
    if len(good) < case.effort.n_samples:
        notes.append(f"{case.effort.n_samples - len(good)} samples did not converge: left out.")
    if not len(good):
        return [], {}, notes
    # Whichever null has more images; without fresh ones the training images are their own.
    fresh = case.X if len(case.X) >= len(training) else None
    found = memorization_test(good, training, fresh)
    table = Table(
        {
            "denoiser": [case.name] * len(good),
            "p_value": found.p_values,
            "q_value": found.q_values,
            "nearest": found.index,
            "distance": found.distance,
        }
    )
    smallest = 2 / (1 + len(training)) if fresh is None else 1 / (1 + len(fresh))
    verdict = say.memorises(float(found.memorized.mean()), len(good), found.p_values, smallest)
    return [verdict], {"memorisation": table}, notes


def _dimensions(case, training):
    """Local dimension at training images against fresh ones, at the lowest noise level."""
    n, sigma = case.n_inside, case.sigmas[0]
    sets = {"training": training[:n], "fresh": case.X[:n]}
    values = {
        name: local_dimension(
            case.denoiser, images.astype(np.float64), sigma, random_state=child(case.root, 10),
            dtype=case.dtype,
        ).value
        for name, images in sets.items()
    }  # fmt: skip
    rows = [
        {"denoiser": case.name, "images": name, "sigma": sigma, **with_error("dimension", one),
         "n_images": len(one)}
        for name, one in values.items()
    ]  # fmt: skip
    means = [mean_and_margin(one) for one in values.values()]
    return say.smaller_at_training(*means[0], *means[1], sigma), Table.from_rows(rows)
