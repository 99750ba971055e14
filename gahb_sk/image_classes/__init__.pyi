from ._base import ImageClass as ImageClass
from ._c_alpha import CAlphaImages as CAlphaImages
from ._disk_rendering import (
    disk_coverage as disk_coverage,
)
from ._disk_rendering import (
    disk_tangents as disk_tangents,
)
from ._disk_rendering import (
    render_disks as render_disks,
)
from ._disks import DiskImages as DiskImages
from ._gaussian import GaussianImages as GaussianImages
from ._polygons import PolygonImages as PolygonImages
from ._polygons import polygon_coverage as polygon_coverage
from ._rays import RayImages as RayImages
from ._shuffled import ShuffledImages as ShuffledImages
from ._sines import SineImages as SineImages
