"""The phantoms are what their names promise."""

import numpy as np
import pytest

from deepem.errors import ConfigError
from deepem.simulation import PHANTOMS, Specimen, make_phantom


@pytest.mark.parametrize("name", PHANTOMS)
def test_phantom_is_deterministic_centred_and_as_large_as_it_says(name):
    phantom, again = make_phantom(name), make_phantom(name)
    longest_side = np.ptp(phantom.beads_angstrom, axis=0).max()

    np.testing.assert_array_equal(phantom.beads_angstrom, again.beads_angstrom)
    np.testing.assert_allclose(phantom.beads_angstrom.mean(axis=0), 0, atol=1e-9)
    assert longest_side == pytest.approx(phantom.diameter_angstrom, rel=0.05)
    assert phantom.name == name


def test_apoferritin_and_klh_are_hollow():
    ferritin = np.linalg.norm(make_phantom("apoferritin").beads_angstrom, axis=1)
    klh = np.linalg.norm(make_phantom("klh").beads_angstrom[:, :2], axis=1)

    assert ferritin.min() > 39
    assert ferritin.max() < 63.5
    assert klh.min() > 53
    assert klh.max() < 162


def test_klh_has_six_tiers():
    heights = make_phantom("klh").beads_angstrom
    outer_wall = heights[np.hypot(heights[:, 0], heights[:, 1]) > 110, 2]
    gaps = np.diff(np.sort(outer_wall))

    assert (gaps > 10).sum() == 5


def test_inflammasome_has_eleven_spokes():
    beads = make_phantom("inflammasome").beads_angstrom
    rim = beads[np.hypot(beads[:, 0], beads[:, 1]) > 100]
    angles = np.arctan2(rim[:, 1], rim[:, 0])
    strength = [abs(np.exp(1j * order * angles).mean()) for order in range(1, 21)]

    assert np.argmax(strength) + 1 == 11


def test_ribosome_lobes_are_unequal_with_a_cleft_between_them():
    x = make_phantom("ribosome").beads_angstrom[:, 0]
    counts, edges = np.histogram(x, bins=30)
    inner = slice(8, 25)
    cleft = edges[8 + np.argmin(counts[inner])]

    assert counts[inner].min() < 0.25 * counts.max()
    assert 1.5 < (x < cleft).sum() / (x > cleft).sum() < 4


def test_beads_are_moved_to_their_centre_of_mass_and_cannot_be_changed():
    given = np.array([[10.0, 0, 0], [20, 4, 0]])
    specimen = Specimen("pair", given, bead_sigma_angstrom=1, diameter_angstrom=12)

    np.testing.assert_allclose(specimen.beads_angstrom, [[-5, -2, 0], [5, 2, 0]])
    np.testing.assert_array_equal(given[0], [10, 0, 0])
    with pytest.raises(ValueError, match="read-only"):
        specimen.beads_angstrom[0] = 0


def test_extent_holds_every_bead_to_four_sigma():
    specimen = Specimen("pair", [[-3, -4, 0], [3, 4, 0]], 2, diameter_angstrom=10)

    assert specimen.extent_angstrom == pytest.approx(2 * (5 + 8))


@pytest.mark.parametrize(("pixel_size_angstrom", "box"), [(1.0, 188), (2.0, 94), (3.44, 54)])
def test_box_is_one_and_a_half_diameters_and_even(pixel_size_angstrom, box):
    assert make_phantom("apoferritin").box_size_px(pixel_size_angstrom) == box


def test_unknown_phantom_names_the_known_ones():
    with pytest.raises(ConfigError, match=r"'ribosom' .* ribosome, klh, apoferritin, inflammasome"):
        make_phantom("ribosom")


@pytest.mark.parametrize(
    ("beads", "sigma", "diameter", "message"),
    [
        (np.zeros((0, 3)), 1, 10, r"beads_angstrom: expected finite points of shape \(n, 3\)"),
        (np.zeros((4, 2)), 1, 10, r"shape \(n, 3\), got \(4, 2\)"),
        ([[0, 0, np.nan]], 1, 10, "finite points"),
        ([[0, 0, 0]], 0, 10, "bead_sigma_angstrom: must be greater than 0 Å, got 0"),
        ([[0, 0, 0]], 1, -3, "diameter_angstrom: must be greater than 0 Å, got -3"),
    ],
)
def test_impossible_specimen_is_refused(beads, sigma, diameter, message):
    with pytest.raises(ConfigError, match=message):
        Specimen("bad", beads, sigma, diameter)
