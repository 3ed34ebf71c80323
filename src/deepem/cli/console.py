"""What commands print: data to stdout, everything else to stderr."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.text import Text

from deepem.errors import DeepEMError, OutputError


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    INTERRUPTED = 130


console = Console(stderr=True, highlight=False, soft_wrap=True)


def print_data(line: str) -> None:
    """One line of data to stdout; nothing happens where nobody reads it any more (``| head``).

    Raises
    ------
    deepem.errors.OutputError
        Stdout goes to a file that cannot be written.
    """
    if sys.stdout is None:  # closed by the shell (>&-)
        return
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        # What is still in the buffer must not raise again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            problem = f"cannot be written: {error.strerror}; free some space or choose another file"
            raise OutputError("standard output", problem) from error


def print_note(text: str) -> None:
    """A line of information to stderr."""
    console.print(text, markup=False)


def print_warning(text: str) -> None:
    """A line that needs attention, to stderr."""
    console.print("[bold yellow]Warning:[/]", end=" ")
    console.print(text, markup=False)


def print_error(text: str) -> None:
    """Why a command or a file failed, to stderr."""
    console.print("[bold red]Error:[/]", end=" ")
    console.print(text, markup=False)


def count(n: int, noun: str) -> str:
    """``1 micrograph``, ``2 micrographs``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


class Failures:
    """Files that failed: each is named at once, with its reason, and the others go on."""

    def __init__(self) -> None:
        self._n = 0

    def add(self, error: DeepEMError) -> None:
        """Say which file failed and why."""
        print_error(str(error))
        self._n += 1

    def exit_code(self, n_done: int) -> ExitCode:
        """How the command ends when ``n_done`` files succeeded."""
        if not self._n:
            return ExitCode.DONE
        if not n_done:
            return ExitCode.FAILED
        print_note(f"{count(self._n, 'file')} failed, named above; {n_done} done.")
        return ExitCode.SOME_FAILED


class _LogToConsole(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            print_warning(record.getMessage())


def show_library_warnings() -> None:
    """Show what the library logs at level warning; only programs do this, never the library."""
    logger = logging.getLogger("deepem")
    if not any(isinstance(handler, _LogToConsole) for handler in logger.handlers):
        logger.addHandler(_LogToConsole())
        logger.propagate = False


def prepare_streams() -> None:
    """Let no file name stop a message, and keep what other libraries say to programmers away."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


class _RateColumn(ProgressColumn):
    """How many are done in a second or, where that is less than one, how long one takes."""

    def render(self, task: Task) -> Text:
        if not task.speed:
            return Text("")
        return Text(f"{task.speed:.1f}/s" if task.speed >= 1 else f"{1 / task.speed:.1f} s each")


def make_progress() -> Progress:
    """A progress bar on stderr: what, how far, how fast, how long still; none in a file."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal or console.is_dumb_terminal,
        # Data on the terminal go above the bar. Data in a file or pipe must stay there.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
    )


def make_status() -> Status:
    """A line on stderr that says what is going on; none in a file."""
    shown = console if console.is_terminal and not console.is_dumb_terminal else Console(quiet=True)
    return Status("", console=shown)


class _Tried(Exception):  # noqa: N818 (no error)
    pass


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Fail before the work, not after it, where a file cannot be written.

    Raises
    ------
    deepem.errors.OutputError
        It exists already, or it cannot be written.
    """
    from deepem.io import write_atomically

    with suppress(_Tried), write_atomically(path, overwrite=overwrite):
        raise _Tried


def use_threads(n_threads: int | None) -> None:
    """Limit the cores that computing uses."""
    if n_threads is not None:
        import torch

        torch.set_num_threads(n_threads)
