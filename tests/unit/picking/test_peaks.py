"""Peaks are the local maxima, found to a fraction of a sample, none too close to a better one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import pdist

from deepem.picking import find_peaks

# Maps without two equal samples: there a local maximum is one sample.
distinct_maps = st.builds(
    lambda shape, seed: (
        np.random.default_rng(seed).permutation(shape[0] * shape[1]).reshape(shape) / 200
    ).astype(np.float32),
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    st.integers(0, 10**6),
)


def local_maxima(scores):
    """Samples that none of their eight neighbours exceeds, one after the other."""
    ny, nx = scores.shape
    return [
        (row, column)
        for row in range(ny)
        for column in range(nx)
        if scores[row, column]
        == scores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].max()
    ]


def keep_distant(points, min_distance):
    """Indices of ranked points, each a distance from all kept before, but for rounding."""
    kept = []
    for index, point in enumerate(points):
        if all(np.hypot(*(point - points[k])) >= min_distance * (1 - 1e-9) for k in kept):
            kept.append(index)
    return kept


def samples_of(peaks):
    return set(zip(np.rint(peaks.row).astype(int), np.rint(peaks.column).astype(int), strict=True))


@settings(deadline=None, max_examples=200)
@given(distinct_maps)
def test_without_distance_every_local_maximum_is_a_peak(scores):
    peaks = find_peaks(scores, min_distance=1e-3)
    tops = local_maxima(scores)
    assert len(peaks.score) == len(tops)
    np.testing.assert_array_equal(peaks.score, sorted((scores[t] for t in tops), reverse=True))
    # The parabola moves a peak by half a sample at most.
    ranked = sorted(tops, key=lambda top: -scores[top])
    np.testing.assert_allclose(peaks.row, [row for row, _ in ranked], atol=0.5)
    np.testing.assert_allclose(peaks.column, [column for _, column in ranked], atol=0.5)


@settings(deadline=None, max_examples=200)
@given(distinct_maps, st.floats(0.5, 8))
def test_a_peak_stays_where_no_better_one_is_near(scores, min_distance):
    every = find_peaks(scores, min_distance=1e-3)
    peaks = find_peaks(scores, min_distance=min_distance)
    kept = keep_distant(np.column_stack([every.row, every.column]), min_distance)
    np.testing.assert_array_equal(peaks.row, every.row[kept])
    np.testing.assert_array_equal(peaks.column, every.column[kept])
    np.testing.assert_array_equal(peaks.score, every.score[kept])
    assert len(kept) < 2 or pdist(np.column_stack([peaks.row, peaks.column])).min() >= (
        min_distance * (1 - 1e-6)
    )


COLUMNS = ("row", "column", "score")
few_values = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
)


@settings(deadline=None, max_examples=200)
@given(few_values)
def test_a_plateau_is_one_peak_at_its_centre(scores):
    # Walk over neighbouring maxima, which are equal, to find the plateaus.
    left, plateaus = set(local_maxima(scores)), []
    while left:
        plateau, fresh = set(), {left.pop()}
        while fresh:
            plateau |= fresh
            fresh = {
                o for o in left if any(max(abs(o[0] - r), abs(o[1] - c)) == 1 for r, c in fresh)
            }
            left -= fresh
        plateaus.append(plateau)
    expected = [(*np.mean(list(p), axis=0), scores[next(iter(p))]) for p in plateaus]
    found = list(
        zip(*(getattr(find_peaks(scores, min_distance=1e-6), c) for c in COLUMNS), strict=True)
    )

    def is_at(one, other):
        """Whether two peaks are the same, but for the half sample that the parabola may add."""
        return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= 0.5 + 1e-9

    # A plateau all around a peak has its centre there, and only the higher one is kept.
    assert all(any(is_at(e, f) and f[2] >= e[2] for f in found) for e in expected)
    assert all(any(is_at(e, f) and f[2] == e[2] for e in expected) for f in found)


def peaks_by_hand(scores):
    """Peaks by a walk over plateaus and a parabola each, sample by sample."""
    left, found = set(local_maxima(scores)), []
    ny, nx = scores.shape
    while left:
        plateau, fresh = set(), {left.pop()}
        while fresh:
            plateau |= fresh
            around = {(r + i, c + j) for r, c in fresh for i in (-1, 0, 1) for j in (-1, 0, 1)}
            fresh = around & left
            left -= fresh
        score = float(scores[next(iter(plateau))])
        centre = np.mean(sorted(plateau), axis=0)
        at = (round(centre[0]), round(centre[1]))  # which may be no top: a ring has none there
        place = []
        for axis, n in ((0, ny), (1, nx)):
            step = (1, 0) if axis == 0 else (0, 1)
            shift = 0.0
            if 0 < at[axis] < n - 1:
                before, here, after = (
                    float(scores[at[0] + k * step[0], at[1] + k * step[1]]) for k in (-1, 0, 1)
                )
                bend = before - 2 * here + after
                if bend < 0 and before <= here >= after:
                    shift = 0.5 * (before - after) / bend
            place.append(centre[axis] + shift)
        found.append((-score, *place))
    return sorted(found)


@settings(deadline=None, max_examples=150)
@given(st.tuples(st.integers(1, 16), st.integers(1, 16)), st.integers(1, 5), st.integers(0, 10**6))
def test_maps_of_few_whole_numbers_give_the_peaks_of_a_walk(shape, n_values, seed):
    scores = np.random.default_rng(seed).integers(0, n_values, shape).astype(np.float32)
    expected = peaks_by_hand(scores)
    peaks = find_peaks(scores, min_distance=1e-9)
    found = sorted(zip(-peaks.score, peaks.row, peaks.column, strict=True))
    # Two peaks at one place, a ring and what is in it, are one: the higher is kept.
    rows = {(round(r, 6), round(c, 6)): -s for s, r, c in reversed(expected)}
    assert len(found) == len(rows)
    np.testing.assert_allclose(found, sorted((-s, r, c) for (r, c), s in rows.items()), atol=2e-6)
    assert (np.diff(peaks.score) <= 0).all()


def test_plateaus_that_touch_at_a_corner_are_one():
    scores = np.zeros((9, 9), np.float32)
    scores[2:4, 2:4] = scores[4:6, 4:6] = 1
    peaks = find_peaks(scores, min_distance=1)
    assert (peaks.score == 1).sum() == 1
    assert (peaks.row[0], peaks.column[0]) == pytest.approx((3.5, 3.5), abs=0.5)


def test_plateaus_at_the_border_and_in_the_corner():
    scores = np.zeros((12, 14), np.float32)
    scores[0, 0] = 3
    scores[0, 5:8] = 2
    scores[9:12, 13] = 1
    peaks = find_peaks(scores, min_distance=2)
    assert list(zip(peaks.row[:3], peaks.column[:3], strict=True)) == [(0, 0), (0, 6), (10, 13)]


def test_centre_of_a_plateau():
    scores = np.zeros((9, 12), np.float32)
    scores[2:5, 3:8] = 0.7
    peaks = find_peaks(scores, min_distance=2)
    assert (peaks.row[0], peaks.column[0], peaks.score[0]) == (3, 5, np.float32(0.7))


def test_a_flat_map_has_one_peak_and_an_unknown_one_none():
    flat = find_peaks(np.full((5, 7), 0.5, np.float32), min_distance=2)
    assert (flat.row.tolist(), flat.column.tolist()) == ([2], [3])
    unknown = find_peaks(np.full((5, 7), np.nan, np.float32), min_distance=2)
    assert unknown.row.shape == unknown.column.shape == unknown.score.shape == (0,)


def test_equal_scores_are_taken_by_row_then_column():
    scores = np.zeros((20, 20), np.float32)
    for place in [(15, 3), (4, 12), (4, 3), (15, 12)]:
        scores[place] = 1
    apart = find_peaks(scores, min_distance=1)
    assert list(zip(apart.row, apart.column, strict=True))[:4] == [
        (4, 3),
        (4, 12),
        (15, 3),
        (15, 12),
    ]
    # Nine columns apart: the first of each row takes the other, in either order of rows.
    near = find_peaks(scores, min_distance=9.5)
    assert list(zip(near.row, near.column, strict=True))[:2] == [(4, 3), (15, 3)]


def test_the_distance_itself_is_allowed():
    scores = np.zeros((9, 30), np.float32)
    scores[4, 5], scores[4, 15] = 1, 0.9
    assert (find_peaks(scores, min_distance=10).score > 0.5).sum() == 2
    assert (find_peaks(scores, min_distance=10.01).score > 0.5).sum() == 1


def test_a_dropped_peak_drops_nobody():
    scores = np.zeros((9, 40), np.float32)
    scores[4, 5], scores[4, 12], scores[4, 19] = 1, 0.9, 0.8
    peaks = find_peaks(scores, min_distance=10)
    assert peaks.column[peaks.score > 0.5].tolist() == [5, 19]


@pytest.mark.parametrize("place", [(0, 0), (0, 7), (11, 15), (5, 15), (11, 4)])
def test_a_peak_at_the_border_is_found_there(place):
    scores = np.zeros((12, 16), np.float32)
    scores[place] = 1
    peaks = find_peaks(scores, min_distance=3)
    assert (peaks.row[0], peaks.column[0]) == place
    assert len(samples_of(peaks)) == len(peaks.score)


@pytest.mark.parametrize(
    ("row", "column"), [(10.0, 14.0), (10.3, 14.4), (9.6, 13.8), (10.45, 14.1)]
)
def test_a_sampled_gaussian_is_found_between_the_samples(row, column):
    rows, columns = np.indices((21, 30))
    for sigma in (1.5, 3):
        squared = (rows - row) ** 2 + (columns - column) ** 2
        scores = np.exp(-squared / (2 * sigma**2)).astype(np.float32)
        peaks = find_peaks(scores, min_distance=40)
        assert peaks.row[0] == pytest.approx(row, abs=0.05)
        assert peaks.column[0] == pytest.approx(column, abs=0.05)
        assert peaks.score[0] == scores.max()


@settings(deadline=None)
@given(distinct_maps, st.floats(0.5, 6))
def test_a_turned_map_has_the_turned_peaks(scores, min_distance):
    peaks = find_peaks(scores, min_distance=min_distance)
    turned = find_peaks(np.rot90(scores), min_distance=min_distance)
    # Turned by 90 degrees, column becomes row from the bottom.
    np.testing.assert_allclose(turned.row, scores.shape[1] - 1 - peaks.column, atol=1e-6)
    np.testing.assert_allclose(turned.column, peaks.row, atol=1e-6)
