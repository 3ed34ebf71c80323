"""A studio that is killed while two pages label: whatever it has answered is there afterwards."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from deepem.io import write_mrc
from deepem.studio.labels import LabelStore
from deepem.studio.project import Project

_TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105
# The page itself is not needed, and a checkout may lack it.
_RUN = """
import sys
from pathlib import Path
from deepem.studio import app
app.STATIC_FOLDER = Path(sys.argv.pop(1))
from deepem.cli import main
main()
"""
_NAMES = ("mic_0", "mic_1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two micrographs."""
    folder = tmp_path / "micrographs"
    folder.mkdir()
    for name in _NAMES:
        pixels = np.random.default_rng(1).normal(size=(64, 80)).astype(np.float32)
        write_mrc(folder / f"{name}.mrc", pixels)
    return folder


@pytest.fixture
def start(
    folder: Path, tmp_path: Path
) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Start a studio on the folder; gives its process and its address."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("<!doctype html><title>page of the test</title>")
    processes: list[subprocess.Popen[str]] = []

    def run() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, str(static), "studio", str(folder), "--no-browser"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DEEPEM_STUDIO_TOKEN": _TOKEN},
        )
        processes.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"(http://\S+)/\?token", line):
                return process, found[1]
        raise AssertionError("the studio did not start")

    yield run
    for process in processes:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def label_until_killed(
    address: str, row: int, answered: list[tuple[str, float]], is_busy: threading.Event
) -> None:
    """Click on one row of pixels, and note what was answered."""
    headers = {"Authorization": f"Bearer {_TOKEN}", "X-DeepEM-Tab": f"tab{row}"}
    rng = random.Random(row)  # noqa: S311
    with httpx2.Client(base_url=address, headers=headers, timeout=30) as client:
        for column in range(1000):
            name, x_px = rng.choice(_NAMES), column % 79 + column // 79 / 100
            operation = {"op": "add", "kind": "particle", "x_px": x_px, "y_px": row}
            try:
                answer = client.post(
                    f"/api/micrographs/{name}/labels", json={"operations": [operation]}
                )
            except httpx2.TransportError:
                return
            assert answer.status_code == 200
            answered.append((name, x_px))
            if len(answered) == 5:
                is_busy.set()


def test_a_killed_studio_has_all_labels_that_it_answered(
    folder: Path, start: Callable[[], tuple[subprocess.Popen[str], str]]
) -> None:
    rows: dict[int, list[tuple[str, float]]] = {}
    for attempt in range(2):
        process, address = start()
        threads = []
        for row in (10 * attempt, 10 * attempt + 1):
            rows[row], is_busy = [], threading.Event()
            thread = threading.Thread(
                target=label_until_killed, args=(address, row, rows[row], is_busy)
            )
            thread.start()
            threads.append((thread, is_busy))
        for _, is_busy in threads:
            assert is_busy.wait(60)
        process.kill()
        for thread, _ in threads:
            thread.join(60)

    store = LabelStore(Project(folder))
    written = {
        (name, x_px, y_px)
        for name in _NAMES
        for x_px, y_px in zip(*_list_places(store, name), strict=True)
    }
    answered = {(name, x_px, float(row)) for row, made in rows.items() for name, x_px in made}
    assert answered <= written
    assert len(written - answered) <= len(rows)  # at most the one that each page waited for


def _list_places(store: LabelStore, name: str) -> tuple[list[float], list[float]]:
    particles = store.get(name).particles
    return particles.x_px.tolist(), particles.y_px.tolist()
