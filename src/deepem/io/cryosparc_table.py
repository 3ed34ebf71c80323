"""cryoSPARC's tables (.cs): numpy structured arrays, read without ever loading a pickle."""

from __future__ import annotations

import tokenize
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from deepem.errors import FileFormatError
from deepem.io.inputs import describe_content, explain_read_error, read_head

Table = NDArray[np.void]

#: How to get a file that can be read out of cryoSPARC.
EXPORT_CURE = "in cryoSPARC, export that output of the job and give the .csg file of the export"

_NUMPY_MAGIC = b"\x93NUMPY"
_COMPRESSED_MAGIC = (b"\x95CSDAT", b"\x94CSDAT")
_HEAD_BYTES = 4096
# numpy's own limit of 10,000 is too low for a 3D classification with a hundred classes.
_MAX_HEADER_SIZE = 2**22
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_cs(path: Path) -> Table:
    """Open a .cs table, whose fields have names such as ``location/center_x_frac``.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    ndarray
        Structured array of shape ``(n,)``, mapped from the file: what is not used is not read.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, cut off, compressed, no table, or holds Python objects.
    """
    head = read_head(path, _HEAD_BYTES)
    if head.startswith(_COMPRESSED_MAGIC):
        raise FileFormatError(
            path,
            "is in cryoSPARC's compressed form. Convert it where cryosparc-tools is installed: "
            f"python -c \"from cryosparc.dataset import Dataset; Dataset.load('{path.name}')"
            f".save('{path.stem}_numpy.cs')\"",
        )
    if not head.startswith(_NUMPY_MAGIC):
        problem = describe_content(head) or "check that the right file was named or copied"
        raise FileFormatError(path, f"is not a .cs file of cryoSPARC: {problem}")
    try:
        with path.open("rb") as file:
            shape, dtype = _read_header(path, file)
            offset = file.tell()
        n_bytes = path.stat().st_size - offset
    except OSError as error:
        raise explain_read_error(path, error) from error
    if dtype.names is None or len(shape) != 1:
        raise FileFormatError(path, "holds a plain array, not a table of cryoSPARC with fields")
    _refuse_objects(path, dtype)
    n_rows = n_bytes // dtype.itemsize
    if n_rows < shape[0]:
        raise FileFormatError(
            path, f"is cut off: it holds {n_rows} of {shape[0]} rows; copy it again"
        )
    if shape[0] == 0:  # nothing that could be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=(shape[0],))


def decode_paths(values: NDArray[Any]) -> list[str]:
    """Paths of a column, which cryoSPARC keeps as bytes of fixed width.

    An exported file puts ``>`` before each path, for the folder of the file, which holds the same
    jobs as that of the project; import takes it off again, and so is done here.
    """
    texts = [
        value.decode("utf-8", errors="surrogateescape") if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    ]
    return [text.removeprefix(">") for text in texts]


def _read_header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = npy.read_magic(file)
        if version not in _HEADER_READERS:
            raise ValueError(f"version {version[0]}.{version[1]} of it is not known")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # cryoSPARC 2 wrote from Python 2
            shape, _, dtype = _HEADER_READERS[version](file, max_header_size=_MAX_HEADER_SIZE)
        if any(length < 0 for length in shape) or not dtype.itemsize:
            raise ValueError(f"shape {shape} of {dtype.itemsize} bytes")
    except (ValueError, TypeError, SyntaxError, RecursionError, tokenize.TokenError) as error:
        reason = " ".join(str(error).split())[:120]
        raise FileFormatError(
            path, f"has a damaged header ({reason}); copy or export it again"
        ) from error
    return shape, dtype


def _refuse_objects(path: Path, dtype: np.dtype[Any]) -> None:
    names = [name for name in dtype.names or () if dtype[name].hasobject]
    if names:
        raise FileFormatError(
            path,
            f"keeps Python objects in {', '.join(names)}. Loading them could run a program hidden "
            "in the file, so it is never done. cryoSPARC's own files hold text of fixed width: "
            f"{EXPORT_CURE}; or write the file again with dtype 'S' instead of 'O'",
        )
