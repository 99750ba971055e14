"""Image classes whose optimum is known, photographs, and stacks larger than memory."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_fashion": ["load_fashion_mnist"],
        "_folder": ["FolderReport", "load_image_folder", "load_photographs"],
        "_fresh": ["FreshImages"],
        "_generate_file": ["generate_file"],
        "_image_file": ["ImageFile", "read_image_file"],
        "_make": [
            "make_c_alpha_images",
            "make_disk_images",
            "make_polygon_images",
            "make_ray_images",
            "make_sine_images",
        ],
        "_patches": ["extract_patches"],
        "_published": ["load_celeba", "load_lsun_bedrooms"],
        "_samples": ["load_sample_patches"],
        "_shuffle": ["PixelShuffle"],
        "_split": ["remove_near_duplicates", "split_disjoint"],
        "_stack": ["ImageStack", "open_stack"],
        "_stack_files": ["save_stack"],
    },
)
