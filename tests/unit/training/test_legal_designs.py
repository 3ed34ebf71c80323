"""Networks of boxes near a wanted one: all legal, and the nearest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepem.networks import design_network
from deepem.training.legal_designs import nearest_legal_design


@given(
    box_size=st.floats(12, 110),
    n_pairs=st.integers(2, 4),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_every_design_is_legal(box_size: float, n_pairs: int, data: st.DataObject) -> None:
    """The design checks its divisions itself; the shares are checked here."""
    layers = {"min_size": n_pairs, "max_size": n_pairs}
    shares = data.draw(st.lists(st.floats(0.7, 0.9), **layers))
    pools = data.draw(st.lists(st.sampled_from([2, 3]), **layers))
    maps = data.draw(st.lists(st.integers(4, 24), **layers))
    design = nearest_legal_design(box_size, shares=shares, pools=pools, maps=maps)
    assert abs(design.box_size - box_size) <= 0.2 * box_size + 1
    side = design.box_size
    for kernel, pool in zip(design.kernels, design.pools, strict=True):
        left = side - kernel + 1
        assert 0.7 <= left / side <= 0.9
        side = left // pool
    assert side >= 1
    assert design.maps == tuple(maps[: len(design.kernels)])


@pytest.mark.parametrize("box_size", [40, 52, 64, 112])
def test_the_shares_of_the_authors_give_the_default_design(box_size: int) -> None:
    design = nearest_legal_design(
        box_size, shares=(0.87, 0.80, 0.75), pools=(2, 2, 2), maps=(6, 12, 12)
    )
    if design.box_size == box_size:
        assert design == design_network(box_size)


def test_wanted_shares_are_followed() -> None:
    wide, narrow = (
        nearest_legal_design(64, shares=(share,) * 2, pools=(2, 3), maps=(4, 4))
        for share in (0.72, 0.88)
    )
    assert wide.kernels[0] > narrow.kernels[0]
    assert wide.pools == narrow.pools == (2, 3)


def test_layers_that_do_not_fit_are_left_out() -> None:
    design = nearest_legal_design(14, shares=(0.8,) * 4, pools=(3,) * 4, maps=(4, 6, 8, 10))
    assert len(design.kernels) < 4


def test_a_box_without_room_is_an_error() -> None:
    with pytest.raises(ValueError, match="too small"):
        nearest_legal_design(2, shares=(0.8,), pools=(2,), maps=(4,))
