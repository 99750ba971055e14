"""The Jacobian of any denoiser at one image, or at several at once."""

import functools

import numpy as np
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from gahb_sk._arrays import as_array
from gahb_sk._validation import Integral
from gahb_sk.images import as_images
from gahb_sk.noise import check_sigma

_PRECISIONS = ("float32", "float64")
_KEPT_VALUES = 2**25  # of the operators at the images of a stack, if all were matrices
_STEP = 1e-3  # of central differences, in units of the noise level


def linearize(denoiser, image, sigma=None, *, clean=None, dtype="float64"):
    """Jacobian of a denoiser at one noisy image, as a linear operator.

    Parameters
    ----------
    denoiser : fitted denoiser
        Of any kind.
    image : array-like or torch.Tensor of shape (H, W) or (C, H, W)
        One noisy image; one flat row if the denoiser was given ``image_shape``.
    sigma : float, default=None
        Noise level in the units of the image, held fixed in the derivative. None: the
        denoiser's own, or an estimate; blind denoisers need none.
    clean : array-like, default=None
        The clean image, for oracles; it is held fixed.
    dtype : {"float64", "float32"}, default="float64"
        Precision in which networks compute; all else is in double precision.

    Returns
    -------
    operator : JacobianOperator of shape (d, d)
        A :class:`scipy.sparse.linalg.LinearOperator` with batched ``matmat`` and ``rmatmat``.
        ``operator.step`` is None if its products are exact, else the step of the central
        differences; ``operator.symmetric`` tells whether it is known to be symmetric,
        ``operator.spectrum`` its eigenvalues and vectors where they are known.

    Raises
    ------
    ValueError, TypeError
        If a stack comes where one image is meant, an oracle is not given ``clean``, or something
        else than a denoiser comes, such as a pipeline.

    Notes
    -----
    Exact for networks (the gates of the rectifiers held, or forward and reverse mode), for
    shrinkage in a basis chosen at the image, for Wiener, empirical Bayes and posterior means (of
    continuous disks up to their quadrature). The step of central differences is a thousandth of
    the noise level, for blind denoisers of the deviation of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from gahb_sk.jacobians import linearize
    >>> from gahb_sk.denoisers import WaveletShrinkage
    >>> image = np.random.RandomState(0).rand(16, 16)
    >>> denoiser = WaveletShrinkage(rule="hard", threshold=3.0).fit(image[None])
    >>> J = linearize(denoiser, image, sigma=0.1)
    >>> np.abs(J @ image.ravel() - denoiser.transform(image[None], sigma=0.1).ravel()).max() < 1e-9
    np.True_
    """
    check_precision(dtype)
    check_denoiser(denoiser)
    return denoiser.linearize(image, sigma, clean=clean).astype(dtype)


def jacobian(denoiser, image, sigma=None, *, clean=None, dtype="float64", block=256, verbose=False):
    """Jacobian of a denoiser at one noisy image, as a matrix.

    Parameters
    ----------
    denoiser, image, sigma, clean, dtype
        See :func:`linearize`.
    block : int, default=256
        Columns computed at once.
    verbose : bool, default=False
        Whether to show a progress bar on stderr.

    Returns
    -------
    jacobian : ndarray of shape (d, d)
        Row i is the gradient of the denoised pixel i. At d = 6,400 it takes 328 MB in double
        precision.
    """
    return dense(linearize(denoiser, image, sigma, clean=clean, dtype=dtype), block, verbose)


def dense(operator, block=256, verbose=False):
    """Return an operator as a matrix, block by block of its columns."""
    if not isinstance(block, Integral) or block < 1:
        raise ValueError(f"block: expected an int of at least 1, got {block!r}.")
    d = operator.shape[0]
    matrix = np.empty((d, d), operator.dtype)
    with tqdm(total=d, desc="Jacobian", unit="column", disable=not verbose) as bar:
        for start in range(0, d, block):
            columns = np.zeros((d, min(block, d - start)), operator.dtype)
            columns[start + np.arange(columns.shape[1]), np.arange(columns.shape[1])] = 1
            matrix[:, start : start + block] = operator.matmat(columns)
            bar.update(columns.shape[1])
    return matrix


class JacobianStack:
    """The Jacobians of a denoiser at several noisy images; made by :func:`linearize_stack`.

    ``stack[i]`` is the operator at image i; ``matmat`` and ``rmatmat`` multiply blocks of
    vectors at all images together.

    Attributes
    ----------
    shape : tuple (n, d, d)
    """

    def __init__(self, n, d, at, matmat, rmatmat):
        self.shape = n, d, d
        self._at, self._products = at, (matmat, rmatmat)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, i):
        if not -len(self) <= i < len(self):
            raise IndexError(f"expected an image below {len(self)}, got {i}.")
        return self._at(i % len(self))

    def matmat(self, V):
        """Return ``J_i V_i`` for all i, of shape (n, d, k), for ``V (n, d, k)``."""
        return self._products[0](self._check(V))

    def rmatmat(self, V):
        """Return ``J_i^T V_i`` for all i, of shape (n, d, k), for ``V (n, d, k)``."""
        return self._products[1](self._check(V))

    def _check(self, V):
        V = np.asarray(V)
        if V.ndim != 3 or V.shape[:2] != self.shape[:2]:
            n, d, _ = self.shape
            raise ValueError(f"V: expected vectors of shape ({n}, {d}, k), got {V.shape}.")
        return V


def linearize_stack(denoiser, X, sigma=None, *, clean=None, dtype="float64"):
    """Jacobians of a denoiser at several noisy images.

    Networks multiply vectors at all images in one pass, and denoisers without an exact Jacobian
    denoise all displaced images as one stack.

    Parameters
    ----------
    denoiser : fitted denoiser
        Of any kind.
    X : array-like, torch.Tensor or lazy stack
        Noisy images, shaped as in ``fit``.
    sigma : float or array-like of shape (n,), default=None
        Noise level; see :func:`linearize`.
    clean : array-like, default=None
        The clean images, for oracles.
    dtype : {"float64", "float32"}, default="float64"
        Precision in which networks compute.

    Returns
    -------
    stack : JacobianStack
    """
    check_denoiser(denoiser)
    check_is_fitted(denoiser)
    X = as_array(X)
    images = as_images(X, image_shape=denoiser.image_shape)
    if clean is not None:
        clean = as_array(clean)
        partners = as_images(clean, image_shape=denoiser.image_shape, name="clean")
        if partners.shape != images.shape:
            raise ValueError(
                f"clean: expected images of the shape of X, {images.shape}, got {partners.shape}."
            )
    n, d = len(images), int(np.prod(images.shape[1:]))
    levels = None if sigma is None else check_sigma(sigma, n)

    @functools.lru_cache(max(1, _KEPT_VALUES // d**2))  # some operators hold their matrix
    def at(i):
        partner = None if clean is None else clean[i]
        level = None if levels is None else levels[i]
        return linearize(denoiser, X[i], level, clean=partner, dtype=dtype)

    if hasattr(denoiser, "_jacobians"):
        pair = denoiser._jacobians(images.numpy(), levels, np.dtype(dtype))
    elif at(0).step is None:
        pair = _one_by_one(at, n)
    else:
        pair = _differences(denoiser, images, levels, clean), _one_by_one(at, n)[1]
    return JacobianStack(n, d, at, *pair)


def _one_by_one(at, n):
    def forward(V):
        return np.stack([at(i).matmat(V[i]) for i in range(n)])

    def backward(V):
        return np.stack([at(i).rmatmat(V[i]) for i in range(n)])

    return forward, backward


def _differences(denoiser, images, levels, clean):
    """Central differences at all images, as one stack for each vector."""
    base = images.numpy().astype(np.float64)
    partner = None if clean is None else np.asarray(clean)
    if levels is None and not denoiser.blind:
        levels = denoiser.noise_level(images.restore(base))
    scale = np.asarray(base.std(axis=(1, 2, 3)) if levels is None else levels)
    step = _STEP * np.where(scale > 0, scale, 1.0)
    axes = (slice(None), None, None, None)

    def one(v):
        move = v.reshape(base.shape)
        size = step / np.maximum(np.abs(v).max(axis=1), np.finfo(np.float64).tiny)
        high, low = (
            denoiser.denoise(images.restore(base + sign * size[axes] * move), levels, clean=partner)
            for sign in (1, -1)
        )
        return (high - low).reshape(v.shape) / (2 * size[:, None])

    return lambda V: np.stack([one(V[:, :, j]) for j in range(V.shape[2])], axis=2)


def check_denoiser(denoiser):
    """Raise unless the object can be linearised."""
    if not hasattr(denoiser, "linearize"):
        raise TypeError(
            f"denoiser: expected a fitted denoiser of gahb_sk, got {type(denoiser).__name__}. Of a "
            "pipeline pass the denoiser itself, pipeline[-1], with images as they reach it; wrap a "
            "function in FunctionDenoiser and a torch module in ModuleDenoiser."
        )


def check_precision(dtype):
    """Raise unless ``dtype`` is single or double precision."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = None
    if name not in _PRECISIONS:
        raise ValueError(f"dtype: expected one of {_PRECISIONS}, got {dtype!r}.")
