"""Starts the processes of jobs, and stops those that do not stop when they are asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from deepem.errors import OutputError
from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.lock import is_held, read_holder

# A job notices a request within a second; what it does then, such as the micrographs that its
# workers have in hand, takes a while.
_SECONDS_TO_SIGTERM, _SECONDS_TO_SIGKILL = 10.0, 20.0
# Threads that wait for each other turn round for a moment and then sleep. Without this they turn
# round for long, and come to a standstill where another program wants one of their cores, until
# `deepem.studio.jobs.threads` has noticed; with sleep alone they take a third longer.
_ENVIRONMENT = {"GOMP_SPINCOUNT": "30000"}


class Runner:
    """The processes that this server has started.

    Parameters
    ----------
    cwd
        Folder that they start in.
    """

    def __init__(self, *, cwd: Path) -> None:
        self._cwd = cwd
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._signals: set[tuple[str, int]] = set()

    def start(self, job: JobFolder) -> None:
        """Start the process of a job, which lives on without us.

        Raises
        ------
        deepem.errors.OutputError
            Its log cannot be written, or the system has no room for another process.
        """
        command = [sys.executable, "-P", "-m", "deepem.studio.jobs.process", str(job.path)]
        try:
            with job.log_path.open("ab") as log:
                self._processes[job.id] = subprocess.Popen(  # noqa: S603 (our own module)
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._cwd,
                    env={**_ENVIRONMENT, **os.environ},
                    start_new_session=True,
                )
        except OSError as error:
            raise OutputError(job.path, f"cannot be started ({error.strerror})") from error

    def is_alive(self, job: JobFolder) -> bool:
        """Whether a process works for a job, ours or that of an earlier server."""
        process = self._processes.get(job.id)
        if process is not None and process.poll() is None:
            return True
        return is_held(job.lock_path)

    def has_processes(self) -> bool:
        """Whether a process that was started here lives still."""
        # All of them are asked: the system keeps what has ended until somebody has.
        statuses = [process.poll() for process in self._processes.values()]
        return None in statuses

    def exit_status(self, job: JobFolder) -> int | None:
        """How the process of a job has ended, if it was ours; minus the number of a signal."""
        process = self._processes.get(job.id)
        return None if process is None else process.poll()

    def press(self, job: JobFolder) -> None:
        """End a process that was asked to stop long ago and has not."""
        seconds = job.seconds_since_asked_to_stop()
        if seconds is None or seconds < _SECONDS_TO_SIGTERM:
            return
        if seconds < _SECONDS_TO_SIGKILL:
            self._send(job, signal.SIGTERM)
        else:
            self._send(job, signal.SIGKILL)

    def let_go(self) -> None:
        """Forget the processes; they go on."""
        for process in self._processes.values():
            if process.poll() is None:
                process.returncode = 0  # or Python would warn that nobody waits for it
        self._processes.clear()

    def _send(self, job: JobFolder, number: signal.Signals) -> None:
        """Send a signal, once, and only while the lock says that the process is there."""
        holder = read_holder(job.lock_path)
        if (job.id, number) in self._signals or not is_held(job.lock_path):
            return
        if holder is None or not holder.is_on_this_machine:
            return
        self._signals.add((job.id, number))
        with suppress(ProcessLookupError, PermissionError):
            if number == signal.SIGKILL:
                os.killpg(holder.pid, number)  # with its workers
            else:
                os.kill(holder.pid, number)  # it ends its workers itself
