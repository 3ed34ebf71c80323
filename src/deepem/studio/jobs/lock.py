"""The lock that a job's process holds: it tells, without doubt, whether that process lives.

The system drops the lock with the process, however that ends, and a number of a process that is
used again cannot be mistaken for it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deepem.errors import OutputError

_RETRY_S = 0.02


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock.

    Parameters
    ----------
    pid
        Its number, which is also that of its group.
    host
        The machine that it runs on.
    """

    pid: int
    host: str

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it can be sent a signal from here."""
        return self.host == socket.gethostname()


@contextmanager
def try_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold a lock during the block, if nobody else does.

    Parameters
    ----------
    path
        The file of the lock; made where it is missing, never deleted.
    wait_s
        How long to try: a server that looks whether the lock is free holds it for a moment.

    Yields
    ------
    is_ours
        Whether the lock is held now; False where another process has it.

    Raises
    ------
    deepem.errors.OutputError
        The file cannot be made, or the file system knows no locks.
    """
    deadline = time.monotonic() + wait_s
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise OutputError(path, f"cannot be written ({error.strerror})") from error
    try:
        while not (is_ours := _lock(descriptor, path)) and time.monotonic() < deadline:
            time.sleep(_RETRY_S)
        yield is_ours
    finally:
        os.close(descriptor)  # which drops the lock


def is_held(path: Path) -> bool:
    """Whether another process holds a lock."""
    if not path.exists():
        return False
    with try_lock(path) as is_ours:
        return not is_ours


def write_holder(path: Path) -> None:
    """Write into the file of a lock that this process holds it."""
    path.write_text(f"{os.getpid()} {socket.gethostname()}\n", encoding="utf-8")


def read_holder(path: Path) -> Holder | None:
    """Who holds a lock, or held it last; None where that is not written there."""
    try:
        pid, host = path.read_text(encoding="utf-8").split()
        return Holder(int(pid), host)
    except (OSError, ValueError):
        return None


def _lock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise OutputError(
            path,
            f"cannot be locked ({error.strerror}): this file system knows no locks, which the "
            "studio needs. Open a folder on another disk, with links to the micrographs (--data)",
        ) from error
    return True
