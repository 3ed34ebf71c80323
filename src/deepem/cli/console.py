"""What commands print: data to stdout, everything else to stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    INTERRUPTED = 130


console = Console(stderr=True, highlight=False, soft_wrap=True)


def print_data(line: str) -> None:
    """One line of data to stdout."""
    sys.stdout.write(f"{line}\n")


def print_note(text: str) -> None:
    """A line of information to stderr."""
    console.print(text, markup=False)


def print_warning(text: str) -> None:
    """A line that needs attention, to stderr."""
    console.print("Warning:", style="bold yellow", end=" ")
    console.print(text, markup=False)


def print_error(text: str) -> None:
    """Why a command or a file failed, to stderr."""
    console.print("Error:", style="bold red", end=" ")
    console.print(text, markup=False)


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


def make_progress() -> Progress:
    """A progress bar on stderr: what, how far, how long still."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
        console=console,
    )


def report_failures(failures: Iterable[tuple[Path | str, Exception]], n_done: int) -> ExitCode:
    """Name every failed file with its reason; returns how the command ends."""
    failures = list(failures)
    for _, error in failures:
        print_error(str(error))
    if not failures:
        return ExitCode.DONE
    if n_done == 0:
        return ExitCode.FAILED
    print_note(f"{len(failures)} of {len(failures) + n_done} files failed; the others are done.")
    return ExitCode.SOME_FAILED


def use_threads(n_threads: int | None) -> None:
    """Limit the cores that computing uses."""
    if n_threads is not None:
        import torch

        torch.set_num_threads(n_threads)
