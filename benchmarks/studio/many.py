"""A project of thousands of micrographs: how soon its list is there, and the server's memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deepem.core import Frame, Listing, Picks
from deepem.io import write_mrc
from deepem.io.file_content import FileContent
from deepem.picking.scanned import Scanned, ScannedHeader, scanned_path, write_scanned
from speed.inputs import warm
from speed.part import Result, Settings, table, verdict
from studio.server import StudioServer

_SHAPE = (4096, 4096)
_N_DISTINCT = 10
_N_CANDIDATES = 200
_DIAMETER_PX = 150.0
_N_THUMBNAILS = 50
_N_LOOKED_AT = 5
_LIST_S, _SLIDER_S, _MEMORY_MB = 2.0, 0.05, 500


def measure(settings: Settings) -> Result:
    """Time what a user does first in a large project, and read the server's memory after it."""
    n = 50 if settings.quick else 5000
    folder = make_project(settings.work / f"many_{n}", n)
    with StudioServer(folder) as server:
        return {
            "n": n,
            "n_candidates": n * _N_CANDIDATES,
            "start_s": server.start_seconds,
            "steps": [_take(server, what, do) for what, do in _STEPS.items()],
        }


def _take(
    server: StudioServer, what: str, do: Callable[[StudioServer], list[float]]
) -> dict[str, Any]:
    before = server.read_processor_s()
    seconds = do(server)
    return {
        "what": what,
        "seconds": seconds,
        "processor_s": (server.read_processor_s() - before) / len(seconds),
        "memory_mb": server.read_memory_mb(),
    }


def render(result: Result) -> list[str]:
    """A table of steps in their order."""
    steps = result["steps"]
    rows = [
        [
            step["what"],
            len(step["seconds"]),
            f"{1000 * step['seconds'][0]:.0f}",
            f"{1000 * float(np.median(step['seconds'])):.0f}",
            f"{1000 * max(step['seconds']):.0f}",
            f"{1000 * step['processor_s']:.0f}",
            f"{step['memory_mb']['now']:.0f}",
            f"{step['memory_mb']['highest']:.0f}",
        ]
        for step in steps
    ]
    first_list = result["start_s"] + steps[0]["seconds"][0]
    slider = next(step for step in steps if step["what"] == _MOVED_SLIDER)
    memory = max(step["memory_mb"]["highest"] for step in steps)
    return [
        f"{result['n']:,} micrographs of 4096 x 4096 pixels (hard links to {_N_DISTINCT} files), "
        f"{result['n_candidates']:,} candidates. From the command to its first answer "
        f"{result['start_s']:.2f} s; to the list of micrographs {first_list:.2f} s "
        f"({verdict(first_list, _LIST_S)}). A moved threshold, worst: "
        f"{1000 * max(slider['seconds']):.0f} ms ({verdict(max(slider['seconds']), _SLIDER_S)}). "
        f"Memory at its highest: {memory:.0f} MB ({verdict(memory, _MEMORY_MB)}).",
        "",
        *table(
            [
                "step",
                "requests",
                "first, ms",
                "median",
                "worst",
                "processor, mean",
                "server, MB",
                "highest, MB",
            ],
            rows,
        ),
    ]


def make_project(folder: Path, n: int) -> Path:
    """A folder of micrographs that cost little disk, with candidates for all; made once."""
    if (folder / "made").exists():
        shutil.rmtree(folder / "DeepEM" / "cache", ignore_errors=True)
        warm([folder / f"mic_{number:05d}.mrc" for number in range(_N_DISTINCT)])
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    distinct = []
    for number in range(_N_DISTINCT):
        pixels = rng.integers(-40, 40, _SHAPE, dtype=np.int8)
        distinct.append(write_mrc(folder / f"mic_{number:05d}.mrc", pixels))
    for number in range(_N_DISTINCT, n):
        os.link(distinct[number % _N_DISTINCT], folder / f"mic_{number:05d}.mrc")
    for number in range(n):
        name = f"mic_{number:05d}"
        path = scanned_path(folder / "DeepEM" / "picks" / "001", name)
        write_scanned(_make_candidates(name, rng), path)
    (folder / "made").touch()
    return folder


def _make_candidates(name: str, rng: np.random.Generator) -> Scanned:
    header = ScannedHeader(
        content=FileContent(0, 0, ""),
        pixel_size_angstrom=None,
        listing=Listing(f"{name}.mrc"),
        scan={},
        output={},
    )
    score = np.sort(rng.uniform(size=_N_CANDIDATES))[::-1]
    candidates = Picks(
        name,
        rng.uniform(0, _SHAPE[1] - 1, _N_CANDIDATES).round(1),
        rng.uniform(0, _SHAPE[0] - 1, _N_CANDIDATES).round(1),
        score=score,
        std=rng.normal(1, 0.1, _N_CANDIDATES),
        box_size_px=2 * round(0.75 * _DIAMETER_PX),
        frame=Frame(_SHAPE),
    )
    return Scanned(header, candidates, _DIAMETER_PX)


def _list(server: StudioServer) -> list[float]:
    return [server.time_get("/api/micrographs") for _ in range(3)]


def _show_thumbnails(server: StudioServer) -> list[float]:
    return [
        server.time_get(f"/api/micrographs/mic_{number:05d}/thumbnail")
        for number in range(_N_THUMBNAILS)
    ]


def _look_at_micrographs(server: StudioServer) -> list[float]:
    seconds = []
    for number in range(_N_LOOKED_AT):
        address = f"/api/micrographs/mic_{number:05d}/tiles"
        places = [(3, 0, 0), *((1, column, row) for column in range(4) for row in range(4))]
        seconds += [server.time_get(f"{address}/{'/'.join(map(str, place))}") for place in places]
    return seconds


def _sum_up_first(server: StudioServer) -> list[float]:
    return [server.time_get("/api/picks/001/summary")]


def _move_slider(server: StudioServer) -> list[float]:
    thresholds = np.linspace(0.1, 0.9, 20)
    return [server.time_get("/api/picks/001/summary", threshold=one) for one in thresholds]


def _count_each(server: StudioServer) -> list[float]:
    thresholds = np.linspace(0.1, 0.9, 5)
    return [server.time_get("/api/picks/001/counts", threshold=one) for one in thresholds]


def _show_gallery(server: StudioServer) -> list[float]:
    """Pages of a hundred boxes, which come from a hundred micrographs."""
    seconds = []
    for offset in range(0, 500, 100):
        page = server.get("/api/picks/001/gallery", order="highest", offset=offset, limit=100)
        boxes = [
            {key: box[key] for key in ("name", "x_px", "y_px")} for box in page.json()["boxes"]
        ]
        seconds.append(
            server.time_post("/api/boxes", {"boxes": boxes, "box_px": 1.5 * _DIAMETER_PX})
        )
    return seconds


_MOVED_SLIDER = "threshold moved: summary"
_STEPS: dict[str, Callable[[StudioServer], list[float]]] = {
    "list of micrographs": _list,
    "thumbnails, one after the other": _show_thumbnails,
    f"tiles of {_N_LOOKED_AT} micrographs": _look_at_micrographs,
    "all candidates read: first summary": _sum_up_first,
    _MOVED_SLIDER: _move_slider,
    "counts of each micrograph": _count_each,
    "100 boxes of 100 micrographs": _show_gallery,
}
