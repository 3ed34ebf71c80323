"""The whole story as a user types it, each command a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_DEEPEM = Path(sys.executable).with_name("deepem")


def _start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [_DEEPEM, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _run(*arguments: object) -> str:
    """Run a command that must succeed; returns its data."""
    process = _start(*arguments)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """Simulated micrographs, and the command that trains on them but for ``--out``."""
    mics = tmp_path_factory.mktemp("story") / "mics"
    common = ("--phantom", "apoferritin", "--size", 512, 512, "--particles", 25, "--snr", 0.3)
    _run("simulate", mics, *common, "--n", 6)
    _run("simulate", mics.with_name("fresh"), *common, "--n", 3, "--seed", 1)
    quick = ("--labels", "all", "--updates", 150, "--batch-size", 2, "--threads", 1)
    return ("train", mics, "--picks", mics, "--diameter", 125, *quick)


@pytest.fixture(scope="module")
def model(training: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of an unbroken training."""
    path = tmp_path_factory.mktemp("model") / "unbroken.deepem"
    _run(*training, "--out", path)
    return path


def test_simulate_train_pick_evaluate(
    training: tuple[object, ...], model: Path, tmp_path: Path
) -> None:
    mics, picks, report = Path(str(training[1])), tmp_path / "picks", tmp_path / "report.html"
    fresh = mics.with_name("fresh")
    table = _run("pick", fresh, "--model", model, "--out", picks, "--threshold", 0)
    assert len(table.splitlines()) == 4
    threshold = json.loads(_run("info", "--json", model))["threshold"]
    compare = ("evaluate", picks, "--truth", fresh, "--micrographs", fresh)
    figures = json.loads(_run(*compare, "--threshold", threshold, "--json", "--report", report))
    assert figures["recall"] >= 0.9
    assert figures["precision"] >= 0.9
    assert figures["average_precision"] >= 0.95
    assert figures["median_distance_px"] <= 2
    assert "mic_0001" in report.read_text(encoding="utf-8")
    described = _run("info", fresh / "mic_0001.mrc", picks / "mic_0001.star", model).splitlines()
    assert ["micrograph," in described[0], "coordinates," in described[1]] == [True, True]
    assert "model, particle diameter 125 Å" in described[2]


def test_a_resumed_training_gives_the_same_model(
    training: tuple[object, ...], model: Path, tmp_path: Path
) -> None:
    """Byte for byte, after a Ctrl-C and a kill."""
    resumed, checkpoint = tmp_path / "m.deepem", tmp_path / "m.deepem.checkpoint"
    process = _start(*training, "--out", resumed)
    _wait_for_epoch(checkpoint, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130, err
    assert "--resume" in err

    process = _start(*training, "--out", resumed, "--resume")
    _wait_for_epoch(checkpoint, process)
    process.kill()
    process.communicate()
    assert checkpoint.exists()
    assert not resumed.exists()

    _run(*training, "--out", resumed, "--resume")
    assert resumed.read_bytes() == model.read_bytes()
    assert not checkpoint.exists()


def _wait_for_epoch(checkpoint: Path, process: subprocess.Popen[str]) -> None:
    """Wait until the checkpoint is written, or the process has ended."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    while process.poll() is None:
        if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
            return
        time.sleep(0.01)
