"""Have the next files read from the disk while the ones before them are computed."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

File = TypeVar("File", bound="os.PathLike[str]")

_N_AHEAD = 8


def read_ahead(files: Iterable[File]) -> Iterator[File]:
    """Pass files on, and ask the system to read those that come next into its memory.

    Parameters
    ----------
    files
        The files, which are drawn a few ahead.

    Notes
    -----
    It is a hint: nothing happens where the system takes none (macOS, Windows), and a file that
    cannot be opened is a matter of whoever reads it.
    """
    coming: deque[File] = deque()
    for file in files:
        _advise(file)
        coming.append(file)
        if len(coming) > _N_AHEAD:
            yield coming.popleft()
    yield from coming


def _advise(file: os.PathLike[str]) -> None:
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
