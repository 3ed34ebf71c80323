"""One picker, many micrographs: open, pick, write; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import DeepEMError, OutputError
from deepem.io import MicrographFile, PickFormat, open_micrograph, pick_format, write_picks
from deepem.picking.picker import Picker
from deepem.picking.rejected import rejected_path, write_rejected
from deepem.picking.selection import Verdict, judge, select


@dataclass(frozen=True, eq=False)
class PickedFile:
    """What became of one micrograph.

    Parameters
    ----------
    file
        The micrograph.
    picks
        Its picks; None where it failed.
    error
        Why it failed; None where it did not.
    verdict
        Its picks once more, and what was left out and why; None where it failed.
    candidate_scores
        Scores of all candidates that only a threshold would leave out, float32: what
        `deepem.evaluation.expect` needs. None where it failed.
    """

    file: MicrographFile
    picks: Picks | None = None
    error: DeepEMError | None = None
    verdict: Verdict | None = None
    candidate_scores: NDArray[np.float32] | None = None


def pick_files(
    picker: Picker,
    micrographs: Sequence[str | Path | MicrographFile],
    out: str | Path,
    *,
    formats: Sequence[str] = ("box", "star"),
    pixel_size_angstrom: float | None = None,
    overwrite: bool = False,
) -> Generator[PickedFile]:
    """Pick micrographs one after the other and write their coordinates.

    Candidates that reach the threshold and are left out for another reason are written to
    ``rejected/NAME.csv`` in the same folder, where there are any.

    Parameters
    ----------
    picker
        The picker.
    micrographs
        Micrograph files, as from :func:`deepem.find_micrographs`.
    out
        Folder for the coordinate files; made if missing.
    formats
        Names of coordinate formats. Those with a file for each micrograph are written as each is
        done; those with one file for all at the end, and also when the picking is broken off.
    pixel_size_angstrom
        Used instead of what lists and headers say.
    overwrite
        Replace coordinate files that exist.

    Yields
    ------
    picked
        After each micrograph. One that cannot be read or picked, or lacks what a format needs, is
        reported and passed over.

    Raises
    ------
    deepem.errors.OutputError
        Coordinate files exist already (nothing is picked then), or cannot be written; the files
        of micrographs that were reported before are complete.
    """
    files = [MicrographFile.of(micrograph) for micrograph in micrographs]
    chosen = [pick_format(name) for name in formats]
    if not overwrite:
        _check_free(files, chosen, Path(out))
    shared = [known for known in chosen if known.one_file_for_all]
    found: list[Picks] = []
    try:
        for file in files:
            try:
                micrograph = open_micrograph(file, pixel_size_angstrom=pixel_size_angstrom)
                for known in chosen:
                    known.require(Picks(micrograph.name, frame=micrograph.frame))
                candidates = picker.scan(micrograph)
                selection = picker.selection_for(picker.diameter_px(micrograph))
            except DeepEMError as error:
                yield PickedFile(file, error=error)
                continue
            verdict = judge(candidates, selection)
            at_any_score = select(candidates, replace(selection, threshold=0))
            picks = verdict.kept
            for known in chosen:
                if not known.one_file_for_all:
                    path = known.path_in(out, file.name)
                    write_picks(picks, path, format=known.name, overwrite=overwrite)
            left_out = rejected_path(out, file.name)
            if len(verdict.rejected) or left_out.exists():  # no table of an earlier run stays
                write_rejected(verdict, left_out, overwrite=overwrite)
            if shared:
                found.append(picks)
            yield PickedFile(
                file,
                picks=picks,
                verdict=verdict,
                candidate_scores=at_any_score.score.astype(np.float32),
            )
    finally:  # hours of picking must not be lost with the last micrograph
        for known in shared if found else ():
            write_picks(found, known.path_in(out, ""), format=known.name, overwrite=overwrite)


def _check_free(files: Sequence[MicrographFile], formats: Sequence[PickFormat], out: Path) -> None:
    """Refuse to begin where a file of any micrograph would be replaced at the end."""
    expected = [Picks(file.name, listing=file.find_listing()) for file in files]
    taken: list[Path] = []
    for known in formats:
        if known.one_file_for_all:
            taken += known.find_taken(expected, known.path_in(out, ""))
        else:
            for one in expected:
                taken += known.find_taken([one], known.path_in(out, one.micrograph))
    tables = [rejected_path(out, file.name) for file in files]
    taken += [table for table in tables if table.exists()]
    if taken:
        others = f", and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise OutputError(
            taken[0],
            f"exists already{others}. Choose another folder with --out, or replace them with "
            "--overwrite (overwrite=True).",
        )
