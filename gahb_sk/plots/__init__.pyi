from ._alignment import AlignmentDisplay as AlignmentDisplay
from ._capacity import CapacityDisplay as CapacityDisplay
from ._comparison import ComparisonDisplay as ComparisonDisplay
from ._eigenvectors import (
    EigenvectorGridDisplay as EigenvectorGridDisplay,
)
from ._eigenvectors import (
    HarmonicityDisplay as HarmonicityDisplay,
)
from ._eigenvectors import (
    SpectrumDisplay as SpectrumDisplay,
)
from ._generalization import GeneralizationDisplay as GeneralizationDisplay
from ._geometry import GeometryDisplay as GeometryDisplay
from ._image_grid import ImageGridDisplay as ImageGridDisplay
from ._optimality import OptimalityDisplay as OptimalityDisplay
from ._risk import (
    EffectiveDimensionDisplay as EffectiveDimensionDisplay,
)
from ._risk import (
    RiskDisplay as RiskDisplay,
)
