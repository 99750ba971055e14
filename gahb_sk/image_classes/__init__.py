"""Laws of random images whose optimum is known or bounded: each one a frozen object in one file."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_base": ["ImageClass"],
        "_c_alpha": ["CAlphaImages"],
        "_disk_rendering": ["disk_coverage", "disk_tangents", "render_disks"],
        "_disks": ["DiskImages"],
        "_gaussian": ["GaussianImages"],
        "_polygons": ["PolygonImages", "polygon_coverage"],
        "_rays": ["RayImages"],
        "_shuffled": ["ShuffledImages"],
        "_sines": ["SineImages"],
    },
)
