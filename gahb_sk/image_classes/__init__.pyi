from ._base import ImageClass as ImageClass
from ._c_alpha import CAlphaImages as CAlphaImages
from ._disk_rendering import (
    disk_coverage as disk_coverage,
    disk_tangents as disk_tangents,
    render_disks as render_disks,
)
from ._disks import DiskImages as DiskImages
from ._gaussian import GaussianImages as GaussianImages
from ._polygons import PolygonImages as PolygonImages, polygon_coverage as polygon_coverage
from ._rays import RayImages as RayImages
from ._shuffled import ShuffledImages as ShuffledImages
from ._sines import SineImages as SineImages
