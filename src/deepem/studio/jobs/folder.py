"""The folder of a job: its files, read and written."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from deepem.errors import DeepEMError, FileFormatError, OutputError
from deepem.io import write_atomically
from deepem.io.atomic import touch
from deepem.studio.jobs.record import CurvePoint, Job, JobRequest, JobStatus

_LOG_LINES = 50
_LOG_BYTES = 20_000
_LINE_CHARACTERS = 500
_FIRST_ID = 1
_Record = TypeVar("_Record", bound=BaseModel)


class JobFolder:
    """A job on disk.

    Parameters
    ----------
    path
        Its folder, whose name is the job's number.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock_path = path / "lock"
        self.log_path = path / "log.txt"
        #: Where a job puts a picture, if it makes one.
        self.picture_path = path / "picture.png"
        self._request_path = path / "job.json"
        self._status_path = path / "state.json"
        self._events_path = path / "events.jsonl"
        self._cancel_path = path / "cancel"

    @classmethod
    def create(cls, jobs_dir: Path, request: JobRequest) -> JobFolder:
        """Make the folder of a new job, with the next number; it appears complete.

        Raises
        ------
        deepem.errors.OutputError
            It cannot be written.
        """
        new = jobs_dir / f".new-{secrets.token_hex(6)}"
        try:
            with write_atomically(new / "job.json") as file:
                file.write(request.model_dump_json(indent=2) + "\n")
            while True:
                path = jobs_dir / f"{_next_number(jobs_dir):04d}"
                try:
                    new.rename(path)  # never in the place of a folder that holds something
                except OSError as error:
                    if not path.exists():
                        raise OutputError(path, f"cannot be made ({error.strerror})") from error
                    continue  # somebody was faster
                return cls(path)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    @property
    def id(self) -> str:
        """Number of the job."""
        return self.path.name

    def read_request(self) -> JobRequest:
        """What was asked for.

        Raises
        ------
        deepem.errors.FileFormatError
            ``job.json`` is missing or damaged.
        """
        return _read(self._request_path, JobRequest)

    def read_status(self) -> JobStatus:
        """How far it is; a job that nobody has begun has no ``state.json``, and waits.

        Raises
        ------
        deepem.errors.FileFormatError
            ``state.json`` is damaged.
        """
        if not self._status_path.exists():
            return JobStatus()
        return _read(self._status_path, JobStatus)

    def write_status(self, status: JobStatus) -> None:
        """Replace the status; only who holds the job's lock may.

        Raises
        ------
        deepem.errors.OutputError
            It cannot be written; the old one stays.
        """
        with write_atomically(self._status_path, overwrite=True) as file:
            file.write(status.model_dump_json(indent=2) + "\n")

    def add_point(self, point: CurvePoint) -> None:
        """Add figures to the curves.

        Raises
        ------
        deepem.errors.OutputError
            They cannot be written.
        """
        try:
            with self._events_path.open("a", encoding="utf-8") as file:
                file.write(point.model_dump_json() + "\n")
        except OSError as error:
            raise OutputError(self._events_path, f"cannot be written ({error})") from error

    def read_curve(self) -> tuple[CurvePoint, ...]:
        """The curves so far; a line that is not whole yet is left out."""
        points = []
        for line in _read_text(self._events_path).splitlines():
            with suppress(ValidationError):
                points.append(CurvePoint.model_validate_json(line))
        return tuple(points)

    def read_log(self) -> tuple[str, ...]:
        """The last lines of the log."""
        lines = _read_text(self.log_path, last_bytes=_LOG_BYTES).splitlines()
        return tuple(line[:_LINE_CHARACTERS] for line in lines[-_LOG_LINES:])

    def read(self) -> Job:
        """All of it; a job whose files are damaged has failed, and says so."""
        title, created = f"Job {self.id}", ""
        try:
            request = self.read_request()
            title, created = request.title, request.created
            status = self.read_status()
        except DeepEMError as error:
            problem = f"{error} It is not needed any more: delete the folder {self.path}."
            return Job(
                id=self.id,
                kind="train",
                state="failed",
                title=title,
                created=created,
                problem=problem,
                log=self.read_log(),
            )
        return Job(
            id=self.id,
            **request.model_dump(exclude={"format_version", "data_folders"}),
            **status.model_dump(exclude={"format_version"}),
            curve=self.read_curve(),
            log=self.read_log(),
        )

    def ask_to_stop(self) -> None:
        """Leave word for its process to stop.

        Raises
        ------
        deepem.errors.OutputError
            The word cannot be left.
        """
        if not self.is_asked_to_stop():
            touch(self._cancel_path)

    def is_asked_to_stop(self) -> bool:
        """Whether somebody has asked it to stop."""
        return self._cancel_path.exists()

    def seconds_since_asked_to_stop(self) -> float | None:
        """For how long its process has known that it is to stop; None where it is not."""
        try:
            return time.time() - self._cancel_path.stat().st_mtime
        except OSError:
            return None

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Changes whenever `read` would find something new."""
        stamps = []
        for path in (self._status_path, self._events_path, self.log_path):
            try:
                info = path.stat()
            except OSError:
                stamps.append((0, 0))
            else:
                stamps.append((info.st_mtime_ns, info.st_size))
        return tuple(stamps)


def list_jobs(jobs_dir: Path) -> list[JobFolder]:
    """All jobs, oldest first; a link is none, for it may lead anywhere."""
    numbers = sorted(_list_numbers(jobs_dir).items(), key=lambda item: item[1])
    paths = (jobs_dir / name for name, _ in numbers)
    return [JobFolder(path) for path in paths if not path.is_symlink()]


def _next_number(jobs_dir: Path) -> int:
    return max(_list_numbers(jobs_dir).values(), default=_FIRST_ID - 1) + 1


def _list_numbers(jobs_dir: Path) -> dict[str, int]:
    try:
        names = os.listdir(jobs_dir)  # noqa: PTH208 (names alone, without a look at each)
    except OSError:
        return {}
    return {name: int(name) for name in names if name.isascii() and name.isdigit()}


def _read(path: Path, kind: type[_Record]) -> _Record:
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise FileFormatError(path, f"is damaged ({where}: {first['msg']}).") from error
    except ValueError as error:
        raise FileFormatError(path, f"is damaged ({error}).") from error


def _read_text(path: Path, *, last_bytes: int | None = None) -> str:
    """A text, or its end; empty where there is none, or a link. Broken characters do not matter."""
    try:
        with open(path, "rb", opener=_open_unless_link) as file:
            if last_bytes is not None:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - last_bytes))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _open_unless_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
