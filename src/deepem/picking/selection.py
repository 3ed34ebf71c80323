"""Which candidates are particles, and why the others are not: score, junk, deviation, edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError

# Why a candidate that reaches the threshold is left out; of several reasons the first is given.
REASONS = ("junk", "standard deviation", "edge")
# Half a diameter for the particle to be whole, less what picks are off their particle.
EDGE_MARGIN_OVER_DIAMETER = 0.4


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
    allow_junk
        Keep candidates that lie in junk too.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    """

    threshold: float = 0.0
    std_range: tuple[float, float] | None = None
    edge_margin_px: float = 0.0
    allow_junk: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.threshold <= 1:
            raise ConfigError("threshold", f"must be between 0 and 1, got {self.threshold:g}")
        if self.std_range is not None and not 0 <= self.std_range[0] < self.std_range[1]:
            low, high = self.std_range
            raise ConfigError("std range", f"must be two rising numbers, got {low:g} and {high:g}")
        if not self.edge_margin_px >= 0:
            raise ConfigError("edge margin", f"must not be negative, got {self.edge_margin_px:g}")


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of the candidates of one micrograph.

    Parameters
    ----------
    kept
        The picks, in the order of the candidates.
    rejected
        Candidates that reach the threshold and fail in another way, in their order. Those below
        the threshold are nobody's particle, and in neither.
    reasons
        Why each of ``rejected`` was left out, one of `REASONS`, shape ``(n,)``.
    """

    kept: Picks
    rejected: Picks
    reasons: NDArray[np.str_]

    def count_reasons(self) -> dict[str, int]:
        """How many were left out for each of `REASONS`, in that order, without zeros."""
        counts = {reason: int((self.reasons == reason).sum()) for reason in REASONS}
        return {reason: n for reason, n in counts.items() if n}


def judge(candidates: Picks, selection: Selection) -> Verdict:
    """Tell the candidates that fulfil a selection from those that do not, and say why not.

    Parameters
    ----------
    candidates
        Output of `deepem.Picker.scan`: with scores, standard deviations, junk and frame.
    selection
        What they must fulfil.

    Returns
    -------
    verdict
        A candidate that fails in several ways has the first reason in `REASONS`. One without a
        score is below every threshold; one without a standard deviation is outside every range.
    """
    good = candidates.take(candidates.score >= selection.threshold)
    fails = {reason: np.zeros(len(good), dtype=bool) for reason in REASONS}
    if not selection.allow_junk:
        fails["junk"] = good.junk
    if selection.std_range is not None:
        low, high = selection.std_range
        fails["standard deviation"] = ~((low <= good.std) & (good.std <= high))
    if selection.edge_margin_px > 0:
        fails["edge"] = good.edge_distance_px() < selection.edge_margin_px
    reasons = np.select([fails[reason] for reason in REASONS], REASONS, default="")
    is_kept = reasons == ""
    return Verdict(good.take(is_kept), good.take(~is_kept), reasons[~is_kept])


def select(candidates: Picks, selection: Selection) -> Picks:
    """Keep the candidates that fulfil a selection, in their order.

    Parameters
    ----------
    candidates
        Output of `deepem.Picker.scan`: with scores, standard deviations, junk and frame.
    selection
        What they must fulfil.

    Returns
    -------
    picks
    """
    return judge(candidates, selection).kept
