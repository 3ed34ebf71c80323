"""Two sets of picks agree as much from either side, and as counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import find_agreement, match_picks, sum_up_agreement

positions = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12)


def to_picks(xy: list[tuple[float, float]], name: str = "m", score: object = None) -> Picks:
    return Picks(name, [x for x, _ in xy], [y for _, y in xy], score=score)


def test_counted_by_hand():
    a = to_picks([(10, 10), (50, 50), (12, 10), (200, 5)])
    b = to_picks([(13, 14), (50, 52), (90, 90)])
    agreement = find_agreement(a, b, max_distance_px=10)
    assert agreement.is_shared_a.tolist() == [False, True, True, False]  # (12, 10) is nearer
    assert agreement.is_shared_b.tolist() == [True, True, False]
    figures = sum_up_agreement([agreement])
    assert (figures.n_a, figures.n_b, figures.n_both) == (4, 3, 2)
    assert figures.jaccard == pytest.approx(2 / 5)
    assert figures.f1 == pytest.approx(4 / 7)
    assert figures.median_distance_px == pytest.approx((math.hypot(1, 4) + 2) / 2)


@settings(deadline=None)
@given(positions, positions, st.sampled_from([2.0, 5.0, 9.0]))
def test_sets_can_swap_places(a_xy, b_xy, limit):
    a, b = to_picks(a_xy), to_picks(b_xy)
    one = find_agreement(a, b, max_distance_px=limit)
    other = find_agreement(b, a, max_distance_px=limit)
    matching = match_picks(a, b, max_distance_px=limit)
    assert one.n_both == other.n_both == matching.is_true_positive.sum()
    assert one.distance_px.sum() == pytest.approx(other.distance_px.sum())
    assert one.is_shared_a.sum() == one.is_shared_b.sum() == one.n_both


def test_scores_do_not_count():
    near, far = (10.0, 10.0), (18.0, 10.0)
    b = to_picks([(11.0, 10.0)])
    scored = to_picks([near, far], score=[0.1, 0.9])
    agreement = find_agreement(scored, b, max_distance_px=10)
    assert agreement.is_shared_a.tolist() == [True, False]
    assert agreement.distance_px.tolist() == [1.0]


def test_each_pick_counts_alike_over_many_micrographs():
    parts = [
        find_agreement(to_picks([(0, 0)], "m1"), to_picks([(1, 0)], "m1"), max_distance_px=5),
        find_agreement(to_picks([], "m2"), to_picks([(1, 0), (9, 9)], "m2"), max_distance_px=5),
    ]
    figures = sum_up_agreement(parts)
    assert (figures.n_a, figures.n_b, figures.n_both) == (1, 3, 1)
    assert figures.jaccard == pytest.approx(1 / 3)
    assert figures.median_distance_px == 1


def test_nothing_to_compare_has_no_figures():
    empty = find_agreement(to_picks([]), to_picks([]), max_distance_px=5)
    for figures in (sum_up_agreement([]), sum_up_agreement([empty])):
        assert figures.n_both == 0
        assert np.isnan([figures.jaccard, figures.f1, figures.median_distance_px]).all()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConventionError, match="different micrographs"):
        find_agreement(to_picks([(1, 1)]), to_picks([(1, 1)], "n"), max_distance_px=5)
    with pytest.raises(ConfigError, match="above 0 px"):
        find_agreement(to_picks([(1, 1)]), to_picks([(1, 1)]), max_distance_px=0)
