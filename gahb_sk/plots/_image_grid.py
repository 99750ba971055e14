"""Images side by side: clean, noisy, and denoised by each denoiser."""

from typing import TYPE_CHECKING, Self

import numpy as np

from gahb_sk.metrics import psnr
from gahb_sk.plots._style import FigureDisplay

if TYPE_CHECKING:
    from gahb_sk.experiments import Comparison


class ImageGridDisplay(FigureDisplay):
    """Rows and columns of images with the PSNR of each below it.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n_rows, H, W) or (n_rows, C, H, W)
        The images of each column, top to bottom, by title.
    captions : dict of str to sequence of str, default=None
        A line below each image of a column.
    data_range : tuple of float, default=(0.0, 1.0)
        Intensities shown as black and white.

    Attributes
    ----------
    axes_, figure_ : ndarray of matplotlib Axes, and the Figure
        Where it was drawn last.
    """

    def __init__(
        self,
        columns: dict,
        *,
        captions: dict | None = None,
        data_range: tuple[float, float] = (0.0, 1.0),
    ):
        self.columns = columns
        self.captions = captions or {}
        self.data_range = data_range

    @classmethod
    def from_comparison(
        cls,
        comparison: "Comparison",
        sigma: float,
        *,
        data_range: tuple[float, float] = (0.0, 1.0),
    ) -> Self:
        """Show the examples that ``compare_denoisers`` kept at one noise level, with their PSNR.

        Raises
        ------
        ValueError
            If no examples were kept at that noise level.
        """
        if sigma not in comparison.examples:
            raise ValueError(
                f"sigma: expected a noise level with examples, {list(comparison.examples)}, got "
                f"{sigma!r}. Call compare_denoisers with n_examples=4."
            )
        images = comparison.examples[sigma]
        length = data_range[1] - data_range[0]
        captions = {
            name: [f"{v:.1f} dB" for v in psnr(images["clean"], shown, data_range=length)]
            for name, shown in images.items()
            if name != "clean"
        }
        return cls(images, captions=captions, data_range=data_range)

    def _size(self):
        n_rows = len(next(iter(self.columns.values())))
        return 1.75 * len(self.columns), 2.05 * n_rows

    def _draw(self, figure):
        n_rows = len(next(iter(self.columns.values())))
        axes = figure.subplots(n_rows, len(self.columns), squeeze=False)
        for j, (title, images) in enumerate(self.columns.items()):
            axes[0, j].set_title(_two_lines(title), fontsize=8)
            for i, image in enumerate(images):
                captions = self.captions.get(title)
                self._draw_image(axes[i, j], image, None if captions is None else captions[i])
        self.axes_ = axes

    def _draw_image(self, ax, image, caption):
        show_image(ax, image, self.data_range)
        if caption is not None:
            ax.set_xlabel(caption, fontsize=8)


def show_image(ax, image, data_range):
    """Draw an image without ticks, in colour if it has three channels; others are averaged."""
    image = np.asarray(image)
    low, high = data_range
    if image.ndim == 3 and image.shape[0] == 3:
        ax.imshow(np.clip((np.moveaxis(image, 0, -1) - low) / (high - low), 0, 1))
    else:
        image = image.mean(axis=0) if image.ndim == 3 else image
        ax.imshow(image, cmap="gray", vmin=low, vmax=high)
    ax.set(xticks=[], yticks=[])


def _two_lines(title, length=14):
    """Break a class name before the capital letter nearest to its middle, if it is long."""
    breaks = [i for i in range(1, len(title)) if title[i].isupper() and title[i - 1].islower()]
    if len(title) <= length or not breaks:
        return title
    middle = min(breaks, key=lambda i: abs(i - len(title) / 2))
    return f"{title[:middle]}\n{title[middle:]}"
