"""Micrographs that appear while the microscope runs: which are new, and which are complete."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deepem.errors import DeepEMError, FileFormatError
from deepem.io.micrograph_file import MicrographFile
from deepem.io.micrographs import find_micrographs, open_micrograph

logger = logging.getLogger("deepem.io")

# A file that is as old as this was not begun a moment ago, whatever the clocks of two machines say.
_SURELY_OLD_SECONDS = 600
# Whoever writes a file may pause; one that makes no sense for as many intervals is handed on.
_PATIENCE = 12


@dataclass
class _Sighting:
    """How a file looked, and since when."""

    state: tuple[int, int]
    since: float


class Arrivals:
    """Tells which micrographs have come since the last look and are complete.

    A file is complete when its size and time have not changed for an interval, and it can be
    opened: its header promises no more than it holds. One that stays unreadable is handed on in
    the end, so that it fails with its reason and the others go on.

    Parameters
    ----------
    places
        Folders, patterns, and lists of micrographs. They may be missing for now, or at times.
    interval_s
        Seconds that a file must have rested.
    """

    def __init__(self, places: Iterable[str | Path], *, interval_s: float) -> None:
        self._places = [Path(place) for place in places]
        self._interval_s = interval_s
        self._seen: dict[str, _Sighting] = {}
        self._done: dict[str, Path] = {}
        self._failed: dict[str, tuple[int, int]] = {}
        self._missing: set[Path] = set()
        self._told: set[str] = set()

    @property
    def folders(self) -> list[Path]:
        """Folders in which something may happen, as far as they are there."""
        folders = (place if place.is_dir() else place.parent for place in self._places)
        return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]

    def look(self, *, at_most: int) -> list[MicrographFile]:
        """The first few micrographs that are new and complete, each once."""
        complete: list[MicrographFile] = []
        for file in self._list():
            if len(complete) == at_most:
                break
            if file.name in self._done:
                if self._done[file.name] != file.path:
                    self._tell_once(
                        f"{file}: has the name of {self._done[file.name]}, so it is left out; "
                        "rename it, or watch its folder in a run of its own",
                    )
            elif self._is_complete(file):
                self._done[file.name] = file.path
                self._seen.pop(file.name, None)
                complete.append(file)
        return complete

    def forget(self, file: MicrographFile) -> None:
        """Have a micrograph counted as new when it is next seen, as after its folder was gone."""
        self._done.pop(file.name, None)

    def give_up(self, file: MicrographFile) -> None:
        """Have a micrograph that failed counted as new when its file has changed."""
        state = _find_state(file.path)
        if state is not None:
            self._failed[file.name] = state
        self.forget(file)

    def _list(self) -> list[MicrographFile]:
        found: list[MicrographFile] = []
        for place in self._places:
            try:
                files = find_micrographs([place])
            except FileFormatError:  # nothing in it yet, or a list that is just being written
                files = []
            except DeepEMError as error:
                self._tell_once(str(error))
                continue
            is_missing = not place.exists() and "*" not in str(place)
            if is_missing and place not in self._missing:
                self._missing.add(place)
                logger.warning("%s: is not there; waiting for it", place)
            elif place in self._missing and not is_missing:
                self._missing.discard(place)
                logger.warning("%s: is there again", place)
            found += [file for file in files if file.path != place or place.is_file()]
        return found

    def _is_complete(self, file: MicrographFile) -> bool:
        state = _find_state(file.path)
        if state is None or state == self._failed.get(file.name):
            return False
        now = time.monotonic()
        sighting = self._seen.get(file.name)
        if sighting is None or sighting.state != state:
            sighting = self._seen[file.name] = _Sighting(state, now)
        is_old = time.time() - state[1] / 1e9 > _SURELY_OLD_SECONDS
        rested_s = now - sighting.since
        if not is_old and rested_s < self._interval_s:
            return False
        try:
            open_micrograph(file)
        except DeepEMError:
            return rested_s >= _PATIENCE * self._interval_s
        return True

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            logger.warning("%s", text)


def _find_state(path: Path) -> tuple[int, int] | None:
    """Size and time of the last change of a file; None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def wait_for_change(folders: Iterable[Path], seconds: float) -> None:
    """Wait until something happens in folders, but no longer than some seconds.

    The system tells of files on this machine's disks, if the package ``watchfiles`` is installed.
    It does not tell what other machines do in a network folder: there the whole time is waited.
    A tenth of it is waited in any case, so that a busy folder is not looked at without a pause.
    """
    there = [folder for folder in folders if folder.is_dir()]
    if not there or find_spec("watchfiles") is None:
        time.sleep(seconds)
        return
    from watchfiles import watch

    deadline = time.monotonic() + seconds
    with suppress(OSError, RuntimeError):  # a folder has just gone, or the system tells no more
        for _ in watch(
            *there,
            recursive=False,
            debounce=50,
            rust_timeout=max(1, round(1000 * seconds)),
            yield_on_timeout=True,
            raise_interrupt=True,
        ):
            time.sleep(seconds / 10)
            return
    time.sleep(max(0.0, deadline - time.monotonic()))
