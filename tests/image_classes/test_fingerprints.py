"""The images of fixed seeds stay what they were when the shipped networks were trained on them.

The numbers are inner products of images 40, 41 and 42 of seed 0 with cos(0), cos(1), ..., taken
from the functions of the first release. Digests would tell more, but Fourier transforms and sines
differ by a rounding from one processor to another.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gahb_sk.image_classes import CAlphaImages, DiskImages, PolygonImages, RayImages, SineImages

PRINTS = [
    (
        CAlphaImages((20, 27), alpha=1.5, antialias="area"),
        (0.0319063545351, 2.07078727444, -0.123311996327),
    ),
    (
        CAlphaImages(20, background_alpha=3.0, antialias="none"),
        (3.54371248944, -0.785259947918, -1.27986815238),
    ),
    (
        CAlphaImages(20, constant_background=True, min_contrast=0.2),
        (2.55305774533, -0.527558639616, -1.93249186849),
    ),
    (
        CAlphaImages(20, orientation="random", min_contrast=0.3),
        (2.205674921, 1.96850243361, -0.852064550172),
    ),
    (
        CAlphaImages(20, orientation="random", antialias="area"),
        (1.14177715924, -0.166786350923, -0.211543502237),
    ),
    (DiskImages((20, 27)), (-0.342207142958, -0.0762946983172, 0.33849281642)),
    (
        DiskImages(20, wrap=True, intensity_range=(0.2, 0.9)),
        (-0.360651447593, 0.482927157653, 0.363468937429),
    ),
    (
        DiskImages(20, lattice="integer", antialias="none"),
        (-0.182777298367, 0.0741011526369, 0.381730698485),
    ),
    (
        DiskImages(20, lattice="integer", radius_range=(2, 4)),
        (0.256052812387, 1.50484808618, -0.506505199427),
    ),
    (DiskImages(20, radius_range=(4.3, 5.2)), (-0.400005182845, 0.451215415237, 0.292270300243)),
    (RayImages(20, intensity_range=(0.5, 2.0)), (0.762248744535, 0.351301656775, 0.717345963272)),
    (
        SineImages((20, 27), frequency=(1.5, 2.5), amplitude_range=(0.2, 0.8)),
        (-0.368834918802, -0.442421633478, 0.203781135215),
    ),
    (PolygonImages(20), (0.266033784784, -0.0319290571785, 0.030223208334)),
    (PolygonImages(20, n_polygons=3, n_vertices=4), (2.54359238922, 1.29743585627, 1.15836487956)),
]


@pytest.mark.parametrize(("law", "expected"), PRINTS, ids=[repr(law) for law, _ in PRINTS])
def test_images_of_a_seed_stay_the_same(law, expected):
    images = law.sample(3, 0, first_image=40, dtype=np.float64).reshape(3, -1)
    assert_allclose(images @ np.cos(np.arange(images.shape[1])), expected, rtol=1e-9)
