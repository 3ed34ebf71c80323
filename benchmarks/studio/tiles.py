"""Tiles of one very large micrograph: the first one, and those that follow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from deepem import open_micrograph, write_mrc
from speed.inputs import simulate, warm
from speed.part import Result, Settings, table, verdict
from studio.server import StudioServer

_DIAMETER_PX = 200
_N_TILES = 40
_N_AT_ONCE = 6  # as many as browsers fetch from one server
_FIRST_S, _LATER_S = 1.5, 0.1
_LOOKS: dict[str, dict[str, object]] = {
    "plain": {},
    "low-pass 20 px": {"lowpass_px": 20},
    "low-pass 200 px": {"lowpass_px": 200},
    "denoised": {"denoise": True},
}


def measure(settings: Settings) -> Result:
    """Time tiles of a simulated micrograph in several types of file."""
    size = 1024 if settings.quick else 8192
    (simulated,) = simulate(settings, size, _DIAMETER_PX, n=1)
    rows = []
    for name, write in _KINDS.items():
        folder = settings.work / "tiles" / name.replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        path = write(folder, open_micrograph(simulated).pixels())
        warm([path])
        with StudioServer(folder) as server:
            rows += [{"kind": name, **row} for row in _time_tiles(server, path.stem)]
    return {"size": size, "rows": rows}


def render(result: Result) -> list[str]:
    """A table of types of files and filters."""
    size = result["size"]
    rows = []
    for row in result["rows"]:
        later = row["later_s"]
        is_first = row["first_s"] is not None
        rows.append(
            [
                row["kind"],
                row["look"],
                f"{1000 * row['first_s']:.0f}" if is_first else "",
                f"{1000 * row['first_processor_s']:.0f}" if is_first else "",
                verdict(row["first_s"], _FIRST_S) if is_first else "",
                f"{1000 * statistics.median(later):.0f}",
                f"{1000 * max(later):.0f}",
                f"{1000 * row['later_processor_s']:.0f}",
                verdict(max(later), _LATER_S),
                f"{1000 * row['screen_s']:.0f}",
                f"{row['memory_mb']['now']:.0f}",
                f"{row['memory_mb']['highest']:.0f}",
            ]
        )
    columns = [
        f"{size} x {size}",
        "filter",
        "first, ms",
        "processor",
        "wanted, s",
        "later, median ms",
        "worst",
        "processor, mean",
        "wanted, s",
        f"{_N_AT_ONCE} at once, ms",
        "server, MB",
        "highest, MB",
    ]
    return table(columns, rows)


def _time_tiles(server: StudioServer, name: str) -> list[dict[str, Any]]:
    """Seconds of the first tile, then of tiles of all levels under each look in turn."""
    known = server.get(f"/api/micrographs/{name}").json()
    places = _choose_places(known)
    rows = []
    for look, params in _LOOKS.items():
        first, first_processor = None, None
        if look == "plain":
            before = server.read_processor_s()
            first = server.time_get(_address(name, (known["n_levels"] - 1, 0, 0)))
            first_processor = server.read_processor_s() - before
        before = server.read_processor_s()
        later = [server.time_get(_address(name, place), **params) for place in places]
        later_processor = (server.read_processor_s() - before) / len(places)
        began = time.perf_counter()
        with ThreadPoolExecutor(_N_AT_ONCE) as pool:
            fetch = [
                pool.submit(server.get, _address(name, place), **params)
                for place in places[:_N_AT_ONCE]
            ]
            for one in fetch:
                one.result()
        rows.append(
            {
                "look": look,
                "first_s": first,
                "first_processor_s": first_processor,
                "later_s": later,
                "later_processor_s": later_processor,
                "screen_s": time.perf_counter() - began,
                "memory_mb": server.read_memory_mb(),
            }
        )
    return rows


def _choose_places(known: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Level, column and row of tiles drawn from all levels alike."""
    rng = np.random.default_rng(0)
    places = []
    for _ in range(_N_TILES):
        level = int(rng.integers(known["n_levels"]))
        column, row = (
            int(rng.integers(-(-(known[side] >> level) // known["tile_size"]) or 1))
            for side in ("width_px", "height_px")
        )
        places.append((level, column, row))
    return places


def _address(name: str, place: tuple[int, int, int]) -> str:
    return f"/api/micrographs/{name}/tiles/{'/'.join(map(str, place))}"


def _write_mrc(kind: str) -> Callable[[Path, Any], Path]:
    def write(folder: Path, pixels: Any) -> Path:
        return write_mrc(folder / "mic.mrc", _turn(pixels, kind), overwrite=True)

    return write


def _write_tiff(kind: str, compression: str | None) -> Callable[[Path, Any], Path]:
    def write(folder: Path, pixels: Any) -> Path:
        path = folder / "mic.tif"
        tifffile.imwrite(path, _turn(pixels, kind), compression=compression)
        return path

    return write


def _turn(pixels: Any, kind: str) -> Any:
    """Pixels as counts that fit into a type: mean 64, deviation 10."""
    if kind == "f4":
        return pixels
    scaled = 64 + 10 * (pixels - pixels.mean()) / pixels.std()
    return np.clip(np.rint(scaled), 0, 127).astype(kind)


_KINDS: dict[str, Callable[[Path, Any], Path]] = {
    "MRC, float32": _write_mrc("f4"),
    "MRC, int16": _write_mrc("i2"),
    "MRC, int8": _write_mrc("i1"),
    "TIFF with LZW, uint8": _write_tiff("u1", "lzw"),
    "TIFF with LZW, uint16": _write_tiff("u2", "lzw"),
}
