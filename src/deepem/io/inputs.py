"""Find the input files a user named, and say in words what is wrong with one."""

from __future__ import annotations

import codecs
import glob
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from deepem.errors import ConfigError, FileFormatError

_NOT_TEXT = "is not a text file (it holds binary data); give a file of coordinates"

# How files of other kinds begin; each comes with what to do about it.
_OTHER_KINDS = {
    b"\x1f\x8b": "is compressed with gzip; decompress it first (gunzip)",
    b"BZh": "is compressed with bzip2; decompress it first (bunzip2)",
    b"PK\x03\x04": "is a zip archive; unpack it first",
    b"\x89PNG": "is a PNG picture; rename it to .png",
    b"II*\x00": "is a TIFF picture; rename it to .tif",
    b"MM\x00*": "is a TIFF picture; rename it to .tif",
}


def list_files(
    paths: str | Path | Iterable[str | Path],
    *,
    suffixes: Collection[str],
    kind: str,
    accepts: Callable[[Path], bool] | None = None,
) -> list[Path]:
    """Expand files, folders and patterns to files.

    Parameters
    ----------
    paths
        A file is kept as it is, whether or not it exists, so that a missing one fails on its own
        later. A folder stands for every file directly in it that has one of the suffixes, and a
        pattern with ``*`` for every such file that it matches, both in sorted order and without
        hidden files.
    suffixes
        Lower-case endings of names, such as ``.mrc``.
    kind
        What the files are, in the plural, for messages.
    accepts
        Which of the files with these endings to take from folders and patterns; all by default.

    Returns
    -------
    list of Path
        The files, each once, in the order of ``paths``.

    Raises
    ------
    ConfigError
        No path is given.
    FileFormatError
        A folder or a pattern yields nothing.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    files: dict[str, Path] = {}  # by absolute path, to drop repetitions
    for path in map(Path, paths):
        for file in _expand(path, tuple(suffixes), kind, accepts):
            files.setdefault(normalise_path(file), file)
    if not files:
        raise ConfigError(kind, "none are given; name files, a folder or a pattern such as 'dir/*'")
    return list(files.values())


def _expand(
    path: Path,
    suffixes: tuple[str, ...],
    kind: str,
    accepts: Callable[[Path], bool] | None,
) -> list[Path]:
    try:
        if path.is_dir():
            candidates = list(path.iterdir())
        elif "*" in str(path) and not path.exists():
            candidates = [Path(match) for match in glob.glob(str(path))]  # noqa: PTH207 (may be absolute)
        else:
            return [path]
    except OSError as error:
        raise explain_read_error(path, error) from error
    files = [
        candidate
        for candidate in sorted(candidates)
        if candidate.name.lower().endswith(suffixes)
        and not candidate.name.startswith(".")
        and (accepts is None or accepts(candidate))
    ]
    if not files:
        raise FileFormatError(path, f"holds no {kind}; expected {', '.join(suffixes)} files")
    return files


def normalise_path(path: Path) -> str:
    """A path as two names of one file have it, ``dir/../a`` and ``a``; links are not followed."""
    return os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps "..", resolve follows links)


def read_head(path: Path, n_bytes: int) -> bytes:
    """Read up to ``n_bytes`` from the beginning of a file.

    Raises
    ------
    FileFormatError
        The file is missing, a folder, unreadable or empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(n_bytes)
    except OSError as error:
        raise explain_read_error(path, error) from error
    if not head:
        raise FileFormatError(path, "is empty (0 bytes); copy or transfer it again")
    return head


def read_text(path: Path) -> str:
    """Read the whole text of a file; an empty file is an empty text.

    Raises
    ------
    FileFormatError
        The file is missing, a folder, unreadable, or not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise explain_read_error(path, error) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, _NOT_TEXT) from error
    if "\x00" in text:
        raise FileFormatError(path, _NOT_TEXT)
    return text


def explain_read_error(path: Path, error: OSError) -> FileFormatError:
    """Turn an error of the operating system into a sentence with a cure."""
    if isinstance(error, FileNotFoundError):
        return FileFormatError(path, "does not exist; check the name and the folder")
    if isinstance(error, IsADirectoryError):
        return FileFormatError(path, "is a folder; give the name of a file in it")
    if isinstance(error, PermissionError):
        return FileFormatError(path, "cannot be read: no permission; ask its owner (chmod a+r)")
    return FileFormatError(path, f"cannot be read: {error.strerror or error}")


def describe_content(head: bytes) -> str | None:
    """Say what a file that begins like this is, and what to do; None where not recognised."""
    for magic, description in _OTHER_KINDS.items():
        if head.startswith(magic):
            return description
    beginning = head.lstrip()[:64].lower()
    if beginning.startswith((b"<!doctype html", b"<html")):
        return "is a web page (HTML): the download failed; download it again"
    try:
        # Not bytes.decode, which rejects a text whose last character is cut in two.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    if all(character.isprintable() or character in "\t\r\n" for character in text):
        return "looks like a text file; check that the right file was named or copied"
    return None
