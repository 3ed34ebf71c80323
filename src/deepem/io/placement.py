"""Put picks on their micrograph, and notice when they belong to another image."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError

# Motion corrections may trim a few rows.
_SAME_SIZE = 0.01

_logger = logging.getLogger("deepem.io")


def place_picks(picks: Picks, micrograph: Micrograph) -> Picks:
    """Give picks the frame of their micrograph.

    Parameters
    ----------
    picks
        Centres in unbinned pixels.
    micrograph
        The micrograph they were picked on.

    Returns
    -------
    Picks
        With the micrograph's name, frame and listing. A few centres outside the image are
        dropped, with a warning in the log.

    Raises
    ------
    ConventionError
        The coordinates know that they are for images of another size, more than half of the
        centres are outside the image, or the box is larger than it.
    """
    ny, nx = micrograph.shape
    _check_size(picks, micrograph)
    size_px = picks.box_size_px
    if size_px is not None and size_px > min(ny, nx):
        raise ConventionError(
            f"{micrograph.label}: a box of {size_px} px does not fit in the micrograph of "
            f"{nx} x {ny} px; give the box size and the coordinates in its own, unbinned pixels"
        )
    is_inside = _find_inside(picks.x_px, picks.y_px, micrograph.shape)
    n_outside = len(picks) - int(is_inside.sum())
    if n_outside > len(picks) / 2:
        raise ConventionError(_describe_misfit(picks, micrograph, n_outside))
    if n_outside:
        _logger.warning(
            "%s: %d of %d picks are outside the image of %d x %d px and are dropped",
            micrograph.label,
            n_outside,
            len(picks),
            nx,
            ny,
        )
    return replace(
        picks.take(is_inside),
        micrograph=micrograph.name,
        frame=micrograph.frame,
        listing=micrograph.find_listing(picks.listing),
    )


def _check_size(picks: Picks, micrograph: Micrograph) -> None:
    """Refuse coordinates that say that they are for images of another size; all may fit inside."""
    if picks.frame is None:
        return
    factors = [
        here / there for here, there in zip(micrograph.shape, picks.frame.shape, strict=True)
    ]
    if all(abs(factor - 1) < _SAME_SIZE for factor in factors):
        return
    (ny, nx), (ny_there, nx_there) = micrograph.shape, picks.frame.shape
    text = (
        f"{micrograph.label}: is {nx} x {ny} px, but its coordinates are for an image of "
        f"{nx_there} x {ny_there} px; use the micrographs they were picked on"
    )
    if abs(factors[0] - factors[1]) < _SAME_SIZE * factors[0]:
        text += f", or bring them to these with deepem convert --binned-by {factors[0]:.4g}"
    raise ConventionError(text)


def _find_inside(
    x_px: NDArray[np.float64], y_px: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    # Pixel centres are at integers, so the image reaches half a pixel further.
    ny, nx = shape
    is_inside: NDArray[np.bool_] = (
        (x_px >= -0.5) & (x_px <= nx - 0.5) & (y_px >= -0.5) & (y_px <= ny - 0.5)
    )
    return is_inside


def _describe_misfit(picks: Picks, micrograph: Micrograph, n_outside: int) -> str:
    ny, nx = micrograph.shape
    x_max, y_max = float(picks.x_px.max()), float(picks.y_px.max())
    text = (
        f"{micrograph.label}: {n_outside} of {len(picks)} coordinates are outside the image: the "
        f"micrograph is {nx} x {ny} px, coordinates reach {x_max:.0f}, {y_max:.0f}. "
    )
    if _find_inside(picks.y_px, picks.x_px, micrograph.shape).all():
        return text + "They would fit with swapped axes: deepem convert --swap-xy exchanges x and y"
    factor = max(x_max / nx, y_max / ny)
    if factor > 1:
        return text + (
            f"These coordinates are for a larger image or another binning (about {factor:.1f} "
            "times): use the micrographs they were picked on, or bring them to these with deepem "
            f"convert --binned-by {1 / factor:.3g}, as deepem check says it"
        )
    return text + "Use the micrographs they were picked on, and coordinates in pixels"
