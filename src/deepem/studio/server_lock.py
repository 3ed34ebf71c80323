"""One server for a folder: a second one is told where the first is."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deepem.errors import ConflictError, OutputError

_FILE = "server.lock"


class ServerLock:
    """The lock of a running server; see `hold_server_lock`."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def say_address(self, address: str) -> None:
        """Note where the server is, without its token, for a second one to tell."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"{address}\n{os.getpid()}\n")
        self._file.flush()


@contextmanager
def hold_server_lock(home: Path) -> Iterator[ServerLock]:
    """Keep other servers away from a folder, for as long as the block lasts and this process lives.

    Parameters
    ----------
    home
        The folder ``DeepEM`` of the project.

    Raises
    ------
    ConflictError
        A server has this folder already.
    OutputError
        The lock cannot be taken.
    """
    path = home / _FILE
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise _explain(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(_describe_first(path, home)) from error
        except OSError as error:
            raise _explain(path, error) from error
        try:
            yield ServerLock(file)
        finally:
            file.truncate(0)


def _describe_first(path: Path, home: Path) -> str:
    address, _, process = path.read_text(encoding="utf-8", errors="replace").strip().partition("\n")
    where = f" at {address} (process {process})" if process else ""
    return (
        f"a studio shows {home.parent} already{where}. Use the address with its token that it "
        "printed when it was started, or stop it with Ctrl-C there first"
    )


def _explain(path: Path, error: OSError) -> OutputError:
    return OutputError(path, f"cannot be locked: {error.strerror or error}; check its permissions")
