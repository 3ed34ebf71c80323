"""Verification sorts picks into right, false, double and not judged, and finds what was missed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError, TrainingDataError
from deepem.training.mistakes import find_mistakes, measure_error

VERIFIED = Picks("m", [20, 130], [15, 70])
#                   right, double, elsewhere
PICKS = Picks("m", [21, 17, 75], [15, 15, 40], score=[0.9, 0.8, 0.7])


def x(picks):
    return picks.x_px.tolist()


def test_with_all_particles_verified_every_pick_is_judged():
    found = find_mistakes(PICKS, VERIFIED, radius_px=6, complete=True)
    assert x(found.true_positives) == [21]
    assert x(found.doubles) == [17]
    assert x(found.false_positives) == [75]
    assert x(found.unjudged) == []
    assert x(found.missed) == [130]
    assert found.n_wrong == 3
    assert found.false_positives.score.tolist() == [0.7]


def test_with_some_particles_verified_only_marked_places_are_false():
    found = find_mistakes(PICKS, VERIFIED, radius_px=6, complete=False)
    assert x(found.false_positives) == []
    assert x(found.unjudged) == [75]
    assert x(found.missed) == [130]
    marked = find_mistakes(PICKS, VERIFIED, Picks("m", [78], [40]), radius_px=6, complete=False)
    assert x(marked.false_positives) == [75]
    assert x(marked.unjudged) == []


def test_a_mark_overrules_a_particle_farther_away():
    found = find_mistakes(
        PICKS.take(np.array([1])), VERIFIED, Picks("m", [16], [15]), radius_px=6, complete=False
    )
    assert x(found.false_positives) == [17]
    assert x(found.missed) == [20, 130]


def test_nothing_picked_and_nothing_there():
    none = Picks("m")
    found = find_mistakes(none, VERIFIED, none, radius_px=6, complete=True)
    assert x(found.missed) == [20, 130]
    found = find_mistakes(PICKS, none, radius_px=6, complete=True)
    assert len(found.false_positives) == 3
    assert find_mistakes(none, none, radius_px=6, complete=True).n_wrong == 0


def test_other_micrographs_and_radii_are_refused():
    with pytest.raises(ConventionError, match="different micrographs"):
        find_mistakes(PICKS, Picks("other", [5], [5]), radius_px=6, complete=True)
    with pytest.raises(ConventionError, match="different micrographs"):
        find_mistakes(PICKS, VERIFIED, Picks("other", [5], [5]), radius_px=6, complete=True)
    with pytest.raises(ConfigError, match="must be above 0 px"):
        find_mistakes(PICKS, VERIFIED, radius_px=0, complete=True)


POINTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=8)


def as_picks(points):
    return Picks("m", [x for x, _ in points], [y for _, y in points])


@given(POINTS, POINTS, POINTS, st.booleans())
def test_every_pick_is_in_one_set(picks, verified, negatives, complete):
    given_sets = as_picks(picks), as_picks(verified), as_picks(negatives)
    found = find_mistakes(*given_sets, radius_px=6, complete=complete)
    parts = (found.true_positives, found.false_positives, found.doubles, found.unjudged)
    together = sorted(place for part in parts for place in zip(part.x_px, part.y_px, strict=True))
    assert together == sorted(picks)
    assert len(found.true_positives) + len(found.missed) == len(verified)
    assert not (complete and len(found.unjudged))


# --- the error ---

FRAME = Frame(shape=(90, 140))


def test_the_error_is_what_f2_lacks():
    error = measure_error([PICKS], [VERIFIED], radius_px=6)
    assert (error.n_picks, error.n_particles, error.n_found) == (3, 2, 1)
    assert error.precision == pytest.approx(1 / 3)
    assert error.recall == 0.5
    assert error.f1 == pytest.approx(0.4)
    # 4 × 1 missed, 2 false, 5 × 1 found
    assert error.error == pytest.approx((4 + 2) / (4 + 2 + 5))
    assert error.error == pytest.approx(1 - error.f2)
    assert error.to_dict()["error"] == error.error


def test_only_picks_above_the_threshold_count():
    error = measure_error([PICKS], [VERIFIED], radius_px=6, threshold=0.85)
    assert error.precision == 1
    assert error.error == pytest.approx(4 / 9)


def test_nothing_found_is_an_error_of_one():
    error = measure_error([Picks("m")], [VERIFIED], radius_px=6)
    assert error.error == 1
    assert error.to_dict()["precision"] is None


def test_all_found_is_no_error():
    assert measure_error([VERIFIED], [VERIFIED], radius_px=6).error == 0


def test_without_particles_there_is_no_error_to_measure():
    with pytest.raises(TrainingDataError, match="Hold out micrographs with particles"):
        measure_error([PICKS], [Picks("m")], radius_px=6)
    at_edge = Picks("m", [3], [40], frame=FRAME)
    with pytest.raises(TrainingDataError, match="farther than 6 px from the edge"):
        measure_error([Picks("m")], [at_edge], radius_px=6, edge_margin_px=6)


def test_missing_a_particle_weighs_more_than_a_false_pick():
    truth = Picks("m", [20, 60, 100], [20, 20, 20])
    missed = measure_error([truth.take(np.arange(2))], [truth], radius_px=6)
    false = measure_error([Picks("m", [20, 60, 100, 80], [20, 20, 20, 70])], [truth], radius_px=6)
    assert missed.error > false.error > 0
