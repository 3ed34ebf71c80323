"""What a job's work gets: the project and its options; and where it tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.record import CurvePoint, JobStatus, now
from deepem.studio.project import Project

# Often enough for a bar that moves, seldom enough for a disk.
_SECONDS_BETWEEN_WRITES = 0.2


class Work:
    """A job that runs, from the inside.

    Parameters
    ----------
    folder
        Its folder.
    project
        The project that it belongs to.
    options
        Its options, checked.
    created_s
        When it was asked for, in seconds since 1970.
    clock
        Tells seconds.
    """

    def __init__(
        self,
        folder: JobFolder,
        project: Project,
        options: dict[str, Any],
        *,
        created_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.project = project
        self.options = options
        self._created_s = created_s
        self._clock = clock
        self._status = JobStatus(state="running", started=now())
        self._written_s = 0.0
        self._write()

    def begin(self, stage: str, fraction: float | None = None) -> None:
        """Say what is done now, and how much of the whole is done already, 0 to 1."""
        self._change(stage=stage)
        self.move_to(fraction)
        self._write()

    def move_to(self, fraction: float | None, stage: str | None = None, **result: Any) -> None:
        """Say how much is done; never less than before. Written a few times a second at most."""
        before = self._status.fraction
        if fraction is not None:
            self._change(fraction=min(1.0, max(fraction, before or 0.0)))
        if stage is not None:
            self._change(stage=stage)
        if result:
            self._change(result={**self._status.result, **result})
        if self._clock() - self._written_s >= _SECONDS_BETWEEN_WRITES:
            self._write()

    def add_result(self, **values: Any) -> None:
        """Say what is known of what the job makes; plain values that JSON has."""
        self._change(result={**self._status.result, **values})
        self._write()

    def add_point(self, point: CurvePoint) -> None:
        """Add figures to the curves."""
        self.folder.add_point(point)

    def seconds(self) -> float:
        """Seconds since the job was asked for."""
        return round(self._clock() - self._created_s, 1)

    def end(self, state: str, problem: str | None = None) -> None:
        """Write the last word."""
        if state == "done":
            self._change(fraction=1.0, stage="")
        self._change(state=state, ended=now(), problem=problem)
        self._write()

    def _change(self, **values: Any) -> None:
        fields = self._status.model_dump() | values
        self._status = JobStatus.model_validate(fields)

    def _write(self) -> None:
        self.folder.write_status(self._status)
        self._written_s = self._clock()
