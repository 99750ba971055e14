"""What denoisers that wrap another one share."""

from sklearn.base import clone

from gahb_sk._validation import HasMethods
from gahb_sk.denoisers._base import BaseDenoiser


class WrapperDenoiser(BaseDenoiser):
    """A denoiser with a parameter ``denoiser``, of whose kind it is.

    ``fit`` fits a clone, ``denoiser_``, on the same images. A subclass writes ``_denoise``.
    """

    _parameter_constraints: dict = {
        "denoiser": [HasMethods(["fit", "denoise"])],
        "image_shape": [tuple, list, None],
    }

    @property
    def kind(self):
        """The kind of the wrapped denoiser."""
        return self.denoiser.kind

    @property
    def blind(self):
        """Whether the wrapped denoiser does without the noise level."""
        return self.denoiser.blind

    @property
    def learns(self):
        """Whether the wrapped denoiser learns from the images' values."""
        return getattr(self.denoiser, "learns", False)  # what is no denoiser, ``fit`` refuses

    def _fit(self, images):
        self._check_wrapped(self.denoiser)
        self.denoiser_ = clone(self.denoiser).fit(images, None)

    def _check_wrapped(self, denoiser, name="denoiser"):
        if denoiser.needs_clean:
            raise TypeError(
                f"{name}: expected one that does without the clean images, got the oracle "
                f"{type(denoiser).__name__}. Use it alone."
            )
        if denoiser.image_shape is not None:
            raise ValueError(
                f"{name}: expected image_shape=None, got {denoiser.image_shape!r}. Give "
                f"image_shape to {type(self).__name__}."
            )

    def _jumps(self):
        return self.denoiser._jumps()
