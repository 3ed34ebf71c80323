"""A small project, and a client of its server's application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from deepem.io import write_mrc
from deepem.studio.app import make_app
from deepem.studio.project import Project

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105
PIXEL_SIZE_ANGSTROM = 2.5


def write_micrographs(folder: Path, n: int, *, shape: tuple[int, int] = (240, 320)) -> None:
    """Micrographs of noise named mic_0 …, with a pixel size of 2.5 Å."""
    rng = np.random.default_rng(7)
    for index in range(n):
        pixels = rng.normal(size=shape).astype(np.float32)
        write_mrc(folder / f"mic_{index}.mrc", pixels, pixel_size_angstrom=PIXEL_SIZE_ANGSTROM)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three micrographs, 320 pixels wide and 240 high."""
    path = tmp_path / "micrographs"
    path.mkdir()
    write_micrographs(path, 3)
    return path


@pytest.fixture
def project(folder: Path) -> Project:
    """The project of this folder."""
    return Project(folder)


@pytest.fixture
def app(project: Project) -> FastAPI:
    """The server's application."""
    return make_app(project, token=TOKEN)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client that has the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:
        yield client
