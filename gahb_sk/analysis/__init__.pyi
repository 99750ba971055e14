from ._alignment import (
    Alignment as Alignment,
    ChanceOverlap as ChanceOverlap,
    random_alignment as random_alignment,
    subspace_alignment as subspace_alignment,
)
from ._eigenbasis import EigenBasis as EigenBasis, eigenbasis as eigenbasis
from ._features import NetworkFeatures as NetworkFeatures, feature_spread as feature_spread
from ._harmonicity import Harmonicity as Harmonicity, harmonicity as harmonicity
from ._local_dimension import (
    LocalDimension as LocalDimension,
    local_dimension as local_dimension,
)
from ._risk import (
    Risk as Risk,
    effective_dimension as effective_dimension,
    predicted_mse as predicted_mse,
    sure as sure,
)
from ._scorer import SUREScorer as SUREScorer
from ._singular import SingularBasis as SingularBasis, singular_basis as singular_basis
