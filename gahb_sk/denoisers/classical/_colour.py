"""Colour for denoisers of single channels: they denoise opponent colours."""

from gahb_sk._validation import StrOptions
from gahb_sk.jacobians._operator import JacobianOperator, Spectrum
from gahb_sk.transforms._opponent import from_opponent, to_opponent

COLOR = {"color": [StrOptions({"opponent", "separate"})]}  # the legal values of the parameter


def in_colour(color, n_channels):
    """Tell whether images of so many channels are denoised as opponent colours."""
    return color == "opponent" and n_channels == 3


def denoise_opponent(denoise, noisy):
    """Return ``denoise`` of the opponent colours of ``(m, 3, H, W)`` images, as RGB."""
    return from_opponent(denoise(to_opponent(noisy)))


def opponent_operator(operator, shape):
    """Return the Jacobian at an image in red, green and blue, given that in opponent colours.

    Parameters
    ----------
    operator : JacobianOperator
        In opponent colours.
    shape : tuple of int
        ``(3, H, W)``.

    Returns
    -------
    operator : JacobianOperator
        Of the same spectrum, if that is known.
    """

    def mixed(function, V):
        return function(V.T.reshape(-1, *shape)).reshape(-1, V.shape[0]).T

    def product(multiply):
        return lambda V: mixed(from_opponent, multiply(mixed(to_opponent, V)))

    def spectrum():
        known = operator.spectrum
        if known is None:
            return None
        return Spectrum(known.values, lambda k: mixed(from_opponent, known.vectors(k)))

    return JacobianOperator(
        operator.shape[0],
        product(operator.matmat),
        None if operator.symmetric else product(operator.rmatmat),
        positive=operator.positive,
        spectrum=spectrum,
    )
