"""A folder as a ZIP archive, made while it is sent: neither in memory nor on disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

_BLOCK_BYTES = 1 << 18


class _Pipe:
    """Takes what an archive writes, until it is fetched; it cannot be gone back in."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._blocks)
        self._blocks.clear()
        return data


def stream_zip(files: Iterable[Path], *, relative_to: Path) -> Iterator[bytes]:
    """Archive files, a block at a time.

    Parameters
    ----------
    files
        The files.
    relative_to
        A folder that they are in; they are named as seen from the folder above it, so that the
        archive unpacks to one folder.

    Yields
    ------
    bytes
        The next part of the archive.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    pipe = _Pipe()
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            entry = zipfile.ZipInfo.from_file(
                path, path.relative_to(relative_to.parent), strict_timestamps=False
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(_BLOCK_BYTES):
                    target.write(block)
                    yield pipe.take()
    yield pipe.take()
