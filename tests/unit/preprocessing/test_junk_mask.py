"""Junk is found where it is put, particles are left alone."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from deepem.core import Frame
from deepem.preprocessing import find_junk

SHAPE, DIAMETER = (220, 260), 13.0
ROWS, COLUMNS = np.indices(SHAPE)


def discs(centres, radius, depth):
    image = np.zeros(SHAPE)
    for row, column in centres:
        image[np.hypot(ROWS - row, COLUMNS - column) < radius] = -depth
    return image


def grid(spacing, left=0):
    return [
        (r, c)
        for r in np.arange(10, SHAPE[0] - 8, spacing)
        for c in np.arange(left + 10, SHAPE[1] - 8, spacing)
    ]


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=SHAPE)


@pytest.fixture
def particles():
    return discs(grid(26), DIAMETER / 2, 1.0)


def full_size(mask):
    columns, rows = (a.ravel().astype(float) for a in (COLUMNS, ROWS))
    return mask.is_junk(columns, rows).reshape(SHAPE)


def test_noise_has_no_junk(noise):
    assert find_junk(noise, DIAMETER).share == 0


@pytest.mark.parametrize("depth", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("spacing", [14, 20, 60])
def test_particles_are_no_junk_however_dense_and_clear(noise, depth, spacing):
    image = noise + discs(grid(spacing), DIAMETER / 2, depth)
    x, y = (np.array(v, float) for v in zip(*[(c, r) for r, c in grid(spacing)], strict=True))
    assert not find_junk(image, DIAMETER).is_junk(x, y).any()


@pytest.mark.parametrize("sign", [-1, 1])
def test_blobs_larger_than_particles_are_junk(noise, particles, sign):
    place = (100, 120)
    blob = sign * discs([place], 2 * DIAMETER, 5.0)
    junk = full_size(find_junk(noise + particles + blob, DIAMETER))
    inside = np.hypot(ROWS - place[0], COLUMNS - place[1])
    assert junk[inside < 1.9 * DIAMETER].mean() > 0.97
    assert not junk[inside > 3.5 * DIAMETER].any()


def test_a_crystal_that_the_clipping_made_flat_is_junk(noise, particles):
    image = noise + particles
    crystal = np.hypot(ROWS - 30, COLUMNS - 200) < 60
    image[crystal] = -5
    junk = full_size(find_junk(image, DIAMETER))
    assert junk[crystal].mean() > 0.97
    assert junk[~crystal].mean() < 0.06


@pytest.mark.parametrize("kind", ["darker", "rougher", "fringe"])
def test_carbon_is_junk_and_the_hole_is_not(noise, particles, kind):
    from_edge = 0.8 * COLUMNS + 0.6 * ROWS - 100
    carbon = from_edge < 0
    image = noise + particles
    if kind == "darker":
        image -= 2.0 * carbon
    elif kind == "rougher":
        grain = gaussian_filter(np.random.default_rng(1).normal(size=SHAPE), 0.6)
        image += 2.0 * grain / grain.std() * carbon
    else:  # little darker, but Fresnel fringes
        image += -0.7 * carbon + 4 * np.exp(-(((from_edge - 3) / 2.5) ** 2))
    junk = full_size(find_junk(image, DIAMETER))
    assert junk[carbon].mean() > 0.85
    assert junk[from_edge > 2.5 * DIAMETER].mean() < 0.01


def test_a_hole_in_carbon_is_never_junk(noise, particles):
    hole = COLUMNS < 100  # less than half of the picture, and brighter
    junk = full_size(find_junk(noise + particles + 2.0 * hole, DIAMETER))
    assert not junk[COLUMNS < 80].any()


def test_thicker_ice_to_one_side_is_no_junk(noise, particles):
    image = noise + particles - 4 * (COLUMNS / SHAPE[1]) ** 2
    assert full_size(find_junk(image, DIAMETER)).mean() < 0.005


def test_a_damaged_edge_is_junk(noise, particles):
    image = noise + particles
    image[:, -4:] = 5 * noise[:, -4:]
    junk = full_size(find_junk(image, DIAMETER))
    assert junk[:, -4:].all()
    assert not junk[:, :-6].any()


@pytest.mark.parametrize("name", ["fliplr", "flipud", "rot90"])
def test_the_mask_turns_with_the_image(noise, particles, name):
    turn = getattr(np, name)
    image = noise + particles + discs([(100, 120)], 2 * DIAMETER, 5.0)
    expected = turn(full_size(find_junk(image, DIAMETER)))
    turned = find_junk(turn(image), DIAMETER)
    rows, columns = (a.ravel().astype(float) for a in np.indices(expected.shape))
    found = turned.is_junk(columns, rows).reshape(expected.shape)
    assert (found != expected).mean() < 0.01


@pytest.mark.parametrize("factor", [1, 3])
def test_positions_are_unbinned_pixels_at_any_scale(noise, particles, factor):
    place = (60, 180)
    image = noise + particles + discs([place], 2 * DIAMETER, 5.0)
    fine = np.kron(image, np.ones((factor, factor)))
    frame = Frame(fine.shape, origin_px=(100.5, 40.5), step_px=(2.0, 2.0))
    mask = find_junk(fine, DIAMETER * factor, frame=frame)
    middle = (factor - 1) / 2
    x, y = frame.to_px(place[1] * factor + middle, place[0] * factor + middle)
    away = 4 * DIAMETER * factor * 2
    at_x, at_y = np.array([x, x + away, x, x - 1e6]), np.array([y, y, y + away, y])
    assert mask.is_junk(at_x, at_y).tolist() == [True, False, False, False]
    assert mask.is_junk(np.zeros(0), np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("shape", [(20, 300), (5, 5), (1, 1)])
def test_an_image_too_small_to_compare_has_no_junk(shape):
    assert find_junk(np.random.default_rng(0).normal(size=shape), DIAMETER).share == 0


def test_a_constant_image_has_no_junk():
    assert find_junk(np.ones(SHAPE), DIAMETER).share == 0


def test_the_image_stays_as_it_is(noise):
    before = noise.copy()
    find_junk(noise, DIAMETER)
    np.testing.assert_array_equal(noise, before)


@pytest.mark.parametrize("diameter", [0, -1, float("nan")])
def test_a_diameter_that_cannot_be_is_refused(noise, diameter):
    with pytest.raises(ValueError, match="the diameter must be positive"):
        find_junk(noise, diameter)
