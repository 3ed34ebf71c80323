"""What is said of expected figures is what they are."""

import pytest

from deepem.cli.expectation_table import describe_expected, format_expected_table
from deepem.core import Picks
from deepem.evaluation.expectation import Expectation, expect


def expect_of(scores: list[float]) -> Expectation:
    return expect(Picks("m", range(len(scores)), range(len(scores)), score=scores))


def test_the_table_holds_the_figures():
    expected = expect_of([0.9, 0.8, 0.6, 0.2, 0.1])
    header, *lines = format_expected_table(expected).splitlines()
    assert header.split("\t") == [
        "threshold", "picks", "precision", "precision_error", "recall", "recall_error",
    ]  # fmt: skip
    assert len(lines) == 19
    for line, row in zip(lines, expected.rows(), strict=True):
        threshold, n_picks, *shares = line.split("\t")
        assert float(threshold) == pytest.approx(row.threshold)
        assert int(n_picks) == row.n_picks
        known = [row.precision, row.precision_error, row.recall, row.recall_error]
        if row.n_picks:
            assert [float(share) for share in shares] == pytest.approx(known, abs=6e-5)
        else:
            assert shares == ["", "", "0.0000", "0.0000"]


def test_a_table_of_nothing_has_all_its_columns():
    lines = format_expected_table(expect_of([])).splitlines()
    assert {line.count("\t") for line in lines} == {5}
    assert lines[1] == "0.05\t0\t\t\t\t"


def test_the_sentence():
    expected = expect_of([0.9] * 100 + [0.05] * 100)
    # precision 0.9 ± sqrt(100 · 0.09) / 100 = 0.03, recall 90 / 95 ± 0.022
    assert describe_expected(expected, threshold=0.5, table="out/expected.tsv") == (
        "Expected of these picks: precision 0.90 ± 0.03, recall 0.95 ± 0.03 "
        "(table: out/expected.tsv)"
    )


def test_small_errors_have_more_decimals_and_are_never_0():
    assert describe_expected(expect_of([0.95] * 20_000), threshold=0.5) == (
        "Expected of these picks: precision 0.950 ± 0.002, recall 1.000 ± 0.001"
    )


def test_what_does_not_exist_is_not_said():
    assert describe_expected(expect_of([0.2] * 9), threshold=0.5) == (
        "Expected of these picks: recall 0.000 ± 0.001"
    )
    assert "nothing can be said" in describe_expected(expect_of([]), threshold=0.5)
