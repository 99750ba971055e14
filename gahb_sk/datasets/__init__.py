"""Image classes whose optimum is known, photographs, and stacks larger than memory."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_c_alpha": ["make_c_alpha_images"],
        "_disk_images": ["make_disk_images"],
        "_disks": ["disk_coverage", "disk_tangents", "render_disks"],
        "_fresh": ["FreshImages"],
        "_patches": ["extract_patches"],
        "_samples": ["load_sample_patches"],
        "_stack": ["ImageStack"],
        "_stack_files": ["open_stack", "save_stack"],
    },
)
