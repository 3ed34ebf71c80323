"""``deepem pick --resume`` and its workers, and ``deepem watch``, as commands."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Deepem = Callable[..., Any]


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_resuming_a_finished_run_changes_nothing(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    common = ("pick", mics, "--model", model, "--out", tmp_path / "picks")
    first = deepem(*common)
    before = _contents(tmp_path / "picks")
    second = deepem(*common, "--resume")
    assert (first.code, second.code) == (0, 0)
    assert second.out == first.out
    assert _contents(tmp_path / "picks") == before
    assert {"report/summary.html", "report/micrographs.csv", "report/micrographs.star"} < set(
        before
    )


def test_resume_in_a_new_folder_simply_begins(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    common = ("pick", mics, "--model", model, "--out")
    assert deepem(*common, tmp_path / "a", "--resume").code == 0
    assert deepem(*common, tmp_path / "b").code == 0
    assert _contents(tmp_path / "a") == _contents(tmp_path / "b")


def test_a_changed_threshold_is_explained(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    common = ("pick", mics, "--model", model, "--out", tmp_path / "picks", "--threshold")
    assert deepem(*common, 0.4).code == 0
    ended = deepem(*common, 0.6, "--resume")
    assert ended.code == 1
    assert "made with other settings: threshold 0.4 then, 0.6 now" in ended.err
    assert deepem(*common, 0.6, "--resume", "--overwrite").code == 0
    assert (
        deepem("pick", mics, "--model", model, "--out", tmp_path / "new", "--threshold", 0.6).code
        == 0
    )
    assert _contents(tmp_path / "picks") == _contents(tmp_path / "new")


def test_two_workers_make_the_same_as_none(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    (mics / "bad.mrc").write_bytes(b"no micrograph")
    common = ("pick", mics, "--model", model, "--out")
    one = deepem(*common, tmp_path / "one")
    two = deepem(*common, tmp_path / "two", "--workers", 2)
    assert (one.code, two.code) == (3, 3)
    assert sorted(one.out.splitlines()) == sorted(two.out.splitlines())
    assert "in 2 processes" in two.err
    assert "bad.mrc" in two.err
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_it_says_where_it_computes_and_why(
    deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "p", "--device", "cpu")
    assert re.search(r"Picking on the processor \(as asked for\), \d+ cores?", ended.err)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--backend", "cloud"), "--backend: is 'cloud'; choose from local, dask, slurm"),
        (("--backend", "dask"), "--scheduler: .*start one with 'dask scheduler'"),
        (
            ("--backend", "dask", "--scheduler", "tcp://a:1", "--workers", "2"),
            "--workers: are those of the scheduler: start .* with 'dask worker'",
        ),
        (("--scheduler", "tcp://a:1"), "--scheduler: belongs to --backend dask"),
        (("--backend", "slurm"), "--queue-options: .*docs/how-to/cluster.md"),
        (("--queue-options", "a.toml"), "--queue-options: belong to --backend slurm"),
        (("--fast",), "--fast: a network of boxes has no fast way; leave it out"),
        (("--device", "tpu"), "--device: is 'tpu'; choose from auto, cpu, cuda, mps"),
    ],
)
def test_options_that_do_not_go_together(
    options: tuple[str, ...], cure: str, deepem: Deepem, mics: Path, model: Path, tmp_path: Path
) -> None:
    ended = deepem("pick", mics, "--model", model, "--out", tmp_path / "picks", *options)
    assert ended.code == 2
    assert re.search(cure, ended.err)
    assert not (tmp_path / "picks").exists()


@contextmanager
def _watching(folder: Path, model: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from deepem.cli import main; main()", "watch", str(folder)]
    command += ["--model", str(model), "--out", str(out), "--interval", "0.3"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read_names(process: subprocess.Popen[str], n: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().split("\t")[0] for _ in range(n)]


@pytest.mark.parametrize(
    "how",
    [
        "stop file",
        pytest.param("abort file", marks=pytest.mark.slow),
        "SIGINT",
        pytest.param("SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_watching_ends_cleanly_and_goes_on_where_it_was(
    how: str, mics: Path, model: Path, tmp_path: Path, deepem: Deepem
) -> None:
    folder, out = tmp_path / "live", tmp_path / "picks"
    folder.mkdir()
    with _watching(folder, model, out) as process:
        assert _read_names(process, 1) == ["micrograph"]
        shutil.copy(mics / "mic_0001.mrc", folder)
        assert _read_names(process, 1) == ["mic_0001"]
        if how.endswith("file"):
            (out / ("STOP" if how == "stop file" else "RELION_JOB_ABORT_NOW")).touch()
        else:
            time.sleep(0.5)  # it waits for more
            process.send_signal(getattr(signal, how))
        _, messages = process.communicate(timeout=60)
        assert process.returncode == (0 if how.endswith("file") else 130), messages
        assert "The same command goes on from here" in messages
        assert "Traceback" not in messages
    report = (out / "report" / "micrographs.csv").read_text()
    assert report.count("picked") == 1
    shutil.copy(mics / "mic_0002.mrc", folder)
    with _watching(folder, model, out) as process:
        assert _read_names(process, 3) == ["micrograph", "mic_0001", "mic_0002"]
        (out / "STOP").touch()
        process.communicate(timeout=60)
    assert deepem("pick", folder, "--model", model, "--out", tmp_path / "at_once").code == 0
    assert _contents(out) == _contents(tmp_path / "at_once")
