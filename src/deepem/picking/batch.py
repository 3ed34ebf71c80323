"""One picker, many micrographs: open, pick, write; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepem.core import Picks
from deepem.errors import DeepEMError, OutputError
from deepem.io import open_micrograph, pick_format, write_picks
from deepem.picking.picker import Picker


@dataclass(frozen=True, eq=False)
class PickedFile:
    """What became of one micrograph.

    Parameters
    ----------
    path
        The micrograph.
    picks
        Its picks; None where it failed.
    error
        Why it failed; None where it did not.
    """

    path: Path
    picks: Picks | None = None
    error: DeepEMError | None = None


def pick_files(
    picker: Picker,
    paths: Sequence[Path],
    out: str | Path,
    *,
    formats: Sequence[str] = ("box", "star"),
    pixel_size_angstrom: float | None = None,
    overwrite: bool = False,
) -> Iterator[PickedFile]:
    """Pick micrographs one after the other and write their coordinates.

    Parameters
    ----------
    picker
        The picker.
    paths
        Micrograph files.
    out
        Folder for the coordinate files, ``<micrograph>.<format>`` each; made if missing.
    formats
        Names of coordinate formats.
    pixel_size_angstrom
        Used instead of what the headers say.
    overwrite
        Replace coordinate files that exist.

    Yields
    ------
    picked
        After each micrograph. One that cannot be read or picked is reported and passed over.

    Raises
    ------
    deepem.errors.OutputError
        Coordinate files exist already (nothing is picked then), or cannot be written; the files
        of micrographs that were reported before are complete.
    """
    targets = {
        path: [Path(out) / f"{path.stem}{pick_format(name).suffix}" for name in formats]
        for path in paths
    }
    existing = [target for group in targets.values() for target in group if target.exists()]
    if existing and not overwrite:
        others = f", and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise OutputError(
            existing[0],
            f"exists already{others}. Choose another folder with --out, or replace them with "
            "--overwrite (overwrite=True).",
        )
    for path in paths:
        try:
            picks = picker.pick(open_micrograph(path, pixel_size_angstrom=pixel_size_angstrom))
        except DeepEMError as error:
            yield PickedFile(path, error=error)
            continue
        for name, target in zip(formats, targets[path], strict=True):
            write_picks(picks, target, format=name, overwrite=overwrite)
        yield PickedFile(path, picks=picks)
