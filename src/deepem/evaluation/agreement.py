"""How far two sets of picks agree, when neither of them is the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.evaluation.matching import find_pairs, match_picks


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two sets of picks of one micrograph, matched one to one.

    Parameters
    ----------
    micrograph
        Name of the micrograph.
    is_shared_a, is_shared_b
        Whether each pick of the first and of the second set is matched, shapes ``(n_a,)`` and
        ``(n_b,)``.
    distance_px
        Distances of the pairs in unbinned pixels, shape ``(n_both,)``, in no order.
    """

    micrograph: str
    is_shared_a: NDArray[np.bool_]
    is_shared_b: NDArray[np.bool_]
    distance_px: NDArray[np.float64]

    @property
    def n_a(self) -> int:
        """Number of picks in the first set."""
        return self.is_shared_a.size

    @property
    def n_b(self) -> int:
        """Number of picks in the second set."""
        return self.is_shared_b.size

    @property
    def n_both(self) -> int:
        """Number of pairs: picks that both sets have."""
        return self.distance_px.size


@dataclass(frozen=True)
class AgreementFigures:
    """The agreement of two sets of picks, in figures that do not change when they swap places.

    Parameters
    ----------
    n_a, n_b
        Number of picks in the first and the second set.
    n_both
        Number of pairs.
    median_distance_px
        Median distance of the pairs in unbinned pixels; NaN where there is none.
    """

    n_a: int
    n_b: int
    n_both: int
    median_distance_px: float

    @property
    def jaccard(self) -> float:
        """Share of all particles in either set that are in both; NaN where both are empty."""
        n_either = self.n_a + self.n_b - self.n_both
        return self.n_both / n_either if n_either else float("nan")

    @property
    def f1(self) -> float:
        """F1, which is the same whichever set is taken for the truth; NaN where both are empty."""
        n_all = self.n_a + self.n_b
        return 2 * self.n_both / n_all if n_all else float("nan")


def find_agreement(a: Picks, b: Picks, *, max_distance_px: float) -> Agreement:
    """Match two sets of picks of one micrograph, neither being the truth.

    Parameters
    ----------
    a, b
        The two sets; their scores do not count.
    max_distance_px
        Largest distance of two picks that are the same particle, in unbinned pixels, above 0,
        inclusive. Half the particle's diameter is customary.

    Returns
    -------
    Agreement
        With as many pairs as any one-to-one matching could have, and of all such matchings one
        with the least total distance.

    Raises
    ------
    deepem.errors.ConfigError
        The distance is out of range.
    deepem.errors.ConventionError
        The positions are of different micrographs, or of micrographs of different shapes, or
        not finite.

    Examples
    --------
    >>> a = Picks("m", x_px=[10, 50], y_px=[10, 50])
    >>> b = Picks("m", x_px=[13, 90, 95], y_px=[14, 90, 20])
    >>> find_agreement(a, b, max_distance_px=10).n_both
    1
    """
    # Most pairs are alone, and need no choice; what is left is small, and soon matched.
    alone = _find_lonely_pairs(a, b, max_distance_px)
    is_shared_a = np.zeros(len(a), dtype=np.bool_)
    is_shared_b = np.zeros(len(b), dtype=np.bool_)
    is_shared_a[alone["i"]] = True
    is_shared_b[alone["j"]] = True
    rest_a, rest_b = np.flatnonzero(~is_shared_a), np.flatnonzero(~is_shared_b)
    unscored = a.take(rest_a).with_score(np.full(rest_a.size, np.nan))
    matching = match_picks(unscored, b.take(rest_b), max_distance_px=max_distance_px)
    is_found = matching.is_true_positive
    is_shared_a[rest_a[is_found]] = True
    is_shared_b[rest_b[matching.truth_index[is_found]]] = True
    distance_px = np.concatenate([alone["v"], matching.distance_px[is_found]])
    return Agreement(b.micrograph, is_shared_a, is_shared_b, distance_px)


def _find_lonely_pairs(a: Picks, b: Picks, max_distance_px: float) -> NDArray[Any]:
    """Pairs of which neither has another that is near enough."""
    xy_a, xy_b = (np.column_stack([one.x_px, one.y_px]) for one in (a, b))
    if not (max_distance_px > 0 and np.isfinite(xy_a).all() and np.isfinite(xy_b).all()):
        return np.empty(0, dtype=[("i", int), ("j", int), ("v", float)])  # which is refused later
    pairs = find_pairs(xy_a, xy_b, max_distance_px)
    n_of_a = np.bincount(pairs["i"], minlength=len(a))
    n_of_b = np.bincount(pairs["j"], minlength=len(b))
    lonely: NDArray[Any] = pairs[(n_of_a[pairs["i"]] == 1) & (n_of_b[pairs["j"]] == 1)]
    return lonely


def sum_up_agreement(agreements: Iterable[Agreement]) -> AgreementFigures:
    """The figures of many micrographs together, each pick counting alike."""
    parts = list(agreements)
    distance_px = np.concatenate([part.distance_px for part in parts] or [np.empty(0)])
    return AgreementFigures(
        n_a=sum(part.n_a for part in parts),
        n_b=sum(part.n_b for part in parts),
        n_both=distance_px.size,
        median_distance_px=float(np.median(distance_px)) if distance_px.size else float("nan"),
    )
