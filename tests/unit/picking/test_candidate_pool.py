"""A pool keeps what `judge` keeps, micrograph by micrograph, for the same reasons."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.picking import REASONS, Selection, judge
from deepem.picking.candidate_pool import AT_EDGE, IN_JUNK, CandidatePool, PooledCandidates

SHAPE = (60, 90)
# Few values, so that equality is common; those of the deviation as a scan computes them.
SCORES = st.sampled_from([0.0, 0.1, 0.3, 0.30001, 0.5, 1.0, np.nan])
STDS = st.sampled_from([float(np.float32(value)) for value in (0.5, 0.9, 0.95, 1.1, 3, np.nan)])
LIMITS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 0.95, float(np.float32(0.9)), 1.0, 1.1, 3.0])
ROWS = st.lists(
    st.tuples(st.integers(0, 89), st.integers(0, 59), SCORES, STDS, st.sampled_from([False, True])),
    max_size=12,
)


def make_picks(name, rows):
    x, y, score, std, junk = zip(*rows, strict=True) if rows else ((),) * 5
    frame = Frame(SHAPE)
    return Picks(name, x, y, score=score, std=std, junk=junk, frame=frame, box_size_px=12)


def make_pool(sets, margins):
    return CandidatePool(
        PooledCandidates.of(picks, diameter_px=10.0, edge_margin_px=margin)
        for picks, margin in zip(sets, margins, strict=True)
    )


@given(
    st.lists(st.tuples(ROWS, st.sampled_from([0.0, 4.0, 5.5])), max_size=4),
    LIMITS.filter(lambda value: value <= 1),
    st.one_of(
        st.none(),
        st.tuples(LIMITS, st.one_of(LIMITS, st.just(np.inf))).filter(lambda two: two[0] < two[1]),
    ),
)
def test_it_agrees_with_judge(sets, threshold, std_range):
    candidates = [make_picks(f"m{i}", rows) for i, (rows, _) in enumerate(sets)]
    margins = [margin for _, margin in sets]
    pool = make_pool(candidates, margins)
    verdicts = [
        judge(picks, Selection(threshold=threshold, std_range=std_range, edge_margin_px=margin))
        for picks, margin in zip(candidates, margins, strict=True)
    ]

    counts = pool.count(threshold, std_range)
    assert counts.n_candidates == len(pool) == sum(map(len, candidates))
    assert counts.n_kept == sum(len(verdict.kept) for verdict in verdicts)
    assert list(counts.rejected) == list(REASONS)
    for reason, n in counts.rejected.items():
        assert n == sum((verdict.reasons == reason).sum() for verdict in verdicts)

    n_each, mean_score = pool.count_each(threshold, std_range)
    assert n_each.tolist() == [len(verdict.kept) for verdict in verdicts]
    for mean, verdict in zip(mean_score, verdicts, strict=True):
        expected = verdict.kept.score.mean() if len(verdict.kept) else np.nan
        np.testing.assert_allclose(mean, expected)

    kept = pool.are_kept(threshold, std_range)
    for verdict in verdicts:
        places = pool.places_of(verdict.kept.micrograph)
        np.testing.assert_array_equal(pool.x_px[places][kept[places]], verdict.kept.x_px)


def test_micrographs_are_sorted_and_found_by_name():
    pool = make_pool(
        [make_picks("b", [(1, 2, 0.5, 1.0, False)]), make_picks("a", []), make_picks("c", [])],
        [0, 0, 0],
    )
    assert pool.names == ("a", "b", "c")
    assert "b" in pool
    assert "d" not in pool
    assert pool.of("b").y_px.tolist() == [2]
    assert (pool.of("b").shape, pool.of("b").diameter_px, pool.of("b").box_size_px) == (
        SHAPE, 10.0, 12,
    )  # fmt: skip
    assert pool.name_at(np.array([0])) == ["b"]
    with pytest.raises(KeyError):
        pool.of("d")


def test_the_first_of_two_reasons_is_kept():
    picks = make_picks("m", [(1, 30, 0.5, 1.0, True), (1, 30, 0.5, 1.0, False)])
    pool = make_pool([picks], [4.0])
    assert pool.fails.tolist() == [IN_JUNK, AT_EDGE]


def test_without_micrographs_nothing_is_counted():
    pool = CandidatePool()
    assert pool.count(0.5, (0, 1)).n_kept == 0
    n_kept, mean_score = pool.count_each(0.5, None)
    assert (n_kept.size, mean_score.size) == (0, 0)


def test_micrographs_can_be_replaced_and_left_out():
    one = [(1, 2, 0.5, 1.0, False)]
    pool = make_pool([make_picks(name, one) for name in "abc"], [0, 0, 0])
    new = PooledCandidates.of(make_picks("b", one * 3), diameter_px=None, edge_margin_px=0)
    other = pool.replaced([new], without=["c", "never there"])
    assert other.names == ("a", "b")
    assert np.diff(other.start).tolist() == [1, 3]
    assert pool.names == ("a", "b", "c")  # the old one is as it was


def test_what_is_pooled_cannot_be_changed():
    pool = make_pool([make_picks("m", [(1, 2, 0.5, 1.0, False)])], [0])
    with pytest.raises(ValueError, match="read-only"):
        pool.of("m").score[0] = 1
