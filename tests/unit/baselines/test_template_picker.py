"""Templates against what they were made from, and their picks against the truth."""

import numpy as np
import pytest
from scipy import ndimage

from deepem.baselines import MatchedFilter, TemplatePicker
from deepem.baselines.class_averages import average_classes
from deepem.baselines.correlation import correlate_templates, make_mask
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError
from deepem.evaluation import evaluate
from deepem.simulation import Optics, make_phantom, simulate_dataset

PIXEL = {"pixel_size_angstrom": 12.0}
INFLAMMASOME = make_phantom("inflammasome")  # a wheel, thin from the side
DIAMETER = 25.0


@pytest.fixture(scope="module")
def scenes():
    return list(
        simulate_dataset(
            INFLAMMASOME, 3, n_particles=25, shape=(260, 300), snr=0.1, seed=1, **PIXEL
        )
    )


def learn(scenes, **options):
    return TemplatePicker.from_particles(
        [scene.micrograph for scene in scenes[:2]],
        [scene.truth for scene in scenes[:2]],
        diameter_px=DIAMETER,
        **options,
    )


def measure(picker, scene):
    return evaluate(
        picker.scan(scene.micrograph),
        scene.truth,
        max_distance_px=DIAMETER / 3,
        edge_margin_px=DIAMETER / 2,
    )


def draw_comma(angle_deg, size=31):
    """Something without any symmetry, in its middle."""
    y, x = np.indices((size, size)) - size // 2
    shape = -np.exp(-((x / 7) ** 2 + (y / 3) ** 2)) - np.exp(-((x - 6) ** 2 + (y - 5) ** 2) / 6)
    return ndimage.rotate(shape, angle_deg, reshape=False, order=3).astype(np.float32)


@pytest.mark.parametrize("n_templates", [1, 3])
def test_asymmetric_particles_are_found_better_than_by_their_rotational_average(
    scenes, n_templates
):
    picker = learn(scenes, n_templates=n_templates, n_rotations=18)
    result = measure(picker, scenes[2])
    matched = MatchedFilter.from_particles(
        [scene.micrograph for scene in scenes[:2]],
        [scene.truth for scene in scenes[:2]],
        diameter_px=DIAMETER,
    )

    best = np.nanmax(result.curve.f_beta(1))
    assert best >= 0.95
    assert result.average_precision > measure(matched, scenes[2]).average_precision + 0.05
    assert result.median_distance_px < 2


def test_picks_are_candidates_of_their_micrograph(scenes):
    picks = learn(scenes, n_rotations=6).scan(scenes[2].micrograph)
    assert picks.micrograph == "mic_0003"
    assert picks.frame == scenes[2].micrograph.frame
    assert ((picks.score >= 0) & (picks.score <= 1)).all()
    assert (np.diff(picks.score) <= 0).all()


def test_views_of_a_known_particle_find_it(scenes):
    options = {"n_views": 12, "n_rotations": 12, "optics": Optics(defocus_um=1.75), **PIXEL}
    picker = TemplatePicker.from_specimen(INFLAMMASOME, **options)
    assert picker.diameter_px == DIAMETER
    assert len(picker.templates) == 12
    assert measure(picker, scenes[2]).average_precision > 0.97


def test_views_are_dark_and_have_no_mean():
    picker = TemplatePicker.from_specimen(make_phantom("ribosome"), n_views=5, **PIXEL)
    middle = picker.mask.shape[0] // 2
    assert (picker.templates[:, middle, middle] < 0).all()
    sums = (picker.templates * picker.mask).sum(axis=(1, 2))
    np.testing.assert_allclose(sums, 0, atol=1e-3 * np.abs(picker.templates).max())


def test_a_particle_in_any_rotation_has_a_perfect_score():
    pixels = 0.002 * np.random.default_rng(0).standard_normal((130, 170)).astype(np.float32)
    for angle_deg, x_px, y_px in ((0, 40, 60), (80, 120, 75)):
        pixels[y_px - 15 : y_px + 16, x_px - 15 : x_px + 16] += draw_comma(angle_deg)
    micrograph = Micrograph.from_array(pixels, name="two")
    picker = TemplatePicker.from_particles(
        [micrograph], [Picks("two", [40], [60])], diameter_px=20, factor=1
    )
    picks = picker.scan(micrograph)
    order = np.argsort(picks.x_px[:2])

    np.testing.assert_allclose(picks.x_px[:2][order], [40, 120], atol=0.3)
    np.testing.assert_allclose(picks.y_px[:2][order], [60, 75], atol=0.3)
    np.testing.assert_allclose(picks.score[:2], [1, 0.98], atol=0.01)  # less what turning blurs
    # The template turned only once finds the other one less.
    once = TemplatePicker(picker.templates, picker.mask, 20, 1, n_rotations=1).scan(micrograph)
    assert once.score[1] < 0.97


def test_highest_coefficient_of_several_templates_is_the_highest_of_each():
    rng = np.random.default_rng(0)
    pixels, mask = rng.standard_normal((60, 70)).astype(np.float32), make_mask(12)
    templates = rng.standard_normal((3, *mask.shape)).astype(np.float32)
    templates -= ((templates * mask).sum(axis=(1, 2)) / mask.sum())[:, None, None]
    each = [correlate_templates(pixels, mask, [template]) for template in templates]
    both = correlate_templates(pixels, mask, templates)
    np.testing.assert_allclose(both, np.maximum.reduce(each), atol=1e-6)
    with pytest.raises(ValueError, match="no template"):
        correlate_templates(pixels, mask, [])


def test_turned_copies_are_one_class_and_other_shapes_another():
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 360, 60)
    discs = np.repeat(-(np.hypot(*(np.indices((31, 31)) - 15)) < 8)[None].astype(np.float32), 30, 0)
    boxes = np.concatenate([[draw_comma(angle) for angle in angles], discs])
    boxes += 0.2 * rng.standard_normal(boxes.shape).astype(np.float32)
    mask = make_mask(24)
    averages = average_classes(boxes, mask, n_classes=2, rng=np.random.default_rng(3))

    assert len(averages) == 2
    # The larger class first: the comma, sharp again, at some angle.
    likeness = [
        correlate_templates(averages[0], mask, [centred(draw_comma(angle), mask)]).max()
        for angle in range(0, 360, 5)
    ]
    assert max(likeness) > 0.95
    assert correlate_templates(averages[1], mask, [centred(discs[0], mask)]).max() > 0.95


def centred(template, mask):
    return template - (template * mask).sum() / mask.sum()


def test_few_particles_make_few_templates(scenes):
    one = [scenes[0].micrograph]
    few = scenes[0].truth.take(np.arange(19))
    picker = TemplatePicker.from_particles(one, [few], diameter_px=DIAMETER, n_templates=3)
    assert len(picker.templates) == 1


@pytest.mark.parametrize(
    ("options", "error", "cure"),
    [
        ({"diameter_px": 0}, ConfigError, "diameter_px: must be greater than 0, got 0"),
        ({"n_templates": 0}, ConfigError, "n_templates: must be 1 or more, got 0"),
        ({"n_rotations": 0}, ConfigError, "n_rotations: must be 1 or more, got 0"),
        ({"picks": []}, TrainingDataError, "1 micrographs, 0 sets of picks"),
    ],
)
def test_what_makes_no_template_is_refused_with_the_cure(scenes, options, error, cure):
    arguments = {
        "micrographs": [scenes[0].micrograph],
        "picks": [scenes[0].truth],
        "diameter_px": DIAMETER,
    } | options
    with pytest.raises(error, match=cure):
        TemplatePicker.from_particles(**arguments)


def test_a_pixel_size_is_needed_for_views():
    with pytest.raises(ConfigError, match="pixel_size_angstrom: must be greater than 0 Å, got 0"):
        TemplatePicker.from_specimen(INFLAMMASOME, pixel_size_angstrom=0)
