"""What a picking has come to: a line for each micrograph, tables and a page, a last word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepem.cli.console import ExitCode, Failures, count, print_data, print_note

if TYPE_CHECKING:
    from deepem.evaluation.expectation import Expectation
    from deepem.picking import PickedFile
    from deepem.picking.file_picker import FilePicker
    from deepem.picking.summary import MicrographRow, RunSummary

# In a folder of its own: a table beside the coordinates could be taken for some.
_REPORT_FOLDER = "report"
_EXPECTED_NAME = "expected.tsv"


class RunReport:
    """Collects what becomes of the micrographs of a run, in little memory however many they are.

    Parameters
    ----------
    pick_one
        What picks them: the report has a folder in its folder.
    names
        Names of the micrographs in their order; others come behind them, sorted.
    """

    def __init__(self, pick_one: FilePicker, *, names: Sequence[str] = ()) -> None:
        from deepem.evaluation.score_counts import ScoreCounts

        self.failures = Failures()
        self._picker, self._out = pick_one.picker, pick_one.out
        self._folder = self._out / _REPORT_FOLDER
        self._settings = pick_one.describe_scan() | pick_one.describe_output()
        self._order = {name: number for number, name in enumerate(names)}
        self._rows: dict[str, MicrographRow] = {}
        self._scores = ScoreCounts()
        self._n_new = 0
        #: Number of micrographs that were picked, and of picks on them.
        self.n_done, self.n_picks = 0, 0

    def begin(self) -> None:
        """Print the head of the table."""
        print_data("micrograph\tpicks\tmean_score")

    def add(self, picked: PickedFile) -> None:
        """Take up what became of a micrograph, and print its line or its error."""
        from deepem.picking.summary import MicrographRow

        row = MicrographRow.of(picked)
        self._rows[row.name] = row
        self._n_new += 1
        self.n_done += not row.has_failed
        self.n_picks += row.n_picks
        if picked.error is not None:
            self.failures.add(picked.error)
            return
        mean = "" if math.isnan(row.mean_score) else f"{row.mean_score:.3f}"
        print_data(f"{row.name}\t{row.n_picks}\t{mean}")
        if picked.candidate_scores is not None:
            self._scores.add(picked.candidate_scores)

    def write(self) -> None:
        """Write tables and page, if anything has come since they were last written."""
        from deepem.picking.summary_files import write_summary

        if not self._n_new or not self.n_done:
            return
        self._n_new = 0
        write_summary(self._summarise(), self._folder, settings=self._settings)
        if self._has_probabilities:
            from deepem.cli.expectation_table import format_expected_table
            from deepem.io import write_atomically

            # A report of this run: one of an earlier run must not stand beside its picks.
            with write_atomically(self._folder / _EXPECTED_NAME, overwrite=True) as file:
                file.write(format_expected_table(self._expect()))

    def end(self) -> ExitCode:
        """Write tables and page, say what the run has come to, and tell how it ended."""
        self.write()
        if self.n_done:
            self._say_result()
        return self.failures.exit_code(self.n_done)

    @property
    def _has_probabilities(self) -> bool:
        return self._picker.model.header.calibration is not None

    def _say_result(self) -> None:
        from deepem.cli.expectation_table import describe_expected
        from deepem.picking.rejected import REJECTED_FOLDER
        from deepem.picking.summary_files import PAGE_NAME

        summary = self._summarise()
        done = count(self.n_done, "micrograph")
        print_note(f"{count(self.n_picks, 'particle')} on {done}, written to {self._out}")
        if summary.left_out:
            parts = ", ".join(f"{n} {reason}" for reason, n in summary.left_out.items())
            total = sum(summary.left_out.values())
            print_note(f"{total} left out: {parts}; listed in {self._out / REJECTED_FOLDER}")
        if self._has_probabilities:
            table = self._folder / _EXPECTED_NAME
            threshold = self._picker.threshold
            print_note(describe_expected(self._expect(), threshold=threshold, table=table))
        stand_out = f"; {len(summary.outliers)} stand out" if summary.outliers else ""
        print_note(f"Summary: {self._folder / PAGE_NAME}{stand_out}")

    def _summarise(self) -> RunSummary:
        from deepem.picking.summary import RunSummary

        last = len(self._order)
        names = sorted(self._rows, key=lambda name: (self._order.get(name, last), name))
        return RunSummary([self._rows[name] for name in names])

    def _expect(self) -> Expectation:
        from deepem.evaluation.expectation import expect

        calibration = self._picker.model.header.calibration
        factor = None if calibration is None else calibration.logit_error_factor
        return expect(self._scores, logit_error_factor=factor)
