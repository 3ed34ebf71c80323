"""Scale and network follow from what the user says."""

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.networks import PRESETS, choose_scale, design_network
from deepem.training import plan_training


def micrographs(*pixel_sizes):
    return [
        Micrograph.from_array(np.zeros((4, 5)), name=f"m{i}", pixel_size_angstrom=size)
        for i, size in enumerate(pixel_sizes)
    ]


LABELS = [Picks("m0", [1], [1], box_size_px=90)]


def test_from_the_box_of_the_labels():
    plan = plan_training(micrographs(None), LABELS)
    assert plan.scale == choose_scale(60)
    assert plan.design == design_network(plan.scale.box_size)
    assert plan.pixel_size_angstrom is None


def test_from_the_diameter_in_angstrom():
    plan = plan_training(micrographs(2.0), LABELS, diameter_angstrom=100)
    assert plan.scale == choose_scale(50)
    assert plan.pixel_size_angstrom == 2.0


def test_every_option_is_passed_on():
    plan = plan_training(
        micrographs(None),
        LABELS,
        diameter_px=60,
        factor=1.5,
        box_size_px=66,
        n_pairs=2,
        activation="relu",
    )
    assert plan.scale == choose_scale(60, factor=1.5, box_size_px=66, n_pairs=2)
    assert plan.design == design_network(44, n_pairs=2, activation="relu")


@pytest.mark.parametrize(
    ("preset", "pixel_size", "factor"),
    [
        ("klh", 2.2, 1),
        ("klh", 1.1, 2),
        ("klh", 3.3, 1),  # never enlarged
        ("klh", None, 1),
        ("19s", 0.98, 2),
        ("26s", 0.86, 4),
        ("inflammasome", 0.9, 4),
    ],
)
def test_presets_bring_micrographs_near_their_scale(preset, pixel_size, factor):
    plan = plan_training(micrographs(pixel_size), [], preset=preset)
    assert plan.design == PRESETS[preset].design
    assert plan.scale.factor == factor
    assert plan.scale.box_size == PRESETS[preset].design.box_size
    assert plan.scale.diameter_px == pytest.approx(plan.design.box_size * factor / 1.5)


def test_a_preset_takes_diameter_binning_and_activation():
    plan = plan_training(
        micrographs(2.0), LABELS, preset="19s", diameter_angstrom=180, factor=3, activation="relu"
    )
    assert (plan.scale.diameter_px, plan.scale.factor, plan.scale.box_size) == (90, 3, 160)
    assert plan.design.activation == "relu"
    assert plan.design.kernels == PRESETS["19s"].design.kernels


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"preset": "ribosome"}, "'ribosome' is not known. Known: klh, 19s, 26s, inflammasome"),
        ({"preset": "klh", "box_size_px": 90}, "preset: fixes box and layers: leave out"),
        ({"preset": "klh", "n_pairs": 2}, "preset: fixes box and layers: leave out"),
        ({"preset": "klh", "factor": 0}, "bin: must be positive, got 0"),
        ({"preset": "klh", "factor": -2}, "bin: must be positive, got -2"),
        ({"factor": -2}, "bin: must be positive, got -2"),
        ({"diameter_px": 60, "diameter_angstrom": 60}, "diameter: .* not in both"),
        ({"diameter_px": 100, "box_size_px": 90}, "Use about 150 px"),
        ({"diameter_angstrom": 100}, "--pixel-size"),
    ],
)
def test_contradictions_are_refused_with_the_cure(options, cure):
    with pytest.raises(ConfigError, match=cure):
        plan_training(micrographs(None), LABELS, **options)


def test_labels_without_box_need_a_diameter():
    with pytest.raises(ConfigError, match="--diameter"):
        plan_training(micrographs(None), [Picks("m0", [1], [1])])


def test_some_pixel_sizes_known_and_others_not_is_refused():
    with pytest.raises(ConventionError, match=r"m1: has no pixel size .* m0 has.*--pixel-size"):
        plan_training(micrographs(2.0, None), LABELS)


def test_micrographs_of_other_pixel_sizes_are_brought_to_the_scale_of_the_first():
    first, finer = micrographs(2.0, 1.0)
    plan = plan_training([first, finer], LABELS, diameter_px=60)
    assert plan.pixel_size_angstrom == 2.0
    assert plan.factor_for(first) == plan.scale.factor
    assert plan.factor_for(finer) == 2 * plan.scale.factor
    assert (plan.diameter_px(first), plan.diameter_px(finer)) == (60, 120)


def test_a_particle_larger_than_the_presets_box_is_refused_with_the_cure():
    micrograph = Micrograph.from_array(np.zeros((4, 4)), name="a")
    with pytest.raises(ConfigError, match=r"smaller than the particle .* Bin more"):
        plan_training([micrograph], [Picks("a")], preset="klh", diameter_px=300)
