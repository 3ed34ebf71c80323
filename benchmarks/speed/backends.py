"""The same micrographs picked by each backend, in turn, with workers that have started."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from deepem.cluster import Backend, LocalProcesses, ThisProcess, keep_freed_memory
from deepem.cluster.dask_backend import DaskBackend
from deepem.io import MicrographFile
from deepem.picking import Picker
from deepem.picking.batch import pick_all
from deepem.picking.file_picker import FilePicker
from speed.inputs import copy_apoferritin, link_many, simulate, train_briefly, warm
from speed.part import Result, Settings, table, verdict

_N_FILES, _N_ROUNDS = 200, 4
_TWO, _DASK = "LocalProcesses(2)", "Dask, 2 processes"
_WANTED_OVERHEAD = 0.1


@contextmanager
def dask_of_two() -> Iterator[DaskBackend]:
    """A Dask cluster of two processes of one thread on this machine."""
    from distributed import LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        DaskBackend(cluster.scheduler_address) as backend,
    ):
        yield backend


def measure(settings: Settings) -> Result:
    """Seconds of every round of each backend, and of the processor in this process."""
    keep_freed_memory()
    torch.set_num_threads(1)
    if settings.data.exists():
        files, model = copy_apoferritin(settings)
    else:
        files, model = simulate(settings, 1024, 130), train_briefly(settings, 130)
    warm(files)
    seconds: dict[str, list[float]] = {}
    own: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=model.parent)))
        links = link_many(files, 20 if settings.quick else _N_FILES, folder / "mics")
        micrographs = [MicrographFile(link) for link in links]
        pick_one = FilePicker(Picker(model), folder / "picks", overwrite=True, n_threads=1)
        backends: dict[str, Backend] = {
            "ThisProcess": ThisProcess(),
            "LocalProcesses(1)": LocalProcesses(1),
            _TWO: LocalProcesses(2),
            _DASK: stack.enter_context(dask_of_two()),
        }
        for backend in backends.values():
            stack.enter_context(backend)
        for number in range(_N_ROUNDS + 1):
            for name, backend in backends.items():
                n = len(micrographs) if number else 8  # at first workers start
                start, own_start = time.perf_counter(), time.process_time()
                for picked in pick_all(pick_one, micrographs[:n], backend):
                    if picked.error is not None:
                        raise picked.error
                if number:
                    seconds.setdefault(name, []).append(time.perf_counter() - start)
                    own.setdefault(name, []).append(time.process_time() - own_start)
                    print(name, seconds[name][-1], own[name][-1], flush=True)
    return {"seconds": seconds, "own": own, "n": len(micrographs)}


def render(result: Result) -> list[str]:
    """The table of backends."""
    rows = []
    for name, seconds in result["seconds"].items():
        middle, own = statistics.median(seconds), statistics.median(result["own"][name])
        pairs = zip(seconds, result["seconds"][_TWO], strict=True)
        ratio = statistics.median(one / two for one, two in pairs)
        shown = ", ".join(f"{value:.2f}" for value in seconds)
        rows.append(
            (
                *(name, shown, f"{1000 * middle / result['n']:.1f}", f"{ratio:.3f}"),
                "" if name != _DASK else f"{1000 * own / result['n']:.2f}",
                verdict(ratio, 1 + _WANTED_OVERHEAD) if name == _DASK else "",
            )
        )
    head = (
        *("backend", "seconds", "ms each, median", f"/ {_TWO}"),
        *("ms of the processor each, client and scheduler", "wanted"),
    )
    return [f"{result['n']} micrographs.", "", *table(head, rows)]
