from ._alignment import (
    Alignment as Alignment,
)
from ._alignment import (
    ChanceOverlap as ChanceOverlap,
)
from ._alignment import (
    random_alignment as random_alignment,
)
from ._alignment import (
    subspace_alignment as subspace_alignment,
)
from ._eigenbasis import EigenBasis as EigenBasis
from ._eigenbasis import eigenbasis as eigenbasis
from ._harmonicity import Harmonicity as Harmonicity
from ._harmonicity import harmonicity as harmonicity
from ._risk import (
    Risk as Risk,
)
from ._risk import (
    effective_dimension as effective_dimension,
)
from ._risk import (
    predicted_mse as predicted_mse,
)
from ._risk import (
    sure as sure,
)
from ._scorer import SUREScorer as SUREScorer
from ._singular import SingularBasis as SingularBasis
from ._singular import singular_basis as singular_basis
