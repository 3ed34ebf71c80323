"""Scale and network follow from what the user says."""

import numpy as np
import pytest

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.networks import (
    PRESETS,
    ResidualDesign,
    Scale,
    choose_dense_scale,
    choose_scale,
    design_network,
)
from deepem.training import plan_training


def micrographs(*pixel_sizes):
    return [
        Micrograph.from_array(np.zeros((4, 5)), name=f"m{i}", pixel_size_angstrom=size)
        for i, size in enumerate(pixel_sizes)
    ]


LABELS = [Picks("m0", [1], [1], box_size_px=90)]


def test_from_the_box_of_the_labels():
    plan = plan_training(micrographs(None), LABELS)
    assert plan.scale == choose_dense_scale(60)
    assert plan.design == ResidualDesign()
    assert plan.pixel_size_angstrom is None
    boxes = plan_training(micrographs(None), LABELS, network="deepem8")
    assert boxes.scale == choose_scale(60)
    assert boxes.design == boxes.boxes_design == design_network(boxes.scale.box_size)


def test_from_the_diameter_in_angstrom():
    for network, choose in (("residual", choose_dense_scale), ("deepem8", choose_scale)):
        plan = plan_training(micrographs(2.0), LABELS, diameter_angstrom=100, network=network)
        assert plan.scale == choose(50)
        assert plan.pixel_size_angstrom == 2.0


@pytest.mark.parametrize(
    ("options", "is_residual"),
    [
        ({}, True),
        ({"network": "residual"}, True),
        ({"network": "deepem8"}, False),
        ({"preset": "19s"}, False),
        ({"n_pairs": 3}, False),
        ({"activation": "sigmoid"}, False),
        ({"design": design_network(40)}, False),
        ({"design": ResidualDesign(maps=8)}, True),
        ({"design": ResidualDesign(maps=8), "network": "residual"}, True),
    ],
)
def test_the_residual_network_unless_something_asks_for_boxes(options, is_residual):
    plan = plan_training(micrographs(None), LABELS, **options)
    assert isinstance(plan.design, ResidualDesign) is is_residual
    if "design" in options:
        assert plan.design == options["design"]
    if is_residual:
        assert plan.scale == choose_dense_scale(60)
        with pytest.raises(TypeError, match="not a network of boxes"):
            _ = plan.boxes_design


def test_a_residual_network_takes_binning_and_box():
    plan = plan_training(micrographs(None), LABELS, diameter_px=60, factor=2.5, box_size_px=80)
    assert plan.scale == choose_dense_scale(60, factor=2.5, box_size_px=80)


def test_a_design_of_ones_own_fixes_the_box():
    design = design_network(40)
    plan = plan_training(micrographs(None), LABELS, design=design)
    assert plan.scale == Scale(60, 2, 40)  # a box of 90 px, binned as often as fits
    plan = plan_training(micrographs(None), LABELS, design=design, factor=3)
    assert plan.scale == Scale(60, 3, 40)


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
        ({"network": "unet"}, "network: must be residual or deepem8, got 'unet'"),
        ({"network": "residual", "preset": "klh"}, "Leave those out, or take deepem8"),
        ({"network": "residual", "n_pairs": 2}, "Leave those out, or take deepem8"),
        ({"network": "residual", "activation": "relu"}, "Leave those out, or take deepem8"),
        ({"network": "residual", "design": design_network(40)}, "or take deepem8"),
        ({"design": ResidualDesign(), "n_pairs": 2}, "Leave those out, or take deepem8"),
        ({"network": "deepem8", "factor": -2}, "bin: must be positive, got -2"),
        ({"network": "deepem8", "design": ResidualDesign()}, "take residual"),
        ({"design": design_network(40), "factor": 0}, "bin: must be positive, got 0"),
        ({"design": design_network(40), "factor": -2}, "bin: must be positive, got -2"),
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
