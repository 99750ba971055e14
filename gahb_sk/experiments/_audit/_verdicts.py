"""From numbers with their 95 % margins to words: pure functions, one per question.

A margin is half the width of an interval; NaN where one image gives none. Thresholds are the sizes
below which a departure is of no consequence, not levels of significance: the margin decides
whether a number is surely beyond one. What depends on the noise comes level by level: the number
said is that of the level at which it departs most surely, or, where none surely does, may be
farthest away.
"""

import numpy as np

from gahb_sk.experiments._audit._intervals import (
    certain,
    clearest,
    farthest,
    said,
    said_at,
)
from gahb_sk.experiments._audit._result import Verdict

_SYMMETRIC, _NEARLY_SYMMETRIC = 0.02, 0.1
_ZERO = 0.01  # factors and relative numbers of this size are 0 or rounding
_SHIFT = 0.02  # of brightness, in units of the noise level
_FITS, _NEARLY_FITS = 0.05, 0.2  # relative disagreement of errors and noise levels
_EQUIVARIANT, _NEARLY_EQUIVARIANT = -20.0, -10.0  # dB against the denoiser's own error
_LOSES = 2.0  # dB of lead lost where a network is beyond the noise of its training
_DOUBT = {"unclear": ": more images are needed to tell", "yes": "", "nearly": "", "no": ""}


def beside(rival, leads, margins, sigmas):
    """Say at which noise levels a denoiser is ahead of a rival, in dB."""
    sides = [certain(lead, margin) for lead, margin in zip(leads, margins, strict=True)]
    spread = (
        f"{min(leads):+.2f} to {max(leads):+.2f} dB" if len(leads) > 1 else f"{leads[0]:+.2f} dB"
    )
    topic = f"Better than {rival}?"
    if all(side > 0 for side in sides):
        return Verdict(topic, "yes", f"At every noise level, by {spread}.")
    if all(side < 0 for side in sides):
        return Verdict(topic, "no", f"It is behind at every noise level: {spread}.")
    ahead = [sigma for sigma, side in zip(sigmas, sides, strict=True) if side > 0]
    behind = [sigma for sigma, side in zip(sigmas, sides, strict=True) if side < 0]
    text = "; ".join(
        f"{what} at σ = {', '.join(f'{sigma:g}' for sigma in levels)}"
        for what, levels in (("ahead", ahead), ("behind", behind))
        if levels
    )
    if not text:
        return Verdict(topic, "unclear", f"Level within the intervals: {spread}.")
    return Verdict(topic, "nearly" if ahead else "no", f"{text.capitalize()} ({spread}).")


def near_optimum(name, gaps, margins):
    """Say how far the optimum is; gaps in dB, at least 0 but for chance."""
    worst = int(np.argmax(gaps))
    grade = "yes" if gaps[worst] < 0.3 else "nearly" if gaps[worst] < 1 else "no"
    text = (
        f"{name} is better by {min(gaps):.2f} to {max(gaps):.2f} dB over the noise levels; at its "
        f"largest the gap is {said(gaps[worst], margins[worst], 'dB')}."
    )
    return Verdict("Near the optimum of its class?", grade, text)


def trained_range(leads, sigmas):
    """Guess the noise levels of a training: where the lead over a fixed rival does not drop."""
    leads = np.asarray(leads)
    best = int(leads.argmax())
    inside = leads >= leads[best] - _LOSES
    first, last = best, best
    while first > 0 and inside[first - 1]:
        first -= 1
    while last < len(leads) - 1 and inside[last + 1]:
        last += 1
    topic = "For which noise was it trained?"
    if last - first == len(leads) - 1:
        text = f"The curve does not bend between σ = {sigmas[0]:g} and {sigmas[-1]:g}."
        return Verdict(topic, "fact", text)
    lost = leads[best] - min(
        leads[0] if first > 0 else np.inf, leads[-1] if last < len(leads) - 1 else np.inf
    )
    text = (
        f"Probably around σ = {sigmas[first]:g}"
        + (f" to {sigmas[last]:g}" if last > first else "")
        + f": beyond, its lead over wavelets drops by up to {lost:.1f} dB."
    )
    return Verdict(topic, "fact", text)


def symmetric(levels):
    """Say whether the Jacobian is symmetric; a Bayes denoiser's is."""
    topic = "Is it a gradient (symmetric Jacobian)?"
    clear, number = clearest(levels), "|J - J'| / |J| = {}"
    if certain(clear.mean, clear.margin, _NEARLY_SYMMETRIC) > 0:
        number = number.format(said_at(clear, digits=3))
        return Verdict(topic, "no", f"{number}. No density of images has it as its optimum.")
    number = number.format(said_at(farthest(levels), digits=3))
    if max(one.mean for one in levels) < _SYMMETRIC:
        return Verdict(topic, "yes", f"{number}: 0 up to rounding.")
    return Verdict(topic, "nearly", f"{number}: close to it.")


def factors_in_range(lowest, highest):
    """Say whether shrinkage factors are below 0 (no Bayes denoiser) or above 1 (undecided)."""
    topic = "Are its shrinkage factors those of a Bayes denoiser?"
    number = f"They reach from {lowest:.2f} or less to {highest:.2f} or more"
    above = (
        " Above 1 it enhances: there it cannot tell yet between several images, such as two "
        "positions of a contour, and is less sure than the noise alone would make it."
        if highest > 1 + _ZERO
        else " None is above 1: no direction is enhanced."
    )
    if lowest < -0.1:
        return Verdict(
            topic, "no", f"{number}. Below 0 it inverts noise, as no optimum does.{above}"
        )
    if lowest < -_ZERO:
        return Verdict(topic, "nearly", f"{number}. Those below 0 are small.{above}")
    return Verdict(topic, "yes", f"{number}; none below 0.{above}")


def unbiased(levels):
    """Say whether the mean of f(y) - y is 0, in units of the noise level."""
    clear = clearest(levels)
    number = f"mean of f(y) - y: {said_at(clear, 'noise levels', 3)}"
    topic = "Does it keep the brightness?"
    if certain(abs(clear.mean), clear.margin, _SHIFT) > 0:
        way = "brightens" if clear.mean > 0 else "darkens"
        return Verdict(topic, "no", f"It {way} the images: {number}.")
    number = f"mean of f(y) - y: {said_at(farthest(levels), 'noise levels', 3)}"
    if all(abs(one.mean) < _SHIFT and not one.margin > 2 * _SHIFT for one in levels):
        return Verdict(topic, "yes", f"The {number}: of no consequence.")
    return Verdict(topic, "unclear", f"The {number}: more images are needed to tell.")


def homogeneous(error):
    """Say whether f(a y, a sigma) = a f(y, sigma); neither is better."""
    text = f"Halving contrast and noise changes the result by {error:.1%}"
    if error < _ZERO:
        return Verdict("Does it scale with contrast?", "yes", f"{text}: f(ay) = a f(y).")
    grade = "nearly" if error < _FITS else "no"
    return Verdict("Does it scale with contrast?", grade, f"{text}; it has a scale of its own.")


def sure_agrees(levels):
    """Say whether Stein's estimate is the true error; the differences are relative to it."""
    grade, clear = _agreement(levels, 0.0)
    text = f"The estimate is off by {said_at(clear, '%', 0, 100)}{_DOUBT[grade]}"
    if grade in ("nearly", "no"):
        text += ". Hard decisions, whose jumps J does not see, do that"
    return Verdict("Can its error be estimated without clean images (SURE)?", grade, f"{text}.")


def calibrated(levels):
    """Say whether sigma^2 tr J, a Bayes denoiser's own error, is the true one, as ratios."""
    grade, clear = _agreement(levels, 1.0)
    number = said_at(clear, "times the true one")
    text = f"The error that it ascribes to itself, σ² tr J, is {number}"
    if grade == "yes":
        text += ", as of a Bayes denoiser of these images"
    elif grade != "unclear":
        side = "overconfident" if clear.mean < 1 else "too cautious"
        text += f": as a Bayes denoiser it is {side} on these images"
    return Verdict("Does it know its own error?", grade, f"{text}{_DOUBT[grade]}.")


def knows_sigma(levels, blind):
    """Say whether a blind denoiser's implied noise level is the true one, as ratios."""
    grade, clear = _agreement(levels, 1.0)
    number = f"|y - f|² / (d - tr J) implies {said_at(clear, 'times the true noise level')}"
    topic = "Does it know the noise level?"
    if not blind:
        return Verdict(topic, "fact", f"It is given it. {number}.")
    return Verdict(topic, grade, f"It is blind, and {number}{_DOUBT[grade]}.")


def _agreement(levels, target):
    """Grade how far means are from a target, and return the level that decides."""
    clear, far = clearest(levels, target), farthest(levels, target)
    away = abs(clear.mean - target)
    if max(abs(one.mean - target) for one in levels) < _FITS:
        return ("unclear" if any(one.margin > _NEARLY_FITS for one in levels) else "yes"), far
    if not certain(away, clear.margin):
        return "unclear", far
    surely = away >= _NEARLY_FITS and certain(away, clear.margin, _FITS) > 0
    return ("no" if surely else "nearly"), clear


def dimension(sigmas, dimensions, d, slope, margin):
    """Say how many directions are kept, and how their number falls with the noise."""
    text = (
        f"It keeps about {dimensions[0]:.3g} of {d:,} directions at σ = {sigmas[0]:g}"
        + (f", {dimensions[-1]:.3g} at σ = {sigmas[-1]:g}" if len(sigmas) > 1 else "")
        + (f": in proportion to σ to the power {said(slope, margin)}." if len(sigmas) > 1 else ".")
    )
    return Verdict("How many directions does it keep?", "fact", text)


def adaptive(log_ratio, margin):
    """Say whether more noise passes along contours than in flat parts, by the log of the ratio."""
    topic = "Does it adapt to contours?"
    known = "" if np.isnan(margin) else (
        f" ({np.exp(log_ratio - margin):.2g} to {np.exp(log_ratio + margin):.2g})"
    )  # fmt: skip
    number = f"{np.exp(log_ratio):.2g} times as much noise passes on contours as elsewhere{known}"
    if certain(log_ratio, margin, np.log(1.5)) > 0:
        return Verdict(topic, "yes", f"{number}.")
    if certain(log_ratio, margin, np.log(1.1)) > 0:
        return Verdict(topic, "nearly", f"{number}.")
    below = certain(log_ratio, margin, np.log(1.5)) < 0
    return Verdict(topic, "no" if below else "unclear", f"{number}.")


def harmonic(value, chance):
    """Say whether the vectors oscillate slowly in the image's geometry (1; 0 for random ones)."""
    topic = "Are its vectors harmonics of the geometry?"
    text = f"Harmonicity {value:.2f}, where 1 is slowest along contours and random vectors have 0"
    if value > 0.7:
        return Verdict(topic, "yes", f"{text}.")
    return Verdict(topic, "nearly" if value > max(0.3, chance) else "no", f"{text}.")


def carried(n_carrying, k):
    """Say how many leading vectors carry the image, and what the others are."""
    text = f"{n_carrying} of the {k} leading vectors carry 99 % of what these hold of the image."
    if n_carrying < k:
        text += " The denoiser lets the others, shown last, pass though the image has none of them."
    return Verdict("Do its leading vectors carry the image?", "fact", text)


def aligned(reference, share, margin, m, chance):
    """Say how much of the leading vectors lies in the first m of a reference."""
    text = (
        f"{said(100 * share, 100 * margin, '%', 0)} of the energy of its leading vectors lies in "
        f"the first {m} of the {reference}; chance would give {chance:.0%}."
    )
    beyond = (share - chance) / (1 - chance)
    grade = "yes" if beyond > 0.7 else "nearly" if beyond > 0.3 else "no"
    return Verdict(f"Close to {reference}?", grade, text)


def equivariant(what, decibels, margin):
    """Say whether denoising commutes with a change of the image; dB against its own error."""
    number = f"The order matters by {said(decibels, margin, 'dB', 1)} relative to its own error"
    if decibels < _EQUIVARIANT:
        return Verdict(
            f"Same after a {what}?", "yes", "Exactly." if decibels < -60 else f"{number}."
        )
    if decibels < _NEARLY_EQUIVARIANT:
        return Verdict(f"Same after a {what}?", "nearly", f"{number}.")
    return Verdict(f"Same after a {what}?", "no", f"{number}.")


def reaches(sigmas, sides, margins, size):
    """Say how large a window it looks at."""
    text = f"A window of {said(sides[0], margins[0], 'pixels', 0)} at σ = {sigmas[0]:g}"
    if len(sigmas) > 1:
        text += f", of {said(sides[-1], margins[-1], 'pixels', 0)} at σ = {sigmas[-1]:g}"
    if max(sides) > 0.9 * size:
        text += ", as large as the image: it may be larger still"
    return Verdict("How far does it look?", "fact", f"{text}.")


def memorises(share, n, p_values, smallest):
    """Say whether samples are copies of training images; ``smallest`` is the least p-value."""
    topic = "Does it make images of its own?"
    number = f"{share:.0%} of {n} samples are nearer to a training image than fresh images are"
    least = f"smallest p-value {np.min(p_values):.2g}"
    if share > 0:
        grade = "no" if share > 0.1 else "nearly"
        return Verdict(topic, grade, f"{number} (false discovery rate 5 %, {least}).")
    if np.median(p_values) <= 2 * smallest and smallest > 0.05 / n:
        text = f"Most samples have the least p-value that so few fresh images allow, {smallest:.2g}"
        return Verdict(topic, "unclear", f"{text}: more images are needed to tell.")
    return Verdict(topic, "yes", f"{number} ({least}).")


def smaller_at_training(training, margin, fresh, fresh_margin, sigma):
    """Say whether the local dimension is smaller where the denoiser was trained."""
    topic = "Does it treat training images as fresh ones?"
    number = (
        f"Local dimension at σ = {sigma:g}: {said(training, margin, digits=1)} at training images, "
        f"{said(fresh, fresh_margin, digits=1)} at fresh ones"
    )
    both = np.hypot(np.nan_to_num(margin), np.nan_to_num(fresh_margin))
    side = certain(training - fresh, both)
    if side < 0 and training < 0.7 * fresh:
        return Verdict(topic, "no", f"{number}: it has fewer freedoms where it was trained.")
    return Verdict(topic, "yes" if both < 0.3 * abs(fresh) else "unclear", f"{number}.")
