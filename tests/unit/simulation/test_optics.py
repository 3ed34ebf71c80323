"""The contrast transfer function against the textbook, and its signs."""

from dataclasses import replace

import numpy as np
import pytest

from deepem.errors import ConfigError
from deepem.simulation import Optics, apply_ctf, calculate_ctf

SHARP = Optics(b_factor_angstrom2=0)


def textbook_ctf(frequency, optics, *, defocus_um):
    """CTF at a frequency in 1/Å, after Mindell and Grigorieff, J. Struct. Biol. 142:334 (2003)."""
    volt = optics.voltage_kv * 1e3
    wavelength = 12.2643 / np.sqrt(volt * (1 + 0.978466e-6 * volt))
    defocus, aberration = defocus_um * 1e4, optics.spherical_aberration_mm * 1e7
    chi = (
        np.pi * wavelength * defocus * frequency**2
        - np.pi / 2 * aberration * wavelength**3 * frequency**4
    )
    return np.sin(chi + np.arcsin(optics.amplitude_contrast_fraction))


def first_crossings(frequency, ctf, n):
    after = np.flatnonzero(np.diff(np.sign(ctf)))[:n]
    step = frequency[1] - frequency[0]
    return frequency[after] + step * ctf[after] / (ctf[after] - ctf[after + 1])


@pytest.mark.parametrize(
    "optics",
    [
        SHARP,
        replace(SHARP, defocus_um=2.5, voltage_kv=200, amplitude_contrast_fraction=0.07),
        replace(SHARP, defocus_um=1.0, spherical_aberration_mm=0.01, voltage_kv=120),
    ],
)
def test_ctf_and_its_zeros_are_those_of_the_textbook(optics):
    pixel, side = 1.5, 4096
    along_x = calculate_ctf(optics, (4, side), pixel_size_angstrom=pixel)[0]
    along_y = calculate_ctf(optics, (side, 4), pixel_size_angstrom=pixel)[: side // 2, 0]
    frequency = np.fft.rfftfreq(side, pixel)
    expected = textbook_ctf(frequency, optics, defocus_um=optics.defocus_um)
    zeros = first_crossings(frequency, expected, n=8)

    low = frequency < 0.2
    np.testing.assert_allclose(along_x[low], expected[low], atol=1e-3)
    np.testing.assert_allclose(along_y, along_x[:-1], atol=1e-3)
    np.testing.assert_allclose(first_crossings(frequency, along_x, n=8), zeros, rtol=1e-3)
    assert along_x[0] == pytest.approx(optics.amplitude_contrast_fraction)


@pytest.mark.parametrize(
    ("angle_deg", "defocus_x_um", "defocus_y_um"), [(0, 2.3, 1.7), (90, 1.7, 2.3), (45, 2.0, 2.0)]
)
def test_largest_defocus_lies_along_the_angle_from_x(angle_deg, defocus_x_um, defocus_y_um):
    optics = replace(SHARP, defocus_um=2.0, astigmatism_um=0.3, astigmatism_angle_deg=angle_deg)
    ctf = calculate_ctf(optics, (512, 512), pixel_size_angstrom=3.0)
    frequency = np.fft.rfftfreq(512, 3.0)[20:-1]

    for line, defocus_um in [(ctf[0, 20:-1], defocus_x_um), (ctf[20:256, 0], defocus_y_um)]:
        expected = textbook_ctf(frequency, optics, defocus_um=defocus_um)
        np.testing.assert_allclose(line, expected, atol=5e-3)


def test_astigmatism_at_45_degrees_lies_along_growing_x_and_y():
    optics = replace(SHARP, defocus_um=2.0, astigmatism_um=0.3, astigmatism_angle_deg=45)
    ctf = calculate_ctf(optics, (512, 512), pixel_size_angstrom=3.0)
    index = np.arange(20, 180)
    frequency = np.sqrt(2) * np.fft.rfftfreq(512, 3.0)[index]

    for line, defocus_um in [(ctf[index, index], 2.3), (ctf[-index, index], 1.7)]:
        expected = textbook_ctf(frequency, optics, defocus_um=defocus_um)
        np.testing.assert_allclose(line, expected, atol=5e-3)


def test_envelope_follows_the_b_factor():
    blurred = calculate_ctf(Optics(b_factor_angstrom2=200), (64, 80), pixel_size_angstrom=2.0)
    sharp = calculate_ctf(SHARP, (64, 80), pixel_size_angstrom=2.0)
    row, column = 10, 7
    squared = (row / (64 * 2.0)) ** 2 + (column / (80 * 2.0)) ** 2

    assert blurred[row, column] / sharp[row, column] == pytest.approx(np.exp(-50 * squared))


def blob(shape, *, row, column, sigma):
    rows, columns = np.indices(shape)
    squared = (rows - row) ** 2 + (columns - column) ** 2
    return np.exp(-squared / (2 * sigma**2)).astype(np.float32)


def test_density_is_dark_in_underfocus_and_bright_in_overfocus():
    density = blob((120, 90), row=70, column=30, sigma=6)
    for defocus_um, sign in [(2.0, -1), (-2.0, 1)]:
        optics = Optics(defocus_um=defocus_um, amplitude_contrast_fraction=0.0)
        contrast = apply_ctf(density, optics, pixel_size_angstrom=3.0)
        assert sign * contrast[70, 30] > 0
        assert np.unravel_index(np.argmax(sign * contrast), contrast.shape) == (70, 30)


def test_contrast_is_float32_keeps_odd_shapes_and_is_periodic():
    density = blob((121, 91), row=60, column=45, sigma=5)
    contrast = apply_ctf(density, Optics(), pixel_size_angstrom=2.0)
    moved = apply_ctf(np.roll(density, (55, 30), (0, 1)), Optics(), pixel_size_angstrom=2.0)

    assert contrast.dtype == np.float32
    assert contrast.shape == (121, 91)
    np.testing.assert_allclose(moved, np.roll(contrast, (55, 30), (0, 1)), atol=1e-5)


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("astigmatism_um", -0.1, "make it positive and add 90 to astigmatism_angle_deg"),
        ("amplitude_contrast_fraction", 1.0, "0.1 is usual"),
        ("amplitude_contrast_fraction", -0.1, "from 0 to below 1"),
        ("voltage_kv", 0.0, "300 is usual"),
        ("b_factor_angstrom2", -50.0, "a positive B blurs"),
    ],
)
def test_impossible_optics_is_refused(field, value, cure):
    with pytest.raises(ConfigError, match=f"{field}: .*{cure}"):
        Optics(**{field: value})
