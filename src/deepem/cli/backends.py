"""Where a command computes: its options, and the workers that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.console import count, use_threads
from deepem.cluster.cores import FEWEST_ITEMS, choose_n_workers, count_cores
from deepem.errors import ConfigError

if TYPE_CHECKING:
    from deepem.cluster import Backend

_QUEUES = ("slurm", "pbs", "lsf", "sge")
_NAMES = ("local", "dask", *_QUEUES)

BackendName = Annotated[
    str,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="Where to compute: local (this machine), dask (a scheduler that runs), or a queue: "
        "slurm, pbs, lsf, sge.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Micrographs picked at a time: processes here (by default as many as cores, or one "
        f"for fewer than {FEWEST_ITEMS} micrographs), jobs of a queue.",
        min=1,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Address of Dask's scheduler, such as tcp://node1:8786.",
    ),
]
QueueOptions = Annotated[
    Path | None,
    typer.Option(
        "--queue-options",
        metavar="FILE.toml",
        help="What your site's queue wants to know of a job; see docs/how-to/cluster.md.",
    ),
]
DeviceName = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="NAME",
        help="Where networks run: cpu, cuda (NVIDIA, AMD), mps (Apple), or auto: a graphics card "
        "where there is one.",
    ),
]


@dataclass(frozen=True)
class Where:
    """Where to compute.

    Parameters
    ----------
    backend
        The workers.
    threads_per_worker
        Number of threads in each; None leaves it as it is.
    description
        What to tell the user.
    """

    backend: Backend
    threads_per_worker: int | None
    description: str


def choose_where(
    name: str = "local",
    *,
    n_files: int | None,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: str | None = None,
    queue_options: Path | None = None,
    device: str = "auto",
    fast: bool = False,
) -> Where:
    """Make the workers that the options ask for.

    Parameters
    ----------
    name, workers, threads, scheduler, queue_options, device, fast
        The options.
    n_files
        How many micrographs there are; None for more and more.

    Raises
    ------
    deepem.errors.ConfigError
        Options are missing, or do not go together.
    """
    if name not in _NAMES:
        raise ConfigError("backend", f"is '{name}'; choose from {', '.join(_NAMES)}")
    if (scheduler is not None) != (name == "dask"):
        raise ConfigError(
            "scheduler",
            "belongs to --backend dask, and that needs it: start one with 'dask scheduler', "
            "which says its address",
        )
    if (queue_options is not None) != (name in _QUEUES):
        raise ConfigError(
            "queue options",
            f"belong to --backend {', '.join(_QUEUES)}, which need them: at least cores and "
            "memory of a job; docs/how-to/cluster.md has an example",
        )
    if scheduler is None and queue_options is None:
        return _choose_local(n_files, workers, threads, device, fast)
    threads = threads or 1
    if queue_options is not None:
        from deepem.cluster.queues import QueueBackend

        backend: Backend = QueueBackend(name, queue_options, n_jobs=workers)
    else:
        from deepem.cluster.dask_backend import DaskBackend

        if workers is not None:
            raise ConfigError(
                "workers",
                "are those of the scheduler: start as many as you want with 'dask worker', and "
                "leave it out",
            )
        backend = DaskBackend(scheduler or "")
    where = f"{backend.describe()}, {count(threads, 'thread')} a worker"
    return Where(backend, threads, f"{where}, on the device that each finds ({device})")


def _choose_local(
    n_files: int | None, workers: int | None, threads: int | None, device: str, fast: bool
) -> Where:
    from deepem.cluster import LocalProcesses, ThisProcess, keep_freed_memory
    from deepem.networks.device import check_bfloat16, choose_device

    chosen = choose_device(device)
    if fast:
        check_bfloat16(chosen.name)
    on = "the processor" if chosen.name == "cpu" else chosen.name
    n_cores = threads or count_cores()
    if workers is None:
        workers = choose_n_workers(n_files, n_cores=n_cores, has_card=chosen.name != "cpu")
    if workers == 1 and n_files is not None:
        use_threads(threads)
        keep_freed_memory()
        description = f"on {on} ({chosen.reason}), {count(n_cores, 'core')}"
        return Where(ThisProcess(), None, description)
    each = max(1, n_cores // workers)
    backend = LocalProcesses(workers)
    description = f"on {on} ({chosen.reason}), {backend.describe()} of {count(each, 'core')}"
    return Where(backend, each, description)
