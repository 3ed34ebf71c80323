"""Matching agrees with exhaustive search, and the edge counts as stated."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import match_picks

positions = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=5)
some_scores = st.sampled_from([0.2, 0.5, 0.9, np.nan])


def to_picks(xy: list[tuple[int, int]], score: list[float] | None = None) -> Picks:
    return Picks("m", [x for x, _ in xy], [y for _, y in xy], score=score, frame=Frame((8, 8)))


def all_matchings(distance: np.ndarray, limit: float, pick: int = 0) -> Iterator[dict[int, int]]:
    """Every one-to-one matching pick → truth within the limit, by exhaustive search."""
    if pick == len(distance):
        yield {}
        return
    for rest in all_matchings(distance, limit, pick + 1):
        yield rest
        for truth in range(distance.shape[1]):
            if distance[pick, truth] <= limit and truth not in rest.values():
                yield rest | {pick: truth}


@settings(max_examples=200, deadline=None)
@given(positions, positions, st.data(), st.sampled_from([1.0, 2.0, 3.0]))
def test_matching_is_the_best_of_all(pick_xy, truth_xy, data, limit):
    score = data.draw(st.lists(some_scores, min_size=len(pick_xy), max_size=len(pick_xy)))
    picks, truth = to_picks(pick_xy, score), to_picks(truth_xy)
    matching = match_picks(picks, truth, max_distance_px=limit)

    distance = np.hypot(
        picks.x_px[:, None] - truth.x_px[None], picks.y_px[:, None] - truth.y_px[None]
    )
    rank = np.nan_to_num(picks.score, nan=-1.0)
    thresholds = np.unique(rank)[::-1]

    def n_found(matched: dict[int, int]) -> tuple[int, ...]:
        """How many picks above each threshold are matched."""
        return tuple(sum(bool(rank[pick] >= t) for pick in matched) for t in thresholds)

    candidates = list(all_matchings(distance, limit))
    most = tuple(np.max([n_found(c) for c in candidates], axis=0)) if len(thresholds) else ()
    least = min(
        sum(distance[pick, truth] for pick, truth in c.items())
        for c in candidates
        if n_found(c) == most
    )

    found = {i: int(t) for i, t in enumerate(matching.truth_index) if t >= 0}
    assert found in candidates
    assert n_found(found) == most
    assert np.nansum(matching.distance_px) == pytest.approx(least)
    np.testing.assert_array_equal(np.isnan(matching.distance_px), ~matching.is_true_positive)
    assert matching.is_missed.sum() == len(truth) - len(found)


@settings(deadline=None)
@given(positions, positions)
def test_picks_without_scores_and_truth_can_swap_roles(first, second):
    one = match_picks(to_picks(first), to_picks(second), max_distance_px=2.5)
    other = match_picks(to_picks(second), to_picks(first), max_distance_px=2.5)
    assert one.is_true_positive.sum() == other.is_true_positive.sum()
    assert np.nansum(one.distance_px) == pytest.approx(np.nansum(other.distance_px))


@settings(max_examples=200, deadline=None)
@given(positions, positions, positions, st.permutations(range(5)))
def test_picks_below_a_threshold_change_nothing_above_it(pick_xy, truth_xy, ignore_xy, ranks):
    picks = to_picks(pick_xy, [float(rank) for rank in ranks[: len(pick_xy)]])
    options = {"max_distance_px": 2.0, "edge_margin_px": 2.0, "ignore": to_picks(ignore_xy)}
    every = match_picks(picks, to_picks(truth_xy), **options)
    for threshold in range(5):
        is_kept = picks.score >= threshold
        kept = match_picks(picks.take(is_kept), to_picks(truth_xy), **options)
        np.testing.assert_array_equal(kept.is_true_positive, every.is_true_positive[is_kept])
        np.testing.assert_array_equal(kept.is_counted, every.is_counted[is_kept])


def test_more_particles_are_found_than_by_taking_the_nearest():
    # The first pick is nearest to the particle that is the only one for the second pick.
    picks = Picks("m", [10, 7], [0, 0], score=[0.9, 0.8])
    truth = Picks("m", [9, 14], [0, 0])
    matching = match_picks(picks, truth, max_distance_px=4)
    assert matching.truth_index.tolist() == [1, 0]
    assert matching.distance_px.tolist() == [4, 2]


def test_the_better_score_takes_the_particle_and_the_duplicate_is_wrong():
    picks = Picks("m", [1, 3], [0, 4], score=[0.5, 0.9])
    matching = match_picks(picks, Picks("m", [0], [0]), max_distance_px=5)
    assert matching.is_true_positive.tolist() == [False, True]
    assert matching.is_false_positive.tolist() == [True, False]
    assert matching.distance_px[1] == 5


def test_the_distance_is_inclusive():
    picks, truth = Picks("m", [3], [4]), Picks("m", [0], [0])
    assert match_picks(picks, truth, max_distance_px=5).is_true_positive.all()
    assert not match_picks(picks, truth, max_distance_px=4.999).is_true_positive.any()


def test_the_edge_counts_neither_way():
    frame = Frame((100, 200))
    # Particles: at the right edge, and inside. Margin 10: x from 10 to 189, y from 10 to 89.
    truth = Picks("m", [193, 50], [50, 50], frame=frame)
    picks = Picks(
        "m",
        # Inside, but of the particle at the edge; the same once more; in the margin, of nothing;
        # in the middle, of nothing; of the particle inside.
        [188, 187, 100, 100, 51],
        [50, 50, 5, 50, 50],
        score=[0.9, 0.8, 0.7, 0.6, 0.5],
    )
    matching = match_picks(picks, truth, max_distance_px=6, edge_margin_px=10)
    assert matching.is_required.tolist() == [False, True]
    assert matching.is_counted.tolist() == [False, True, False, True, True]
    assert matching.is_true_positive.tolist() == [False, False, False, False, True]
    assert not matching.is_missed.any()
    without_margin = match_picks(picks, truth, max_distance_px=6)
    assert without_margin.is_counted.all()
    assert without_margin.is_required.all()
    assert without_margin.is_true_positive.tolist() == [True, False, False, False, True]


def test_a_pick_in_the_margin_of_a_particle_farther_inside_is_right():
    truth = Picks("m", [10], [50], frame=Frame((100, 200)))
    matching = match_picks(Picks("m", [8], [50]), truth, max_distance_px=5, edge_margin_px=10)
    assert matching.is_counted.tolist() == [True]
    assert matching.is_true_positive.tolist() == [True]


def test_an_ignored_place_takes_one_pick_after_the_particles():
    truth, ignore = Picks("m", [10], [0]), Picks("m", [11], [0])
    picks = Picks("m", [11, 11, 12], [0, 0, 0], score=[0.9, 0.8, 0.7])
    matching = match_picks(picks, truth, max_distance_px=3, ignore=ignore)
    assert matching.is_true_positive.tolist() == [True, False, False]
    assert matching.is_counted.tolist() == [True, False, True]
    assert match_picks(picks, truth, max_distance_px=3).is_counted.all()


@pytest.mark.parametrize(("n_picks", "n_truth"), [(0, 0), (0, 2), (2, 0)])
def test_nothing_picked_or_nothing_there(n_picks, n_truth):
    matching = match_picks(
        Picks("m", np.arange(n_picks), np.arange(n_picks)),
        Picks("m", np.arange(n_truth), np.arange(n_truth)),
        max_distance_px=5,
    )
    assert matching.is_false_positive.sum() == n_picks
    assert matching.is_missed.sum() == n_truth


def test_many_picks_are_matched_exactly():
    rng = np.random.default_rng(0)
    truth_xy = 20.0 * np.stack(np.meshgrid(range(70), range(70)), axis=-1).reshape(-1, 2)
    shift = rng.uniform(-4, 4, truth_xy.shape)
    order = rng.permutation(len(truth_xy))
    picks = Picks("m", *(truth_xy + shift)[order].T, score=rng.uniform(size=len(order)))
    matching = match_picks(picks, Picks("m", *truth_xy.T), max_distance_px=25)
    np.testing.assert_array_equal(matching.truth_index, order)
    np.testing.assert_allclose(matching.distance_px, np.hypot(*shift[order].T))


def test_different_micrographs_are_refused():
    with pytest.raises(ConventionError, match="same micrograph name"):
        match_picks(Picks("a"), Picks("b"), max_distance_px=5)


def test_different_shapes_are_refused():
    binned, full = Picks("m", frame=Frame((50, 100))), Picks("m", frame=Frame((100, 200)))
    with pytest.raises(ConventionError, match="pixels of the same unbinned micrograph"):
        match_picks(binned, full, max_distance_px=5)


def test_positions_that_are_not_finite_are_refused():
    with pytest.raises(ConventionError, match="remove them"):
        match_picks(Picks("m", [np.nan], [1]), Picks("m"), max_distance_px=5)


def test_a_margin_without_frame_is_refused():
    with pytest.raises(ConventionError, match="set edge_margin_px=0"):
        match_picks(Picks("m"), Picks("m"), max_distance_px=5, edge_margin_px=10)


@pytest.mark.parametrize(
    "option",
    [
        {"max_distance_px": 0.0},
        {"max_distance_px": np.nan},
        {"max_distance_px": np.inf},
        {"edge_margin_px": -1.0},
        {"edge_margin_px": np.nan},
    ],
)
def test_distances_out_of_range_are_refused(option):
    with pytest.raises(ConfigError, match=f"{next(iter(option))}: must be") as caught:
        match_picks(Picks("m"), Picks("m"), **({"max_distance_px": 5.0} | option))
    assert caught.value.field == next(iter(option))
