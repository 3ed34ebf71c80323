"""What a network finds becomes labels by rules that never lose what a person said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.preprocessing import PreparedImage
from deepem.training import DenseSettings
from deepem.training.few_labels import (
    N_UNLABELLED,
    Sorted,
    are_labels_few,
    are_labels_many,
    balance_clicks,
    choose_unlabelled,
    first_settings,
    n_round_updates,
    sort_candidates,
)
from deepem.training.heatmaps import RADIUS_OVER_DIAMETER, discs, draw_heat_map

FRAME = Frame((400, 500))
DIAMETER = 30.0


def places(points, score=None):
    points = np.array(points, dtype=float).reshape(-1, 2)
    return Picks("m", points[:, 0], points[:, 1], score=score, frame=FRAME)


def points_of(picks):
    return list(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))


points = st.lists(st.tuples(st.integers(0, 499), st.integers(0, 399)), max_size=12)
scored = st.lists(st.tuples(st.integers(0, 499), st.integers(0, 399), st.floats(0, 1)), max_size=25)


def distance(one, other):
    return np.hypot(one[0] - other[0], one[1] - other[1])


@settings(deadline=None, max_examples=150)
@given(scored, points, points, st.booleans())
def test_what_a_person_said_is_never_overruled(found, labels, wrong, is_first):
    candidates = places([f[:2] for f in found], score=[f[2] for f in found])
    result = sort_candidates(
        candidates, places(labels), places(wrong), diameter_px=DIAMETER, is_first=is_first
    )
    assert result.particles.micrograph == "m"
    assert result.particles.frame == FRAME
    # The labels come first, all of them, as they are.
    kept = points_of(result.particles)
    assert kept[: len(labels)] == [(float(x), float(y)) for x, y in labels]
    new, unknown = kept[len(labels) :], points_of(result.unknown)
    for one in (*new, *unknown):
        assert all(distance(one, label) > 0.5 * DIAMETER for label in labels)
        assert all(distance(one, place) > RADIUS_OVER_DIAMETER * DIAMETER for place in wrong)
    # Every candidate is in one group at most, and what is sure scores above what is not.
    assert len(new) + len(unknown) <= len(found)
    score_of = {f[:2]: [] for f in found}
    for *place, score in found:
        score_of[tuple(place)].append(score)
    if new and unknown:
        assert max(score_of[new[0]]) > min(score_of[unknown[0]]) or len(score_of) < len(found)
    assert (result.unknown.score > 0).all()


@settings(deadline=None, max_examples=60)
@given(scored, points, points, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_changes_nothing(found, labels, wrong, is_first, random):
    def sort(found):
        candidates = places([f[:2] for f in found], score=[f[2] for f in found])
        result = sort_candidates(
            candidates, places(labels), places(wrong), diameter_px=DIAMETER, is_first=is_first
        )
        return [sorted(points_of(picks)) for picks in (result.particles, result.unknown)]

    mixed = list(found)
    random.shuffle(mixed)
    assert sort(mixed) == sort(found)


def test_candidates_fall_into_sure_doubtful_and_background():
    scores = np.linspace(0, 1, 41)
    candidates = places([(12 * i, 200) for i in range(41)], score=scores)
    for is_first in (True, False):
        result = sort_candidates(
            candidates, places([(5, 10)]), None, diameter_px=DIAMETER, is_first=is_first
        )
        sure = result.particles.x_px[1:] / 12 / 40
        unknown = result.unknown.x_px / 12 / 40
        assert sure.size
        assert unknown.size
        assert unknown.max() < sure.min()
        # All above the lower bound are in one of both, in one piece.
        assert sure.size + unknown.size == np.sum(scores >= unknown.min() - 1e-9)
        assert unknown.min() > 0
        assert sure.max() == pytest.approx(1)


def test_a_candidate_at_a_label_is_the_label_and_counts_once():
    label, beside = (100.0, 100.0), (100 + 0.4 * DIAMETER, 100.0)
    result = sort_candidates(
        places([label, beside, (300, 300)], score=[0.99, 0.99, 0.99]),
        places([label]),
        None,
        diameter_px=DIAMETER,
        is_first=True,
    )
    assert points_of(result.particles) == [label, (300.0, 300.0)]
    assert len(result.unknown) == 0


def test_no_candidates_leave_the_labels():
    result = sort_candidates(
        places([], score=[]), places([(9, 9)]), places([]), diameter_px=DIAMETER, is_first=False
    )
    assert points_of(result.particles) == [(9.0, 9.0)]
    assert len(result.unknown) == 0


def make_map(clicks, negatives=None):
    pixels = np.zeros((120, 150), np.float32)
    image = PreparedImage(pixels, Frame(pixels.shape))
    particles = Picks("m", [c[0] for c in clicks], [c[1] for c in clicks])
    return draw_heat_map(image, particles, diameter_px=20, negatives=negatives)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_clicks_weigh_as_much_together_as_all_the_rest(n):
    clicks = [(20 + 25 * i, 30 + 15 * i) for i in range(n)]
    heat_map = make_map(clicks)
    balanced = balance_clicks(heat_map, diameter=20)
    is_click = discs(heat_map.pixels.shape, heat_map.centres, radius=RADIUS_OVER_DIAMETER * 20)
    inside, outside = balanced.weight[is_click], balanced.weight[~is_click]
    assert inside.sum() == pytest.approx(outside.sum(), rel=1e-4)
    assert balanced.weight.mean() == pytest.approx(1, rel=1e-4)
    assert np.unique(inside).size == np.unique(outside).size == 1
    for name in ("pixels", "target", "centres"):
        np.testing.assert_array_equal(getattr(balanced, name), getattr(heat_map, name))
    assert (heat_map.weight == 1).all()  # what was given is left alone


def test_balancing_keeps_what_was_marked_wrong_heavier_than_the_rest():
    heat_map = make_map([(30, 30)], negatives=Picks("m", [100], [80]))
    balanced = balance_clicks(heat_map, diameter=20)
    ratio = heat_map.weight[80, 100] / heat_map.weight[110, 10]
    assert balanced.weight[80, 100] / balanced.weight[110, 10] == pytest.approx(ratio)


def test_without_clicks_there_is_nothing_to_balance():
    heat_map = make_map([])
    np.testing.assert_array_equal(balance_clicks(heat_map, diameter=20).weight, heat_map.weight)


def test_many_labels_are_taken_for_all():
    assert are_labels_many(200)
    assert not are_labels_many(50)


def test_labels_are_few_where_far_more_particles_are_found():
    def found(*sizes):
        return [Sorted(places([(9 * i, 9) for i in range(n)]), places([])) for n in sizes]

    assert not are_labels_few(found(10, 10), 20)
    assert not are_labels_few(found(13, 12), 20)
    assert are_labels_few(found(60, 60), 20)


@pytest.mark.parametrize("n", [0, 1, 3, N_UNLABELLED, N_UNLABELLED + 1, 500])
def test_some_unlabelled_micrographs_are_looked_at_evenly_spread(n):
    chosen = choose_unlabelled(n)
    assert len(chosen) == min(n, N_UNLABELLED)
    assert len(set(chosen.tolist())) == len(chosen)
    if n:
        assert chosen.min() == 0
        assert chosen.max() == n - 1
    if n > 2 * N_UNLABELLED:
        gaps = np.diff(chosen)
        assert gaps.max() <= gaps.min() + 1


def test_the_user_can_bound_the_updates():
    assert n_round_updates(DenseSettings(updates=7)) == 7
    given = DenseSettings(updates=7, crop_px=32, seed=5, batch_size=3)
    few, n_updates = first_settings(given, 20)
    assert n_updates == 7
    assert (few.crop_px, few.seed, few.batch_size) == (32, 5, 3)


def test_the_first_network_learns_longer_from_more_clicks_within_a_bound():
    usual, n_updates = first_settings(DenseSettings(), 5)
    assert 7 < n_updates <= first_settings(DenseSettings(), 50)[1]
    assert first_settings(DenseSettings(), 10**6)[1] == first_settings(DenseSettings(), 10**5)[1]
    # A rate of the user's reaches it too.
    slow, _ = first_settings(DenseSettings(learning_rate=0.001), 5)
    assert slow.learning_rate == pytest.approx(0.1 * usual.learning_rate)
