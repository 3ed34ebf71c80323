"""Streams and exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deepem.cli.app import _explain
from deepem.cli.console import ExitCode, Failures, check_writable, count, make_progress, print_data
from deepem.errors import ConfigError, FileFormatError, OutputError


def test_data_and_errors_go_to_different_streams(capsys: pytest.CaptureFixture[str]) -> None:
    print_data("mic_1\t12")
    Failures().add(FileFormatError("mic_2.mrc", "is empty"))
    assert capsys.readouterr() == ("mic_1\t12\n", "Error: mic_2.mrc: is empty\n")


@pytest.mark.parametrize(
    ("n_failed", "n_done", "code"),
    [
        (0, 5, ExitCode.DONE),
        (0, 0, ExitCode.DONE),
        (2, 3, ExitCode.SOME_FAILED),
        (2, 0, ExitCode.FAILED),
    ],
)
def test_exit_code_tells_whether_some_or_all_failed(
    n_failed: int, n_done: int, code: ExitCode
) -> None:
    failures = Failures()
    for number in range(n_failed):
        failures.add(FileFormatError(f"mic_{number}.mrc", "is empty"))
    assert failures.exit_code(n_done) == code


def test_square_brackets_in_names_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    Failures().add(FileFormatError("mic [bold]1[/bold].mrc", "is empty"))
    assert "mic [bold]1[/bold].mrc: is empty" in capsys.readouterr().err


def _run(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-c", f"from deepem.cli.console import *\n{code}"],
        text=True,
        stderr=subprocess.PIPE,
        check=False,
        **options,
    )


def test_work_goes_on_when_the_reader_has_seen_enough() -> None:
    """As in ``deepem pick … | head -1``: no traceback, and the rest of the work is done."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = _run("for n in range(9): print_data('x' * 9999)\nprint_note('all done')", stdout=writer)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "all done\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_data_that_cannot_be_written_are_an_error() -> None:
    code = "try: print_data('x')\nexcept OutputError as error: print_error(str(error))"
    with Path("/dev/full").open("w") as full:
        ended = _run(code, stdout=full)
    assert ended.returncode == 0
    assert ended.stderr.startswith("Error: standard output: cannot be written")
    assert "free some space" in ended.stderr


def test_any_file_name_can_be_printed() -> None:
    """Names that are not UTF-8, and terminals that know only ASCII."""
    code = "prepare_streams()\nprint_data('mic_\\udcff_Å')\nprint_error('mic_\\udcff_Å')"
    ended = _run(code, stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.stdout == "mic_\\udcff_\\xc5\n"
    assert ended.stderr == "Error: mic_\\udcff_\\xc5\n"


def test_no_progress_bar_in_a_log_file(capsys: pytest.CaptureFixture[str]) -> None:
    with make_progress() as progress:
        task = progress.add_task("Picking", total=3, detail="")
        progress.update(task, advance=3, detail="9 particles")
    assert capsys.readouterr() == ("", "")


def test_data_reach_their_file_while_a_bar_is_drawn_on_the_terminal() -> None:
    """As in ``deepem pick … > picks.tsv``, typed in a terminal."""
    pty = pytest.importorskip("pty")
    terminal, stderr = pty.openpty()
    code = (
        "with make_progress() as progress:\n"
        "    progress.add_task('Picking', total=3, detail='')\n"
        "    print_data('mic_1')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", f"from deepem.cli.console import *\n{code}"],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
        env={**os.environ, "TERM": "xterm"},
    )
    drawn = os.read(terminal, 10_000)
    os.close(stderr)
    os.close(terminal)
    assert ended.stdout == "mic_1\n"
    assert b"Picking" in drawn


def test_check_writable_leaves_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "report.html", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_check_writable_keeps_the_file_that_exists(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("old")
    with pytest.raises(OutputError, match="--overwrite"):
        check_writable(report, overwrite=False)
    check_writable(report, overwrite=True)
    assert report.read_text() == "old"


def test_count_knows_the_plural() -> None:
    assert [count(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize(
    ("error", "explanation"),
    [
        (ConfigError("n_particles", "too many"), "--particles: too many"),
        (FileFormatError("a.mrc", "is empty"), "a.mrc: is empty"),
        (PermissionError(13, "Permission denied", "a"), "a: Permission denied; check its name"),
        (MemoryError(), "not enough memory. Close"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "not enough memory. Close"),
    ],
)
def test_errors_are_explained(error: Exception, explanation: str) -> None:
    assert (_explain(error) or "").startswith(explanation)


def test_a_bug_is_not_explained_away() -> None:
    assert _explain(KeyError("x")) is None
