"""The view with a slider over the noise level: image, factors and vectors move together.

Every noise level is a figure of the page. A script of the page shows one at a time and puts a
slider, an ordinary form element, above them; without scripts all are shown, one below the other.
"""

import base64
import html
import io
from pathlib import Path

import numpy as np
from PIL import Image

from gahb_sk.cli._page import embed, to_png
from gahb_sk.plots._style import COLOURS, canvas

_SCRIPT = Path(__file__).with_name("slider.html")
_VECTORS = 12
_LARGEST = 128  # pixels of a tile's side in the file; the page enlarges without smoothing


def slider(audit):
    """Return the view of an audit as HTML."""
    arrays = audit.sections["basis"].arrays
    sigmas = arrays["sigma"].tolist()
    limits = _limits(arrays["factors"])
    frames = [_frame(arrays, j, sigma, limits) for j, sigma in enumerate(sigmas)]
    name, last = html.escape(audit.name), len(sigmas) - 1
    control = (
        f"<label>Noise level &sigma; = <output>{sigmas[last // 2]:g}</output> "
        f"<input type='range' min='0' max='{last}' step='1' value='{last // 2}'></label>"
    )
    heading = f"<h3>{name} at one image, noise level by noise level</h3>"
    text = (
        "<p class='caption'>Patterns that the denoiser keeps, red and blue either side of 0, those "
        "that carry most of the image first, each with its shrinkage factor. Move the slider (or "
        "use the arrow keys): with more noise fewer patterns are kept.</p>"
    )
    return (
        f"{heading}{text}<div class='slider'>{control}{''.join(frames)}</div>"
        f"{_SCRIPT.read_text(encoding='utf-8')}"
    )


def _limits(factors):
    """The same axis for all noise levels, so that nothing but the factors moves."""
    return min(0.0, float(factors.min())) - 0.05, max(1.1, float(factors.max())) + 0.1


def _frame(arrays, j, sigma, limits):
    images = {"clean": arrays["clean"]} if "clean" in arrays else {}
    images |= {"noisy": arrays["noisy"][j], "denoised": arrays["denoised"][j]}
    tiles = [_tile(_photograph(image), title) for title, image in images.items()]
    factors, vectors = arrays["factors"][j], arrays["vectors"][j]
    tiles += [
        _tile(_diverging(vector), f"factor {factor:.2f}")
        for factor, vector in zip(factors[:_VECTORS], vectors[:_VECTORS], strict=True)
    ]
    picture = embed(_factor_picture(factors, limits), f"Shrinkage factors at noise level {sigma:g}")
    return (
        f"<figure class='frame' data-sigma='{sigma:g}'><figcaption>&sigma; = {sigma:g}"
        f"</figcaption><div class='tiles'>{''.join(tiles)}</div>{picture}</figure>"
    )


def _tile(pixels, title):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f"<div class='tile'><img alt='{title}' src='data:image/png;base64,{data}'>"
        f"<span>{title}</span></div>"
    )


def _photograph(image):
    """An image as 8-bit pixels, in colour if it has three channels."""
    step = -(-max(image.shape[-2:]) // _LARGEST)
    image = image[..., ::step, ::step]
    pixels = np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1) if len(pixels) == 3 else pixels[0]
    return pixels


def _diverging(vector):
    """A vector in red and blue; a constant one is pale, since no part of it stands out."""
    from matplotlib import colormaps

    vector = vector.mean(axis=0) if vector.ndim == 3 else vector
    limit = max(np.abs(vector).max(), 3 * np.sqrt(np.square(vector).mean())) or 1.0
    step = -(-max(vector.shape) // _LARGEST)
    colours = colormaps["RdBu_r"](0.5 + 0.5 * vector[::step, ::step] / limit)
    return np.rint(255 * colours[..., :3]).astype(np.uint8)


def _factor_picture(factors, limits):
    figure = canvas(5.2, 2.6)
    ax = figure.subplots()
    k = np.arange(1, len(factors) + 1)
    ax.bar(k, np.sort(factors)[::-1], color=COLOURS[0], width=0.8)
    ax.axhline(1, color="0.5", linewidth=1)
    ax.set(xlabel="leading patterns, by factor", ylabel="shrinkage factor", ylim=limits)
    beside = ax.get_yaxis_transform()
    ax.text(1.01, 1, "above:\nenhanced", transform=beside, va="bottom", fontsize=8)
    return to_png(figure)
