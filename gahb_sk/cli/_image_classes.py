"""Image classes as the command line writes them: ``c-alpha`` or ``c-alpha(alpha=3)``."""

import dataclasses
import re

from gahb_sk._validation import check_name
from gahb_sk.cli._denoisers import parse_call
from gahb_sk.image_classes import CAlphaImages, DiskImages, PolygonImages, RayImages, SineImages

CLASSES = {
    "c-alpha": CAlphaImages,
    "disks": DiskImages,
    "polygons": PolygonImages,
    "rays": RayImages,
    "sines": SineImages,
}
_SPEC = re.compile(r"^([A-Za-z][\w-]*)(\(.*\))?$")


def is_image_class(text):
    """Tell whether a text has the form of an image class."""
    return _SPEC.match(text.strip()) is not None


def class_name(text):
    """Return the name of a class as ``CLASSES`` has it, or None for a text of another form."""
    match = _SPEC.match(text.strip())
    return match and match[1].replace("_", "-")


def parse_image_class(text, image_size=64, *, seed=0, **parameters):
    """Return the image class of a text such as ``"c-alpha(alpha=3)"``, with further parameters.

    ``seed`` is that of the image of rays.
    """
    name, arguments = _SPEC.match(text.strip()).groups()
    cls = CLASSES[check_name(class_name(text), CLASSES, "class")]
    parameters = {**parse_call(f"{cls.__name__}{arguments or ''}")[1], **parameters}
    for key in parameters:
        check_name(key, parameters_of(cls), f"parameter of {name}")
    if cls is RayImages:
        return cls.drawn(image_size, seed, **parameters)
    return cls(image_size, **parameters)


def parameters_of(cls):
    """Return the names of a class's parameters that the command line sets."""
    names = [field.name for field in dataclasses.fields(cls)]
    return [name for name in names if name not in ("image_size", "image")]
