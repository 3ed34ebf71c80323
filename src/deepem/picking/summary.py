"""What came of a run over many micrographs, and which of them stand out from the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Listing
from deepem.picking.picked_file import PickedFile
from deepem.picking.selection import REASONS

# Fewer micrographs do not tell what is usual.
FEWEST_TO_COMPARE = 10
# Distance from the median in robust standard deviations: 1 of 2,000 normal values lies farther out
# (Iglewicz, Hoaglin, How to Detect and Handle Outliers, 1993).
Z_LIMIT = 3.5
# A robust standard deviation is 1.4826 times the median absolute deviation.
_MAD_TO_DEVIATION = 1.4826
# The least deviations that count, so that a run of equal micrographs does not make outliers of the
# slightest differences. Of numbers of picks it is that of pure chance, their square root.
_LEAST_SCORE_DEVIATION = 0.01
_LEAST_JUNK_DEVIATION = 0.02

OUTLIER_REASONS = ("few picks", "many picks", "low mean score", "much junk")


@dataclass(frozen=True)
class MicrographRow:
    """What came of one micrograph.

    Parameters
    ----------
    name
        Name of the micrograph.
    listing
        How programs list it; None where not known.
    n_picks
        Number of picks, from 0.
    mean_score
        Mean of their scores, in [0, 1]; NaN without picks.
    left_out
        Number of candidates that reached the threshold and were left out, by reason, of
        `deepem.picking.REASONS`; those that are 0 may be missing.
    error
        Why it failed; None where it did not.
    """

    name: str
    listing: Listing | None = None
    n_picks: int = 0
    mean_score: float = math.nan
    left_out: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def of(cls, picked: PickedFile) -> MicrographRow:
        """The row of a micrograph that was picked, or failed."""
        file, picks = picked.file, picked.picks
        return cls(
            name=file.name,
            listing=file.find_listing(),
            n_picks=0 if picks is None else len(picks),
            mean_score=float(picks.score.mean()) if picks else math.nan,
            left_out={} if picked.verdict is None else picked.verdict.count_reasons(),
            error=None if picked.error is None else str(picked.error),
        )

    @property
    def has_failed(self) -> bool:
        """Whether it failed."""
        return self.error is not None

    @property
    def listed_path(self) -> str:
        """How programs list it, or its name where that is not known."""
        return self.name if self.listing is None else self.listing.path

    @property
    def junk_fraction(self) -> float:
        """Fraction of what reached the threshold that lies in junk; NaN if nothing did."""
        n_good = self.n_picks + sum(self.left_out.values())
        return self.left_out.get("junk", 0) / n_good if n_good else math.nan


@dataclass(frozen=True)
class UsualRange:
    """What is usual in a run: values outside are those of outliers.

    Parameters
    ----------
    middle
        The median; NaN where nothing is known.
    low, high
        Ends of the range, which belong to it.
    """

    middle: float = math.nan
    low: float = -math.inf
    high: float = math.inf

    @classmethod
    def of(cls, values: NDArray[Any], *, least_deviation: float | None = None) -> UsualRange:
        """The median and `Z_LIMIT` robust deviations around it; everything, if too few are known.

        Parameters
        ----------
        values
            Shape ``(n,)``; NaN are not counted.
        least_deviation
            The deviation is not taken to be less; None for the square root of the median.
        """
        known = values[np.isfinite(values)]
        if not known.size:
            return cls()
        middle = float(np.median(known))
        if known.size < FEWEST_TO_COMPARE:
            return cls(middle)
        least = math.sqrt(max(middle, 1)) if least_deviation is None else least_deviation
        deviation = max(_MAD_TO_DEVIATION * float(np.median(np.abs(known - middle))), least)
        return cls(middle, middle - Z_LIMIT * deviation, middle + Z_LIMIT * deviation)


@dataclass(frozen=True)
class RunSummary:
    """What came of a run.

    Parameters
    ----------
    rows
        The micrographs in their order.
    """

    rows: Sequence[MicrographRow]

    @cached_property
    def picked(self) -> list[MicrographRow]:
        """The micrographs that did not fail."""
        return [row for row in self.rows if not row.has_failed]

    @cached_property
    def failed(self) -> list[MicrographRow]:
        """The micrographs that failed."""
        return [row for row in self.rows if row.has_failed]

    @property
    def n_picks(self) -> int:
        """Number of picks on all micrographs."""
        return sum(row.n_picks for row in self.rows)

    @property
    def mean_score(self) -> float:
        """Mean score of all picks; NaN without any."""
        total = math.fsum(row.n_picks * row.mean_score for row in self.rows if row.n_picks)
        return total / self.n_picks if self.n_picks else math.nan

    @cached_property
    def left_out(self) -> dict[str, int]:
        """Number of candidates left out on all micrographs, by reason, without zeros."""
        total: Counter[str] = Counter()
        for row in self.rows:
            total.update(row.left_out)
        return {reason: total[reason] for reason in REASONS if total[reason]}

    @cached_property
    def usual_picks(self) -> UsualRange:
        """Numbers of picks that are usual."""
        return UsualRange.of(np.array([row.n_picks for row in self.picked], dtype=np.float64))

    @cached_property
    def usual_score(self) -> UsualRange:
        """Mean scores that are usual."""
        scores = np.array([row.mean_score for row in self.picked])
        return UsualRange.of(scores, least_deviation=_LEAST_SCORE_DEVIATION)

    @cached_property
    def usual_junk(self) -> UsualRange:
        """Fractions of junk that are usual; see `MicrographRow.junk_fraction`."""
        fractions = np.array([row.junk_fraction for row in self.picked])
        return UsualRange.of(fractions, least_deviation=_LEAST_JUNK_DEVIATION)

    @cached_property
    def outliers(self) -> list[tuple[MicrographRow, tuple[str, ...]]]:
        """The micrographs that stand out, in their order, with the reasons."""
        judged = ((row, self.judge(row)) for row in self.picked)
        return [(row, reasons) for row, reasons in judged if reasons]

    def judge(self, row: MicrographRow) -> tuple[str, ...]:
        """In what a micrograph stands out: some of `OUTLIER_REASONS`; nothing if it failed."""
        if row.has_failed:
            return ()
        stands_out = (
            row.n_picks < self.usual_picks.low,
            row.n_picks > self.usual_picks.high,
            row.mean_score < self.usual_score.low,
            row.junk_fraction > self.usual_junk.high,
        )
        return tuple(
            reason for reason, is_so in zip(OUTLIER_REASONS, stands_out, strict=True) if is_so
        )
