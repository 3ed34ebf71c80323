"""The likelihood ratio against brute force and against what likelihood ratios must obey."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepem.baselines import score_ideally
from deepem.baselines.views import spread_views
from deepem.errors import ConfigError
from deepem.evaluation import evaluate
from deepem.simulation import Optics, Specimen, apply_ctf, make_phantom, simulate_micrograph

DUMBBELL = Specimen("dumbbell", [[20, 0, 0], [-20, 0, 0]], 8.0, diameter_angstrom=60)
OPTICS = Optics(defocus_um=1.0)
PIXEL = {"pixel_size_angstrom": 5.0}
FEW = {"n_views": 6, "n_rotations": 4}


def noise_image(shape, sigma, seed=0):
    return sigma * np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def image_one(specimen, rotation, shape, x_px, y_px):
    """Contrast of one particle on empty ice."""
    size = 2 * max(shape)
    density = specimen.project(
        rotation, box_size_px=size, shift_px=(x_px - size // 2, y_px - size // 2), **PIXEL
    )
    return apply_ctf(np.roll(density, (64, 64), (0, 1)), OPTICS, **PIXEL)[
        64 : 64 + shape[0], 64 : 64 + shape[1]
    ]


def test_likelihood_ratio_is_that_of_brute_force():
    shape, sigma = (96, 110), 1e-4
    rotation = spread_views(6)[2]
    pixels = image_one(DUMBBELL, rotation, shape, 50, 40) + noise_image(shape, sigma)
    scores = score_ideally(
        pixels, DUMBBELL, OPTICS, noise_sigma=sigma, factor=1, **PIXEL, **FEW
    ).log_ratio

    turns = Rotation.from_euler("z", np.arange(4)[:, None] * np.pi / 2).as_matrix()
    for x_px, y_px in ((50, 40), (53, 44), (60, 60)):
        exponents = []
        for view in spread_views(6):
            for turn in turns:
                template = image_one(DUMBBELL, turn @ view, shape, x_px, y_px).astype(np.float64)
                exponents.append(((pixels * template).sum() - (template**2).sum() / 2) / sigma**2)
        expected = np.logaddexp.reduce(exponents) - np.log(24)
        assert scores[y_px, x_px] == pytest.approx(expected, abs=0.02 * abs(expected) + 0.1)


@pytest.mark.parametrize("factor", [1, 2])
def test_mean_likelihood_ratio_of_noise_is_one(factor):
    """Whatever the particle is: the noise makes its own likelihoods integrate to 1."""
    template = image_one(DUMBBELL, np.eye(3), (96, 96), 48, 48)
    sigma = float(np.sqrt((template**2).sum()))  # a particle of one sigma
    scores = score_ideally(
        noise_image((512, 512), sigma),
        DUMBBELL,
        OPTICS,
        noise_sigma=sigma,
        factor=factor,
        **PIXEL,
        **FEW,
    ).log_ratio
    inside = scores[40 // factor : -40 // factor, 40 // factor : -40 // factor]
    assert np.exp(inside).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("factor", [1, 2])
def test_particle_is_found_where_it_is(factor):
    shape = (96, 128)
    pixels = image_one(DUMBBELL, spread_views(6)[1], shape, 70.5, 40.5)
    sigma = 0.2 * float(np.sqrt((pixels**2).sum()))
    scores = score_ideally(
        pixels, DUMBBELL, OPTICS, noise_sigma=sigma, factor=factor, **PIXEL, **FEW
    )
    best = scores.find_picks("one").by_score()

    assert scores.frame.shape == (96 // factor, 128 // factor)
    assert best.frame.shape == shape
    assert (best.x_px[0], best.y_px[0]) == pytest.approx((70.5, 40.5), abs=0.5)
    assert 0.5 < best.score[0] < 1


def test_expected_log_ratio_at_a_particle_is_half_its_energy():
    shape = (96, 96)
    clean = image_one(DUMBBELL, spread_views(6)[1], shape, 48, 48)
    sigma = 0.1 * float(np.sqrt((clean**2).sum()))  # E / sigma² = 100
    scores = score_ideally(
        clean, DUMBBELL, OPTICS, noise_sigma=sigma, factor=1, **PIXEL, **FEW
    ).log_ratio

    # One of 24 templates fits, and perhaps others that look alike.
    assert 50 - np.log(24) - 0.5 < scores.max() <= 50.5


def test_scores_keep_the_order_and_threads_change_nothing():
    scene = simulate_micrograph(
        make_phantom("apoferritin"), n_particles=12, seed=1, shape=(300, 280), snr=0.1, **PIXEL
    )
    sigma = float((scene.micrograph.pixels() - scene.clean).std())
    options = {"noise_sigma": sigma, **PIXEL, **FEW}
    one, two = (
        score_ideally(
            scene.micrograph.pixels(),
            make_phantom("apoferritin"),
            scene.optics,
            workers=n,
            **options,
        )
        for n in (1, 2)
    )
    np.testing.assert_allclose(one.log_ratio, two.log_ratio, atol=1e-2)

    picks = one.find_picks("simulated")
    assert (np.diff(picks.score) <= 0).all()
    assert ((picks.score > 0) & (picks.score < 1)).all()
    assert len(set(picks.score)) > 0.9 * len(picks)
    result = evaluate(picks, scene.truth, max_distance_px=12, edge_margin_px=12)
    assert result.average_precision > 0.95


def test_views_are_even():
    directions = spread_views(200)[:, 2]  # what is turned into the beam
    np.testing.assert_allclose(directions.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(directions.T @ directions / 200, np.eye(3) / 3, atol=0.01)
    nearest = np.sort(directions @ directions.T, axis=1)[:, -2]
    assert np.degrees(np.arccos(nearest)).min() > 8


@pytest.mark.parametrize(
    ("changed", "cure"),
    [
        ({"noise_sigma": 0}, "noise_sigma: must be greater than 0, got 0"),
        ({"factor": 3}, "factor: 3 does not divide 128 x 96 pixels; use 1"),
        ({"n_views": 0}, "n_views: must be greater than 0"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_cure(changed, cure):
    with pytest.raises(ConfigError, match=cure):
        score_ideally(
            np.zeros((96, 128)), DUMBBELL, OPTICS, **({"noise_sigma": 1.0} | PIXEL | changed)
        )
