"""One picker, many micrographs: open, pick, write; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepem.core import Picks
from deepem.errors import DeepEMError, OutputError
from deepem.io import MicrographFile, PickFormat, open_micrograph, pick_format, write_picks
from deepem.picking.picker import Picker


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
    """

    file: MicrographFile
    picks: Picks | None = None
    error: DeepEMError | None = None


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
                picks = picker.pick(micrograph)
            except DeepEMError as error:
                yield PickedFile(file, error=error)
                continue
            for known in chosen:
                if not known.one_file_for_all:
                    path = known.path_in(out, file.name)
                    write_picks(picks, path, format=known.name, overwrite=overwrite)
            if shared:
                found.append(picks)
            yield PickedFile(file, picks=picks)
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
    if taken:
        others = f", and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise OutputError(
            taken[0],
            f"exists already{others}. Choose another folder with --out, or replace them with "
            "--overwrite (overwrite=True).",
        )
