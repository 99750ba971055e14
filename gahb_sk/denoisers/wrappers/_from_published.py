"""Published weights of other people's networks, as denoisers."""

from gahb_sk.denoisers.wrappers._module import ModuleDenoiser
from gahb_sk.networks.published._layouts import read_network


def from_published(path, architecture=None, *, entry=None, **options):
    """Read published weights of a denoising network.

    The tensors are read without running any code of the file; every key, shape and value is
    checked, and batch normalisation is folded into the convolutions.

    Parameters
    ----------
    path : str or path-like
        A file of ``torch.save``: a state dict, or a checkpoint that holds one.
    architecture : str, default=None
        In the key layout of KAIR: "dncnn", "ircnn", "ffdnet" or "drunet". As published with
        arXiv:1906.05478: "bf_dncnn", "bf_unet" or "bf_recurrent_cnn", with or without biases. None:
        told from the keys, which "dncnn" and "ircnn" of 7 layers have in common.
    entry : str, default=None
        Where in the file the weights are, such as "params_ema", if there are several.
    **options
        What the weights do not tell: ``n_stages=4`` of "bf_recurrent_cnn", ``residual=False`` of
        "bf_unet" (whether it predicts the noise).

    Returns
    -------
    denoiser : ModuleDenoiser
        For images on [0, 1]. Colour networks take grey images as well.

    Raises
    ------
    ValueError
        If the file holds no weights of that architecture, or several.

    Warns
    -----
    UserWarning
        If the file holds more than these weights: that names what was left out.

    See Also
    --------
    NetworkDenoiser.from_published : The UNet and BF-CNN of the paper, to be trained further.

    Notes
    -----
    Sides of images for FFDNet and DRUNet are extended by mirroring. The published code repeats the
    last pixel, which differs near that border only.
    """
    module, convention = read_network(path, architecture, entry, **options)
    return ModuleDenoiser(module.requires_grad_(False), convention=convention)
