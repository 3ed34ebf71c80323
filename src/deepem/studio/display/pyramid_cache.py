"""The pyramids of the micrographs that were looked at last, within a limit of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from deepem.core import Micrograph
from deepem.io.inputs import explain_read_error
from deepem.studio.display.pyramid import Pyramid

_LIMIT_BYTES = 150_000_000
# What a pyramid takes beside its levels, for what is remembered of its contrast.
_LEAST_BYTES = 50_000

FileState = tuple[int, int]


class PyramidCache:
    """Pyramids by micrograph; safe to use from several threads.

    One that was asked for is kept until others, asked for later, need its memory, or until its
    file changes. The last one is kept however large it is.

    Parameters
    ----------
    limit_bytes
        Memory for all of them together.
    """

    def __init__(self, limit_bytes: int = _LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Path | None, str], tuple[FileState, Pyramid]] = OrderedDict()

    @property
    def n_bytes(self) -> int:
        """Memory that is taken now."""
        with self._lock:
            return self._count_bytes()

    def get(self, micrograph: Micrograph) -> Pyramid:
        """The pyramid of a micrograph: the same for all that ask, as long as its file is the same.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is not there any more.
        """
        key = (micrograph.path, micrograph.name)
        state = find_file_state(micrograph)
        with self._lock:
            known_state, pyramid = self._kept.get(key, (None, None))
            if pyramid is None or known_state != state:
                pyramid = Pyramid(micrograph, on_growth=self._make_room)
            self._kept[key] = (state, pyramid)
            self._kept.move_to_end(key)
        self._make_room()
        return pyramid

    def _make_room(self) -> None:
        with self._lock:
            while len(self._kept) > 1 and self._count_bytes() > self._limit_bytes:
                self._kept.popitem(last=False)

    def _count_bytes(self) -> int:
        return sum(pyramid.n_bytes + _LEAST_BYTES for _, pyramid in self._kept.values())


def find_file_state(micrograph: Micrograph) -> FileState:
    """Size and time of change of its file, by which a change is noticed; zeros without file.

    Raises
    ------
    deepem.errors.FileFormatError
        The file is not there any more.
    """
    if micrograph.path is None:
        return (0, 0)
    try:
        status = micrograph.path.stat()
    except OSError as error:
        raise explain_read_error(micrograph.path, error) from error
    return status.st_size, status.st_mtime_ns
