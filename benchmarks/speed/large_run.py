"""The parts of a run over very many micrographs that do not lie in the picking of one."""

from __future__ import annotations

import io
import tempfile
import time
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from deepem.cli.run_report import RunReport
from deepem.cluster import Backend, LocalProcesses
from deepem.io import MicrographFile
from deepem.picking import Picker
from deepem.picking.file_picker import FilePicker
from deepem.picking.summary import MicrographRow, RunSummary
from deepem.picking.summary_files import write_summary
from speed.backends import dask_of_two
from speed.inputs import simulate, train_briefly
from speed.part import Result, Settings, table

_N_ITEMS, _N_ROWS, _N_REPORTED = 2000, 20_000, 1000


def measure(settings: Settings) -> Result:
    """Cost of an item, of an outcome, of the summary; and what is written for a micrograph."""
    result: Result = {}
    with dask_of_two() as backend:
        result["dask"] = _time_items(backend)
    with LocalProcesses(2) as backend:
        result["local"] = _time_items(backend)
    size = 1024 if settings.quick else 4096
    files, model = simulate(settings, size, 130), train_briefly(settings, 130)
    result["written"] = _count_files(files, model)
    result["outcome_s"] = _time_outcome(files[0], model)
    result["summary_s"], result["summary_bytes"] = _time_summary()
    return result


def _time_items(backend: Backend) -> dict[str, float]:
    """Seconds an item, on the clock and of the processor here, where items are no work."""
    list(backend.run(abs, range(50)))
    start, own_start = time.perf_counter(), time.process_time()
    for _ in backend.run(abs, range(_N_ITEMS)):
        pass
    seconds, own = time.perf_counter() - start, time.process_time() - own_start
    return {"item_s": seconds / _N_ITEMS, "own_s": own / _N_ITEMS}


def _count_files(files: list[Path], model: Path) -> dict[str, dict[str, float]]:
    """Number of files and bytes for a micrograph, by kind of file."""
    n_files: Counter[str] = Counter()
    n_bytes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        pick_one = FilePicker(Picker(model), Path(name))
        for file in files:
            picked = pick_one(MicrographFile(file))
            if picked.error is not None:
                raise picked.error
        for path in Path(name).rglob("*.*"):
            kind = "rejected" if path.parent.name == "rejected" else path.suffix
            n_files[kind] += 1
            n_bytes[kind] += path.stat().st_size
    return {
        kind: {"files": n / len(files), "bytes": n_bytes[kind] / len(files)}
        for kind, n in n_files.items()
    }


def _time_outcome(file: Path, model: Path) -> float:
    """Seconds that the command takes to report a micrograph."""
    with tempfile.TemporaryDirectory() as name:
        pick_one = FilePicker(Picker(model), Path(name))
        picked = pick_one(MicrographFile(file))
        report = RunReport(pick_one, names=[file.stem])
        with redirect_stdout(io.StringIO()):
            start = time.perf_counter()
            for _ in range(_N_REPORTED):
                report.add(picked)
            return (time.perf_counter() - start) / _N_REPORTED


def _time_summary() -> tuple[float, dict[str, int]]:
    rng = np.random.default_rng(0)
    rows = [
        MicrographRow(
            f"mic_{number:05d}",
            n_picks=int(rng.poisson(300)),
            mean_score=float(rng.normal(0.9, 0.01)),
            left_out={"junk": int(rng.poisson(5)), "edge": int(rng.poisson(20))},
        )
        for number in range(_N_ROWS)
    ]
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        write_summary(RunSummary(rows), name)
        seconds = time.perf_counter() - start
        return seconds, {path.name: path.stat().st_size for path in Path(name).iterdir()}


def render(result: Result) -> list[str]:
    """The table of parts, and that of files."""
    rows = [
        (f"an item that is no work, {where}: on the clock", f"{1000 * found['item_s']:.2f} ms")
        for where, found in (("Dask", result["dask"]), ("two local processes", result["local"]))
    ]
    own_ms = 1000 * result["dask"]["own_s"]
    rows.append(("the same, Dask: processor time of client and scheduler", f"{own_ms:.2f} ms"))
    rows.append(("reporting a micrograph", f"{1000 * result['outcome_s']:.2f} ms"))
    size = sum(result["summary_bytes"].values()) / 1e6
    rows.append(
        (f"summary of {_N_ROWS:,} micrographs ({size:.1f} MB)", f"{result['summary_s']:.2f} s")
    )
    lines = table(("what", "time"), rows)
    kinds = sorted(result["written"].items())
    total = [sum(found[key] for _, found in kinds) for key in ("files", "bytes")]
    rows = [(kind, f"{one['files']:.1f}", f"{one['bytes']:,.0f}") for kind, one in kinds]
    rows.append(("all", f"{total[0]:.1f}", f"{total[1]:,.0f}"))
    return lines + table(("written for a micrograph, default formats", "files", "bytes"), rows)
