"""Designs fit layer by layer, presets are the authors', and the rule gives legal networks."""

import pytest

from deepem.errors import ConfigError
from deepem.networks import PRESETS, NetworkDesign, choose_scale, design_network
from deepem.networks.presets import nearest_legal_box


def sides_of(design):
    """Side before each convolution, and what it leaves."""
    side, before, left = design.box_size, [], []
    for kernel, pool in zip(design.kernels, design.pools, strict=True):
        before.append(side)
        left.append(side - kernel + 1)
        side = left[-1] / pool
    return before, left, side


def test_klh_is_the_authors_network():
    klh = PRESETS["klh"]
    assert (klh.design.box_size, klh.pixel_size_angstrom) == (272, 2.2)
    assert klh.design.kernels == (51, 21, 10)
    assert klh.design.pools == (3, 2, 2)
    assert klh.design.maps == (6, 12, 12)
    assert klh.design.activation == "sigmoid"
    before, left, last = sides_of(klh.design)
    assert left[0] == 222  # as the paper prints it
    assert (before, left, last) == ([272, 74, 27], [222, 54, 18], 9)
    assert klh.design.last_side == 9
    assert klh.design.stride == 12
    assert klh.design.steps == (12, 6, 3, 1)


def test_19s_is_the_authors_network():
    design = PRESETS["19s"].design
    assert PRESETS["19s"].pixel_size_angstrom == 1.96
    assert (design.box_size, design.kernels, design.pools) == (160, (20, 10, 4), (3, 2, 2))
    assert sides_of(design)[1:] == ([141, 38, 16], 8)
    assert design.maps == (6, 12, 12)


@pytest.mark.parametrize(("name", "box"), [("26s", 150), ("inflammasome", 112)])
def test_the_other_two_have_the_papers_box_and_scale(name, box):
    assert PRESETS[name].design == design_network(box)
    assert PRESETS[name].pixel_size_angstrom == 3.44


@pytest.mark.parametrize("n_pairs", [1, 2, 3, 4])
def test_the_rule_holds_for_every_box(n_pairs):
    smallest = nearest_legal_box(1, n_pairs=n_pairs)
    assert smallest <= 60
    for box_size in range(max(smallest, 16), 201):
        design = design_network(box_size, n_pairs=n_pairs)
        before, left, last = sides_of(design)
        assert design.box_size == box_size
        assert len(design.kernels) == n_pairs
        assert all(0.7 <= after / side <= 0.9 for side, after in zip(before, left, strict=True))
        assert all(after % pool == 0 for after, pool in zip(left, design.pools, strict=True))
        assert last == design.last_side >= 1
        assert design.pools == (2,) * n_pairs
        assert design.maps == (6, 12, 12, 12)[:n_pairs]


def test_every_box_from_27_is_legal():
    assert nearest_legal_box(1) == 27
    assert [nearest_legal_box(box) for box in range(27, 201)] == list(range(27, 201))
    assert nearest_legal_box(41.2) == 42


def test_designs_keep_the_shares_of_the_authors_networks():
    for box_size in range(80, 201, 8):
        before, left, _ = sides_of(design_network(box_size))
        shares = [after / side for side, after in zip(before, left, strict=True)]
        assert shares == pytest.approx([0.87, 0.80, 0.75], abs=0.07)


@pytest.mark.parametrize(
    ("box_size", "n_pairs", "cure"),
    [
        (20, 3, "20 px cannot be divided .* nearest that can: 27 px"),
        (0, 3, "nearest that can: 27 px"),
        (15, 2, "15 px cannot be divided into 2 .* nearest that can: 14 or 16 px"),
        (6, 1, "nearest that can: 5 or 12 px"),
        (59, 4, "nearest that can: 60 px"),
    ],
)
def test_an_illegal_box_names_the_nearest_legal_ones(box_size, n_pairs, cure):
    with pytest.raises(ConfigError, match=cure) as caught:
        design_network(box_size, n_pairs=n_pairs)
    assert caught.value.field == "box size"


def test_a_huge_box_is_refused_with_the_cure():
    assert nearest_legal_box(1024) == 1024
    with pytest.raises(ConfigError, match=r"at most 1024 px, got 1025\. Bin more"):
        nearest_legal_box(1025)
    with pytest.raises(ConfigError, match=r"at most 1024 px, got 5000\. Bin more"):
        nearest_legal_box(5000)


@pytest.mark.parametrize("n_pairs", [0, 5])
def test_one_to_four_pairs(n_pairs):
    for function in (design_network, nearest_legal_box, choose_scale):
        with pytest.raises(ConfigError, match=f"layer pairs: must be 1 to 4, got {n_pairs}"):
            function(60, n_pairs=n_pairs)


def test_activation_is_passed_on():
    assert design_network(60, activation="relu").activation == "relu"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kernels": (5, 3)}, "one of each a layer"),
        ({"kernels": (), "pools": (), "maps": ()}, "one of each a layer"),
        ({"maps": (6, 12)}, "one of each a layer"),
        ({"activation": "tanh"}, "must be sigmoid or relu, got 'tanh'"),
        ({"kernels": (5, 0, 2)}, "must all be at least 1"),
        ({"pools": (2, 2, 0)}, "must all be at least 1"),
        ({"maps": (6, -1, 12)}, "must all be at least 1"),
        ({"kernels": (4, 4, 2)}, "convolution 1 with a kernel of 4 leaves 25 of 28 .* of 2 do not"),
        ({"kernels": (5, 4, 2)}, "convolution 3 with a kernel of 4 leaves 9 of 12"),
        ({"kernels": (5, 5, 4)}, "convolution 5 with a kernel of 4 leaves 1 of 4"),
        ({"kernels": (5, 13, 1)}, "convolution 3 .* leaves 0 of 12"),
        ({"kernels": (50, 3, 2)}, "Leave both out and let the box size choose"),
    ],
)
def test_layers_that_do_not_fit_are_refused(options, problem):
    legal = {"box_size": 28, "kernels": (5, 5, 3), "pools": (2, 2, 2)}
    NetworkDesign(**legal)
    with pytest.raises(ConfigError, match=problem):
        NetworkDesign(**(legal | options))


def test_steps_are_the_products_of_the_pools():
    assert NetworkDesign(28, kernels=(5, 5, 3), pools=(2, 2, 2)).steps == (8, 4, 2, 1)
    assert NetworkDesign(28, kernels=(5, 5, 2), pools=(2, 4, 1)).steps == (8, 2, 1)
