"""An orientation does what its options say, in their order, and can be undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Listing, Orientation, Picks

SHAPE = (30, 50)  # (ny, nx)
turns = st.builds(Orientation, swap_xy=st.booleans(), flip_x=st.booleans(), flip_y=st.booleans())


@pytest.mark.parametrize(
    ("orientation", "options", "x_px", "y_px"),
    [
        (Orientation(), "", 10, 4),
        (Orientation(flip_x=True), "--flip-x", 39, 4),
        (Orientation(flip_y=True), "--flip-y", 10, 25),
        (Orientation(swap_xy=True), "--swap-xy", 4, 10),
        (Orientation(swap_xy=True, flip_x=True), "--swap-xy --flip-x", 45, 10),
        (Orientation(scale=2), "--binned-by 2", 20, 8),
        (Orientation(scale=0.5), "--binned-by 0.5", 5, 2),
        (
            Orientation(swap_xy=True, flip_x=True, flip_y=True, scale=2),
            "--binned-by 2 --swap-xy --flip-x --flip-y",
            41,
            9,
        ),
    ],
)
def test_what_it_does_and_says(orientation, options, x_px, y_px):
    placed = orientation.apply(Picks("m", [10], [4]), SHAPE)
    assert (placed.x_px[0], placed.y_px[0]) == (x_px, y_px)
    assert orientation.options() == options
    assert orientation.is_identity == (options == "")


@given(turns)
def test_the_inverse_undoes_it_on_a_non_square_image(orientation):
    picks = Picks("m", [0, 10, 49, 3.25], [4, 29, 0, 7.5])
    placed = orientation.apply(picks, SHAPE)
    in_file = SHAPE[::-1] if orientation.swap_xy else SHAPE
    back = orientation.inverse().apply(placed, in_file)
    np.testing.assert_allclose(back.x_px, picks.x_px)
    np.testing.assert_allclose(back.y_px, picks.y_px)
    assert orientation.inverse().inverse() == orientation


@given(turns)
def test_corners_of_the_image_stay_corners(orientation):
    ny, nx = SHAPE
    sides = (ny, nx) if orientation.swap_xy else (nx, ny)
    corners = Picks("m", [0, sides[0] - 1], [0, sides[1] - 1])
    placed = orientation.apply(corners, SHAPE)
    assert sorted(placed.x_px) == [0, nx - 1]
    assert sorted(placed.y_px) == [0, ny - 1]


def test_everything_else_is_kept_and_the_box_is_scaled():
    frame, listing = Frame(SHAPE), Listing("a/m.mrc")
    picks = Picks(
        "m", [1, 2], [3, 4], score=[0.5, 0.6], std=[1, 2], box_size_px=31, frame=frame,
        listing=listing,
    )  # fmt: skip
    placed = Orientation(flip_y=True, scale=2).apply(picks, SHAPE)
    assert placed.box_size_px == 62
    assert (placed.micrograph, placed.frame, placed.listing) == ("m", frame, listing)
    np.testing.assert_array_equal(placed.score, picks.score)
    np.testing.assert_array_equal(placed.std, picks.std)
    np.testing.assert_array_equal(picks.y_px, [3, 4])
    assert Orientation(scale=0.001).apply(picks, SHAPE).box_size_px == 1


@pytest.mark.parametrize("scale", [0, -2, float("nan"), float("inf")])
def test_a_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="positive"):
        Orientation(scale=scale)


def test_a_scale_has_no_inverse():
    with pytest.raises(ValueError, match="scale 1"):
        Orientation(scale=2).inverse()
