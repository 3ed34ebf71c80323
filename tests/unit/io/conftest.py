"""Pictures and files that several tests of this room need."""

import struct

import numpy as np
import pytest


def _build_mrc(
    pixels,
    mode,
    *,
    order="<",
    has_map_stamp=True,
    machine_stamp=None,
    extended=b"",
    cell=(0.0, 0.0, 0.0),
    n_samples=None,
    nz=1,
    dmax=0.0,
):
    """Make the bytes of an MRC file, word by word as in the MRC2014 specification."""
    ny, nx = pixels.shape
    if machine_stamp is None:
        machine_stamp = b"\x44\x44\x00\x00" if order == "<" else b"\x11\x11\x00\x00"
    header = struct.pack(order + "4i", nx, ny, nz, mode)  # words 1-4
    header += struct.pack(order + "3i", 0, 0, 0)  # start
    header += struct.pack(order + "3i", *(n_samples or (nx, ny, nz)))
    header += struct.pack(order + "6f", *cell, 90, 90, 90)
    header += struct.pack(order + "3i", 1, 2, 3)  # axes
    header += struct.pack(order + "3f", 0.0, dmax, 0.0)
    header += struct.pack(order + "2i", 0, len(extended))  # space group, nsymbt
    header += bytes(100)
    header += struct.pack(order + "3f", 0, 0, 0)  # origin
    header += (b"MAP " + machine_stamp) if has_map_stamp else bytes(8)
    header += struct.pack(order + "fi", 0.0, 0) + bytes(800)
    assert len(header) == 1024
    return header + extended + np.asarray(pixels).astype(pixels.dtype.newbyteorder(order)).tobytes()


@pytest.fixture
def build_mrc():
    return _build_mrc


@pytest.fixture
def picture():
    """Make a non-square picture with one bright pixel off its centre, at x = 4, y = 1."""
    pixels = np.arange(5 * 7, dtype=np.uint8).reshape(5, 7)
    pixels[1, 4] = 100
    return pixels
