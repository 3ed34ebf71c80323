"""Read TIFF and PNG micrographs, with their rows turned into MRC order.

Their libraries are imported when the first file is opened, because most micrographs are MRC.
"""

from __future__ import annotations

import math
import struct
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame, Micrograph
from deepem.errors import FileFormatError, MissingExtraError
from deepem.io.inputs import describe_content, read_head

# What the two libraries raise on files that are not what they promise.
_CORRUPT = (ValueError, OSError, RuntimeError, SyntaxError, KeyError, TypeError, struct.error)
_SWAPPED_ROWS = 64


def open_tiff(path: Path) -> Micrograph:
    """Open a TIFF file of one image; its pixels are read later.

    The first row of a TIFF is the top of the picture, and the first row of an MRC file the
    bottom. Like RELION, IMOD, EMAN2, SerialEM and MotionCor2 we reverse the rows, so that the
    same picture has the same coordinates in both.

    Parameters
    ----------
    path
        Grey or colour, any real type. Of colours the mean is taken; transparency is ignored.

    Returns
    -------
    Micrograph
        Shape ``(ny, nx)``. The pixel size is None: resolution tags of TIFF are not reliable.

    Raises
    ------
    FileFormatError
        The file is missing, empty, truncated, not a TIFF, or has several pages. Some damage shows
        only when the pixels are read.
    MissingExtraError
        When the pixels are read: their compression (LZW, for example) needs imagecodecs.
    """
    import tifffile

    head = read_head(path, 1024)
    try:
        with tifffile.TiffFile(path) as tiff:
            sizes = dict(tiff.series[0].sizes)
            shape = (sizes.pop("height"), sizes.pop("width"))
            sizes.pop("sample", None)  # colours
            n_images = len(tiff.series) * math.prod(sizes.values())
            page = tiff.pages.first
            end = max(map(sum, zip(page.dataoffsets, page.databytecounts, strict=True)))
            n_bytes = tiff.filehandle.size
    except (*_CORRUPT, IndexError) as error:
        raise _explain_damage(path, head, error, "TIFF") from error
    if n_images > 1:
        raise FileFormatError(
            path,
            f"has {n_images} pages: a stack or movie, not one image; average the frames first "
            "(motion correction), or split it into one file an image",
        )
    if end > n_bytes:
        raise FileFormatError(
            path,
            f"is truncated: its pixels end at byte {end}, file has {n_bytes}; "
            "copy or transfer it again",
        )
    return Micrograph(path.stem, Frame(shape), read=partial(_read_tiff, path), path=path)


def open_png(path: Path) -> Micrograph:
    """Open a PNG file; its pixels are read later.

    Rows are reversed as in TIFF; see :func:`open_tiff`.

    Parameters
    ----------
    path
        Grey, with 8 or 16 bits, or colour. Of colours the mean is taken; transparency is ignored.

    Returns
    -------
    Micrograph
        Shape ``(ny, nx)``, without pixel size.

    Raises
    ------
    FileFormatError
        The file is missing, empty or not a PNG. Some damage shows only when the pixels are read.
    """
    from PIL import Image

    head = read_head(path, 1024)
    try:
        with Image.open(path, formats=["PNG"]) as image:
            width, height = image.size
    except (*_CORRUPT, Image.DecompressionBombError) as error:
        raise _explain_damage(path, head, error, "PNG") from error
    return Micrograph(path.stem, Frame((height, width)), read=partial(_read_png, path), path=path)


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    head = read_head(path, 1024)
    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            pixels, axes = series.asarray(), series.axes
    except (*_CORRUPT, IndexError) as error:
        if "imagecodecs" in str(error):
            raise MissingExtraError("imagecodecs", "tiff", f"the compression of {path}") from error
        raise _explain_damage(path, head, error, "TIFF") from error
    if "S" in axes:
        pixels = np.moveaxis(pixels, axes.index("S"), -1)
    return _orient(pixels)


def _read_png(path: Path) -> NDArray[Any]:
    from PIL import Image

    head = read_head(path, 1024)
    try:
        with Image.open(path, formats=["PNG"]) as image:
            # A palette holds numbers of colours and a bilevel picture packed bits.
            plain = {"P": "RGB", "1": "L"}.get(image.mode, image.mode)
            pixels = np.asarray(image.convert(plain))
    except _CORRUPT as error:
        raise _explain_damage(path, head, error, "PNG") from error
    return _orient(pixels)


def _orient(pixels: NDArray[Any]) -> NDArray[Any]:
    """Make a picture ``(y, x)`` or ``(y, x, sample)`` grey, with its rows in MRC order."""
    if pixels.ndim == 3:
        n_colours = 3 if pixels.shape[-1] >= 3 else 1  # what follows is transparency
        pixels = pixels[..., :n_colours].mean(axis=-1, dtype=np.float32)
    return _reverse_rows(pixels)


def _reverse_rows(pixels: NDArray[Any]) -> NDArray[Any]:
    """Rows ``(y, x)`` in reverse order; in place where that can be, for it may be 256 MB."""
    if not (pixels.flags.writeable and pixels.flags.c_contiguous):
        return np.ascontiguousarray(pixels[::-1])
    ny = len(pixels)
    for first in range(0, ny // 2, _SWAPPED_ROWS):
        last = min(first + _SWAPPED_ROWS, ny // 2)
        upper, lower = pixels[first:last], pixels[ny - last : ny - first]
        kept = upper[::-1].copy()
        upper[:] = lower[::-1]
        lower[:] = kept
    return pixels


def _explain_damage(path: Path, head: bytes, error: Exception, kind: str) -> FileFormatError:
    if head.startswith((b"\x89PNG",) if kind == "PNG" else (b"II", b"MM")):
        return FileFormatError(
            path, f"is a damaged {kind} file ({error}); copy or transfer it again"
        )
    return FileFormatError(path, describe_content(head) or f"is not a {kind} file")
