"""A selection keeps what fulfils all its conditions."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, OutputError
from deepem.picking import REASONS, Selection, judge, select, write_rejected

CANDIDATES = Picks(
    "mic",
    [50, 40, 30, 3, 97, 60],
    [20, 20, 20, 20, 20, 36],
    score=[0.9, 0.5, 0.3, 0.8, 0.8, 0.8],
    std=[1.0, 0.9, 1.1, 1.0, 1.3, 0.7],
    box_size_px=10,
    frame=Frame((40, 100)),
)


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(), [50, 40, 30, 3, 97, 60]),
        (Selection(threshold=0.5), [50, 40, 3, 97, 60]),
        (Selection(threshold=0.51), [50, 3, 97, 60]),
        (Selection(threshold=1.0), []),
        (Selection(std_range=(0.9, 1.1)), [50, 40, 30, 3]),
        (Selection(std_range=(0.0, 0.8)), [60]),
        (Selection(edge_margin_px=3), [50, 40, 30, 3, 60]),
        (Selection(edge_margin_px=3.1), [50, 40, 30]),
        (Selection(threshold=0.5, std_range=(0.95, 2), edge_margin_px=2), [50, 3, 97]),
    ],
)
def test_limits_are_inclusive_and_all_count(selection, kept):
    picks = select(CANDIDATES, selection)
    assert picks.x_px.tolist() == kept
    assert (picks.frame, picks.box_size_px) == (CANDIDATES.frame, 10)


def test_selecting_twice_is_selecting_both():
    both = select(CANDIDATES, Selection(threshold=0.5, edge_margin_px=3))
    twice = select(select(CANDIDATES, Selection(threshold=0.5)), Selection(edge_margin_px=3))
    np.testing.assert_array_equal(both.x_px, twice.x_px)


def test_what_is_not_known_is_not_kept():
    unknown = Picks("mic", [5], [5], frame=Frame((40, 100)))
    assert len(select(unknown, Selection())) == 0
    scored = Picks("mic", [5], [5], score=[0.5])
    assert len(select(scored, Selection(threshold=0.5))) == 1  # without margin, without frame
    assert len(select(scored, Selection(std_range=(0, 9)))) == 0


def test_nothing_stays_nothing():
    nothing = Picks("mic", frame=Frame((40, 100)))
    assert len(select(nothing, Selection(threshold=0.5, std_range=(0, 1), edge_margin_px=5))) == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"threshold": -0.1}, "threshold: must be between 0 and 1, got -0.1"),
        ({"threshold": 1.1}, "threshold: must be between 0 and 1, got 1.1"),
        ({"threshold": float("nan")}, "threshold: must be between 0 and 1, got nan"),
        ({"std_range": (1.2, 0.8)}, "std range: must be two rising numbers, got 1.2 and 0.8"),
        ({"std_range": (1, 1)}, "std range: must be two rising numbers, got 1 and 1"),
        ({"std_range": (-1, 1)}, "std range: must be two rising numbers, got -1 and 1"),
        ({"edge_margin_px": -1}, "edge margin: must not be negative, got -1"),
        ({"edge_margin_px": float("nan")}, "edge margin: must not be negative, got nan"),
    ],
)
def test_values_out_of_range_are_refused(options, problem):
    with pytest.raises(ConfigError, match=problem):
        Selection(**options)


JUNK = replace(CANDIDATES, junk=[True, False, True, True, True, False])
STRICT = Selection(threshold=0.5, std_range=(0.95, 1.2), edge_margin_px=5)


def test_every_candidate_above_the_threshold_is_kept_or_has_a_reason():
    verdict = judge(JUNK, STRICT)
    assert verdict.kept.x_px.tolist() == []
    assert verdict.rejected.x_px.tolist() == [50, 40, 3, 97, 60]
    assert verdict.reasons.tolist() == [
        "junk", "standard deviation", "junk", "junk", "standard deviation",
    ]  # fmt: skip
    assert verdict.count_reasons() == {"junk": 3, "standard deviation": 2}
    np.testing.assert_array_equal(select(JUNK, STRICT).x_px, verdict.kept.x_px)


def test_the_first_reason_is_given():
    assert REASONS == ("junk", "standard deviation", "edge")
    no_junk = judge(JUNK, replace(STRICT, allow_junk=True))
    assert no_junk.kept.x_px.tolist() == [50]
    reasons = dict(zip(no_junk.rejected.x_px, no_junk.reasons, strict=True))
    # 97 is near the edge too.
    assert reasons == {
        40: "standard deviation", 3: "edge", 97: "standard deviation", 60: "standard deviation",
    }  # fmt: skip


def test_what_is_not_known_fails_its_own_test():
    no_score = judge(Picks("mic", [5], [5], frame=Frame((40, 100))), Selection())
    assert len(no_score.kept) == len(no_score.rejected) == 0
    no_std = judge(Picks("mic", [5], [5], score=[0.5]), Selection(std_range=(0, 9)))
    assert no_std.reasons.tolist() == ["standard deviation"]
    nothing = judge(Picks("mic", frame=Frame((40, 100))), STRICT)
    assert (len(nothing.kept), len(nothing.rejected), nothing.reasons.shape) == (0, 0, (0,))
    assert nothing.count_reasons() == {}


def test_the_table_says_where_and_why(tmp_path):
    path = tmp_path / "rejected" / "mic.csv"
    verdict = judge(JUNK, STRICT)
    write_rejected(verdict, path)
    with path.open(newline="") as file:
        first, *others = csv.DictReader(file)
    assert first == {
        "micrograph": "mic", "x_px": "50", "y_px": "20", "score": "0.9", "std": "1",
        "reason": "junk",
    }  # fmt: skip
    assert len(others) == 4
    with pytest.raises(OutputError, match="exists already"):
        write_rejected(verdict, path)
