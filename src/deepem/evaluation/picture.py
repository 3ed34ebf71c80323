"""A micrograph made ready to be shown in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from deepem.core import Frame, Micrograph
from deepem.preprocessing import make_preview


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A micrograph to be shown with its picks.

    Parameters
    ----------
    micrograph
        Name of a micrograph of the evaluation.
    pixels
        Picture ``(ny, nx)``, low-passed and binned so that particles show.
    frame
        Where the samples of `pixels` lie on the micrograph.
    """

    micrograph: str
    pixels: NDArray[Any]
    frame: Frame


def take_picture(micrograph: Micrograph, *, longest_side: int = 320) -> Picture:
    """Bin a micrograph to at most about ``longest_side`` pixels, which also smooths the noise.

    Raises
    ------
    deepem.errors.MicrographError
        The micrograph is constant or not finite.
    """
    preview = make_preview(micrograph, longest_side=longest_side)
    return Picture(micrograph=micrograph.name, pixels=preview.pixels, frame=preview.frame)
