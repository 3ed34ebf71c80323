"""The CryoPPP protocol: nearest pairs first, half a diameter, means over micrographs."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import evaluate, evaluate_cryoppp, match_nearest, match_picks

# Unequal counts, so that means over micrographs are not the pooled figures.
TRUTH = [
    Picks("many", np.arange(0, 100, 10), np.zeros(10)),
    Picks("few", [50, 90], [50, 50]),
    Picks("missed", [5], [5]),
]
PICKS = [
    # Two of ten found, no pick wrong.
    Picks("many", [1, 12], [0, 0]),
    # One of two found; a second pick of it and one far away are wrong.
    Picks("few", [51, 49.5, 0], [50, 50, 0], score=[0.9, 0.1, 0.5]),
]


def test_worked_by_hand():
    result = evaluate_cryoppp(PICKS, TRUTH, diameter_px=8)
    counts = [(row.n_picks, row.n_truth, row.n_true_positive) for row in result.per_micrograph]
    assert counts == [(2, 10, 2), (3, 2, 1), (0, 1, 0)]
    assert result.precision == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert result.recall == pytest.approx((0.2 + 0.5 + 0) / 3)
    assert result.f1 == pytest.approx((4 / 12 + 2 / 5 + 0) / 3)
    assert result.unpicked == ("missed",)
    # Neither the pooled figures nor the F1 of the means.
    pooled = evaluate([*PICKS, Picks("missed")], TRUTH, max_distance_px=4)
    assert pooled.precision == 3 / 5
    assert pooled.recall == 3 / 13
    p, r = result.precision, result.recall
    assert result.f1 < 2 * p * r / (p + r) - 0.05


def test_half_a_diameter_is_near_enough_and_more_is_not():
    truth = Picks("m", [10], [10])
    assert evaluate_cryoppp(Picks("m", [13], [14]), truth, diameter_px=10).f1 == 1
    assert evaluate_cryoppp(Picks("m", [13], [14]), truth, diameter_px=9.99).f1 == 0


def test_an_empty_set_of_picks_is_the_same_as_none():
    without = evaluate_cryoppp(PICKS, TRUTH, diameter_px=8)
    with_empty = evaluate_cryoppp([*PICKS, Picks("missed")], TRUTH, diameter_px=8)
    assert with_empty.per_micrograph == without.per_micrograph
    assert with_empty.unpicked == ()


def test_micrographs_without_known_particles_are_left_out_and_named():
    result = evaluate_cryoppp(
        [*PICKS, Picks("bare", [1], [1]), Picks("other", [1], [1])],
        [*TRUTH, Picks("bare")],
        diameter_px=8,
    )
    assert result.left_out == ("bare", "other")
    assert result.n_left_out == 2
    assert result.f1 == evaluate_cryoppp(PICKS, TRUTH, diameter_px=8).f1


def test_the_nearest_pair_comes_first_even_where_that_finds_fewer():
    # The first pick reaches both particles and is nearer to the one that the second needs.
    picks = Picks("m", [10, 14], [0, 0])
    truth = Picks("m", [5, 11], [0, 0])
    assert match_nearest(picks, truth, max_distance_px=6).truth_index.tolist() == [1, -1]
    assert match_picks(picks, truth, max_distance_px=6).truth_index.tolist() == [0, 1]
    assert evaluate_cryoppp(picks, truth, diameter_px=12).f1 == 0.5


def test_scores_do_not_matter():
    picks = Picks("m", [10, 12], [0, 0], score=[0.1, 0.9])
    truth = Picks("m", [9], [0])
    assert match_nearest(picks, truth, max_distance_px=6).truth_index.tolist() == [0, -1]


places = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=8)


@given(places, places, st.integers(1, 6))
def test_matching_is_that_of_a_plain_loop(pick_xy, truth_xy, radius):
    pairs = []
    for i, (x, y) in enumerate(pick_xy):
        for j, (u, v) in enumerate(truth_xy):
            if (x - u) ** 2 + (y - v) ** 2 <= radius**2:
                pairs.append(((x - u) ** 2 + (y - v) ** 2, i, j))
    expected = {}
    for _, i, j in sorted(pairs):
        if i not in expected and j not in expected.values():
            expected[i] = j
    picks = Picks("m", [x for x, _ in pick_xy], [y for _, y in pick_xy])
    truth = Picks("m", [x for x, _ in truth_xy], [y for _, y in truth_xy])
    matching = match_nearest(picks, truth, max_distance_px=radius)
    assert matching.truth_index.tolist() == [expected.get(i, -1) for i in range(len(picks))]
    assert matching.is_counted.all()
    assert matching.is_required.all()
    assert (np.isfinite(matching.distance_px) == matching.is_true_positive).all()
    assert np.nanmax(matching.distance_px, initial=0) <= radius
    most = match_picks(picks, truth, max_distance_px=radius).is_true_positive.sum()
    assert most / 2 <= len(expected) <= most


def test_dictionary_is_plain_json():
    written = evaluate_cryoppp(PICKS, TRUTH, diameter_px=8).to_dict()
    read = json.loads(json.dumps(written, allow_nan=False))
    assert read == written
    assert read["protocol"] == "cryoppp"
    assert read["diameter_px"] == 8
    assert [row["micrograph"] for row in read["per_micrograph"]] == ["many", "few", "missed"]
    assert read["per_micrograph"][1]["f1"] == pytest.approx(0.4)


@pytest.mark.parametrize("diameter", [0, -1, np.nan, np.inf])
def test_a_diameter_that_is_none_is_refused(diameter):
    with pytest.raises(ConfigError, match="diameter_px: must be above 0 px"):
        evaluate_cryoppp(PICKS, TRUTH, diameter_px=diameter)


@pytest.mark.parametrize(
    ("picks", "truth", "cure"),
    [
        ([Picks("m", [1], [1])], [Picks("m")], "Give truth with particles"),
        ([], [], "Give truth with particles"),
        ([Picks("m"), Picks("m")], [Picks("m", [1], [1])], "picks has micrograph m twice"),
        ([], [Picks("m", [1], [1]), Picks("m")], "truth has micrograph m twice"),
        ([Picks("m", [np.nan], [1])], [Picks("m", [1], [1])], "remove them first"),
        (
            [Picks("m", [1], [1], frame=Frame((9, 8)))],
            [Picks("m", [1], [1], frame=Frame((8, 9)))],
            "same unbinned micrograph",
        ),
    ],
)
def test_what_cannot_be_compared_is_explained(picks, truth, cure):
    with pytest.raises(ConventionError, match=cure):
        evaluate_cryoppp(picks, truth, diameter_px=8)
