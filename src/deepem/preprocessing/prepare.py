"""From a micrograph to the image that networks see: one road for training and for picking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame, Micrograph
from deepem.errors import MicrographError
from deepem.preprocessing.normalise import find_grey_limits, standardise
from deepem.preprocessing.resample import fourier_crop


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A micrograph at the model's scale.

    Parameters
    ----------
    pixels
        Image ``(ny, nx)``, float32, mean 0 and standard deviation 1, continued beyond the edges
        of the micrograph by its mirror image.
    frame
        Frame of ``pixels``.
    """

    pixels: NDArray[np.float32]
    frame: Frame


def prepare(
    micrograph: Micrograph, *, factor: float, box_size: int, workers: int = 1
) -> PreparedImage:
    """Clip outliers, Fourier-crop to the model's scale, normalise, and continue beyond the edges.

    Parameters
    ----------
    micrograph
        The micrograph.
    factor
        Binning: size of a pixel of the model in pixels of the micrograph.
    box_size
        Side of the model's box in its own pixels. Half a box is added at every edge, so that
        particles can be scored up to the edge.
    workers
        Number of threads.

    Returns
    -------
    prepared

    Raises
    ------
    deepem.errors.MicrographError
        The micrograph is constant, is not finite, or is smaller than the box.
    """
    ny, nx = micrograph.shape
    if min(ny, nx) < box_size * factor:
        raise MicrographError(
            f"{micrograph.label}: {nx} x {ny} px is smaller than the box of "
            f"{box_size * factor:.0f} px. Use a smaller particle diameter or box, or check the "
            "pixel size."
        )
    stored = micrograph.pixels()
    limits = find_grey_limits(stored, label=micrograph.label)
    small, step_px = fourier_crop(stored, factor, limits=limits, workers=workers)
    margin = box_size // 2
    pixels = np.pad(standardise(small), margin, mode="symmetric")
    frame = Frame(
        shape=pixels.shape,
        pixel_size_angstrom=micrograph.pixel_size_angstrom,
        origin_px=(
            (step_px[0] - 1) / 2 - margin * step_px[0],
            (step_px[1] - 1) / 2 - margin * step_px[1],
        ),
        step_px=step_px,
    )
    return PreparedImage(pixels=pixels, frame=frame)
