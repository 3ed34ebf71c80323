"""Which pick is which particle: one-to-one matching on one micrograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError


@dataclass(frozen=True, eq=False)
class Matching:
    """The picks of one micrograph, matched one to one with its particles.

    Parameters
    ----------
    picks, truth
        The ``n_picks`` picks and ``n_truth`` particles that were matched, in the order given.
    max_distance_px
        Largest distance at which a pick may be matched, in unbinned pixels.
    truth_index
        Index into `truth` of the required particle each pick found, shape ``(n_picks,)``; -1
        where it found none.
    distance_px
        Distance from each pick to the particle it found, shape ``(n_picks,)``, in unbinned
        pixels; NaN where it found none.
    is_counted
        Whether each pick counts as right or wrong, shape ``(n_picks,)``; False where it counts
        as neither (edge and ignored places).
    is_required
        Whether each particle has to be found, shape ``(n_truth,)``; False within the edge margin.
    """

    picks: Picks
    truth: Picks
    max_distance_px: float
    truth_index: NDArray[np.int64]
    distance_px: NDArray[np.float64]
    is_counted: NDArray[np.bool_]
    is_required: NDArray[np.bool_]

    @property
    def is_true_positive(self) -> NDArray[np.bool_]:
        """Which picks found a required particle, shape ``(n_picks,)``."""
        return self.truth_index >= 0

    @property
    def is_false_positive(self) -> NDArray[np.bool_]:
        """Which picks are wrong, shape ``(n_picks,)``."""
        return self.is_counted & ~self.is_true_positive

    @property
    def is_missed(self) -> NDArray[np.bool_]:
        """Which required particles no pick found, shape ``(n_truth,)``."""
        missed = self.is_required.copy()
        missed[self.truth_index[self.is_true_positive]] = False
        return missed


def match_picks(
    picks: Picks,
    truth: Picks,
    *,
    max_distance_px: float,
    edge_margin_px: float = 0.0,
    ignore: Picks | None = None,
) -> Matching:
    """Match picks with true particles, one to one, at most `max_distance_px` apart.

    The matching finds as many particles as any one-to-one matching could, not only for all the
    picks together but also for the picks above any score. Of all such matchings it is one with
    the least total distance. So whether a pick is right does not depend on the picks with lower
    scores, and the same flags serve every threshold.

    Parameters
    ----------
    picks
        Picks of one micrograph. Unknown scores (NaN) rank equal, below every known score.
    truth
        The particles of the same micrograph.
    max_distance_px
        Largest distance between the centres of a pick and its particle, in unbinned pixels,
        above 0, inclusive. Half the particle's diameter is customary.
    edge_margin_px
        Width of the border in which nothing has to be found, in unbinned pixels, from 0. The
        micrograph's frame, from `picks` or `truth`, is needed if it is above 0.
    ignore
        Places of the same micrograph, such as doubtful particles, where a pick is neither right
        nor wrong.

    Returns
    -------
    Matching
        What each pick and each particle came to.

    Raises
    ------
    deepem.errors.ConfigError
        A distance is out of range.
    deepem.errors.ConventionError
        The positions are of different micrographs, or of micrographs of different shapes, or
        not finite; or the margin needs a frame and there is none.

    Notes
    -----
    Particles nearer to the edge than `edge_margin_px` and the places in `ignore` are *optional*.
    Required particles are matched first. Then the picks without one are matched, best score
    first, with the optional ones at the same distance: a pick that takes one counts neither as
    right nor as wrong, and so does every pick without a particle that lies within the margin.
    Elsewhere a second pick at an optional place is wrong, as a second pick at a particle is.

    The sets of picks that can be matched together form a transversal matroid (Edmonds and
    Fulkerson, J. Res. NBS 69B:147, 1965), in which a greedy choice by score is the largest one
    at every score. The greedy choice is made here by one assignment problem, in which leaving
    out a pick costs more, the higher its score.

    Examples
    --------
    >>> picks = Picks("m", x_px=[10, 12, 90], y_px=[10, 10, 50], score=[0.9, 0.8, 0.7])
    >>> truth = Picks("m", x_px=[11, 60], y_px=[10, 60])
    >>> match_picks(picks, truth, max_distance_px=5).is_true_positive.tolist()
    [True, False, False]
    """
    _check_max_distance(max_distance_px)
    if not (np.isfinite(edge_margin_px) and edge_margin_px >= 0):
        raise ConfigError("edge_margin_px", f"must be 0 px or more, got {edge_margin_px}")
    ignore = Picks(truth.micrograph) if ignore is None else ignore
    frame = _common_frame(picks, truth, ignore)

    is_required = ~_is_in_margin(truth, frame, edge_margin_px)
    required = np.flatnonzero(is_required)
    optional_xy = np.concatenate([_xy(truth)[~is_required], _xy(ignore)])

    found, distance_px = _assign(_xy(picks), _xy(truth)[required], picks.score, max_distance_px)
    is_free = found < 0
    truth_index = np.full(len(picks), -1)
    truth_index[~is_free] = required[found[~is_free]]

    free = picks.take(is_free)
    taken, _ = _assign(_xy(free), optional_xy, free.score, max_distance_px)
    is_counted = np.ones(len(picks), dtype=np.bool_)
    is_counted[is_free] = (taken < 0) & ~_is_in_margin(free, frame, edge_margin_px)

    return Matching(
        picks=picks,
        truth=truth,
        max_distance_px=max_distance_px,
        truth_index=truth_index,
        distance_px=distance_px,
        is_counted=is_counted,
        is_required=is_required,
    )


def match_nearest(picks: Picks, truth: Picks, *, max_distance_px: float) -> Matching:
    """Match picks with true particles, one to one, the nearest pairs first.

    This is the rule of the published CryoPPP figures (see :func:`evaluate_cryoppp`). It does not
    look at scores. Where particles are crowded it can find fewer of them than
    :func:`match_picks`, which finds as many as can be found, but never fewer than half of those.

    Parameters
    ----------
    picks
        Picks of one micrograph.
    truth
        The particles of the same micrograph.
    max_distance_px
        Largest distance between the centres of a pick and its particle, in unbinned pixels,
        above 0, inclusive.

    Returns
    -------
    Matching
        Every pick counts and every particle is required. Of equal distances the pick that comes
        first is matched first, with the particle that comes first.

    Raises
    ------
    deepem.errors.ConfigError
        The distance is out of range.
    deepem.errors.ConventionError
        The positions are of different micrographs, or of micrographs of different shapes, or
        not finite.
    """
    _check_max_distance(max_distance_px)
    _common_frame(picks, truth)
    pairs = find_pairs(_xy(picks), _xy(truth), max_distance_px)
    truth_index = np.full(len(picks), -1, dtype=np.int64)
    distance_px = np.full(len(picks), np.nan)
    is_taken = np.zeros(len(truth), dtype=np.bool_)
    for pair in pairs[np.lexsort((pairs["j"], pairs["i"], pairs["v"]))]:
        if truth_index[pair["i"]] < 0 and not is_taken[pair["j"]]:
            truth_index[pair["i"]], distance_px[pair["i"]] = pair["j"], pair["v"]
            is_taken[pair["j"]] = True
    return Matching(
        picks=picks,
        truth=truth,
        max_distance_px=max_distance_px,
        truth_index=truth_index,
        distance_px=distance_px,
        is_counted=np.ones(len(picks), dtype=np.bool_),
        is_required=np.ones(len(truth), dtype=np.bool_),
    )


def find_pairs(
    pick_xy: NDArray[np.float64], truth_xy: NDArray[np.float64], max_distance_px: float
) -> NDArray[Any]:
    """Pairs that are near enough, of positions ``(n, 2)``: indices ``i``, ``j``, distance ``v``."""
    from scipy.spatial import cKDTree  # slow to load, and picking needs no matching

    found: NDArray[Any] = cKDTree(pick_xy).sparse_distance_matrix(
        cKDTree(truth_xy), max_distance_px, output_type="ndarray"
    )
    return found


def _assign(
    pick_xy: NDArray[np.float64],
    truth_xy: NDArray[np.float64],
    score: NDArray[np.float64],
    max_distance_px: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Index of each pick's particle (-1: none) and the distance to it (NaN: none)."""
    from scipy.sparse import csr_array  # slow to load
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n_picks, n_truth = len(pick_xy), len(truth_xy)
    pairs = find_pairs(pick_xy, truth_xy, max_distance_px)
    # Every pick can be left out by taking a column of its own, beyond those of the particles.
    # Each rank of score makes that dearer by more than all distances, of at most 1, together.
    # All prices are raised by 1, which changes no choice: the solver does not accept 0.
    distinct, place = np.unique(-score, return_inverse=True)  # best first, NaN last
    dearness = (n_picks + 1.0) * (distinct.size - place)
    rows = np.concatenate([pairs["i"], np.arange(n_picks)])
    columns = np.concatenate([pairs["j"], n_truth + np.arange(n_picks)])
    prices = 1 + np.concatenate([pairs["v"] / max_distance_px, dearness])
    table = csr_array((prices, (rows, columns)), shape=(n_picks, n_truth + n_picks))
    _, chosen = min_weight_full_bipartite_matching(table)

    index = np.where(chosen < n_truth, chosen, -1).astype(np.int64)
    is_matched = index >= 0
    distance_px = np.full(n_picks, np.nan)
    distance_px[is_matched] = np.hypot(*(pick_xy[is_matched] - truth_xy[index[is_matched]]).T)
    return index, distance_px


def _check_max_distance(max_distance_px: float) -> None:
    if not (np.isfinite(max_distance_px) and max_distance_px > 0):
        raise ConfigError("max_distance_px", f"must be above 0 px, got {max_distance_px}")


def _xy(picks: Picks) -> NDArray[np.float64]:
    return np.column_stack([picks.x_px, picks.y_px])


def _common_frame(*sets: Picks) -> Frame | None:
    """Return the frame, after a check that all positions can be of one micrograph."""
    names = sorted({picks.micrograph for picks in sets})
    if len(names) > 1:
        raise ConventionError(
            f"positions of different micrographs cannot be matched: {', '.join(names)}. "
            "Give picks and truth the same micrograph name"
        )
    for picks in sets:
        if not np.isfinite(_xy(picks)).all():
            raise ConventionError(
                f"{names[0]} has positions that are not finite numbers; remove them first"
            )
    frames = [picks.frame for picks in sets if picks.frame is not None]
    shapes = sorted({frame.shape for frame in frames})
    if len(shapes) > 1:
        raise ConventionError(
            f"the positions of {names[0]} belong to micrographs of different shapes (y, x): "
            f"{', '.join(map(str, shapes))}. Give both in pixels of the same unbinned micrograph"
        )
    return frames[0] if frames else None


def _is_in_margin(picks: Picks, frame: Frame | None, edge_margin_px: float) -> NDArray[np.bool_]:
    if edge_margin_px == 0:
        return np.zeros(len(picks), dtype=np.bool_)
    if frame is None:
        raise ConventionError(
            f"edge_margin_px={edge_margin_px:g} needs the size of {picks.micrograph}, which is "
            "not known. Give the picks or the truth a frame, or set edge_margin_px=0"
        )
    framed = Picks(picks.micrograph, picks.x_px, picks.y_px, frame=frame)
    return framed.edge_distance_px() < edge_margin_px
