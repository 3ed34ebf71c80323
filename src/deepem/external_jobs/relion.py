"""How a job of RELION behaves: exit files, list of outputs, requests to stop."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Literal, Self

from deepem.io import write_atomically

OutputKind = Literal["coordinates", "logfile"]

_SUCCESS = "RELION_JOB_EXIT_SUCCESS"
_FAILURE = "RELION_JOB_EXIT_FAILURE"
_ABORTED = "RELION_JOB_EXIT_ABORTED"
_ABORT_NOW = "RELION_JOB_ABORT_NOW"
_OUTPUTS = "RELION_OUTPUT_NODES.star"


class JobAborted(KeyboardInterrupt):
    """The user, or the queue, wants the job to stop: handled like Ctrl-C."""


@dataclass(frozen=True)
class Dialect:
    """What one generation of RELION calls the outputs of a job.

    Parameters
    ----------
    generation
        Its version without what follows the first number.
    column
        Column of the output table that holds the types.
    types
        Type of each kind of output.
    """

    generation: int
    column: str
    types: Mapping[OutputKind, str]


_LABEL_COLUMN = "rlnPipeLineNodeTypeLabel"
RELION_3 = Dialect(3, "rlnPipeLineNodeType", {"coordinates": "2", "logfile": "13"})
RELION_4 = Dialect(
    4,
    _LABEL_COLUMN,
    {
        "coordinates": "MicrographsCoords.star.relion.autopick",
        "logfile": "LogFile.pdf.relion.autopick",
    },
)
RELION_5 = Dialect(
    5,
    _LABEL_COLUMN,
    {
        "coordinates": "MicrographCoordsGroup.star.relion.autopick",
        "logfile": "LogFile.pdf.relion.autopick",
    },
)
# Types that RELION 5 has other names for.
_NAMES_OF_4 = re.compile(r"\b(Micrographs(Data|Coords)|MicrographMoviesData|ParticlesData)\.star")


def find_dialect(folder: Path) -> Dialect:
    """Tell which generation of RELION started a job, from what it has written.

    Parameters
    ----------
    folder
        The job. RELION describes its inputs in ``job_pipeline.star`` there; else the project's
        ``default_pipeline.star`` is looked at, and without both it is taken for RELION 5.
    """
    for path in (folder / "job_pipeline.star", Path("default_pipeline.star")):
        with suppress(OSError):
            text = path.read_text(encoding="utf-8", errors="replace")
            if _LABEL_COLUMN in text:
                return RELION_4 if _NAMES_OF_4.search(text) else RELION_5
            if f"_{RELION_3.column}" in text:
                return RELION_3
    return RELION_5


class RelionJob:
    """A job in a folder of a RELION project, as a context.

    However the block ends, RELION is told: success, failure on an error, aborted after Ctrl-C,
    a signal to terminate, or a request that `check_abort` has seen. Only a kill leaves no word.

    Parameters
    ----------
    folder
        What RELION passes as ``--o``, such as ``External/job012/``, relative to the project.

    Examples
    --------
    >>> with RelionJob("External/job012/") as job:  # doctest: +SKIP
    ...     for micrograph in micrographs:
    ...         job.check_abort()
    ...         ...
    ...     job.add_output("autopick.star", "coordinates")
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._outputs: dict[str, OutputKind] = {}
        self._handler_before: Any = None

    @property
    def dialect(self) -> Dialect:
        """Which generation of RELION started the job."""
        return find_dialect(self.folder)

    def __enter__(self) -> Self:
        _clear(self.folder)
        if threading.current_thread() is threading.main_thread():
            self._handler_before = signal.signal(signal.SIGTERM, _stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._handler_before is not None:
            signal.signal(signal.SIGTERM, self._handler_before)
        is_aborted = isinstance(error, KeyboardInterrupt)
        end = _SUCCESS if error is None else _ABORTED if is_aborted else _FAILURE
        try:
            # After an abort too: RELION reads it when the user marks the job as finished.
            if self._outputs and end != _FAILURE:
                self._write_outputs()
        except BaseException:
            end = _FAILURE
            raise
        finally:
            # The exit file last: RELION reads the others as soon as it sees it.
            (self.folder / _ABORT_NOW).unlink(missing_ok=True)
            (self.folder / end).touch()

    def add_output(self, name: str, kind: OutputKind) -> None:
        """List a file of the job's folder, which must exist at the end, as its output."""
        self._outputs[name] = kind

    def check_abort(self) -> None:
        """Stop where the user has asked for it in RELION's window.

        Raises
        ------
        JobAborted
            There is such a request.
        """
        if (self.folder / _ABORT_NOW).exists():
            raise JobAborted("aborted in RELION")

    def _write_outputs(self) -> None:
        dialect = self.dialect
        with write_atomically(self.folder / _OUTPUTS, overwrite=True) as file:
            file.write("\ndata_output_nodes\n\nloop_\n")
            file.write(f"_rlnPipeLineNodeName #1\n_{dialect.column} #2\n")
            for name, kind in self._outputs.items():
                file.write(f"{(self.folder / name).as_posix()} {dialect.types[kind]}\n")


def mark_failed(folder: str | Path) -> None:
    """Tell RELION that a job failed before it began, as by a wrong option."""
    _clear(Path(folder))
    (Path(folder) / _FAILURE).touch()


def _clear(folder: Path) -> None:
    """Remove what an earlier run of the job left: RELION would take it for the end of this one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (_SUCCESS, _FAILURE, _ABORTED, _ABORT_NOW):
        (folder / name).unlink(missing_ok=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise JobAborted(f"stopped by {signal.Signals(number).name}")
