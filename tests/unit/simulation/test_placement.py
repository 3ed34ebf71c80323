"""Particles keep their distances, and errors state a cure that works."""

import re

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from deepem.errors import ConfigError
from deepem.simulation import place_particles


def test_centres_keep_their_distance_and_use_the_whole_non_square_area():
    centres = place_particles(
        (300, 900),
        n_particles=200,
        min_distance_px=20,
        edge_distance_px=15,
        rng=np.random.default_rng(0),
    )

    assert pdist(centres).min() >= 20
    assert centres.min(axis=0) == pytest.approx([15, 15], abs=15)
    assert centres.max(axis=0) == pytest.approx([884, 284], abs=15)
    assert (centres >= 15).all()
    assert (centres <= [884, 284]).all()


def test_centres_reach_the_first_and_last_pixel_and_no_farther():
    centres = place_particles(
        (10, 14),
        n_particles=1000,
        min_distance_px=0,
        edge_distance_px=0,
        rng=np.random.default_rng(0),
    )

    assert (centres >= 0).all()
    assert (centres <= [13, 9]).all()
    assert centres.min(axis=0) == pytest.approx([0, 0], abs=0.1)
    assert centres.max(axis=0) == pytest.approx([13, 9], abs=0.1)


def test_cure_of_a_crowded_micrograph_works():
    options = {"min_distance_px": 40, "edge_distance_px": 20}
    with pytest.raises(ConfigError, match=r"n_particles: only .* ask for at most") as error:
        place_particles((256, 300), n_particles=500, **options, rng=np.random.default_rng(1))

    cure = int(re.search(r"at most (\d+)", str(error.value)).group(1))
    centres = place_particles((256, 300), n_particles=cure, **options, rng=np.random.default_rng(1))
    assert len(centres) == cure
    # Discs of 40 px in the area they can reach: more than 40 % and at most about 54.7 % full.
    share = cure * np.pi * 20**2 / (256 * 300)
    assert 0.4 < share < 0.547


def test_cure_of_a_small_micrograph_works():
    options = {"n_particles": 1, "min_distance_px": 1, "edge_distance_px": 20.2}
    with pytest.raises(ConfigError, match=r"shape: 30 x 90 pixels .* at least 42 x 42"):
        place_particles((30, 90), **options, rng=np.random.default_rng(0))

    assert len(place_particles((42, 42), **options, rng=np.random.default_rng(0))) == 1


def test_negative_edge_distance_is_refused():
    with pytest.raises(ConfigError, match="edge_distance_px: must be 0 or more, got -3"):
        place_particles(
            (50, 50),
            n_particles=1,
            min_distance_px=1,
            edge_distance_px=-3,
            rng=np.random.default_rng(0),
        )
