from ._bandlet_search import best_bandlets as best_bandlets
from ._bandlet_search import dictionary_size as dictionary_size
from ._bandlets import (
    BandletGeometry as BandletGeometry,
)
from ._bandlets import (
    BandletTransform as BandletTransform,
)
from ._bandlets import (
    Square as Square,
)
from ._base import Subband as Subband
from ._base import Transform as Transform
from ._cosine import CosineTransform as CosineTransform
from ._fourier import FourierTransform as FourierTransform
from ._pca import PCATransform as PCATransform
from ._pca import principal_components as principal_components
from ._thresholds import (
    RULES as RULES,
)
from ._thresholds import (
    SLOPES as SLOPES,
)
from ._thresholds import (
    THRESHOLDS as THRESHOLDS,
)
from ._thresholds import (
    stein_risk as stein_risk,
)
from ._thresholds import (
    universal_threshold as universal_threshold,
)
from ._wavelets import WaveletTransform as WaveletTransform
from ._windows import Windows as Windows
from ._windows import dyadic_windows as dyadic_windows
from ._windows import spread_windows as spread_windows
