"""The figures of merit, per micrograph and pooled."""

import json
import subprocess
import sys

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation import evaluate

TRUTH = [
    Picks("a", [10, 30, 50, 70], [10, 10, 10, 10]),
    Picks("b", [20, 40], [20, 20]),
]
PICKS = [
    # In another order than the truth. Micrograph b: one right at 3 px, one wrong.
    Picks("b", [23, 90], [20, 90], score=[0.6, 0.7]),
    # Micrograph a: right at 1 px, right at 2 px, a duplicate, and right at 0 px below 0.5.
    Picks("a", [11, 30, 9, 50], [10, 12, 10, 10], score=[0.9, 0.8, 0.55, 0.3]),
]


def test_worked_by_hand():
    result = evaluate(PICKS, TRUTH, max_distance_px=5, threshold=0.5)
    assert (result.n_picks, result.n_truth, result.n_true_positive) == (5, 6, 3)
    assert result.precision == 3 / 5
    assert result.recall == 3 / 6
    assert result.f1 == pytest.approx(2 * 3 / (5 + 6))
    assert result.f2 == pytest.approx(5 * 3 / (5 + 4 * 6))
    assert result.f_beta(0.5) == pytest.approx(1.25 * 3 / (5 + 0.25 * 6))
    assert result.median_distance_px == 2
    assert result.mean_distance_px == 2
    # By falling score: right, right, wrong, right, wrong, right.
    assert result.average_precision == pytest.approx((1 / 1 + 2 / 2 + 3 / 4 + 4 / 6) / 6)
    a, b = result.per_micrograph
    assert (a.micrograph, a.n_picks, a.n_true_positive, a.n_truth) == ("a", 3, 2, 4)
    assert (b.micrograph, b.n_picks, b.n_true_positive, b.n_truth) == ("b", 2, 1, 2)
    assert b.average_precision == pytest.approx(0.5 * 1 / 2)
    assert b.median_distance_px == 3


def test_without_threshold_all_picks_are_kept():
    result = evaluate(PICKS, TRUTH, max_distance_px=5)
    assert (result.n_picks, result.n_true_positive) == (6, 4)
    assert result.threshold is None


def test_a_score_equal_to_the_threshold_is_kept():
    assert evaluate(PICKS, TRUTH, max_distance_px=5, threshold=0.6).n_picks == 4


def test_the_curve_does_not_depend_on_the_threshold():
    cut, whole = (evaluate(PICKS, TRUTH, max_distance_px=5, threshold=t) for t in (0.5, None))
    np.testing.assert_array_equal(cut.curve.n_picks, whole.curve.n_picks)
    assert cut.average_precision == whole.average_precision


def test_the_distance_is_that_of_the_picks_kept():
    # Below the threshold lies a pick that would push the first one to the farther particle.
    picks = Picks("m", [10, 7], [0, 0], score=[0.9, 0.1])
    truth = Picks("m", [9, 14], [0, 0])
    assert evaluate(picks, truth, max_distance_px=4, threshold=0.5).mean_distance_px == 1
    assert evaluate(picks, truth, max_distance_px=4).mean_distance_px == 3


def test_single_picks_and_their_sequence_are_the_same():
    one = evaluate(PICKS[1], TRUTH[0], max_distance_px=5)
    assert one.to_dict() == evaluate([PICKS[1]], [TRUTH[0]], max_distance_px=5).to_dict()
    assert one.recall == 3 / 4


def test_edge_and_ignored_places_are_passed_on():
    frame = Frame((100, 100))
    truth = [Picks("a", [3, 50], [50, 50], frame=frame), Picks("b", [50], [50], frame=frame)]
    picks = [Picks("a", [3, 50, 80], [50, 50, 80]), Picks("b", [80, 50], [80, 50])]
    result = evaluate(
        picks, truth, max_distance_px=5, edge_margin_px=10, ignore=Picks("b", [80], [80])
    )
    assert (result.n_picks, result.n_not_counted, result.n_truth) == (3, 2, 2)
    assert result.precision == 2 / 3
    assert result.recall == 1


def test_dictionary_is_plain_json():
    truth = [*TRUTH, Picks("empty")]
    picks = [*PICKS, Picks("empty")]
    written = evaluate(picks, truth, max_distance_px=5, threshold=0.5).to_dict()
    read = json.loads(json.dumps(written, allow_nan=False))
    assert read == written
    assert read["threshold"] == 0.5
    assert read["precision"] == 0.6
    assert [row["micrograph"] for row in read["per_micrograph"]] == ["a", "b", "empty"]
    assert read["per_micrograph"][2]["precision"] is None
    assert read["per_micrograph"][2]["f2"] is None


def test_nothing_picked_and_nothing_there():
    nothing_picked = evaluate(Picks("m"), Picks("m", [1], [1]), max_distance_px=5, threshold=0.5)
    assert np.isnan(nothing_picked.precision)
    assert (nothing_picked.recall, nothing_picked.f2, nothing_picked.average_precision) == (0, 0, 0)
    assert np.isnan(nothing_picked.median_distance_px)
    nothing_there = evaluate(Picks("m", [1], [1]), Picks("m"), max_distance_px=5)
    assert (nothing_there.precision, nothing_there.f1) == (0, 0)
    assert np.isnan(nothing_there.recall)
    assert np.isnan(nothing_there.average_precision)


def test_picks_without_scores_are_equal():
    picks = Picks("m", [0, 100], [0, 0])
    result = evaluate(picks, Picks("m", [0, 50], [0, 0]), max_distance_px=5)
    assert (result.precision, result.recall) == (0.5, 0.5)
    assert result.average_precision == 0.25
    with pytest.raises(ConventionError, match="leave out the threshold"):
        evaluate(picks, Picks("m"), max_distance_px=5, threshold=0.5)


def test_picks_without_truth_are_refused():
    with pytest.raises(ConventionError, match=r"no truth is given for c.*empty Picks as its truth"):
        evaluate([*PICKS, Picks("c")], TRUTH, max_distance_px=5)
    with pytest.raises(ConventionError, match="no truth is given for c"):
        evaluate(PICKS, TRUTH, max_distance_px=5, ignore=Picks("c"))


def test_truth_without_picks_is_refused():
    with pytest.raises(ConventionError, match=r"no picks are given for b.*empty Picks"):
        evaluate(PICKS[1], TRUTH, max_distance_px=5)


def test_a_mismatch_of_all_names_stays_short():
    truth = [Picks(f"long_{i:03d}") for i in range(200)]
    with pytest.raises(ConventionError, match="long_004 and 195 more"):
        evaluate([], truth, max_distance_px=5)


def test_a_micrograph_given_twice_is_refused():
    with pytest.raises(ConventionError, match=r"truth has micrograph a twice\. Give one Picks"):
        evaluate(PICKS, [*TRUTH, Picks("a")], max_distance_px=5)


def test_a_threshold_of_nan_is_refused():
    with pytest.raises(ConfigError, match="None keeps all"):
        evaluate(PICKS, TRUTH, max_distance_px=5, threshold=float("nan"))


def test_importing_the_room_is_quick():
    code = "import sys, deepem.evaluation; print({'matplotlib', 'torch'} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
