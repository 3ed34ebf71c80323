"""Micrographs to look at."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from deepem.core import Micrograph
from deepem.io import write_mrc
from deepem.io.micrographs import open_micrograph


@pytest.fixture
def write_micrograph(tmp_path: Path) -> Callable[..., Micrograph]:
    """Writes an array as an MRC file and opens it."""

    def write(pixels: NDArray[Any], name: str = "mic") -> Micrograph:
        return open_micrograph(write_mrc(tmp_path / f"{name}.mrc", pixels, overwrite=True))

    return write


@pytest.fixture
def make_scene() -> Callable[..., NDArray[np.float32]]:
    """Makes noise around 100 on a slope: brighter at the top, darker at the left."""

    def make(shape: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
        rng = np.random.default_rng(seed)
        rows, columns = (np.linspace(-1, 1, n) for n in shape)
        slope = np.subtract.outer(-2 * rows, -1 * columns)
        return (100 + 5 * (rng.normal(size=shape) + slope)).astype(np.float32)

    return make


@pytest.fixture
def decode() -> Callable[[bytes], NDArray[np.float32]]:
    """Reads the grey values of a JPEG picture."""

    def read(jpeg: bytes) -> NDArray[np.float32]:
        with Image.open(BytesIO(jpeg)) as image:
            assert image.format == "JPEG"
            assert image.mode == "L"
            return np.asarray(image, dtype=np.float32)

    return read
