"""A frame converts positions there and back, and frames can be put into frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame

places = st.floats(-1e5, 1e5)
steps = st.floats(0.01, 100)
frames = st.builds(
    Frame,
    shape=st.just((30, 50)),
    origin_px=st.tuples(places, places),
    step_px=st.tuples(steps, steps),
)


def test_position_of_an_off_centre_sample():
    frame = Frame((30, 50), origin_px=(1.0, 2.0), step_px=(3.0, 4.0))
    assert frame.to_px(10, 20) == (2 + 10 * 4, 1 + 20 * 3)
    assert frame.from_px(42, 61) == (10, 20)


def test_a_micrograph_is_its_own_frame():
    assert Frame((30, 50)).to_px(7.25, 3.5) == (7.25, 3.5)


@given(frames, places, places)
def test_from_px_undoes_to_px(frame, column, row):
    there_and_back = frame.from_px(*frame.to_px(column, row))
    assert there_and_back == pytest.approx((column, row), rel=1e-9, abs=1e-6)


def test_arrays_are_converted_element_by_element():
    frame = Frame((30, 50), origin_px=(1.0, 2.0), step_px=(3.0, 4.0))
    columns, rows = np.arange(5.0), np.arange(5.0)[::-1]
    x, y = frame.to_px(columns, rows)
    expected = [frame.to_px(*position) for position in zip(columns, rows, strict=True)]
    np.testing.assert_array_equal(np.column_stack([x, y]), expected)


@given(frames, st.tuples(places, places), st.integers(1, 20), st.integers(0, 40))
def test_sample_of_a_subgrid_lies_on_the_sample_it_is_made_of(frame, origin, step, index):
    grid = frame.subgrid((5, 6), origin=origin, step=step)
    in_frame = frame.to_px(origin[1] + 2 * index * step, origin[0] + index * step)
    assert grid.to_px(2 * index, index) == pytest.approx(in_frame, rel=1e-9, abs=1e-5)


@given(frames, steps, steps)
def test_a_subgrid_of_a_subgrid_is_a_subgrid(frame, first, second):
    twice = frame.subgrid((9, 9), origin=(1, 2), step=first).subgrid(
        (4, 4), origin=(3, 5), step=second
    )
    once = frame.subgrid((4, 4), origin=(1 + 3 * first, 2 + 5 * first), step=first * second)
    assert twice.origin_px == pytest.approx(once.origin_px, rel=1e-9, abs=1e-5)
    assert twice.step_px == pytest.approx(once.step_px)


def test_a_subgrid_keeps_the_unbinned_pixel_size():
    frame = Frame((30, 50), pixel_size_angstrom=1.5, step_px=(2.0, 2.0))
    grid = frame.subgrid((5, 6), origin=(0, 0), step=4)
    assert (grid.shape, grid.pixel_size_angstrom, grid.step_px) == ((5, 6), 1.5, (8.0, 8.0))
