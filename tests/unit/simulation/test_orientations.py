"""Uniform orientations by their moments, and preferred views by their angles."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepem.errors import ConfigError
from deepem.simulation import Views, draw_rotations, make_phantom, simulate_micrograph

IDENTITY = np.eye(3)
N = 4000


def draw(views, *, n=N, seed=0):
    return draw_rotations(n, rng=np.random.default_rng(seed), views=views)


def assert_in_plane_is_uniform(rotations):
    """The first two harmonics of where the specimen's x and y axes lie in the image vanish."""
    for axis in (0, 1):
        angle = np.arctan2(rotations[:, 1, axis], rotations[:, 0, axis])
        for harmonic in (1, 2):
            assert abs(np.exp(1j * harmonic * angle).mean()) < 4 / np.sqrt(len(angle))


def test_rotations_are_uniform_and_come_from_the_generator():
    rotations = draw(Views(), n=2000, seed=5)

    np.testing.assert_array_equal(rotations, draw(Views(), n=2000, seed=5))
    assert not np.allclose(rotations, draw(Views(), n=2000, seed=6))
    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1), [IDENTITY] * 2000, atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    # Every element of a uniform rotation has mean 0 and variance 1/3.
    np.testing.assert_allclose(rotations.mean(axis=0), 0, atol=5 / np.sqrt(3 * 2000))
    np.testing.assert_allclose(rotations.var(axis=0), 1 / 3, atol=0.04)


def test_uniform_draws_are_scipys():
    expected = Rotation.random(7, np.random.default_rng(11)).as_matrix()

    np.testing.assert_array_equal(draw(Views(), n=7, seed=11), expected)


@pytest.mark.parametrize(
    "views", [Views.top(), Views.side(), Views(((1, 2, -3),), uniform_fraction=0.5)]
)
def test_preferred_orientations_are_rotations_and_repeat(views):
    rotations = draw(views, n=200)

    np.testing.assert_allclose(
        rotations @ rotations.transpose(0, 2, 1), [IDENTITY] * 200, atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1)
    np.testing.assert_array_equal(rotations, draw(views, n=200))
    assert draw(views, n=0).shape == (0, 3, 3)


def test_top_views_have_the_axis_along_the_beam_either_way():
    exact = draw(Views.top(spread_deg=0))
    np.testing.assert_allclose(np.abs(exact[:, 2, 2]), 1, atol=1e-12)

    rotations = draw(Views.top(spread_deg=8))
    assert (rotations[:, 2, 2] > 0).mean() == pytest.approx(0.5, abs=0.03)
    # Each of the two tilts has the spread, so that the mean square of the angle is twice its.
    angle = np.rad2deg(np.arccos(np.abs(rotations[:, 2, 2])))
    assert np.sqrt((angle**2).mean() / 2) == pytest.approx(8, rel=0.05)
    assert_in_plane_is_uniform(rotations)


def test_side_views_have_the_axis_in_the_image_and_any_turn_about_it():
    exact = draw(Views.side(spread_deg=0))
    np.testing.assert_allclose(exact[:, 2, 2], 0, atol=1e-12)

    rotations = draw(Views.side(spread_deg=8))
    elevation = np.rad2deg(np.arcsin(rotations[:, 2, 2]))
    assert elevation.mean() == pytest.approx(0, abs=0.5)
    assert elevation.std() == pytest.approx(8, rel=0.05)
    axis_angle = np.arctan2(rotations[:, 1, 2], rotations[:, 0, 2])
    turn = np.arctan2(rotations[:, 2, 1], rotations[:, 2, 0])
    for angle in (axis_angle, turn):
        for harmonic in (1, 2):
            assert abs(np.exp(1j * harmonic * angle).mean()) < 4 / np.sqrt(N)


def test_any_direction_points_along_the_beam_and_not_against_it():
    for direction in [(0, 0, 1), (0, 0, -1), (1, 0, 0), (-2, 3, 1), (0, -5, 0)]:
        rotations = draw(Views((direction,), spread_deg=0), n=500)
        unit = np.array(direction) / np.linalg.norm(direction)

        np.testing.assert_allclose(rotations @ unit, [[0, 0, 1]] * 500, atol=1e-12)
        across = np.cross(unit, [0.6, 0.5, 0.4])
        angle = np.arctan2(*(rotations @ across)[:, 1::-1].T)
        assert abs(np.exp(1j * angle).mean()) < 4 / np.sqrt(500)


def test_several_directions_are_equally_frequent():
    views = Views(((1, 0, 0), (0, 1, 0), (0, 0, 1)), spread_deg=0)
    along_beam = draw(views, n=3000)[:, 2, :]

    np.testing.assert_allclose(along_beam.max(axis=1), 1)
    np.testing.assert_allclose(along_beam.mean(axis=0), 1 / 3, atol=0.04)


def test_a_share_can_stay_uniform():
    rotations = draw(Views.top(spread_deg=0, uniform_fraction=0.25))
    is_top = np.abs(rotations[:, 2, 2]) > 1 - 1e-9

    assert is_top.mean() == pytest.approx(0.75, abs=0.03)
    np.testing.assert_allclose(rotations[~is_top].var(axis=0), 1 / 3, atol=0.05)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"directions": (0, 0, 1)}, r"directions: .*got 0; one alone is \(\(x, y, z\),\)"),
        ({"directions": ((0, 0, 0),)}, "directions: .*not zero"),
        ({"directions": ((0, 0, np.nan),)}, "directions: .*not zero"),
        ({"placed": "beside"}, "placed: must be 'along' or 'across', got 'beside'"),
        ({"spread_deg": 91}, r"spread_deg: must be 0 to 90, got 91; .*Views\(\)"),
        ({"uniform_fraction": 1.5}, "uniform_fraction: must be 0 to 1, got 1.5"),
    ],
)
def test_what_cannot_work_is_refused(options, cure):
    with pytest.raises(ConfigError, match=cure):
        Views(**options)


def test_a_scene_has_the_views_it_was_asked_for():
    options = {"n_particles": 5, "pixel_size_angstrom": 12.0, "seed": 1, "shape": (256, 256)}
    klh = make_phantom("klh")
    plain = simulate_micrograph(klh, **options)
    side = simulate_micrograph(klh, views=Views.side(spread_deg=0), **options)

    np.testing.assert_allclose(side.rotations[:, 2, 2], 0, atol=1e-12)
    assert np.abs(plain.rotations[:, 2, 2]).max() > 0.1
    # Centres and noise are those of the same seed.
    np.testing.assert_array_equal(side.truth.x_px, plain.truth.x_px)
    noise = [one.micrograph.pixels() - one.clean for one in (side, plain)]
    assert np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1] > 0.999
