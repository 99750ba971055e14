from ._archive import DamagedFile as DamagedFile
from ._fashion import load_fashion_mnist as load_fashion_mnist
from ._folder import (
    FolderReport as FolderReport,
    load_image_folder as load_image_folder,
    load_photographs as load_photographs,
)
from ._fresh import FreshImages as FreshImages
from ._generate_file import generate_file as generate_file
from ._image_file import ImageFile as ImageFile, read_image_file as read_image_file
from ._make import (
    make_c_alpha_images as make_c_alpha_images,
    make_disk_images as make_disk_images,
    make_polygon_images as make_polygon_images,
    make_ray_images as make_ray_images,
    make_sine_images as make_sine_images,
)
from ._patches import extract_patches as extract_patches
from ._photograph_crops import PhotographCrops as PhotographCrops
from ._published import load_celeba as load_celeba, load_lsun_bedrooms as load_lsun_bedrooms
from ._samples import load_sample_patches as load_sample_patches
from ._shuffle import PixelShuffle as PixelShuffle
from ._split import (
    remove_near_duplicates as remove_near_duplicates,
    split_disjoint as split_disjoint,
)
from ._stack import ImageStack as ImageStack, open_stack as open_stack
from ._stack_files import save_stack as save_stack
from ._validated import ValidatedStream as ValidatedStream
