"""Real micrographs, and the demo: the figures that users are promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deepem.networks.device import has_bfloat16

pytestmark = pytest.mark.slow


def _run(*arguments: object) -> str:
    ended = subprocess.run(
        [Path(sys.executable).with_name("deepem"), *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("network", [(), ("--network", "deepem8")], ids=["default", "deepem8"])
def test_apoferritin(network: tuple[str, ...], shared_data: Path, tmp_path: Path) -> None:
    """EMPIAR-10146: either network at default settings, five micrographs to learn from."""
    data = shared_data / "apoferritin"
    model, picks, test = tmp_path / "m.deepem", tmp_path / "picks", data / "test"
    labelled = ("--picks", data / "train", "--valid", data / "valid")
    _run("train", data / "train", *labelled, "--diameter-px", 64, "--out", model, *network)
    _run("pick", test, "--model", model, "--out", picks, "--threshold", 0)
    threshold = json.loads(_run("info", "--json", model))["threshold"]
    compare = ("evaluate", picks, "--truth", test, "--micrographs", test, "--max-distance", 20)
    figures = json.loads(_run(*compare, "--threshold", threshold, "--json"))
    assert figures["f1"] >= 0.98
    assert figures["average_precision"] >= 0.99
    if not network and has_bfloat16("cpu"):
        _run(
            "pick",
            test,
            "--model",
            model,
            "--out",
            picks,
            "--threshold",
            0,
            "--fast",
            "--overwrite",
        )
        fast = json.loads(_run(*compare, "--threshold", threshold, "--json"))
        assert fast["f1"] == pytest.approx(figures["f1"], abs=0.003)
        assert fast["average_precision"] == pytest.approx(figures["average_precision"], abs=0.001)


def test_demo(tmp_path: Path) -> None:
    """Of a demo that has run already, such as that of ``make demo``, or of one more."""
    demo = Path(os.environ.get("DEEPEM_DEMO", tmp_path / "demo"))
    if not demo.exists():
        _run("demo", "--out", demo)
    assert "average precision" in (demo / "report.html").read_text(encoding="utf-8")
    compare = ("evaluate", demo / "picks", "--truth", demo / "micrographs")
    figures = json.loads(_run(*compare, "--json"))
    assert figures["f1"] >= 0.9
