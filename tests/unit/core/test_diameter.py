"""The particle diameter comes from where the user says, in pixels."""

import pytest

from deepem.core import Picks, choose_box_size_px, find_diameter_px
from deepem.errors import ConfigError


def labels(*boxes: int | None) -> list[Picks]:
    return [Picks(f"m{i}", [1], [1], box_size_px=box) for i, box in enumerate(boxes)]


def test_pixels_are_taken_as_they_are():
    assert find_diameter_px(labels(90), diameter_px=42, pixel_size_angstrom=2) == 42


def test_angstrom_are_divided_by_the_pixel_size():
    assert find_diameter_px([], diameter_angstrom=130, pixel_size_angstrom=2.6) == 50


def test_two_thirds_of_the_box_where_nothing_is_said():
    assert find_diameter_px(labels(90, 90)) == 60


def test_boxes_of_empty_or_boxless_files_do_not_count():
    picks = [Picks("empty", box_size_px=10), *labels(None, 90)]
    assert find_diameter_px(picks) == 60


@pytest.mark.parametrize(
    ("picks", "options", "cure"),
    [
        (labels(90), {"diameter_px": 60, "diameter_angstrom": 130}, "not in both"),
        (labels(90), {"diameter_angstrom": 130}, "--pixel-size .*or .*--diameter-px"),
        (labels(None), {}, "no box size .*Give the particle diameter with --diameter"),
        ([Picks("empty", box_size_px=10)], {}, "no box size .*--diameter-px"),
        (labels(90, 60, 90), {}, r"different box sizes \(60, 90 px\).* --diameter"),
        ([], {"diameter_px": 0}, "must be positive, got 0 px"),
        ([], {"diameter_px": float("nan")}, "must be positive, got nan px"),
        ([], {"diameter_angstrom": -5, "pixel_size_angstrom": 1}, "must be positive, got -5 px"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_cure(picks, options, cure):
    with pytest.raises(ConfigError, match=cure) as caught:
        find_diameter_px(picks, **options)
    assert caught.value.field == "diameter"


@pytest.mark.parametrize(("diameter_px", "box_size_px"), [(100, 150), (63, 94), (41, 62), (0.2, 2)])
def test_a_box_is_even_and_one_and_a_half_diameters(diameter_px, box_size_px):
    assert choose_box_size_px(diameter_px) == box_size_px
