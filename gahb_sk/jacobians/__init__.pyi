from ._linearize import (
    jacobian as jacobian,
)
from ._linearize import (
    linearize as linearize,
)
from ._linearize import (
    linearize_stack as linearize_stack,
)
from ._operator import JacobianOperator as JacobianOperator
from ._operator import Spectrum as Spectrum
from ._stack import JacobianStack as JacobianStack
from ._trace import TraceEstimate as TraceEstimate
from ._trace import hutchpp as hutchpp
from .eigensolvers._base import EigenPairs as EigenPairs
from .eigensolvers._leading import leading_eigenpairs as leading_eigenpairs
