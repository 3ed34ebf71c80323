"""The jobs of a project, one at a time: started, watched, cancelled, found again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from deepem.errors import DeepEMError, NotFoundError, OutputError
from deepem.studio.events import Event
from deepem.studio.jobs.folder import JobFolder, list_jobs
from deepem.studio.jobs.kinds import find_kind
from deepem.studio.jobs.lock import try_lock
from deepem.studio.jobs.record import Job, JobRequest, JobStatus, now
from deepem.studio.jobs.runner import Runner
from deepem.studio.project import Project

logger = logging.getLogger("deepem.studio")

_SECONDS_BETWEEN_LOOKS = 0.25
_SECONDS_TO_END = 5.0
_DIED = (
    "The job has ended without a last word: it was killed, the machine was switched off, or memory "
    "ran short. What it had written is still there. Close other programs, then start it again; "
    "picking goes on where it was."
)


class JobQueue:
    """Starts jobs, one after the other, and tells the pages how they go.

    Jobs are processes of their own: they go on when the server ends or is killed, and the next
    server finds them. Safe to use from several threads. Nothing is started or watched before
    `start`, or outside of a ``with`` block.

    Parameters
    ----------
    project
        The project.
    publish
        Is told of every change: ``{"type": "job", "job": …}``, and ``{"type": "picks", "id": …}``
        when there are new picks.

    Examples
    --------
    >>> with JobQueue(project, publish=events.publish) as jobs:  # doctest: +SKIP
    ...     job = jobs.submit("train", {"seed": 1})
    """

    def __init__(
        self, project: Project, publish: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._project, self._publish = project, publish
        self._condition = threading.Condition(threading.RLock())
        self._runner = Runner(cwd=project.folder)
        self._known: dict[str, _Known] = {}
        self._is_closed = False
        self._thread = threading.Thread(target=self._watch, name="jobs", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to start jobs and to watch them, those of earlier servers too."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching. Jobs go on."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()
        self._thread.join(_SECONDS_TO_END)
        self._runner.let_go()

    def submit(self, kind: str, options: Mapping[str, Any]) -> Job:
        """Ask for a job; it begins as soon as those before it have ended.

        Parameters
        ----------
        kind
            ``train``, ``pick`` or ``check``.
        options
            Options of that kind.

        Returns
        -------
        Job
            As it waits.

        Raises
        ------
        deepem.errors.ConfigError, deepem.errors.TrainingDataError
            The job could only fail: an option is wrong, or something is missing.
        deepem.errors.NotFoundError
            The options name a model or picks that are not there.
        deepem.errors.OutputError
            The job cannot be written down.
        """
        name, found = find_kind(kind)
        prepared = found.prepare(self._project, options)
        request = JobRequest(
            kind=name,
            title=prepared.title,
            created=now(),
            options=prepared.options.model_dump(mode="json"),
            data_folders=tuple(map(str, self._project.data_folders)),
        )
        with self._condition:
            folder = JobFolder.create(self._project.jobs_dir, request)
            self._condition.notify_all()
            return self._read(folder)

    def list(self) -> list[Job]:
        """All jobs, newest first."""
        with self._condition:
            return [self._read(folder) for folder in reversed(list_jobs(self._project.jobs_dir))]

    def get(self, job_id: str) -> Job:
        """A job.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no job of this number.
        """
        with self._condition:
            return self._read(self.folder(job_id))

    def folder(self, job_id: str) -> JobFolder:
        """The folder of a job.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no job of this number.
        """
        for folder in list_jobs(self._project.jobs_dir):
            if folder.id == job_id:
                return folder
        raise NotFoundError(f"there is no job '{job_id}'")

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop; one that is over stays as it is.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no job of this number.
        deepem.errors.OutputError
            The request cannot be written down.
        """
        with self._condition:
            folder = self.folder(job_id)
            if not self._read(folder).is_over:
                folder.ask_to_stop()
                self._settle(folder)
                self._condition.notify_all()
            return self._read(folder)

    def _watch(self) -> None:
        """Look after the jobs until the queue is closed."""
        problem = ""
        while True:
            with self._condition:
                if self._is_closed:
                    return
                try:
                    is_busy = self._look()
                except (DeepEMError, OSError) as error:  # it may be gone at the next look
                    is_busy = True
                    if str(error) != problem:
                        logger.error("%s", error)
                    problem = str(error)
                self._condition.wait(_SECONDS_BETWEEN_LOOKS if is_busy else None)

    def _look(self) -> bool:
        """Tell what has changed, start what waits; returns whether there is something to watch."""
        left = []
        for folder in list_jobs(self._project.jobs_dir):
            known = self._known.get(folder.id)
            if known is not None and known.job.is_over:
                continue
            self._settle(folder)
            if not self._read(folder).is_over:
                self._runner.press(folder)
                left.append(folder)
        if left and not any(self._runner.is_alive(folder) for folder in left):
            try:
                self._runner.start(left[0])
            except OutputError as error:
                self._end(left[0], "failed", str(error))
        return bool(left) or self._runner.has_processes()

    def _read(self, folder: JobFolder) -> Job:
        """A job, from memory where nothing has changed; tells the pages what has."""
        known, stamp = self._known.get(folder.id), folder.stamp()
        if known is None or known.stamp != stamp:
            job = folder.read()
            self._known[folder.id] = _Known(stamp, job)
            if known is None or known.job != job:
                self._tell(job, None if known is None else known.job)
            return job
        return known.job

    def _settle(self, folder: JobFolder) -> None:
        """Write the last word of a job whose process is gone, or will never be."""
        if self._read(folder).is_over or self._runner.is_alive(folder):
            return
        with try_lock(folder.lock_path) as is_ours:
            job = folder.read()  # again: its last word may have come before the lock was free
            if not is_ours or job.is_over:
                return
            exit_status = self._runner.exit_status(folder)
            if folder.is_asked_to_stop():
                self._end(folder, "cancelled", None)
            elif job.state == "running":
                self._end(folder, "failed", _DIED)
            elif exit_status:
                self._end(folder, "failed", _cannot_start(exit_status, folder))

    def _end(self, folder: JobFolder, state: str, problem: str | None) -> None:
        """Write how a job has ended that cannot say so itself."""
        before = folder.read_status()
        fields = before.model_dump() | {"state": state, "ended": now(), "problem": problem}
        status = JobStatus.model_validate(fields)
        try:
            folder.write_status(status)
        except OutputError as error:  # then it is known here alone
            logger.error("%s", error)
            fields = self._read(folder).model_dump() | status.model_dump(exclude={"format_version"})
            self._known[folder.id] = _Known(folder.stamp(), Job.model_validate(fields))
            self._publish(
                {"type": "job", "job": self._known[folder.id].job.model_dump(mode="json")}
            )
        else:
            self._read(folder)

    def _tell(self, job: Job, before: Job | None) -> None:
        """Tell the pages of a job, and of the picks that it has made."""
        self._publish({"type": "job", "job": job.model_dump(mode="json")})
        old = _list_picks(before) if before is not None else set()
        new = _list_picks(job)
        for picks in sorted(new if job.is_over else new - old):
            self._publish({"type": "picks", "id": picks})


@dataclass(frozen=True)
class _Known:
    """A job as it was when its files had a stamp."""

    stamp: tuple[tuple[int, int], ...]
    job: Job


def _list_picks(job: Job) -> set[str]:
    found = (job.result.get(name) for name in ("first_picks", "picks"))
    return {picks for picks in found if isinstance(picks, str)}


def _cannot_start(exit_status: int, folder: JobFolder) -> str:
    last = next((line for line in reversed(folder.read_log()) if line.strip()), "nothing")
    return (
        f"Its process has ended before it began (status {exit_status}); the last that it said is: "
        f"{last}. Try it again; the whole is in {folder.log_path}."
    )
