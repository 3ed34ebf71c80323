"""Work in the jobs of a queueing system, which Dask's workers are started with."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from deepem.cluster.dask_backend import DaskBackend, import_distributed
from deepem.cluster.queue_options import parse_walltime, read_queue_options
from deepem.errors import BackendError, ConfigError, MissingExtraError

_CLASSES = {"slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster"}
_SECONDS_UNTIL_LOST = 10.0  # a worker that died is started again in its job, if the job lives
_SECONDS_UNTIL_RETRY = 30.0
_LONGEST_MARGIN_S, _LEAST_WALLTIME_S = 600.0, 300.0

_log = logging.getLogger("deepem.cluster")


class QueueBackend(DaskBackend):
    """Jobs of a queueing system; see `deepem.cluster.backend.Backend`.

    Parameters
    ----------
    kind
        Which: ``slurm``, ``pbs``, ``lsf`` or ``sge``.
    options_file
        TOML file with the options of the site: see `read_queue_options`.
    n_jobs
        How many jobs to keep; instead of ``jobs`` in the file.
    lost_after_s
        A job whose workers have been gone so long is ended, and another asked for.

    Raises
    ------
    deepem.errors.ConfigError, deepem.errors.FileFormatError
        The file has an option that is unknown or cannot work.

    Notes
    -----
    The scheduler runs in this process: nodes must be able to reach this machine. Workers end
    themselves some minutes before the walltime, after their item, and another job is asked for.
    """

    def __init__(
        self,
        kind: str,
        options_file: str | Path,
        *,
        n_jobs: int | None = None,
        lost_after_s: float = _SECONDS_UNTIL_LOST,
    ) -> None:
        if kind not in _CLASSES:
            names = ", ".join(_CLASSES)
            raise ConfigError("backend", f"got {kind!r}; known queueing systems are {names}")
        if n_jobs is not None and n_jobs < 1:
            raise ConfigError("n_jobs", f"must be at least 1, got {n_jobs}")
        self.options = read_queue_options(options_file, kind)
        super().__init__("", worker_timeout_s=self.options.wait_hours * 3600)
        self.kind, self.options_file = kind, Path(options_file)
        self.n_jobs = n_jobs or self.options.n_jobs
        self.lost_after_s = lost_after_s
        self._cluster: Any = None
        self._lost_since_s: dict[str, float] = {}
        self._was_seen: set[str] = set()
        self._retry_at_s = 0.0

    def close(self) -> None:
        """End the jobs."""
        try:
            super().close()
        finally:
            cluster, self._cluster = self._cluster, None
            if cluster is not None:
                cluster.close()

    def describe(self) -> str:
        """Where the work is done."""
        processes = self.options.for_jobs["processes"]
        return f"in {self.n_jobs} {self.kind.upper()} jobs of {processes} processes"

    @property
    def dashboard(self) -> str | None:
        """Address of a page that shows the work; None before it has begun."""
        return None if self._cluster is None else str(self._cluster.dashboard_link)

    def _connect(self) -> Any:
        self._cluster = self._start_cluster()
        self.address = self._cluster.scheduler_address
        _log.info("The work can be watched at %s", self.dashboard)
        try:
            self._ask_for_jobs()
        except (RuntimeError, ValueError, OSError) as error:
            self._forget_unsent()
            raise BackendError(
                f"{self.kind.upper()} does not take a job as {self.options_file} describes it: "
                f"{_in_one_line(error)}. The job would be:\n{self._cluster.job_script()}"
            ) from error
        return super()._connect()

    def _start_cluster(self) -> Any:
        import_distributed()
        try:
            import dask_jobqueue
        except ImportError as error:
            raise MissingExtraError("dask-jobqueue", "cluster", "Picking in a queue") from error
        for_jobs = _end_in_time(self.options.for_jobs, self.kind)
        try:
            return getattr(dask_jobqueue, _CLASSES[self.kind])(**for_jobs)
        except (RuntimeError, ValueError, OSError) as error:
            raise BackendError(
                f"the options in {self.options_file} do not work: {_in_one_line(error)}. Where it "
                "is about an interface or address, set 'interface' to the network that nodes share."
            ) from error

    def _ask_for_jobs(self) -> None:
        """Have as many jobs as wanted, whatever they are waiting for."""
        cluster = self._cluster
        cluster.scale(jobs=self.n_jobs)

        async def settle() -> None:
            await cluster
            for job in list(cluster.workers.values()):
                if job.job_id is None:  # Dask keeps to itself why: try once more, and see
                    await job.start()

        cluster.sync(settle)

    def _tend(self) -> None:
        """Have jobs that are gone replaced: Dask does not do it where a job has several workers."""
        now_s = time.monotonic()
        known = set(self._cluster.worker_spec)
        processes = self.options.for_jobs["processes"]
        present = {
            str(name) if processes == 1 else str(name).rpartition("-")[0]
            for name in self._cluster.observed
        }
        self._was_seen = (self._was_seen | present) & known
        absent = self._was_seen - present
        self._lost_since_s = {name: self._lost_since_s.get(name, now_s) for name in absent}
        gone = [
            n for n, since_s in self._lost_since_s.items() if now_s > since_s + self.lost_after_s
        ]
        if now_s < self._retry_at_s or not (gone or len(known) < self.n_jobs):
            return
        if gone:
            _log.warning("%d jobs have ended: asking for others.", len(gone))
        try:
            self._cluster.sync(self._cluster.scale_down, gone)
            for name in gone:  # others may be given its name, and are yet to be seen
                self._was_seen.discard(name)
                del self._lost_since_s[name]
            self._ask_for_jobs()
        except (RuntimeError, ValueError, OSError) as error:
            # Queueing systems are busy at times; the other jobs go on.
            self._retry_at_s = now_s + _SECONDS_UNTIL_RETRY
            self._forget_unsent()
            _log.warning("No new job could be had, trying again: %s", _in_one_line(error))

    def _forget_unsent(self) -> None:
        cluster, closed = self._cluster, import_distributed().core.Status.closed
        unsent = [name for name, job in cluster.workers.items() if job.job_id is None]

        async def forget() -> None:
            await asyncio.sleep(0)
            for name in unsent:
                cluster.worker_spec.pop(name, None)
                cluster.workers.pop(name).status = closed  # else the cluster cannot be closed

        cluster.sync(forget)

    def _explain_no_worker(self) -> str:
        logs = self.options.for_jobs.get("log_directory")
        where = f"in {logs}" if logs else "of the jobs (set log_directory to keep them)"
        return (
            f"no job of {self.kind.upper()} has worked for {self.options.wait_hours:g} hours. See "
            f"whether they are waiting, and what is said in the logs {where}. Raise 'wait_hours' "
            f"in {self.options_file} to wait longer, then go on with --resume."
        )


def _end_in_time(for_jobs: dict[str, Any], kind: str) -> dict[str, Any]:
    """Have workers end themselves, not all at once, before the queueing system ends them."""
    arguments = list(for_jobs.get("worker_extra_args", []))
    import dask

    walltime = for_jobs.get("walltime") or dask.config.get(f"jobqueue.{kind}.walltime")
    walltime_s = parse_walltime(walltime)
    is_set = any(argument.startswith("--lifetime") for argument in arguments)
    if is_set or walltime_s < _LEAST_WALLTIME_S:
        return {**for_jobs, "worker_extra_args": arguments}
    margin_s = min(walltime_s / 10, _LONGEST_MARGIN_S)  # they end one to two of these before
    arguments += ["--lifetime", f"{walltime_s - 1.5 * margin_s:.0f}s"]
    arguments += ["--lifetime-stagger", f"{margin_s / 2:.0f}s"]
    return {**for_jobs, "walltime": walltime, "worker_extra_args": arguments}


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
