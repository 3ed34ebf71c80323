"""Both boxes of a layer are drawn on one grey scale a map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.studies import Result
from deepem.studies.feature_maps import make_row


def make_result(layer: str, particle: NDArray[Any], other: NDArray[Any]) -> Result:
    arrays = {"particle": particle.astype(np.float16), "other": other.astype(np.float16)}
    return Result("feature_maps", 1, {"layer": layer}, {}, 0.0, "", 1, "", "", "", arrays=arrays)


def test_maps_of_both_boxes_share_their_scale() -> None:
    particle = np.array([[[0.0, 4], [1, 2]], [[10, 10], [10, 10]]])
    other = np.array([[[2.0, 2], [2, 2]], [[30, 20], [10, 10]]])
    row = make_row(make_result("C1", particle, other))
    assert row.title == "C1"
    assert row.limits == (0, 1)
    np.testing.assert_allclose(row.images[0], particle[0] / 4)
    np.testing.assert_allclose(row.images[6], other[0] / 4)
    np.testing.assert_allclose(row.images[1], 0)
    np.testing.assert_allclose(row.images[7], [[1, 0.5], [0, 0]])
    assert np.isnan(row.images[[2, 5, 8, 11]]).all()
    assert row.captions == ()


def test_a_map_that_never_changes_is_black() -> None:
    same = np.full((1, 2, 2), 3.0)
    row = make_row(make_result("S6", same, same))
    assert (row.images[[0, 6]] == 0).all()


def test_the_output_is_shown_by_its_value() -> None:
    row = make_row(make_result("output", np.full((1, 1, 1), 0.75), np.full((1, 1, 1), 0.25)))
    assert (row.captions[0], row.captions[6]) == ("0.75", "0.25")
    assert (row.images[0].item(), row.images[6].item()) == (0.75, 0.25)
