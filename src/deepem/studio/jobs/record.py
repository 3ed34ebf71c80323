"""What is known of a job: what was asked for, how far it is, and both together for the page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

JobKind = Literal["train", "pick", "check"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JOB_KINDS: tuple[JobKind, ...] = get_args(JobKind)

_Fraction = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class JobRequest(_Record):
    """What was asked for: ``job.json``, which never changes.

    Attributes
    ----------
    kind
        Kind of work.
    title
        What it does, in a line.
    created
        When it was asked for, ISO 8601.
    options
        Options of its kind, complete and checked.
    data_folders
        Folders that links to micrographs may lead to, as the server was told.
    """

    format_version: Literal[1] = 1
    kind: JobKind
    title: str
    created: str
    options: dict[str, Any] = {}
    data_folders: tuple[str, ...] = ()


class JobStatus(_Record):
    """How far a job is: ``state.json``.

    Attributes
    ----------
    state
        Where it is in its life; a job without this file waits.
    started, ended
        When, ISO 8601; None before.
    stage
        What is being done, in a few words.
    fraction
        Share of the whole job that is done, 0 to 1; None where nobody can tell.
    result
        What is known already of what the job makes.
    problem
        Why it failed and what to do; None where it did not.
    """

    format_version: Literal[1] = 1
    state: JobState = "queued"
    started: str | None = None
    ended: str | None = None
    stage: str = ""
    fraction: _Fraction | None = None
    result: dict[str, Any] = {}
    problem: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in ("queued", "running")


class CurvePoint(_Record):
    """Figures of a training after some updates: a line of ``events.jsonl``.

    Attributes
    ----------
    stage
        Part of the training.
    step, n_steps
        Which step of that part, from 1, of how many.
    loss
        Error on what is learnt from.
    accuracy, valid_accuracy
        Shares that are right of what is learnt from, and of what is held out; None where not
        known.
    """

    stage: str
    step: Annotated[int, Field(ge=0)]
    n_steps: Annotated[int, Field(ge=0)]
    loss: float
    accuracy: float | None = None
    valid_accuracy: float | None = None


class Job(_Record):
    """A job as the page sees it: request, status, curves and the last lines of the log.

    Attributes
    ----------
    id
        Its number, the name of its folder.
    curve
        Figures of the training so far.
    log
        The last lines that its process has written.

    Notes
    -----
    The others are those of `JobRequest` and `JobStatus`.
    """

    id: str
    kind: JobKind
    state: JobState
    title: str
    created: str
    started: str | None = None
    ended: str | None = None
    stage: str = ""
    fraction: _Fraction | None = None
    curve: tuple[CurvePoint, ...] = ()
    options: dict[str, Any] = {}
    result: dict[str, Any] = {}
    problem: str | None = None
    log: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state not in ("queued", "running")


def now() -> str:
    """The time as jobs write it down."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
