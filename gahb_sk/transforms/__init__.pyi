from ._anscombe import anscombe as anscombe, inverse_anscombe as inverse_anscombe
from ._bandlet_search import best_bandlets as best_bandlets, dictionary_size as dictionary_size
from ._bandlets import (
    BandletGeometry as BandletGeometry,
    BandletTransform as BandletTransform,
    Square as Square,
)
from ._base import Subband as Subband, Transform as Transform
from ._cosine import CosineTransform as CosineTransform
from ._fourier import FourierTransform as FourierTransform
from ._opponent import from_opponent as from_opponent, to_opponent as to_opponent
from ._pca import PCATransform as PCATransform, principal_components as principal_components
from ._thresholds import (
    RULES as RULES,
    SLOPES as SLOPES,
    THRESHOLDS as THRESHOLDS,
    stein_risk as stein_risk,
    universal_threshold as universal_threshold,
)
from ._wavelets import WaveletTransform as WaveletTransform
from ._windows import (
    Windows as Windows,
    dyadic_windows as dyadic_windows,
    spread_windows as spread_windows,
)
