"""A small, smooth copy of a micrograph for people to look at."""

from __future__ import annotations

from deepem.core import Frame, Micrograph
from deepem.preprocessing.normalise import clip_outliers, standardise
from deepem.preprocessing.prepare import PreparedImage
from deepem.preprocessing.resample import fourier_crop


def make_preview(micrograph: Micrograph, *, longest_side: int = 800) -> PreparedImage:
    """Bin a micrograph until its longer side has at most about ``longest_side`` pixels.

    Returns
    -------
    preview
        Image and frame, without the mirrored margin that `prepare` adds.

    Raises
    ------
    deepem.errors.MicrographError
        The micrograph is constant or not finite.
    """
    factor = max(1.0, max(micrograph.shape) / longest_side)
    clipped = clip_outliers(micrograph.pixels(), label=micrograph.label)
    small, step_px = fourier_crop(clipped, factor)
    frame = Frame(
        shape=small.shape,
        pixel_size_angstrom=micrograph.pixel_size_angstrom,
        origin_px=((step_px[0] - 1) / 2, (step_px[1] - 1) / 2),
        step_px=step_px,
    )
    return PreparedImage(pixels=standardise(small), frame=frame)
