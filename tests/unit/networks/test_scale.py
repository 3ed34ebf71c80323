"""Binning and box follow from the diameter."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deepem.errors import ConfigError
from deepem.networks import (
    Scale,
    choose_dense_scale,
    choose_scale,
    design_network,
    pixel_size_ratio,
)
from deepem.networks.presets import nearest_legal_box


@given(st.floats(8, 900), st.sampled_from([1, 2, 3]))
def test_default_scale_suits_the_network(diameter_px, n_pairs):
    scale = choose_scale(diameter_px, n_pairs=n_pairs)
    assert scale.diameter_px == diameter_px
    assert scale.factor >= 1
    assert scale.factor == int(scale.factor)
    design_network(scale.box_size, n_pairs=n_pairs)  # is legal
    assert scale.box_size * scale.factor >= 1.5 * diameter_px - 1e-3
    if scale.factor > 1:
        assert 40 <= scale.box_size <= 80
        # The largest factor: one more would make the box too small.
        assert 1.5 * diameter_px / (scale.factor + 1) < 40


@given(st.floats(20, 300), st.floats(1, 4), st.floats(1, 2))
def test_the_box_is_the_next_legal_one_at_the_given_binning(diameter_px, factor, ratio):
    wanted = diameter_px * ratio / factor
    assume(abs(wanted - round(wanted)) > 1e-3)
    scale = choose_scale(diameter_px, factor=factor, box_size_px=diameter_px * ratio)
    assert scale.factor == factor
    assert scale.box_size == nearest_legal_box(wanted)


@given(st.floats(5, 900), st.floats(0.5, 8), st.integers(12, 300))
def test_the_unbinned_box_is_even_and_the_same_to_a_pixel(diameter_px, factor, box_size):
    box_size_px = Scale(diameter_px, factor, box_size).box_size_px
    assert box_size_px % 2 == 0
    assert abs(box_size_px - box_size * factor) <= 1


@given(st.floats(8, 900))
def test_default_scale_of_a_network_of_pixels_leaves_the_particle_thirteen(diameter_px):
    scale = choose_dense_scale(diameter_px)
    assert scale.diameter_px == diameter_px
    assert scale.factor == max(1, int(diameter_px / 13))
    assert scale.box_size % 2 == 1
    assert abs(scale.box_size * scale.factor - 1.5 * diameter_px) <= scale.factor + 1e-6


@given(st.floats(20, 300), st.floats(1, 4), st.floats(1, 2))
def test_the_box_of_a_network_of_pixels_is_the_nearest_odd_one(diameter_px, factor, ratio):
    scale = choose_dense_scale(diameter_px, factor=factor, box_size_px=diameter_px * ratio)
    assert scale.factor == factor
    assert scale.box_size % 2 == 1
    wanted = diameter_px * ratio / factor
    assert scale.box_size == 9 or abs(scale.box_size - wanted) <= 1 + 1e-9


def test_rounding_does_not_enlarge_the_box():
    assert 28 * 1.5 / 1.4 > 30  # by rounding
    assert choose_scale(28, factor=1.4).box_size == 30


@pytest.mark.parametrize(
    ("diameter_px", "options", "cure"),
    [
        (
            7.9,
            {},
            r"particle diameter: 7\.9 px is too small .* 8 px are the least\. Check the unit",
        ),
        (0, {}, "particle diameter: 0 px is too small"),
        (float("nan"), {}, "particle diameter: nan px is too small"),
        (100, {"factor": 0}, "bin: must be positive, got 0"),
        (100, {"factor": -2}, "bin: must be positive, got -2"),
        (
            100,
            {"box_size_px": 80},
            r"80 px is smaller than the particle \(100 px\)\. Use about 150",
        ),
        (3000, {"factor": 1}, r"box size: must be at most 1024 px, got 4500\. Bin more"),
    ],
)
def test_impossible_scales_are_refused_with_the_cure(diameter_px, options, cure):
    with pytest.raises(ConfigError, match=cure):
        choose_scale(diameter_px, **options)


@pytest.mark.parametrize(
    ("diameter_px", "options", "cure"),
    [
        (7.9, {}, r"8 px are the least\. Check the unit"),
        (100, {"factor": -2}, "bin: must be positive, got -2"),
        (100, {"box_size_px": 80}, r"smaller than the particle \(100 px\)\. Use about 150"),
    ],
)
def test_impossible_scales_of_a_network_of_pixels_are_refused(diameter_px, options, cure):
    with pytest.raises(ConfigError, match=cure):
        choose_dense_scale(diameter_px, **options)


def test_a_box_as_large_as_the_particle_is_allowed():
    assert choose_scale(60, factor=1, box_size_px=60).box_size == 60


@pytest.mark.parametrize(
    ("reference", "here", "ratio"),
    [
        (2, 1, 2),
        (1, 2, 0.5),
        (1.06, 1.06, 1),
        (1.0, 1.004, 1),
        (1.0, 0.996, 1),
        (1, 1.01, 1 / 1.01),
    ],
)
def test_pixel_sizes_equal_but_for_calibration_need_no_resampling(reference, here, ratio):
    assert pixel_size_ratio(reference, here) == ratio
