from ._linearize import (
    jacobian as jacobian,
    linearize as linearize,
    linearize_stack as linearize_stack,
)
from ._operator import JacobianOperator as JacobianOperator, Spectrum as Spectrum
from ._stack import JacobianStack as JacobianStack
from ._trace import TraceEstimate as TraceEstimate, hutchpp as hutchpp
from .eigensolvers._base import EigenPairs as EigenPairs
from .eigensolvers._leading import leading_eigenpairs as leading_eigenpairs
