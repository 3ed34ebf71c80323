"""The pool of the candidates in a folder of picks, which follows what is written there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from deepem.picking.candidate_pool import CandidatePool, PooledCandidates
from deepem.picking.scanned import CANDIDATES_FOLDER, Scanned, read_scanned, scanned_path
from deepem.picking.selection import EDGE_MARGIN_OVER_DIAMETER

# Threads wait for distant disks together; a local one is as fast with one.
_N_THREADS = 4
_CHUNK = 64
# Clocks of file systems may tick this slowly: what has just changed may change again unseen.
_SETTLED_AFTER_S = 3.0

_Stamp = tuple[int, int, int]


class CandidateFolder:
    """The candidates of a folder that `deepem pick` writes, or has written.

    Only files that are new or have changed are read; safe to use from several threads.

    Parameters
    ----------
    out
        The folder of the picks, in which ``candidates/`` is.

    Examples
    --------
    >>> folder = CandidateFolder(Path("picks"))
    >>> folder.refresh({"mic_0001", "mic_0002"})
    False
    >>> len(folder.pool)
    0
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._pool = CandidatePool()
        self._stamps: dict[str, _Stamp] = {}
        self._seen: tuple[Collection[str], int] | None = None

    @property
    def pool(self) -> CandidatePool:
        """The candidates as of the last `refresh`."""
        return self._pool

    def refresh(self, names: Collection[str]) -> bool:
        """Read what has come since the last time; returns whether the pool is another now.

        Parameters
        ----------
        names
            Micrographs that count; files of others are left alone. Give the same object where
            they are the same.

        Notes
        -----
        A file that cannot be read, or has just gone, has no candidates. So has a file that
        another program writes at the moment: files are complete when they get their name.
        """
        with self._lock:
            folder = self._out / CANDIDATES_FOLDER
            seen = names, _modified_ns(folder)
            if self._seen is not None and self._seen[0] is names and self._seen[1] == seen[1]:
                return False
            stamps = dict(_list_stamps(folder, names))
            changed = [name for name, stamp in stamps.items() if self._stamps.get(name) != stamp]
            gone = self._stamps.keys() - stamps.keys()
            self._stamps = stamps
            is_settled = time.time_ns() - seen[1] > _SETTLED_AFTER_S * 1e9
            self._seen = seen if is_settled else None
            if not changed and not gone:
                return False
            read = self._read_all(changed)
            self._pool = self._pool.replaced(read, without={*changed, *gone})
            return True

    def read(self, name: str) -> Scanned | None:
        """All that was found on one micrograph, from its file; None where there is nothing."""
        return read_scanned(scanned_path(self._out, name))

    def _read_all(self, names: list[str]) -> list[PooledCandidates]:
        chunks = [names[first : first + _CHUNK] for first in range(0, len(names), _CHUNK)]
        if len(chunks) <= 1:
            return self._read_some(names)
        with ThreadPoolExecutor(_N_THREADS) as threads:
            return [one for some in threads.map(self._read_some, chunks) for one in some]

    def _read_some(self, names: Iterable[str]) -> list[PooledCandidates]:
        found = ((name, self.read(name)) for name in names)
        return [pool_scanned(name, scanned) for name, scanned in found if scanned is not None]


def count_scanned(out: Path, names: Collection[str]) -> int:
    """How many of these micrographs have a file of candidates in a folder of picks."""
    return sum(1 for _ in _list_entries(out / CANDIDATES_FOLDER, names))


def pool_scanned(name: str, scanned: Scanned) -> PooledCandidates:
    """The candidates of a scan, with the edge margin that `deepem.Picker` has by default."""
    return PooledCandidates.of(
        scanned.candidates,
        name=name,
        diameter_px=scanned.diameter_px,
        edge_margin_px=default_edge_margin_px(scanned),
    )


def default_edge_margin_px(scanned: Scanned) -> float:
    """Least distance to the edge in unbinned pixels; 0 where the micrograph's size is not known."""
    if scanned.candidates.frame is None:
        return 0.0
    return EDGE_MARGIN_OVER_DIAMETER * scanned.diameter_px


def _list_stamps(folder: Path, names: Collection[str]) -> Iterator[tuple[str, _Stamp]]:
    """Name of each micrograph that has a file, and what changes when the file does."""
    for name, entry in _list_entries(folder, names):
        with suppress(FileNotFoundError):  # it has just gone
            about = entry.stat()
            yield name, (about.st_mtime_ns, about.st_size, about.st_ino)


def _list_entries(folder: Path, names: Collection[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    suffix = scanned_path(folder, "").name
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            name = entry.name.removesuffix(suffix)
            # Links are left alone: a file that they lead to may be anybody's.
            if name != entry.name and name in names and not entry.is_symlink():
                yield name, entry


def _modified_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
