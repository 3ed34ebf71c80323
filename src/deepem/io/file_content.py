"""What a file held when it was read, so that it is recognised later, and a change is noticed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from os import stat_result
from pathlib import Path
from typing import Self

import numpy as np

from deepem.io.inputs import explain_read_error

_LANES = 512  # words of eight bytes that are added up each on its own
_ROWS = 256


@dataclass(frozen=True)
class FileContent:
    """Size, time of the last change, and checksum of a file.

    Parameters
    ----------
    n_bytes
        Size.
    modified_ns
        When it was last changed, in nanoseconds of the file system's clock.
    checksum
        Of all its bytes, in hexadecimal digits. It tells any single change, and micrographs from
        each other, at the speed of memory; it is no protection against forgery.
    """

    n_bytes: int
    modified_ns: int
    checksum: str

    @classmethod
    def of(cls, path: Path) -> FileContent:
        """Read a file through.

        Raises
        ------
        deepem.errors.FileFormatError
            It cannot be read.
        """
        try:
            status = path.stat()
            return cls(status.st_size, status.st_mtime_ns, _checksum(path, *_state(status)))
        except OSError as error:
            raise explain_read_error(path, error) from error

    def find_again(self, path: Path) -> Self | None:
        """The same content with the time that a file has now; None if that holds something else.

        The file is read only if its time differs and its size does not.

        Raises
        ------
        deepem.errors.FileFormatError
            It cannot be read.
        """
        try:
            n_bytes, modified_ns = _state(path.stat())
        except OSError as error:
            raise explain_read_error(path, error) from error
        if (n_bytes, modified_ns) == (self.n_bytes, self.modified_ns):
            return self
        if n_bytes != self.n_bytes or FileContent.of(path).checksum != self.checksum:
            return None
        return replace(self, modified_ns=modified_ns)


def _state(status: stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=4)  # the slices of a stack are asked for one after the other
def _checksum(path: Path, n_bytes: int, modified_ns: int) -> str:
    if not n_bytes:
        return ""
    content = np.memmap(path, dtype=np.uint8, mode="r", shape=(n_bytes,))
    n_words = n_bytes // (8 * _LANES) * _LANES
    words = content[: 8 * n_words].view("<u8").reshape(-1, _LANES)
    digest = hashlib.sha256(content[8 * n_words :].tobytes())
    for first in range(0, len(words), _ROWS):  # sums are blind to the order of rows in a block
        digest.update(words[first : first + _ROWS].sum(axis=0, dtype=np.uint64).tobytes())
    return digest.hexdigest()[:32]
