"""Write a file so that it is either complete or not there at all."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Literal

from deepem.errors import DeepEMError, OutputError

_TEMPORARY_NAMES = ".deepem-*.part"
_EXISTS = "exists already; pass overwrite=True (--overwrite) to replace it"
_NO_PERMISSION = "cannot be written: no permission; choose another folder or ask its owner"
_IS_FOLDER = "is a folder; give the name of a file"
_CURES = {
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: "is on a read-only file system; choose another folder",
    errno.ENOSPC: "cannot be written: the disk is full; free some space, then run it again",
    errno.EDQUOT: "cannot be written: your disk quota is used up; free some space, then try again",
    errno.EFBIG: "cannot be written: larger than the largest file allowed here (see ulimit -f)",
    errno.EISDIR: _IS_FOLDER,
    errno.ENOENT: "cannot be written: its folder cannot be made; choose another",
    errno.ENOTDIR: "cannot be written: a part of its path is a file, not a folder; choose another",
    errno.ENAMETOOLONG: "cannot be written: the name is too long; choose a shorter one",
}


@contextmanager
def write_atomically(
    path: str | Path, *, overwrite: bool = False, mode: Literal["w", "wb"] = "w"
) -> Iterator[IO[Any]]:
    r"""Open a temporary file beside ``path`` that takes its place when the block succeeds.

    When the block fails, the temporary file is removed and an existing file stays as it was. The
    parent folder is made where it is missing. Permissions follow the umask.

    Parameters
    ----------
    path
        The file to write.
    overwrite
        Whether an existing file may be replaced. Without it, of two writers at the same time one
        gets the error: no file is lost.
    mode
        ``"w"`` for UTF-8 text with ``\n`` line ends, ``"wb"`` for bytes.

    Yields
    ------
    file
        The open temporary file.

    Raises
    ------
    OutputError
        The file exists and ``overwrite`` is False, or it cannot be written: no permission, no
        space, a read-only file system, a folder in its place.

    Examples
    --------
    >>> with write_atomically("picks.txt", overwrite=True) as file:
    ...     _ = file.write("12 34\n")
    """
    path = Path(path)
    temporary = path.with_name(_temporary_name(path, secrets.token_hex(6)))
    text_options = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    with _explain(path):
        if path.is_dir():
            raise OutputError(path, _IS_FOLDER)
        if path.exists() and not overwrite:
            raise OutputError(path, _EXISTS)
        _make_folder(path.parent)
        try:
            with temporary.open(mode.replace("w", "x"), **text_options) as file:  # type: ignore[call-overload]
                yield file
                file.flush()
                os.fsync(file.fileno())
            _publish(temporary, path, overwrite=overwrite)
        finally:
            temporary.unlink(missing_ok=True)


def touch(path: Path) -> None:
    """Make an empty file, and its folder, where there is none.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    with _explain(path):
        _make_folder(path.parent)
        path.touch()


def remove_leftovers(folder: Path, *, before: float) -> None:
    """Remove temporary files below a folder that a writer has left which was killed.

    Parameters
    ----------
    folder
        The folder; it may be missing.
    before
        Time in seconds since 1970: what was changed later may belong to a writer that lives.
    """
    for path in folder.rglob(_TEMPORARY_NAMES):
        with suppress(OSError):  # somebody was faster
            if path.stat().st_mtime < before:
                path.unlink()


def remove_leftovers_of(path: Path) -> None:
    """Remove what writers of one file have left that were killed; none of them may be alive."""
    for temporary in path.parent.glob(_temporary_name(path, "*")):
        temporary.unlink(missing_ok=True)


def _temporary_name(path: Path, token: str) -> str:
    """Name of a temporary file, short where that of the file is as long as may be."""
    whose = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
    return _TEMPORARY_NAMES.replace("*", f"{whose}-{token}")


@contextmanager
def _explain(path: Path) -> Iterator[None]:
    """Say what to do about an error of the system."""
    try:
        yield
    except DeepEMError:
        raise
    except OSError as error:
        problem = _CURES.get(error.errno or 0, f"cannot be written: {error.strerror or error}")
        raise OutputError(path, problem) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(folder, "is a file where a folder is needed; choose another") from error


def _publish(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Give the finished file its name."""
    if overwrite:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)  # unlike a rename, this never replaces a file
    except FileExistsError as error:
        raise OutputError(path, _EXISTS) from error
    except OSError as error:
        # Some file systems (FAT, network drives) have no links; there a second look must do.
        if path.exists():
            raise OutputError(path, _EXISTS) from error
        temporary.replace(path)
