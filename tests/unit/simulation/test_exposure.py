"""Noise is as strong, as coloured and as Poisson distributed as was asked."""

import numpy as np
import pytest

from deepem.errors import ConfigError
from deepem.simulation import Noise, Optics, calculate_ctf, make_phantom, simulate_micrograph
from deepem.simulation.exposure import add_gradient, add_hot_pixels, expose

FERRITIN = make_phantom("apoferritin")
OPTICS = Optics(1.2)
FLAT = np.zeros((512, 640), dtype=np.float32)
SMALL = {"n_particles": 20, "pixel_size_angstrom": 4.0, "shape": (400, 500), "seed": 1}


def expose_flat(noise, *, clean=FLAT, seed=0):
    return expose(
        clean,
        noise=noise,
        signal_variance=0.04,
        optics=OPTICS,
        pixel_size_angstrom=2.0,
        rng=np.random.default_rng(seed),
        solvent_rng=np.random.default_rng(seed + 1),
    )


def test_share_of_the_ice_has_the_spectrum_of_the_ctf_squared():
    noise = Noise(snr=0.1, solvent_fraction=0.6)
    pixels = expose_flat(noise).pixels
    power = np.abs(np.fft.rfft2(pixels)) ** 2 / pixels.size
    ctf = calculate_ctf(OPTICS, pixels.shape, pixel_size_angstrom=2.0)
    full = np.fft.fft2(pixels)  # for the mean of the CTF over all frequencies
    both_halves = np.full(ctf.shape[1], 2.0)
    both_halves[[0, -1]] = 1
    mean_square = (ctf**2 * both_halves).sum() / full.size
    expected = 0.4 * (0.4 + 0.6 * ctf**2 / mean_square)

    assert pixels.var() == pytest.approx(0.4, rel=0.02)
    for low, high in [(0, 0.05), (0.3, 0.7), (1, 2), (2, 5)]:
        band = (ctf**2 / mean_square >= low) & (ctf**2 / mean_square <= high)
        assert power[band].mean() == pytest.approx(expected[band].mean(), rel=0.05)


def test_white_noise_stays_what_it_is_but_for_its_share():
    white = expose_flat(Noise(snr=0.1)).pixels
    alone = expose_flat(Noise(snr=0.1, solvent_fraction=0.75)).pixels

    assert white.var() == pytest.approx(0.4, rel=0.02)
    # Half of the deviation is the detector's: the same numbers.
    assert np.corrcoef(white.ravel(), alone.ravel())[0, 1] == pytest.approx(0.5, abs=0.02)


def test_counts_are_poisson_distributed_about_the_image():
    clean = np.repeat([[-0.4, 0.0, 0.4]], 400, axis=0).repeat(300, axis=1).astype(np.float32)
    exposure = expose_flat(Noise(dose_per_angstrom2=5, contrast=0.1), clean=clean)
    counts = exposure.pixels

    # 20 electrons a pixel; 0.4 is two standard deviations of the signal.
    np.testing.assert_allclose(exposure.clean[0, ::300], [16, 20, 24], rtol=1e-5)
    assert (counts == np.rint(counts)).all()
    assert counts.dtype == np.float32
    for part, mean in zip(np.split(counts, 3, axis=1), (16, 20, 24), strict=True):
        assert part.mean() == pytest.approx(mean, rel=0.01)
        assert part.var() == pytest.approx(mean, rel=0.02)
    assert exposure.snr == pytest.approx(20 * 0.1**2, rel=0.02)


def test_intensity_is_never_below_zero():
    dark = np.repeat([0, -100], 50).astype(np.float32) * np.ones((50, 1), dtype=np.float32)
    exposure = expose_flat(Noise(dose_per_angstrom2=5), clean=dark)

    for image in (exposure.pixels, exposure.clean):
        assert image[:, :50].mean() == pytest.approx(20, rel=0.02)
        assert not image[:, 50:].any()


def test_dose_and_ice_lower_the_ratio_together():
    plain = simulate_micrograph(FERRITIN, noise=Noise(dose_per_angstrom2=40), **SMALL)
    icy = simulate_micrograph(
        FERRITIN, noise=Noise(dose_per_angstrom2=40, solvent_fraction=0.5), **SMALL
    )

    assert plain.snr == pytest.approx(40 * 16 * 0.05**2, rel=0.03)
    assert icy.snr == pytest.approx(plain.snr / 2, rel=0.03)
    assert plain.clean.mean() == pytest.approx(640, rel=0.01)


@pytest.mark.parametrize("solvent_fraction", [0.0, 0.5])
def test_scene_has_the_ratio_that_was_asked_for(solvent_fraction):
    noise = Noise(snr=0.08, solvent_fraction=solvent_fraction)
    scene = simulate_micrograph(FERRITIN, noise=noise, **SMALL)
    half = scene.truth.box_size_px // 2
    boxes = [
        scene.clean[max(y - half, 0) : y + half, max(x - half, 0) : x + half]
        for x, y in np.rint(np.column_stack([scene.truth.x_px, scene.truth.y_px])).astype(int)
    ]
    rest = scene.micrograph.pixels() - scene.clean

    assert scene.snr == 0.08
    assert np.mean([box.var() for box in boxes]) / rest.var() == pytest.approx(0.08, rel=0.03)


def test_ratio_can_be_given_either_way():
    simple = simulate_micrograph(FERRITIN, snr=0.2, **SMALL)
    same = simulate_micrograph(FERRITIN, noise=Noise(snr=0.2), **SMALL)

    np.testing.assert_array_equal(simple.micrograph.pixels(), same.micrograph.pixels())
    assert Noise().snr == 0.05
    assert Noise(dose_per_angstrom2=3).snr is None


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"snr": 0.1, "dose_per_angstrom2": 40}, "dose_per_angstrom2: .* leave out one"),
        ({"snr": -1}, "snr: must be greater than 0, got -1"),
        ({"dose_per_angstrom2": 0}, "dose_per_angstrom2: must be greater than 0, got 0"),
        ({"solvent_fraction": 1}, "solvent_fraction: must be from 0 to below 1, got 1"),
        ({"contrast": 0}, "contrast: must be above 0 and at most 1, got 0; 0.05 is usual"),
    ],
)
def test_impossible_noise_is_refused_with_the_cure(options, cure):
    with pytest.raises(ConfigError, match=cure):
        Noise(**options)


def test_noise_given_twice_is_refused():
    with pytest.raises(ConfigError, match=r"snr: got 0.1 beside noise=; write noise=Noise\(snr=0"):
        simulate_micrograph(FERRITIN, snr=0.1, noise=Noise(), **SMALL)


def test_gradient_is_a_plane_of_the_asked_height():
    ramp = add_gradient(FLAT, difference=3.0, rng=np.random.default_rng(3))
    rows, columns = np.gradient(ramp)

    assert np.ptp(ramp) == pytest.approx(3, rel=1e-5)
    assert ramp.mean() == pytest.approx(0, abs=1e-5)
    assert np.ptp(rows) < 1e-5
    assert np.ptp(columns) < 1e-5


def test_hot_pixels_are_far_above_the_rest():
    pixels = np.random.default_rng(0).normal(10, 2, size=(100, 120)).astype(np.float32)
    hot = add_hot_pixels(pixels, n_pixels=7, noise_std=2.0, rng=np.random.default_rng(1))
    changed = hot != pixels

    assert changed.sum() == 7
    assert hot[changed].min() > 10 + 19.9 * 2
    assert hot[changed].max() < 10 + 100.1 * 2
