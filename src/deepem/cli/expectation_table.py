"""Words and tables for what to expect of picks where no particles are known."""

from __future__ import annotations

from math import ceil, isnan
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepem.evaluation.expectation import Expectation

_COLUMNS = ("threshold", "picks", "precision", "precision_error", "recall", "recall_error")


def format_expected_table(expectation: Expectation) -> str:
    """Table of expected precision and recall at the thresholds 0.05, 0.10 … 0.95.

    Parameters
    ----------
    expectation
        Of all the candidates.

    Returns
    -------
    str
        Tab-separated, with a line of column names; errors are standard errors. A figure that
        does not exist, such as the precision of no picks, is left empty.
    """
    lines = ["\t".join(_COLUMNS)]
    for row in expectation.rows():
        shares = (row.precision, row.precision_error, row.recall, row.recall_error)
        cells = [f"{row.threshold:.2f}", f"{row.n_picks}"]
        lines.append("\t".join([*cells, *("" if isnan(x) else f"{x:.4f}" for x in shares)]))
    return "\n".join(lines) + "\n"


def describe_expected(
    expectation: Expectation, *, threshold: float, table: str | Path | None = None
) -> str:
    """One sentence on what to expect of the picks above a threshold.

    Parameters
    ----------
    expectation
        Of all the candidates.
    threshold
        Where they were cut, in [0, 1].
    table
        File of the whole table, to be named; None if there is none.

    Returns
    -------
    str
        Such as ``Expected of these picks: precision 0.97 ± 0.01, recall 0.95 ± 0.01 (table:
        OUT/expected.tsv)``. Errors are rounded up; figures have three decimals where the error
        is below 0.01.
    """
    figures = expectation.at(threshold)
    known = [
        f"{name} {_with_error(share, error)}"
        for name, share, error in (
            ("precision", figures.precision, figures.precision_error),
            ("recall", figures.recall, figures.recall_error),
        )
        if not isnan(share)
    ]
    said = ", ".join(known) or "nothing can be said, there are no candidates"
    return f"Expected of these picks: {said}" + (f" (table: {table})" if table else "")


def _with_error(share: float, error: float) -> str:
    decimals = 2 if error > 0.009 else 3
    unit = 10**decimals
    # Never 0: nothing is known that well.
    up = max(ceil(round(error * unit, 6)), 1) / unit
    return f"{share:.{decimals}f} ± {up:.{decimals}f}"
