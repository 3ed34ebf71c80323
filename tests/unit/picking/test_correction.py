"""What a person says of a micrograph decides; what they do not speak of stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Listing, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.picking.correction import correct_picks

DIAMETER = 20.0
NONE = Picks("m")


def at(*places, score=None):
    x, y = zip(*places, strict=True) if places else ((), ())
    return Picks("m", x, y, score=score)


def places_of(picks):
    return list(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))


def correct(picks, particles=NONE, negatives=NONE, *, complete=False):
    return correct_picks(picks, particles, negatives, complete=complete, diameter_px=DIAMETER)


def test_without_labels_nothing_changes():
    picks = Picks(
        "m",
        [10, 50],
        [10, 60],
        score=[0.9, 0.4],
        std=[1.0, np.nan],
        junk=[True, False],
        box_size_px=30,
        frame=Frame((100, 200), 1.5),
        listing=Listing("a/m.mrc"),
    )
    corrected = correct(picks)
    for name in ("x_px", "y_px", "score", "std", "junk"):
        np.testing.assert_array_equal(getattr(corrected, name), getattr(picks, name))
    assert (corrected.box_size_px, corrected.frame, corrected.listing) == (
        30, Frame((100, 200), 1.5), Listing("a/m.mrc"),
    )  # fmt: skip


@pytest.mark.parametrize("complete", [False, True])
def test_nothing_stays_nothing(complete):
    assert len(correct(NONE, complete=complete)) == 0


@pytest.mark.parametrize(("distance", "is_kept"), [(0, False), (10, False), (10.01, True)])
def test_a_negative_takes_out_a_pick_within_half_a_diameter(distance, is_kept):
    corrected = correct(at((50, 50)), negatives=at((50 + distance, 50)))
    assert len(corrected) == is_kept


def test_a_negative_takes_out_one_pick_not_its_neighbour_too():
    picks = at((50, 50), (60, 50))
    assert places_of(correct(picks, negatives=at((50, 50)))) == [(60, 50)]
    assert places_of(correct(picks, negatives=at((60, 50)))) == [(50, 50)]


@pytest.mark.parametrize(
    ("particle_x", "left"), [(48, 50), (47, 50), (46.9, 46.9), (54, 54), (70, 70)]
)
def test_a_pick_as_near_to_a_particle_as_to_the_negative_stays(particle_x, left):
    corrected = correct(at((50, 50)), at((particle_x, 50)), at((53, 50)))
    assert corrected.x_px.tolist() == [left]


def test_a_moved_particle_is_where_it_was_moved_to():
    corrected = correct(at((50, 50), (90, 50)), at((55, 50)), at((50, 50)))
    assert places_of(corrected) == [(90, 50), (55, 50)]


@pytest.mark.parametrize(("distance", "n"), [(10, 1), (10.01, 2)])
def test_a_particle_that_no_pick_has_found_is_added(distance, n):
    corrected = correct(at((50, 50), score=[0.7]), at((50, 50 + distance)))
    assert len(corrected) == n
    assert corrected.score.tolist() == [0.7, 1.0][:n]


def test_one_pick_between_two_particles_is_only_one_of_them():
    assert len(correct(at((50, 50)), at((45, 50), (55, 50)))) == 2


def test_as_few_particles_as_possible_are_added():
    """The nearest pair would leave a pick and a particle alone that do not reach each other."""
    picks, particles = at((50, 50), (43, 50)), at((48, 50), (59, 50))
    assert places_of(correct(picks, particles)) == places_of(picks)


def test_of_a_complete_micrograph_the_particles_alone_are_left():
    picks = Picks("m", [50, 90], [50, 50], score=[0.7, 0.9], std=[1.1, 1.2], box_size_px=30)
    corrected = correct(picks, at((20, 20), (53, 50)), at((90, 50)), complete=True)
    assert places_of(corrected) == [(20, 20), (53, 50)]
    assert corrected.score.tolist() == [1.0, 0.7]
    np.testing.assert_array_equal(corrected.std, [np.nan, 1.1])
    assert corrected.box_size_px == 30


def test_a_complete_micrograph_without_particles_is_empty():
    assert len(correct(at((50, 50)), complete=True)) == 0


@pytest.mark.parametrize(
    ("scores", "added"), [([0.4, 0.6], 1.0), ([3.5, np.nan], 3.5), ([np.nan, np.nan], np.nan)]
)
@pytest.mark.parametrize("complete", [False, True])
def test_what_was_added_by_hand_outlives_every_cut_by_score(scores, added, complete):
    corrected = correct(at((50, 50), (90, 50), score=scores), at((20, 20)), complete=complete)
    np.testing.assert_array_equal(corrected.score[-1], added)


@pytest.mark.parametrize("diameter_px", [0, -1, float("nan"), float("inf")])
def test_a_diameter_that_is_none_is_refused(diameter_px):
    with pytest.raises(ConfigError, match="diameter: must be above 0 px"):
        correct_picks(NONE, NONE, complete=False, diameter_px=diameter_px)


def test_labels_of_another_micrograph_are_refused():
    with pytest.raises(ConventionError, match="different micrographs"):
        correct(at((50, 50)), Picks("other", [50], [50]))


PLACES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8, unique=True).map(
    lambda places: at(*places)
)


@given(PLACES, PLACES, PLACES)
def test_every_particle_has_its_own_pick_and_no_rejected_pick_was_out_of_reach(
    picks, particles, negatives
):
    corrected = correct(picks, particles, negatives)
    again = correct(corrected, particles)
    assert places_of(again) == places_of(corrected)  # every particle has one already
    kept = set(places_of(corrected))
    for x, y in set(places_of(picks)) - kept:
        to_negative = np.hypot(negatives.x_px - x, negatives.y_px - y).min()
        to_particle = np.hypot(particles.x_px - x, particles.y_px - y).min(initial=np.inf)
        assert to_negative <= DIAMETER / 2
        assert to_negative < to_particle
    assert len(picks) - len(kept & set(places_of(picks))) <= len(negatives)
    assert kept <= set(places_of(picks)) | set(places_of(particles))
