"""One picker, many micrographs, several at a time; one that fails does not stop the others."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deepem.cluster import Backend, ThisProcess
from deepem.core import Picks
from deepem.errors import BackendError, OutputError
from deepem.io import MicrographFile, write_picks
from deepem.io.atomic import remove_leftovers
from deepem.io.read_ahead import read_ahead
from deepem.picking.file_picker import FilePicker
from deepem.picking.picked_file import PickedFile
from deepem.picking.picker import Picker
from deepem.picking.scanned import read_scanned_header, scanned_path


def pick_files(
    picker: Picker,
    micrographs: Sequence[str | Path | MicrographFile],
    out: str | Path,
    *,
    formats: Sequence[str] = ("box", "star"),
    pixel_size_angstrom: float | None = None,
    overwrite: bool = False,
    resume: bool = False,
    backend: Backend | None = None,
    threads_per_worker: int | None = None,
) -> Generator[PickedFile]:
    """Pick micrographs and write their coordinates.

    Candidates that reach the threshold and are left out for another reason are written to
    ``rejected/NAME.csv`` in the same folder, where there are any. All candidates, with what they
    were made of, are kept in ``candidates/``.

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
    resume
        Go on where an earlier run in this folder was broken off, in whatever way: the folder
        becomes what an unbroken run makes. Micrographs that are done are not picked again, those
        whose file has changed are. With ``overwrite`` settings may differ: files are written
        anew, and micrographs scanned again only where that would find something else.
    backend
        Where to compute: `deepem.cluster.LocalProcesses` or a cluster; by default here, one
        after the other. Workers must see the same folders as this process.
    threads_per_worker
        Number of threads in each worker; by default all cores.

    Yields
    ------
    picked
        After each micrograph, as they end. One that cannot be read or picked, or lacks what a
        format needs, is reported and passed over.

    Raises
    ------
    deepem.errors.OutputError
        Coordinate files exist already, or are of other settings (nothing is picked then), or
        cannot be written; the files of micrographs that were reported before are complete.
    deepem.errors.BackendError
        No worker can be had.
    """
    pick_one = FilePicker(
        picker,
        Path(out),
        formats=tuple(formats),
        pixel_size_angstrom=pixel_size_angstrom,
        overwrite=overwrite,
        resume=resume,
        n_threads=threads_per_worker,
    )
    return pick_all(pick_one, micrographs, backend or ThisProcess())


def pick_all(
    pick_one: FilePicker, micrographs: Sequence[str | Path | MicrographFile], backend: Backend
) -> Generator[PickedFile]:
    """Pick micrographs and write their coordinates: `pick_files` with its settings put together.

    Yields and raises as that.
    """
    files = [MicrographFile.of(micrograph) for micrograph in micrographs]
    begun = time.time()
    check_folder(pick_one, files)
    # Nothing is in the way now: files that come up are those of a worker of ours that died.
    work = pick_one if pick_one.overwrite else replace(pick_one, resume=True)
    is_shared = bool(pick_one.formats_of_all)
    found: dict[str, Picks] = {}
    try:
        for outcome in backend.run(work, read_ahead(files) if backend.is_here else files):
            picked = outcome.result
            if picked is None:
                if not isinstance(outcome.error, BackendError) and outcome.error is not None:
                    raise outcome.error  # nothing can be written
                picked = PickedFile(outcome.item, error=outcome.error)
            if picked.picks is not None and is_shared:
                found[picked.file.name] = picked.picks
            yield picked
    finally:  # hours of picking must not be lost with the last micrograph
        write_shared(pick_one, [found[file.name] for file in files if file.name in found])
        if pick_one.resume:
            remove_leftovers(pick_one.out, before=begun)


def write_shared(pick_one: FilePicker, found: Sequence[Picks]) -> None:
    """Write the picks of all micrographs in those formats that have one file for them."""
    may_replace = pick_one.overwrite or pick_one.resume
    for known in pick_one.formats_of_all if found else ():
        path = known.path_in(pick_one.out, "")
        write_picks(found, path, format=known.name, overwrite=may_replace)


def check_folder(pick_one: FilePicker, files: Sequence[MicrographFile]) -> None:
    """Refuse to begin where a file would be replaced in the end that must not be.

    Raises
    ------
    deepem.errors.OutputError
        Files exist already, or an earlier run in this folder had other settings.
    """
    if pick_one.overwrite:
        return
    begun = {file.name for file in files if pick_one.resume and pick_one.has_begun(file.name)}
    others = [file for file in files if file.name not in begun]
    expected = [Picks(file.name, listing=file.find_listing()) for file in others]
    taken: list[Path] = []
    for known in pick_one.formats_of_all:
        path = known.path_in(pick_one.out, "")
        found = known.find_taken(expected, path)
        taken += [file for file in found if not (begun and file == path)]
    for file in others:
        taken += pick_one.find_taken(file)
    if taken:
        more = f", and {len(taken) - 1} more" if len(taken) > 1 else ""
        raise OutputError(
            taken[0],
            f"exists already{more}. Choose another folder with --out, replace them with "
            "--overwrite (overwrite=True), or go on with a picking that was broken off with "
            "--resume (resume=True).",
        )
    _check_settings(pick_one, sorted(begun))


def _check_settings(pick_one: FilePicker, names: Sequence[str]) -> None:
    """Refuse to mix the picks of different settings in one folder."""
    scan, output = pick_one.describe_scan(), pick_one.describe_output()
    for name in names:
        header = read_scanned_header(scanned_path(pick_one.out, name))
        if header is None or (header.scan == scan and header.output == output):
            continue
        changes = _list_changes({**header.scan, **header.output}, {**scan, **output})
        raise OutputError(
            scanned_path(pick_one.out, name),
            f"was made with other settings: {'; '.join(changes)}. Choose another folder with "
            "--out, or give --overwrite too (overwrite=True) to have these settings everywhere.",
        )


def _list_changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name} {before.get(name, 'unknown')} then, {now.get(name, 'unknown')} now"
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]
