"""Cutting a map: where the axis lies, how much is left, and that both sides are the whole."""

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from deepem.errors import ConfigError
from deepem.simulation import DensityMap, cut_density, find_long_axis, load_density_map

VOXEL = 5.0


@cache
def make_rod(*, axis=0, wide_end="last"):
    """A rod of 24 voxels along a grid axis (z, y, x), of which 8 at one end are wider."""
    density = np.zeros((44, 44, 44), dtype=np.float32)
    density[10:34, 18:26, 18:26] = 1
    if wide_end == "last":
        density[26:34, 14:30, 14:30] = 1
    elif wide_end == "first":
        density[10:18, 14:30, 14:30] = 1
    return DensityMap("rod", np.moveaxis(density, 0, axis), VOXEL)


def mass(density_map):
    return density_map.density.sum(dtype=np.float64)


@pytest.mark.parametrize(("axis", "unit"), [(0, (0, 0, 1)), (1, (0, 1, 0)), (2, (1, 0, 0))])
def test_long_axis_points_to_the_end_that_reaches_farther(axis, unit):
    for wide_end, sign in (("first", 1), ("last", -1)):
        long_axis = find_long_axis(make_rod(axis=axis, wide_end=wide_end))
        np.testing.assert_allclose(long_axis.direction, sign * np.array(unit), atol=1e-6)

    # 8 slices of 256 voxels and 16 of 64: the centre is at slice (8 * 3.5 * 4 + 16 * 15.5) / 48.
    centre = (8 * 3.5 * 4 + 16 * 15.5) / 48
    assert long_axis.first_angstrom == pytest.approx(-centre * VOXEL, abs=1e-3)
    assert long_axis.last_angstrom == pytest.approx((23 - centre) * VOXEL, abs=1e-3)


def test_axis_turns_with_the_map():
    rod = make_rod()
    turned = DensityMap("turned", np.rot90(rod.density, axes=(0, 2)), VOXEL)
    direction, other = (find_long_axis(one).direction for one in (rod, turned))

    # A quarter turn in the plane of z and x takes one to the other.
    np.testing.assert_allclose(np.abs(other), np.abs(direction[[2, 1, 0]]), atol=1e-6)


def test_sharp_cut_keeps_exactly_the_slices_of_one_side():
    rod = make_rod()
    axis = find_long_axis(rod)
    # The far end is the first slice, at which the thin part of 16 slices begins.
    position = axis.last_angstrom - 7.5 * VOXEL
    thin, rest = (
        cut_density(rod, position_angstrom=position, keep=keep, name=keep, edge_angstrom=0)
        for keep in ("above", "below")
    )

    assert (thin.name, rest.name) == ("above", "below")
    np.testing.assert_array_equal(thin.density[10:18], rod.density[10:18])
    assert not thin.density[18:].any()
    assert mass(thin) == pytest.approx(8 * 64)
    assert mass(rest) == pytest.approx(8 * 64 + 8 * 256)
    assert center_of_mass(thin.density) == pytest.approx((13.5, 21.5, 21.5))


@pytest.mark.parametrize("position", [-20.0, 0.0, 30.0])
def test_both_sides_are_the_whole(position):
    rod = make_rod(axis=1)
    for edge, lost in ((0.0, 1e-6), (8.0, 1e-3), (None, 1e-3), (60.0, 0.05)):
        above, below = (
            cut_density(rod, position_angstrom=position, keep=keep, name="x", edge_angstrom=edge)
            for keep in ("above", "below")
        )
        assert mass(above) + mass(below) == pytest.approx(mass(rod), rel=lost)
        assert 0.02 * mass(rod) < mass(above) < 0.98 * mass(rod)
        if edge == 0:
            np.testing.assert_allclose(above.density + below.density, rod.density, atol=1e-6)


def test_soft_edge_is_half_a_period_of_a_cosine():
    rod = make_rod()
    axis = find_long_axis(rod)
    position = axis.last_angstrom - 6 * VOXEL  # on slice 16
    part = cut_density(rod, position_angstrom=position, keep="below", name="x", edge_angstrom=20)

    profile = part.density[13:20, 21, 21]
    expected = [0, 0, (1 - np.sqrt(0.5)) / 2, 0.5, (1 + np.sqrt(0.5)) / 2, 1, 1]
    np.testing.assert_allclose(profile, expected, atol=1e-5)


def test_diameter_is_measured_anew_or_said():
    rod = make_rod()
    options = {"position_angstrom": 0, "keep": "below", "name": "cap", "edge_angstrom": 0}

    assert rod.diameter_angstrom == pytest.approx(24 * VOXEL)
    # The wide end is 16 voxels across.
    assert cut_density(rod, **options).diameter_angstrom == pytest.approx(16 * VOXEL, abs=VOXEL)
    assert cut_density(rod, **options, diameter_angstrom=70).diameter_angstrom == 70


def test_cap_of_the_proteasome_without_its_core(shared_data):
    path = shared_data.parent / "maps" / "26s_4cr2_10A.mrc"
    if not path.is_file():
        pytest.skip("the proteasome is not here")
    whole = load_density_map(path)
    cap = cut_density(whole, position_angstrom=40, keep="below", name="19S")

    # The cap has 0.9 MDa, and the model has one half of the core, 0.36 MDa.
    assert mass(cap) / mass(whole) == pytest.approx(0.9 / 1.26, abs=0.03)
    assert cap.diameter_angstrom < whole.diameter_angstrom - 25
    along = find_long_axis(whole).direction
    spread = np.argwhere(cap.density > 0.1 * cap.density.max())[:, ::-1] * 10.0 @ along
    assert np.ptp(spread) == pytest.approx(165, abs=20)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"position_angstrom": 100}, "position_angstrom: 100 leaves nothing .*between -38 and 78"),
        ({"position_angstrom": np.nan}, "position_angstrom: nan leaves"),
        ({"keep": "left"}, "keep: must be 'above' or 'below', got 'left'"),
        ({"edge_angstrom": -1}, "edge_angstrom: must be 0 or more, got -1"),
        ({"diameter_angstrom": -5}, "diameter_angstrom: must be greater than 0 Å, got -5"),
    ],
)
def test_what_cannot_work_is_refused(options, cure):
    with pytest.raises(ConfigError, match=cure):
        cut_density(
            make_rod(), **({"position_angstrom": 0, "keep": "above", "name": "x"} | options)
        )
