"""Read MRC micrographs lazily, and write them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

from deepem.core import Frame, Micrograph
from deepem.errors import ConfigError, FileFormatError
from deepem.io.atomic import write_atomically
from deepem.io.inputs import describe_content, explain_read_error, read_head

_DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
_MODES = {name: mode for mode, name in _DTYPES.items()}
_LARGEST = 65535  # of a dimension or mode that we believe; see _parse_header


@dataclass(frozen=True)
class _Layout:
    """Where and how the pixels lie in the file."""

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int

    @property
    def n_bytes(self) -> int:
        """Least size of the file."""
        return self.offset + self.shape[0] * self.shape[1] * self.dtype.itemsize


def open_mrc(path: Path, *, slice_index: int | None = None) -> Micrograph:
    """Open an MRC file of one image, or a slice of a stack; only its header is read.

    Parameters
    ----------
    path
        A file in mode 0 (int8), 1 (int16), 2 (float32), 6 (uint16) or 12 (float16), of either
        byte order, with or without the MAP stamp and an extended header.
    slice_index
        Which slice of a stack, from 0; None for a file of one image.

    Returns
    -------
    Micrograph
        Shape ``(ny, nx)``. The pixel size is the header's cell length over its number of samples
        in x. It is None (not known) where that is zero, and where it is exactly 1 Å, which many
        programs write as a placeholder.

    Raises
    ------
    FileFormatError
        The file is missing, empty, truncated, of another kind or mode, a stack of which no
        slice is named, or has no such slice.

    Notes
    -----
    Bytes (mode 0) are signed in MRC2014, but older programs wrote unsigned ones. A greatest value
    above 127 in the header tells them apart.

    References
    ----------
    Cheng et al. 2015, doi:10.1016/j.jsb.2015.04.002 (MRC2014).
    """
    head = read_head(path, HEADER_DTYPE.itemsize)
    header = _parse_header(path, head)
    layout = _find_layout(path, header, slice_index)
    n_bytes = path.stat().st_size
    if n_bytes < layout.n_bytes:
        raise FileFormatError(
            path,
            f"is truncated: header says {layout.n_bytes} bytes, file has {n_bytes}; "
            "copy or transfer it again",
        )
    frame = Frame(shape=layout.shape, pixel_size_angstrom=_find_pixel_size(header))
    return Micrograph(path.stem, frame, read=partial(_read_pixels, path, layout), path=path)


def count_slices(path: Path) -> int:
    """Number of images in an MRC file.

    Raises
    ------
    FileFormatError
        The file is missing, empty or of another kind.
    """
    return int(_parse_header(path, read_head(path, HEADER_DTYPE.itemsize))["nz"])


def write_mrc(
    path: str | Path,
    pixels: NDArray[Any],
    *,
    pixel_size_angstrom: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one image as an MRC2014 file with its density statistics.

    Parameters
    ----------
    path
        The file to write.
    pixels
        Shape ``(ny, nx)``, row 0 first, finite; int8, int16, uint16, float16 or float32, which
        is kept.
    pixel_size_angstrom
        Size of a pixel in Å; None writes 0. Neither 0 nor exactly 1 is believed on reading; see
        :func:`open_mrc`.
    overwrite
        Whether an existing file may be replaced.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        The pixels are not a finite two-dimensional array of one of these types.
    OutputError
        The file exists already or cannot be written.
    """
    path = Path(path)
    if pixels.ndim != 2 or pixels.dtype.str[1:] not in _MODES:
        raise ConfigError(
            "pixels",
            f"got {pixels.dtype} of shape {pixels.shape}; an MRC image is a (y, x) array of int8, "
            "int16, uint16, float16 or float32 (convert it with .astype(np.float32))",
        )
    if not np.isfinite(pixels).all():
        raise ConfigError("pixels", "some are NaN or infinite; replace them (np.nan_to_num)")
    with write_atomically(path, overwrite=overwrite, mode="wb") as file:
        file.write(_make_header(pixels, pixel_size_angstrom or 0.0).tobytes())
        file.write(np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<")).data)
    return path


def _parse_header(path: Path, head: bytes) -> np.void:
    """Interpret the header in its own byte order.

    A number from 1 to 65535 is beyond 65535, or negative, when its bytes are read in the wrong
    order. So plausible dimensions settle the order, also in old files that have no machine stamp
    and in files whose stamp lies.
    """
    if len(head) == HEADER_DTYPE.itemsize:
        for order in "<>":
            header: np.void = np.frombuffer(head, HEADER_DTYPE.newbyteorder(order))[0]
            if (
                0 < header["nx"] <= _LARGEST
                and 0 < header["ny"] <= _LARGEST
                and 0 <= header["mode"] <= _LARGEST
                and header["nsymbt"] >= 0
            ):
                return header
    problem = describe_content(head)
    if problem is None and len(head) < HEADER_DTYPE.itemsize:
        problem = (
            f"is truncated: an MRC header has {HEADER_DTYPE.itemsize} bytes, "
            f"file has {len(head)}; copy or transfer it again"
        )
    raise FileFormatError(
        path, problem or "has no MRC header (no sensible image size); copy or transfer it again"
    )


def _find_layout(path: Path, header: np.void, slice_index: int | None) -> _Layout:
    mode, n_slices = int(header["mode"]), int(header["nz"])
    if mode not in _DTYPES:
        kind = " (complex numbers)" if mode in (3, 4) else ""
        raise FileFormatError(
            path,
            f"has MRC mode {mode}{kind}; expected a real image in mode 0, 1, 2, 6 or 12: "
            "convert it, for example with IMOD's 'newstack -mode 2'",
        )
    if slice_index is None and n_slices != 1:
        raise FileFormatError(
            path,
            f"is a stack, movie or volume of {n_slices} slices, not one image; average the frames "
            f"first (motion correction), or name a slice (1@{path.name}) if each is a micrograph",
        )
    if slice_index is not None and slice_index >= n_slices:
        raise FileFormatError(
            path, f"has {n_slices} slices, so there is none with number {slice_index + 1}"
        )
    dtype = np.dtype(_DTYPES[mode])
    if mode == 0 and header["dmax"] > 127:
        dtype = np.dtype("u1")
    shape = (int(header["ny"]), int(header["nx"]))
    n_before = (slice_index or 0) * shape[0] * shape[1] * dtype.itemsize
    return _Layout(
        shape=shape,
        dtype=dtype.newbyteorder(header.dtype["mode"].byteorder),
        offset=HEADER_DTYPE.itemsize + int(header["nsymbt"]) + n_before,
    )


def _find_pixel_size(header: np.void) -> float | None:
    cell_angstrom, n_samples = float(header["cella"]["x"]), int(header["mx"])
    if not (0 < cell_angstrom < np.inf and n_samples > 0) or cell_angstrom == n_samples:
        return None
    return cell_angstrom / n_samples


def _make_header(pixels: NDArray[Any], pixel_size_angstrom: float) -> NDArray[np.void]:
    ny, nx = pixels.shape
    header = np.zeros((), HEADER_DTYPE)  # little-endian
    header["nx"], header["ny"], header["nz"] = nx, ny, 1
    header["mx"], header["my"], header["mz"] = nx, ny, 1
    header["cella"] = tuple(pixel_size_angstrom * n_samples for n_samples in (nx, ny, 1))
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["mode"] = _MODES[pixels.dtype.str[1:]]
    header["dmin"], header["dmax"] = pixels.min(), pixels.max()
    header["dmean"] = pixels.mean(dtype=np.float64)
    header["rms"] = pixels.std(dtype=np.float64)
    header["nversion"] = 20140
    header["map"] = b"MAP "
    header["machst"] = (0x44, 0x44, 0, 0)
    header["nlabl"] = 1
    header["label"][0] = b"Written by DeepEM".ljust(80)
    return header


def _read_pixels(path: Path, layout: _Layout) -> NDArray[Any]:
    try:
        return np.memmap(
            path, dtype=layout.dtype, mode="r", offset=layout.offset, shape=layout.shape
        )
    except OSError as error:
        raise explain_read_error(path, error) from error
    except ValueError as error:  # the map would be longer than the file
        problem = "has become shorter since it was opened; open it again"
        raise FileFormatError(path, problem) from error
