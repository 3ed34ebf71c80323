"""One writer at a time for a micrograph, among the threads of a server and among programs."""

from __future__ import annotations

import errno
import fcntl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepem.errors import OutputError
from deepem.io.atomic import touch

# So many micrographs can be written at the same time; others share a lock with one of them.
_N_LOCKS = 64
# Some network folders have no locks; then one program at a time is safe, which a server is.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class WriteLocks:
    """Locks by name, in hidden files of a folder, which the system frees when a program dies.

    Parameters
    ----------
    folder
        Where the files are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = [threading.Lock() for _ in range(_N_LOCKS + 1)]

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Keep other threads of this process from writing."""
        with self._threads[_find_number(name)]:
            yield

    @contextmanager
    def writing(self, name: str | None) -> Iterator[None]:
        """Keep other threads and other programs from writing.

        Parameters
        ----------
        name
            A micrograph; None for what all share, which may be locked while a micrograph is.

        Raises
        ------
        deepem.errors.OutputError
            The file of the lock cannot be made.
        """
        number = _N_LOCKS if name is None else _find_number(name)
        path = self._folder / f"{number:02d}"
        with self._threads[number]:
            if not path.exists():
                touch(path)
            try:
                file = path.open("rb")
            except OSError as error:
                raise OutputError(
                    path, f"cannot be opened ({error.strerror or error}); ask its owner"
                ) from error
            with file:  # closing it frees the lock
                try:
                    fcntl.flock(file, fcntl.LOCK_EX)
                except OSError as error:
                    if error.errno not in _NO_LOCKS:
                        raise OutputError(
                            path,
                            f"cannot be locked: {error.strerror or error}; try again, "
                            "or open a copy of the folder on another disk",
                        ) from error
                yield


def _find_number(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", errors="surrogateescape")) % _N_LOCKS
