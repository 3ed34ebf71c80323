"""Projections against brute force, and the directions of the axes."""

import numpy as np
import pytest

from deepem.simulation import Specimen, draw_rotations, make_phantom, project_beads

TRIPOD = Specimen("tripod", [[9, 2, -4], [-3, 8, 1], [-6, -10, 3]], 3.0, diameter_angstrom=25)
IDENTITY = np.eye(3)


def centre_of_mass(image):
    rows, columns = np.indices(image.shape)
    return (columns * image).sum() / image.sum(), (rows * image).sum() / image.sum()


def test_projection_is_the_numerical_integral_of_the_density():
    rotation = draw_rotations(1, rng=np.random.default_rng(3))[0]
    pixel, box, shift, fine = 2.0, 24, (0.3, -0.4), 8
    image = project_beads(
        TRIPOD, rotation, pixel_size_angstrom=pixel, box_size_px=box, shift_px=shift
    )

    # The three-dimensional density, sampled `fine` times per pixel and summed along z and pixels.
    across = (np.arange(box * fine) + 0.5) / fine - 0.5 - box // 2
    depth = np.arange(-30, 30, 0.5)
    density = np.zeros((across.size, across.size))
    for bead in TRIPOD.beads_angstrom:
        x, y, z = rotation @ bead
        squared = (
            (((across - shift[1]) * pixel - y) ** 2)[:, None, None]
            + (((across - shift[0]) * pixel - x) ** 2)[None, :, None]
            + ((depth - z) ** 2)[None, None, :]
        )
        gaussian = np.exp(-squared / (2 * 3.0**2)) / (2 * np.pi * 3.0**2) ** 1.5
        density += gaussian.sum(axis=2) * 0.5
    expected = density.reshape(box, fine, box, fine).mean(axis=(1, 3))

    np.testing.assert_allclose(image, expected, atol=1e-3 * expected.max())


def test_mass_does_not_depend_on_orientation_or_pixel_size():
    ribosome = make_phantom("ribosome")
    for rotation in draw_rotations(4, rng=np.random.default_rng(0)):
        for pixel, box in [(3.0, 140), (7.0, 60)]:
            image = project_beads(ribosome, rotation, pixel_size_angstrom=pixel, box_size_px=box)
            assert image.sum() * pixel**2 == pytest.approx(1550, rel=1e-4)


def test_coarse_pixel_is_the_mean_of_fine_ones():
    coarse = project_beads(TRIPOD, IDENTITY, pixel_size_angstrom=2.0, box_size_px=30)
    # The fine image is half a fine pixel off, so that its pixels fill the coarse ones exactly.
    fine = project_beads(
        TRIPOD, IDENTITY, pixel_size_angstrom=1.0, box_size_px=60, shift_px=(0.5, 0.5)
    )

    binned = fine.reshape(30, 2, 30, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(binned, coarse, atol=1e-5 * coarse.max())


@pytest.mark.parametrize("box", [40, 41])
def test_centre_of_mass_is_where_it_was_asked(box):
    for rotation in draw_rotations(3, rng=np.random.default_rng(1)):
        image = project_beads(
            TRIPOD, rotation, pixel_size_angstrom=2.0, box_size_px=box, shift_px=(1.3, -2.45)
        )
        assert centre_of_mass(image) == pytest.approx((20 + 1.3, 20 - 2.45), abs=1e-3)


def test_quarter_turn_about_z_takes_columns_to_rows():
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    options = {"pixel_size_angstrom": 1.5, "box_size_px": 41}
    image = project_beads(TRIPOD, IDENTITY, **options)
    turned = project_beads(TRIPOD, turn, **options)

    # x becomes y, y becomes -x: clockwise as numpy prints it.
    np.testing.assert_allclose(turned, np.rot90(image, k=-1), atol=1e-6)
    assert not np.allclose(turned, image, atol=1e-3)


def test_x_is_along_columns_and_z_is_the_beam():
    dumbbell = Specimen("dumbbell", [[12, 5, 99], [-12, -5, -99]], 1.0, diameter_angstrom=200)
    image = project_beads(dumbbell, IDENTITY, pixel_size_angstrom=1.0, box_size_px=40)
    peaks = np.argwhere(image > 0.9 * image.max())

    np.testing.assert_array_equal(peaks, [[15, 8], [25, 32]])


def radial_profile(image):
    rows, columns = np.indices(image.shape) - image.shape[0] // 2
    radius = np.rint(np.hypot(rows, columns)).astype(int)
    return np.bincount(radius.ravel(), image.ravel()) / np.bincount(radius.ravel())


def test_hollow_sphere_looks_the_same_from_all_sides_and_is_hollow():
    ferritin = make_phantom("apoferritin")
    profiles = [
        radial_profile(project_beads(ferritin, rotation, pixel_size_angstrom=3.0, box_size_px=64))
        for rotation in draw_rotations(6, rng=np.random.default_rng(2))
    ]
    mean = np.mean(profiles, axis=0)
    ring = np.argmax(mean)

    # The longest way through the wall is at the inner radius, 40 Å.
    assert ring * 3.0 == pytest.approx(40, abs=4)
    assert mean[:5].mean() < 0.7 * mean[ring]
    assert mean[26:].max() < 1e-3 * mean[ring]
    # From 5 px on, where enough pixels share a radius to average the beads out.
    assert np.std(profiles, axis=0)[5:].max() < 0.06 * mean[ring]
