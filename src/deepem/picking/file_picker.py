"""One micrograph from its file to its coordinate files, unless that has been done before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from deepem.core import Frame, Picks
from deepem.errors import DeepEMError, MicrographError
from deepem.io import MicrographFile, PickFormat, open_micrograph, pick_format, write_picks
from deepem.io.atomic import remove_leftovers_of, touch
from deepem.io.file_content import FileContent
from deepem.picking.picked_file import PickedFile
from deepem.picking.picker import Picker
from deepem.picking.rejected import rejected_path, write_rejected
from deepem.picking.scanned import (
    Scanned,
    ScannedHeader,
    read_scanned,
    scanned_path,
    write_scanned,
)
from deepem.picking.selection import Verdict, judge, select

_BEGUN_SUFFIX = ".begun"


@dataclass(frozen=True, eq=False)
class FilePicker:
    """Picks a micrograph and writes its files: what a worker does with one.

    Beside the coordinates, all candidates are kept in ``candidates/``. They are written last, so
    a micrograph that has them is done; and they say of which micrograph, with which settings.

    Parameters
    ----------
    picker
        The picker.
    out
        Folder for the coordinate files.
    formats
        Names of coordinate formats; those with one file for all are not written here.
    pixel_size_angstrom
        Used instead of what lists and headers say.
    overwrite
        Replace coordinate files that exist.
    resume
        Do what is left to do: use candidates that the same scan of the same micrograph has found,
        and leave files alone that the same settings have written.
    n_threads
        Number of threads in each worker; None leaves it as it is.
    """

    picker: Picker
    out: Path
    formats: Sequence[str] = ("box", "star")
    pixel_size_angstrom: float | None = None
    overwrite: bool = False
    resume: bool = False
    n_threads: int | None = None

    @property
    def formats_of_one(self) -> list[PickFormat]:
        """Formats with a file for each micrograph."""
        return [known for known in map(pick_format, self.formats) if not known.one_file_for_all]

    @property
    def formats_of_all(self) -> list[PickFormat]:
        """Formats with one file for all micrographs."""
        return [known for known in map(pick_format, self.formats) if known.one_file_for_all]

    def describe_scan(self) -> dict[str, str]:
        """What candidates depend on beside the micrograph: name and value of each setting."""
        size = self.pixel_size_angstrom
        return self.picker.describe_scan() | {
            "pixel size": "that of the micrograph" if size is None else f"{size:g} Å"
        }

    def describe_output(self) -> dict[str, str]:
        """What coordinate files depend on beside the candidates, likewise."""
        return self.picker.describe_selection() | {"formats": ", ".join(self.formats)}

    def has_begun(self, name: str) -> bool:
        """Whether files of a micrograph of this name may be there, not all, or of other settings.

        They are those of an earlier run, and may be replaced when it is resumed.
        """
        return scanned_path(self.out, name).exists() or self._mark(name).exists()

    def find_taken(self, file: MicrographFile) -> list[Path]:
        """Files that picking a micrograph would replace."""
        expected = [Picks(file.name, listing=file.find_listing())]
        taken = [
            path
            for known in self.formats_of_one
            for path in known.find_taken(expected, known.path_in(self.out, file.name))
        ]
        ours = (rejected_path(self.out, file.name), scanned_path(self.out, file.name))
        return taken + [path for path in ours if path.exists()]

    def __call__(self, file: MicrographFile) -> PickedFile:
        """Pick a micrograph and write its files.

        Returns
        -------
        picked
            With an error where the micrograph cannot be read or picked, or lacks what a format
            needs.

        Raises
        ------
        deepem.errors.OutputError
            Files exist already, or cannot be written.
        """
        if self.n_threads is not None:
            torch.set_num_threads(self.n_threads)
        before = read_scanned(scanned_path(self.out, file.name)) if self.resume else None
        try:
            scanned = self._take_up(before, file) or self._scan(file)
            self._require(scanned.candidates.frame, file)
        except DeepEMError as error:
            return PickedFile(file, error=error)
        selection = self.picker.selection_for(scanned.diameter_px)
        verdict = judge(scanned.candidates, selection)
        was_written = (
            before is not None
            and before.header == scanned.header
            and before.header.output == self.describe_output()
            and not self._mark(file.name).exists()
        )
        if not (was_written and all(map(Path.exists, self._list_files(file, verdict)))):
            self._write(file, verdict, scanned)
        at_any_score = select(scanned.candidates, replace(selection, threshold=0))
        return PickedFile(
            file,
            picks=verdict.kept,
            verdict=verdict,
            candidate_scores=at_any_score.score.astype(np.float32),
        )

    def _take_up(self, before: Scanned | None, file: MicrographFile) -> Scanned | None:
        """The candidates of an earlier run, if they are what a scan would find now."""
        if (
            before is None
            or before.header.scan != self.describe_scan()
            or before.header.pixel_size_angstrom != file.pixel_size_angstrom
        ):
            return None
        content, listing = before.header.content.find_again(file.path), file.find_listing()
        if content is None:
            return None
        return replace(
            before,
            header=replace(before.header, content=content, listing=listing),
            candidates=replace(before.candidates, listing=listing),
        )

    def _scan(self, file: MicrographFile) -> Scanned:
        micrograph = open_micrograph(file, pixel_size_angstrom=self.pixel_size_angstrom)
        self._require(micrograph.frame, file)  # before the work
        content = FileContent.of(file.path)
        try:
            candidates = self.picker.scan(micrograph)
        except (MemoryError, RuntimeError) as error:
            if not _is_short_of_memory(error):
                raise
            raise MicrographError(
                f"{file}: there is not enough memory to pick it. Use fewer --workers, or close "
                "other programs, then pick it again (--resume)."
            ) from error
        if content.find_again(file.path) is None:
            raise MicrographError(
                f"{file}: has changed while it was picked. Wait until it is complete, then pick "
                "it again (--resume)."
            )
        header = ScannedHeader(
            content=content,
            pixel_size_angstrom=file.pixel_size_angstrom,
            listing=file.find_listing(),
            scan=self.describe_scan(),
            output=self.describe_output(),
        )
        return Scanned(header, candidates, self.picker.diameter_px(micrograph))

    def _require(self, frame: Frame | None, file: MicrographFile) -> None:
        """Raise where a format needs something that a micrograph lacks."""
        for known in map(pick_format, self.formats):
            known.require(Picks(file.name, frame=frame))

    def _list_files(self, file: MicrographFile, verdict: Verdict) -> list[Path]:
        """Files that the picks of a micrograph make."""
        files = [
            path
            for known in self.formats_of_one
            for path in known.list_files([verdict.kept], known.path_in(self.out, file.name))
        ]
        return files + [rejected_path(self.out, file.name)] * bool(len(verdict.rejected))

    def _write(self, file: MicrographFile, verdict: Verdict, scanned: Scanned) -> None:
        may_replace = self.overwrite or (self.resume and self.has_begun(file.name))
        mark = self._mark(file.name)
        if mark.exists():  # somebody was killed while writing these
            for path in (*self._list_files(file, verdict), scanned_path(self.out, file.name)):
                remove_leftovers_of(path)
        touch(mark)  # until the end: whoever kills us leaves word that files may be replaced
        for known in self.formats_of_one:
            path = known.path_in(self.out, file.name)
            write_picks(verdict.kept, path, format=known.name, overwrite=may_replace)
        left_out = rejected_path(self.out, file.name)
        if len(verdict.rejected):
            write_rejected(verdict, left_out, overwrite=may_replace)
        elif may_replace:  # no table of an earlier run stays
            left_out.unlink(missing_ok=True)
        header = replace(scanned.header, output=self.describe_output())
        write_scanned(replace(scanned, header=header), scanned_path(self.out, file.name))
        mark.unlink()

    def _mark(self, name: str) -> Path:
        return scanned_path(self.out, name).with_name(f"{name}{_BEGUN_SUFFIX}")


def _is_short_of_memory(error: Exception) -> bool:
    """Whether memory was short; torch has a class of its own for that only on cards."""
    words = ("can't allocate memory", "out of memory", "not enough memory")
    return isinstance(error, MemoryError) or any(text in str(error) for text in words)
