"""Candidates of a pool in an order to look through, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deepem.picking.candidate_pool import CandidatePool

PoolOrder = Literal["lowest", "highest", "nearest"]


@dataclass(frozen=True, eq=False)
class PoolPage:
    """Some candidates of a pool.

    Parameters
    ----------
    total
        How many there are on all pages.
    index
        Those of this page, in order: places in the columns of the pool, shape ``(n,)``.
    """

    total: int
    index: NDArray[np.int64]


def order_candidates(
    pool: CandidatePool,
    order: PoolOrder,
    *,
    threshold: float,
    std_range: tuple[float, float] | None,
    offset: int = 0,
    limit: int = 100,
    name: str | None = None,
) -> PoolPage:
    """Find the candidates that come next in an order.

    Parameters
    ----------
    pool
        The candidates.
    order
        ``lowest`` and ``highest`` score first, of those that are kept; ``nearest`` to the
        threshold first, of all that only the threshold can leave out. Equal ones by micrograph,
        then as in its file, so that pages never overlap.
    threshold, std_range
        As in `CandidatePool.count`.
    offset
        How many come before, from 0.
    limit
        How many to return at most, from 0.
    name
        Only those of this micrograph; None for all. KeyError where the pool does not have it.

    Returns
    -------
    page

    Notes
    -----
    The whole is not sorted: time is linear in the number of candidates.
    """
    usable = pool.are_usable(std_range) & ~np.isnan(pool.score)
    if order != "nearest":
        usable &= pool.score >= threshold
    if name is None:
        index = np.flatnonzero(usable)
    else:
        places = pool.places_of(name)
        index = places.start + np.flatnonzero(usable[places])
    score = pool.score[index]
    key = {"lowest": score, "highest": -score, "nearest": np.abs(score - threshold)}[order]
    first = _find_first(key, offset + limit)
    return PoolPage(total=index.size, index=index[first[offset:]])


def _find_first(key: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """Places of the n lowest values, lowest first; equal ones in their order."""
    if n < key.size:
        last = np.partition(key, n - 1)[n - 1] if n else -np.inf
        lower = np.flatnonzero(key < last)
        equal = np.flatnonzero(key == last)[: n - lower.size]
        chosen = np.sort(np.concatenate([lower, equal]))
    else:
        chosen = np.arange(key.size)
    return np.asarray(chosen[np.argsort(key[chosen], kind="stable")])
