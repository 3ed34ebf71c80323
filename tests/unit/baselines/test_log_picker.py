"""Blobs where they are, of the size they have."""

import numpy as np
import pytest

from deepem.baselines import LogPicker
from deepem.baselines.scores import squash
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError

CENTRES = [(60.25, 45.5), (150, 120), (62.75, 140.5)]


def draw(diameter_px, *, contrast=-1.0, shape=(180, 200), ring=False):
    """Discs (or rings) with soft edges in noise that is high enough for them not to be clipped."""
    y, x = np.indices(shape)
    pixels = 0.25 * np.random.default_rng(0).standard_normal(shape)
    for x_px, y_px in CENTRES:
        radius = np.hypot(x - x_px, y - y_px)
        disc = np.clip(diameter_px / 2 - radius + 0.5, 0, 1)
        hole = np.clip(0.35 * diameter_px - radius + 0.5, 0, 1) if ring else 0
        pixels += contrast * (disc - hole)
    return Micrograph.from_array(pixels.astype(np.float32), name="blobs")


@pytest.mark.parametrize("diameter_px", [16, 60])  # not binned, and binned twice
def test_dark_discs_are_found_exactly_where_they_are(diameter_px):
    picks = LogPicker(diameter_px).scan(draw(diameter_px, shape=(200, 220)))
    found = sorted(zip(picks.x_px[:3], picks.y_px[:3], strict=True))
    np.testing.assert_allclose(found, sorted(CENTRES), atol=0.02 * diameter_px)
    assert (picks.score[3:] < picks.score[2] - 0.05).all()
    assert ((picks.score > 0) & (picks.score < 1)).all()
    assert (np.diff(picks.score) <= 0).all()
    assert picks.micrograph == "blobs"


def test_response_to_a_disc_is_that_of_theory():
    """At the centre of a disc of contrast c, σ² ∇²G answers 2 c t exp(-t), t = r² / 2σ²."""
    micrograph = draw(16)
    deviation = micrograph.pixels().std()
    for size_px in (12.0, 16.0, 20.0):
        score = LogPicker(16, size_px, size_px).scan(micrograph).score[0]
        response = (2 * score - 1) / (2 - 2 * score)
        t = (8 / (size_px / np.sqrt(8))) ** 2 / 2
        assert response * deviation == pytest.approx(2 * t * np.exp(-t), rel=0.05)


def test_bright_discs_are_no_particles():
    picks = LogPicker(16).scan(draw(16, contrast=1.0))
    distances = [np.hypot(picks.x_px - x, picks.y_px - y).min() for x, y in CENTRES]
    assert min(distances) > 4


def test_the_size_is_chosen_by_what_it_finds():
    truth = Picks("blobs", *zip(*CENTRES, strict=True))
    chosen = LogPicker.from_particles([draw(24, ring=True)], [truth], diameter_px=24)
    assert chosen.min_diameter_px == chosen.max_diameter_px
    picks = chosen.scan(draw(24, ring=True))
    found = sorted(zip(picks.x_px[:3], picks.y_px[:3], strict=True))
    np.testing.assert_allclose(found, sorted(CENTRES), atol=2.5)


def test_merit_of_any_range_becomes_a_score_in_order():
    merit = np.array([-1e6, -1, 0, 1, 10, 1e6])
    score = squash(merit)
    assert score[1:4].tolist() == [0.25, 0.5, 0.75]
    assert (np.diff(score) > 0).all()
    assert ((score > 0) & (score < 1)).all()
    assert squash(np.array([10.0]), scale=10)[0] == 0.75


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        ((0,), "diameter_px: must be greater than 0, got 0"),
        ((20, 30, 25), "at most the largest diameter of 25 px, got 30"),
        ((20, -1), "must be above 0 .* got -1"),
    ],
)
def test_sizes_that_cannot_be_are_refused_with_the_cure(arguments, cure):
    with pytest.raises(ConfigError, match=cure):
        LogPicker(*arguments)


def test_no_particles_choose_no_size():
    with pytest.raises(TrainingDataError, match="at least one particle"):
        LogPicker.from_particles([draw(16)], [Picks("blobs")], diameter_px=16)
