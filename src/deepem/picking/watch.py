"""Pick micrographs as they appear, for as long as the microscope runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterable
from itertools import takewhile
from pathlib import Path

from deepem.cluster import Backend
from deepem.core import Picks
from deepem.errors import OutputError
from deepem.io import MicrographFile
from deepem.io.arrivals import Arrivals, wait_for_change
from deepem.picking.batch import check_folder, write_shared
from deepem.picking.file_picker import FilePicker
from deepem.picking.occasionally import Occasionally
from deepem.picking.picked_file import PickedFile

logger = logging.getLogger("deepem.picking")

#: Files in the folder of coordinates that ask a watch to stop: anybody's, and RELION's.
STOP_FILES = ("STOP", "RELION_JOB_ABORT_NOW")

# So many at a time, then the lists of all micrographs are brought up to date.
_BATCH = 100


def watch_folder(
    pick_one: FilePicker,
    places: Iterable[str | Path],
    backend: Backend,
    *,
    interval_s: float = 5.0,
) -> Generator[PickedFile | None]:
    """Pick the micrographs of folders as they appear, until a stop file does.

    Parameters
    ----------
    pick_one
        Picks one; made with ``resume``, so that a watch that was stopped, in whatever way, goes
        on where it was.
    places
        Folders, patterns, or lists of micrographs; they may come later, and go for a while.
    backend
        Where to compute. Processes of their own (`deepem.cluster.LocalProcesses`) bear files
        that vanish while they are read.
    interval_s
        Seconds between looks, and for which a file must have rested to be complete.

    Yields
    ------
    picked
        After each micrograph; those that are done already come first. None whenever there is
        nothing to do for now, or the lists of all micrographs have been brought up to date.

    Raises
    ------
    deepem.errors.OutputError
        An earlier run in this folder had other settings. What cannot be written later, as while a
        network folder is gone, is tried again.
    """
    arrivals = Arrivals(places, interval_s=interval_s)
    stop_files = [pick_one.out / name for name in STOP_FILES]
    for file in stop_files:  # of an earlier run
        file.unlink(missing_ok=True)
    lists = _Lists(pick_one)
    is_checked, out_was_there = False, False
    try:
        while not _any_exists(stop_files):
            batch = arrivals.look(at_most=_BATCH)
            if batch and not is_checked:  # later, a file in the way is a matter of its micrograph
                check_folder(pick_one, batch)
                is_checked = True
            until_stop = takewhile(lambda file: not _any_exists(stop_files), batch)
            left = {file.name: file for file in batch}
            for picked in _pick_what_is_there(pick_one, until_stop, backend):
                left.pop(picked.file.name)
                if picked.error is not None:
                    arrivals.give_up(picked.file)
                lists.add(picked)
                yield picked
            for unfinished in left.values():
                arrivals.forget(unfinished)
            lists.write_occasionally()
            out_was_there = out_was_there or pick_one.out.is_dir()
            yield None
            if left or len(batch) < _BATCH:
                wait_for_change([*arrivals.folders, pick_one.out], interval_s)
            if out_was_there:
                _wait_for_folder(pick_one.out, interval_s)
    finally:
        lists.write()
        for file in stop_files:
            file.unlink(missing_ok=True)


def _pick_what_is_there(
    pick_one: FilePicker, files: Iterable[MicrographFile], backend: Backend
) -> Generator[PickedFile]:
    """Pick micrographs, but for those that have vanished; end where nothing can be written."""
    for outcome in backend.run(pick_one, files):
        picked = outcome.result or PickedFile(outcome.item, error=outcome.error)
        if isinstance(picked.error, OutputError) and not picked.error.path.exists():
            logger.warning("%s; trying again", picked.error)
            return
        if picked.error is None or picked.file.path.exists():
            yield picked


def _wait_for_folder(folder: Path, interval_s: float) -> None:
    """Wait while a folder is gone that was there: a new one would hide it when it comes back."""
    if folder.is_dir():
        return
    logger.warning("%s: is not there any more; waiting for it", folder)
    while not folder.is_dir():
        time.sleep(interval_s)
    logger.warning("%s: is there again", folder)


def _any_exists(files: Iterable[Path]) -> bool:
    return any(file.exists() for file in files)


class _Lists:
    """The picks of all micrographs so far, for formats that have one file for them."""

    def __init__(self, pick_one: FilePicker) -> None:
        self._pick_one = pick_one
        self._found: dict[str, Picks] = {}
        self._is_written = True
        self._occasionally = Occasionally(self.write)

    def add(self, picked: PickedFile) -> None:
        if picked.picks is not None and self._pick_one.formats_of_all:
            self._found[picked.file.name] = picked.picks
            self._is_written = False

    def write_occasionally(self) -> None:
        self._occasionally.do()

    def write(self) -> None:
        if self._is_written:
            return
        try:
            write_shared(self._pick_one, [picks for _, picks in sorted(self._found.items())])
            self._is_written = True
        except OutputError as error:
            logger.warning("%s; it will be tried again", error)
