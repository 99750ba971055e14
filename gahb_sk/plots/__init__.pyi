from ._alignment import AlignmentDisplay as AlignmentDisplay
from ._audit import (
    CaptureDisplay as CaptureDisplay,
    LeadDisplay as LeadDisplay,
    ReachDisplay as ReachDisplay,
    SymmetryDisplay as SymmetryDisplay,
)
from ._capacity import CapacityDisplay as CapacityDisplay
from ._comparison import ComparisonDisplay as ComparisonDisplay
from ._eigenvectors import (
    EigenvectorGridDisplay as EigenvectorGridDisplay,
    HarmonicityDisplay as HarmonicityDisplay,
    SpectrumDisplay as SpectrumDisplay,
)
from ._generalization import GeneralizationDisplay as GeneralizationDisplay
from ._geometry import GeometryDisplay as GeometryDisplay
from ._image_grid import ImageGridDisplay as ImageGridDisplay
from ._league import LeagueDisplay as LeagueDisplay
from ._optimality import OptimalityDisplay as OptimalityDisplay
from ._risk import (
    EffectiveDimensionDisplay as EffectiveDimensionDisplay,
    RiskDisplay as RiskDisplay,
)
