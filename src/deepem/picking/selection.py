"""Which candidates are particles: threshold, standard deviation range, edge margin."""

from __future__ import annotations

from dataclasses import dataclass

from deepem.core import Picks
from deepem.errors import ConfigError


@dataclass(frozen=True)
class Selection:
    """What a candidate must fulfil to be kept. Moving these needs no new scan.

    Parameters
    ----------
    threshold
        Lowest score, in [0, 1].
    std_range
        Lowest and highest standard deviation of the box, in units of the micrograph's; None for
        any. Carbon, ice and contaminants lie outside the range of particles.
    edge_margin_px
        Least distance between a centre and the edge of the micrograph in unbinned pixels.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    """

    threshold: float = 0.0
    std_range: tuple[float, float] | None = None
    edge_margin_px: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.threshold <= 1:
            raise ConfigError("threshold", f"must be between 0 and 1, got {self.threshold:g}")
        if self.std_range is not None and not 0 <= self.std_range[0] < self.std_range[1]:
            low, high = self.std_range
            raise ConfigError("std range", f"must be two rising numbers, got {low:g} and {high:g}")
        if not self.edge_margin_px >= 0:
            raise ConfigError("edge margin", f"must not be negative, got {self.edge_margin_px:g}")


def select(candidates: Picks, selection: Selection) -> Picks:
    """Keep the candidates that fulfil a selection, in their order.

    Parameters
    ----------
    candidates
        Output of `deepem.Picker.scan`: with scores, standard deviations and frame.
    selection
        What they must fulfil.

    Returns
    -------
    picks
    """
    keep = candidates.score >= selection.threshold
    if selection.std_range is not None:
        low, high = selection.std_range
        keep &= (low <= candidates.std) & (candidates.std <= high)
    if selection.edge_margin_px > 0:
        keep &= candidates.edge_distance_px() >= selection.edge_margin_px
    return candidates.take(keep)
