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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three micrographs of noise, 320 pixels of 2.5 Å wide and 240 high."""
    path = tmp_path / "micrographs"
    path.mkdir()
    rng = np.random.default_rng(7)
    for index in range(3):
        pixels = rng.normal(size=(240, 320)).astype(np.float32)
        write_mrc(path / f"mic_{index}.mrc", pixels, pixel_size_angstrom=2.5)
    return path


@pytest.fixture
def project(folder: Path) -> Project:
    """The project of this folder."""
    return Project(folder)


@pytest.fixture
def token() -> str:
    """The secret of the server."""
    return "a-token-of-the-tests-0123456789"


@pytest.fixture
def app(project: Project, token: str) -> FastAPI:
    """The server's application."""
    return make_app(project, token=token)


@pytest.fixture
def client(app: FastAPI, token: str) -> Iterator[TestClient]:
    """A client that has the token; what nobody has foreseen is raised in the test."""
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:
        yield client


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """A client that has no token, and gets an answer whatever happens."""
    with TestClient(
        app, base_url="http://127.0.0.1", raise_server_exceptions=False, follow_redirects=False
    ) as client:
        yield client
