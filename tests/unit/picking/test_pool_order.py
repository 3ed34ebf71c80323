"""Pages in an order are slices of the whole, sorted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.picking.candidate_pool import CandidatePool, PooledCandidates
from deepem.picking.pool_order import order_candidates

SCORES = st.lists(st.sampled_from([0.0, 0.2, 0.3, 0.35, 0.5, 0.7, 1.0, np.nan]), max_size=10)


def make_pool(sets):
    members = []
    for number, scores in enumerate(sets):
        n = len(scores)
        picks = Picks(
            f"m{number}", range(n), range(n), score=scores, std=[1.0] * n, junk=[False] * n
        )
        members.append(PooledCandidates.of(picks, diameter_px=10.0, edge_margin_px=0))
    return CandidatePool(members)


@given(
    st.lists(SCORES, max_size=3),
    st.sampled_from(["lowest", "highest", "nearest"]),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_a_page_is_a_slice_of_the_sorted_whole(sets, order, offset, limit):
    pool, threshold = make_pool(sets), 0.3
    page = order_candidates(
        pool, order, threshold=threshold, std_range=None, offset=offset, limit=limit
    )
    known = [(score, place) for place, score in enumerate(pool.score.tolist()) if score == score]
    if order != "nearest":
        known = [(score, place) for score, place in known if score >= threshold]
    key = {
        "lowest": lambda one: (one[0], one[1]),
        "highest": lambda one: (-one[0], one[1]),
        "nearest": lambda one: (abs(one[0] - threshold), one[1]),
    }[order]
    expected = [place for _, place in sorted(known, key=key)]
    assert page.total == len(expected)
    assert page.index.tolist() == expected[offset : offset + limit]


def test_of_one_micrograph_only_its_own_are_shown():
    pool = make_pool([[0.9, 0.4], [0.8, 0.6, 0.2]])
    page = order_candidates(pool, "highest", threshold=0.3, std_range=None, name="m1")
    assert (page.total, page.index.tolist()) == (2, [2, 3])
    with pytest.raises(KeyError):
        order_candidates(pool, "highest", threshold=0.3, std_range=None, name="m2")


@pytest.mark.parametrize(("order", "total"), [("lowest", 1), ("nearest", 2)])
def test_what_fails_otherwise_is_in_no_order(order, total):
    picks = Picks(
        "m",
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        score=[0.9, 0.8, 0.7, 0.1],
        std=[1, 9, 1, 1],
        junk=[True, False, False, False],
    )
    pool = CandidatePool([PooledCandidates.of(picks, diameter_px=1.0, edge_margin_px=0)])
    page = order_candidates(pool, order, threshold=0.5, std_range=(0.5, 2))
    assert page.total == total
