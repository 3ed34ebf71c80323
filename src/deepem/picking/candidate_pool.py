"""The candidates of many micrographs side by side: what a threshold keeps of all, in an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.picking.selection import REASONS

#: Why a candidate is left out whatever the threshold and the range of deviations are.
IN_NO_WAY, IN_JUNK, AT_EDGE = 0, 1, 2
_COLUMNS = {
    "x_px": np.float32,
    "y_px": np.float32,
    "score": np.float64,
    "std": np.float32,
    "fails": np.uint8,
}


@dataclass(frozen=True, eq=False)
class PooledCandidates:
    """The candidates of one micrograph.

    Parameters
    ----------
    name
        Name of the micrograph.
    x_px, y_px
        Centres in unbinned pixels, float32, shape ``(n,)``: exact to a thousandth of a pixel.
    score
        Scores, float64, as in the file: a threshold means the same here and there.
    std
        Standard deviations of the boxes in units of the micrograph's, float32, as the scan
        computes them; NaN where not known.
    fails
        `IN_NO_WAY`, `IN_JUNK` or `AT_EDGE`, uint8; of both reasons the first.
    shape
        Of the micrograph, ``(ny, nx)``; None where not known.
    diameter_px, box_size_px
        Diameter of the particle and side of the box in unbinned pixels; None where not known.
    """

    name: str
    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    score: NDArray[np.float64]
    std: NDArray[np.float32]
    fails: NDArray[np.uint8]
    shape: tuple[int, int] | None = None
    diameter_px: float | None = None
    box_size_px: int | None = None

    @classmethod
    def of(
        cls,
        picks: Picks,
        *,
        diameter_px: float | None,
        edge_margin_px: float,
        name: str | None = None,
    ) -> PooledCandidates:
        """Candidates of one micrograph, by another name if given; a margin needs their frame."""
        fails = find_fails(picks, edge_margin_px=edge_margin_px)
        columns = {key: getattr(picks, key) for key in _COLUMNS if key != "fails"}
        return cls(
            picks.micrograph if name is None else name,
            **{key: column.astype(_COLUMNS[key]) for key, column in columns.items()},
            fails=fails,
            shape=None if picks.frame is None else picks.frame.shape,
            diameter_px=diameter_px,
            box_size_px=picks.box_size_px,
        )

    def __len__(self) -> int:
        return self.score.size


def find_fails(picks: Picks, *, edge_margin_px: float) -> NDArray[np.uint8]:
    """Why each candidate is left out whatever its score: see `PooledCandidates`, shape ``(n,)``."""
    fails = np.where(picks.junk, IN_JUNK, IN_NO_WAY).astype(np.uint8)
    if edge_margin_px > 0:
        fails[~picks.junk & (picks.edge_distance_px() < edge_margin_px)] = AT_EDGE
    return fails


@dataclass(frozen=True)
class PoolCounts:
    """How many candidates a selection keeps.

    Parameters
    ----------
    n_candidates
        All of them, whatever their score.
    n_kept
        Those that are kept.
    rejected
        Those that reach the threshold and are left out, by reason, of `deepem.picking.REASONS`,
        zeros included.
    """

    n_candidates: int
    n_kept: int
    rejected: Mapping[str, int]


class CandidatePool:
    """The candidates of many micrographs, one column for all; never changed once it is made.

    It keeps what `deepem.picking.judge` keeps, for the same reasons, with the edge margin that
    each micrograph was pooled with: 21 bytes a candidate, and some milliseconds for a million.

    Parameters
    ----------
    members
        Candidates of micrographs of different names, in any order.

    Attributes
    ----------
    names
        Names of the micrographs, sorted.
    start
        Where the candidates of each begin, int64, shape ``(n_micrographs + 1,)``; the last is
        the number of all.
    x_px, y_px, score, std, fails
        Columns of all candidates, as in `PooledCandidates`.
    """

    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    score: NDArray[np.float64]
    std: NDArray[np.float32]
    fails: NDArray[np.uint8]

    def __init__(self, members: Iterable[PooledCandidates] = ()) -> None:
        ordered = sorted(members, key=lambda member: member.name)
        self.names = tuple(member.name for member in ordered)
        self.start = np.cumsum([0, *map(len, ordered)], dtype=np.int64)
        for name, kind in _COLUMNS.items():
            parts = [getattr(member, name) for member in ordered]
            column = np.concatenate(parts) if parts else np.zeros(0, dtype=kind)
            column.flags.writeable = False
            setattr(self, name, column)
        # Views of the columns, so that nothing is kept twice.
        self._members = {
            member.name: PooledCandidates(
                member.name,
                **{name: getattr(self, name)[first:last] for name in _COLUMNS},
                shape=member.shape,
                diameter_px=member.diameter_px,
                box_size_px=member.box_size_px,
            )
            for member, first, last in zip(ordered, self.start[:-1], self.start[1:], strict=True)
        }

    def __len__(self) -> int:
        return self.score.size

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def of(self, name: str) -> PooledCandidates:
        """The candidates of one micrograph; KeyError where there is none of this name."""
        return self._members[name]

    def places_of(self, name: str) -> slice:
        """Where the candidates of a micrograph lie in the columns; KeyError as `of`."""
        place = self._place[name]
        return slice(int(self.start[place]), int(self.start[place + 1]))

    def name_at(self, index: NDArray[np.int64]) -> list[str]:
        """Names of the micrographs of some candidates, by their index in the columns."""
        return [self.names[place] for place in np.searchsorted(self.start, index, "right") - 1]

    def replaced(
        self, new: Iterable[PooledCandidates], *, without: Iterable[str] = ()
    ) -> CandidatePool:
        """Another pool with some micrographs new or in place of the old, and some left out."""
        gone = set(without)
        members = {name: kept for name, kept in self._members.items() if name not in gone}
        members |= {member.name: member for member in new}
        return CandidatePool(members.values())

    def are_usable(self, std_range: tuple[float, float] | None) -> NDArray[np.bool_]:
        """Which candidates only a threshold would leave out, shape ``(n,)``.

        Parameters
        ----------
        std_range
            Lowest and highest standard deviation, both included; None for any.
        """
        usable: NDArray[np.bool_] = self.fails == IN_NO_WAY
        return usable if std_range is None else usable & self._are_within(std_range)

    def are_kept(
        self, threshold: float, std_range: tuple[float, float] | None
    ) -> NDArray[np.bool_]:
        """Which candidates a selection keeps, shape ``(n,)``."""
        return np.asarray(self.are_usable(std_range) & (self.score >= threshold))

    def count(self, threshold: float, std_range: tuple[float, float] | None) -> PoolCounts:
        """How many candidates a selection keeps and leaves out.

        Parameters
        ----------
        threshold
            Lowest score, any number; candidates without a score are below it.
        std_range
            As in `are_usable`. A candidate without a deviation is outside of every range.
        """
        reached = self.score >= threshold
        fails = self.fails[reached]
        in_junk, at_edge = fails == IN_JUNK, fails == AT_EDGE
        outside = np.zeros_like(in_junk)
        if std_range is not None:
            outside = ~self._are_within(std_range)[reached] & ~in_junk
        n_each = [int(those.sum()) for those in (in_junk, outside, at_edge & ~outside)]
        return PoolCounts(
            n_candidates=len(self),
            n_kept=fails.size - sum(n_each),
            rejected=dict(zip(REASONS, n_each, strict=True)),
        )

    def count_each(
        self, threshold: float, std_range: tuple[float, float] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """How many candidates a selection keeps of each micrograph, and their mean scores.

        Returns
        -------
        n_kept, mean_score
            In the order of `names`, shape ``(n_micrographs,)``; the mean is NaN without any.
        """
        kept = self.are_kept(threshold, std_range)
        n_kept = self._sum_each(kept.astype(np.int64))
        total = self._sum_each(np.where(kept, self.score, 0.0))
        mean = np.full(n_kept.size, np.nan)
        np.divide(total, n_kept, out=mean, where=n_kept > 0)
        return n_kept, mean

    def _sum_each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum over the candidates of each micrograph."""
        sums = np.zeros(len(self.names), dtype=values.dtype)
        has_any = np.diff(self.start) > 0
        if has_any.any():
            sums[has_any] = np.add.reduceat(values, self.start[:-1][has_any])
        return sums

    def _are_within(self, std_range: tuple[float, float]) -> NDArray[np.bool_]:
        low, high = std_range
        # The nearest single numbers inside the range: rounded ones could lie outside.
        with np.errstate(over="ignore"):
            first, last = np.float32(low), np.float32(high)
        if float(first) < low:
            first = np.nextafter(first, np.float32(np.inf))
        if float(last) > high:
            last = np.nextafter(last, np.float32(-np.inf))
        return np.asarray((first <= self.std) & (self.std <= last))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}
