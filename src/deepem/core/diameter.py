"""The one size a user has to know: the diameter of the particle, in pixels."""

from __future__ import annotations

from collections.abc import Sequence

from deepem.core.picks import Picks
from deepem.errors import ConfigError

#: Side of a comfortable box over the particle diameter: the paper's KLH box is 1.5 diameters.
BOX_OVER_DIAMETER = 1.5


def choose_box_size_px(diameter_px: float) -> int:
    """Side of a comfortable box in unbinned pixels: an even number, about 1.5 diameters."""
    return 2 * max(1, round(BOX_OVER_DIAMETER * diameter_px / 2))


def find_diameter_px(
    picks: Sequence[Picks],
    *,
    diameter_px: float | None = None,
    diameter_angstrom: float | None = None,
    pixel_size_angstrom: float | None = None,
) -> float:
    """Diameter of the particle in unbinned pixels, from what is known of it.

    Parameters
    ----------
    picks
        Coordinates; two thirds of their box is the diameter where none is given.
    diameter_px, diameter_angstrom
        The diameter, in one unit.
    pixel_size_angstrom
        Size of an unbinned pixel in Å.

    Raises
    ------
    deepem.errors.ConfigError
        The diameter is given twice, is not positive, needs a pixel size that is not known, or
        cannot be told from the boxes.
    """
    if diameter_px is not None and diameter_angstrom is not None:
        raise ConfigError("diameter", "give it in pixels or in Å, not in both")
    if diameter_angstrom is not None:
        if pixel_size_angstrom is None:
            raise ConfigError(
                "diameter",
                f"{diameter_angstrom:g} Å needs a pixel size, and the micrographs have none in "
                "their headers. Say it with --pixel-size (pixel_size_angstrom=), or give the "
                "diameter in pixels with --diameter-px (diameter_px=).",
            )
        diameter_px = diameter_angstrom / pixel_size_angstrom
    if diameter_px is None:
        diameter_px = _box_size_px(picks) / BOX_OVER_DIAMETER
    if not diameter_px > 0:
        raise ConfigError("diameter", f"must be positive, got {diameter_px:g} px")
    return diameter_px


def _box_size_px(picks: Sequence[Picks]) -> int:
    boxes = {p.box_size_px for p in picks if p.box_size_px is not None and len(p)}
    cure = (
        "Give the particle diameter with --diameter (Å) or --diameter-px "
        "(diameter_angstrom=, diameter_px=)."
    )
    if not boxes:
        raise ConfigError("diameter", f"the coordinates have no box size to tell it from. {cure}")
    if len(boxes) > 1:
        sizes = ", ".join(map(str, sorted(boxes)))
        raise ConfigError(
            "diameter", f"the coordinate files have different box sizes ({sizes} px). {cure}"
        )
    return boxes.pop()
