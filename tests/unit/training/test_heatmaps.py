"""A heat map has its particles where the labels are, and says what is not known."""

import numpy as np
import pytest

from deepem.core import Frame, Micrograph, Picks
from deepem.preprocessing import PreparedImage
from deepem.training.heatmaps import RADIUS_OVER_DIAMETER, discs, draw_bumps, draw_heat_map

SHAPE = (60, 80)


def make_image(step=1.0, origin=0.0):
    pixels = np.zeros(SHAPE, np.float32)
    return PreparedImage(pixels, Frame(SHAPE, origin_px=(origin, origin), step_px=(step, step)))


def distance_to(row, column):
    rows, columns = np.indices(SHAPE)
    return np.hypot(rows - row, columns - column)


@pytest.mark.parametrize(("step", "origin"), [(1.0, 0.0), (2.5, 0.75)])
def test_a_particle_is_a_bump_at_its_place(step, origin):
    row, column, diameter = 20.4, 33.8, 15
    particle = Picks("m", [origin + column * step], [origin + row * step])
    heat_map = draw_heat_map(make_image(step, origin), particle, diameter_px=diameter * step)
    sigma = 0.2 * diameter
    expected = np.exp(-(distance_to(row, column) ** 2) / (2 * sigma**2))
    np.testing.assert_allclose(heat_map.target, expected, atol=4e-4)  # cut off at four sigma
    np.testing.assert_allclose(heat_map.centres, [[row, column]])
    assert (heat_map.weight == 1).all()
    for image in (heat_map.pixels, heat_map.target, heat_map.weight):
        assert image.dtype == np.float32
        assert image.shape == SHAPE


def test_overlapping_bumps_are_the_higher_of_both():
    centres = np.array([[20.0, 30.0], [22.5, 36.0], [50.0, 5.0]])
    alone = [draw_bumps(SHAPE, centre[None], sigma=4) for centre in centres]
    together = draw_bumps(SHAPE, centres, sigma=4)
    np.testing.assert_array_equal(together, np.max(alone, axis=0))
    np.testing.assert_array_equal(draw_bumps(SHAPE, centres[::-1], sigma=4), together)


def test_particles_at_the_edge_and_beyond_are_drawn_as_far_as_they_reach():
    for centre in ([-2.0, 30.0], [59.4, 79.4], [0.0, 0.0]):
        drawn = draw_bumps(SHAPE, np.array([centre]), sigma=3)
        expected = np.exp(-(distance_to(*centre) ** 2) / 18)
        np.testing.assert_allclose(drawn, expected, atol=4e-4)
    assert not draw_bumps(SHAPE, np.array([[-500.0, 30.0], [30.0, 500.0]]), sigma=3).any()


def test_discs_are_the_pixels_within_the_radius():
    centres = np.array([[20.3, 30.6], [40.0, 70.0], [1.0, 2.0]])
    nearest = np.min([distance_to(*centre) for centre in centres], axis=0)
    clear = np.abs(nearest - 5.25) > 1e-3
    np.testing.assert_array_equal(
        discs(SHAPE, centres, radius=5.25)[clear], (nearest < 5.25)[clear]
    )
    assert not discs(SHAPE, np.empty((0, 2)), radius=5).any()


def test_labels_of_the_same_particle_are_one():
    x, y = [20, 23, 40, 60, 60.5], [20, 21, 20, 50, 48]
    heat_map = draw_heat_map(make_image(), Picks("m", x, y), diameter_px=12)
    np.testing.assert_allclose(heat_map.centres, [[20, 20], [20, 40], [50, 60]])
    # Neighbours that touch are two.
    neighbours = draw_heat_map(make_image(), Picks("m", [20, 32], [20, 20]), diameter_px=12)
    assert len(neighbours.centres) == 2


def test_what_is_not_known_weighs_nothing_and_what_is_marked_wrong_more():
    diameter, radius = 20, RADIUS_OVER_DIAMETER * 20
    heat_map = draw_heat_map(
        make_image(),
        Picks("m", [15], [15]),
        diameter_px=diameter,
        unknown=Picks("m", [60], [15]),
        negatives=Picks("m", [30], [45]),
    )
    near = {
        name: distance_to(*place) < radius - 0.1
        for name, place in {"particle": (15, 15), "unknown": (15, 60), "wrong": (45, 30)}.items()
    }
    assert (heat_map.weight[near["unknown"]] == 0).all()
    assert (heat_map.weight[near["wrong"]] > 1).all()
    assert np.unique(heat_map.weight[near["wrong"]]).size == 1
    assert (heat_map.weight[near["particle"]] == 1).all()
    far = np.min([distance_to(15, 60), distance_to(45, 30)], axis=0) > radius + 0.1
    assert (heat_map.weight[far] == 1).all()
    assert (heat_map.target[near["wrong"]] < 1e-3).all()


def test_a_particle_is_known_even_where_a_doubtful_or_wrong_one_is_beside_it():
    beside = Picks("m", [21], [15])
    for options in ({"unknown": beside}, {"negatives": beside}):
        heat_map = draw_heat_map(make_image(), Picks("m", [15], [15]), diameter_px=20, **options)
        assert (heat_map.weight[distance_to(15, 15) < RADIUS_OVER_DIAMETER * 20 - 0.1] == 1).all()
        assert (heat_map.weight != 1).any()


def test_what_is_marked_wrong_is_known_although_it_looks_doubtful():
    place = Picks("m", [40], [30])
    heat_map = draw_heat_map(
        make_image(), Picks("m"), diameter_px=20, unknown=place, negatives=place
    )
    assert heat_map.weight.min() == 1
    assert heat_map.weight[30, 40] > 1


def test_no_particle_is_all_background():
    for options in ({}, {"unknown": Picks("m"), "negatives": Picks("m")}):
        heat_map = draw_heat_map(make_image(), Picks("m"), diameter_px=20, **options)
        assert not heat_map.target.any()
        assert (heat_map.weight == 1).all()
        assert heat_map.centres.shape == (0, 2)


def test_the_image_is_not_changed():
    micrograph = Micrograph.from_array(np.ones(SHAPE), name="m")
    image = PreparedImage(micrograph.pixels(), micrograph.frame)
    assert draw_heat_map(image, Picks("m", [9], [9]), diameter_px=9).pixels is image.pixels
