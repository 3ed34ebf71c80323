"""The template against its definition, its scores against brute force, its picks against truth."""

import numpy as np
import pytest

from deepem.baselines import MatchedFilter
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError
from deepem.evaluation import evaluate
from deepem.preprocessing import prepare
from deepem.simulation import make_phantom, simulate_dataset

DIAMETER = 25.0


@pytest.fixture(scope="module")
def scenes():
    return list(
        simulate_dataset(
            make_phantom("apoferritin"),
            4,
            n_particles=15,
            pixel_size_angstrom=5.0,
            shape=(240, 280),
            snr=0.2,
            seed=0,
        )
    )


def train(scenes, **options):
    return MatchedFilter.from_particles(
        [scene.micrograph for scene in scenes[:3]],
        [scene.truth for scene in scenes[:3]],
        diameter_px=DIAMETER,
        **options,
    )


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("rotational_average", [False, True])
@pytest.mark.parametrize("factor", [None, 1.5])
def test_particles_of_another_micrograph_are_found(scenes, factor, rotational_average, whiten):
    filter_ = train(scenes, factor=factor, rotational_average=rotational_average, whiten=whiten)
    picks = filter_.scan(scenes[3].micrograph)
    result = evaluate(
        picks, scenes[3].truth, max_distance_px=DIAMETER / 2, edge_margin_px=DIAMETER / 2
    )

    assert result.average_precision > 0.9
    assert result.median_distance_px < 3
    assert picks.micrograph == "mic_0004"
    assert ((picks.score >= 0) & (picks.score <= 1)).all()
    assert (np.diff(picks.score) <= 0).all()


def test_template_is_a_dark_ring_and_has_no_mean(scenes):
    filter_ = train(scenes)
    middle = len(filter_.template) // 2

    assert len(filter_.template) == len(filter_.mask) == 2 * middle + 1
    assert filter_.mask[middle, middle] == 1
    assert filter_.mask[0].max() < 0.01
    assert (filter_.template * filter_.mask).sum() == pytest.approx(0, abs=1e-3)
    # A hollow sphere: darkest where the view is longest through its wall.
    assert np.argmin(filter_.template[middle, middle:]) in range(5, 12)
    np.testing.assert_allclose(filter_.template, np.rot90(filter_.template), atol=1e-5)


def test_score_is_the_weighted_correlation_coefficient(scenes):
    filter_ = train(scenes)
    image = prepare(scenes[3].micrograph, factor=1, box_size=len(filter_.mask))
    scores = filter_._correlate(image)
    size = len(filter_.mask)
    for row, column in ((0, 0), (57, 91), (120, 200)):
        box = image.pixels[row : row + size, column : column + size].astype(np.float64)
        weights = filter_.mask / filter_.mask.sum()
        box = box - (weights * box).sum()
        template = filter_.template
        expected = (weights * box * template).sum() / np.sqrt(
            (weights * box**2).sum() * (weights * template**2).sum()
        )
        assert scores[row, column] == pytest.approx(expected, abs=1e-4)


def test_the_template_itself_is_found_with_a_perfect_score():
    pixels = np.zeros((120, 150), dtype=np.float32)
    blob = np.hypot(*(np.indices((31, 31)) - 15)) < 9
    pixels[40:71, 60:91] -= blob
    pixels += 0.01 * np.random.default_rng(0).standard_normal(pixels.shape).astype(np.float32)
    micrograph = Micrograph.from_array(pixels, name="one")
    truth = Picks("one", [75], [55])
    filter_ = MatchedFilter.from_particles(
        [micrograph], [truth], diameter_px=20, rotational_average=False
    )
    picks = filter_.scan(micrograph)

    assert (picks.x_px[0], picks.y_px[0]) == pytest.approx((75, 55), abs=0.1)
    assert picks.score[0] == pytest.approx(1, abs=1e-3)


def test_default_binning_leaves_a_box_of_forty_pixels(scenes):
    assert train(scenes).factor == 1
    large = MatchedFilter.from_particles([scenes[0].micrograph], [scenes[0].truth], diameter_px=60)
    assert large.factor == 2


@pytest.mark.parametrize(
    ("options", "error", "cure"),
    [
        ({"diameter_px": 0}, ConfigError, "diameter_px: must be greater than 0, got 0"),
        ({"factor": 9}, ConfigError, "factor: must be from above 0 to 6.25 .* got 9"),
        ({"picks": []}, TrainingDataError, "3 micrographs, 0 sets of picks.*give a set"),
        ({"picks": [Picks("a")] * 3}, TrainingDataError, "0 particles: .* at least one particle"),
    ],
)
def test_what_makes_no_template_is_refused_with_the_cure(scenes, options, error, cure):
    arguments = {
        "micrographs": [scene.micrograph for scene in scenes[:3]],
        "picks": [scene.truth for scene in scenes[:3]],
        "diameter_px": DIAMETER,
    } | options
    with pytest.raises(error, match=cure):
        MatchedFilter.from_particles(**arguments)
