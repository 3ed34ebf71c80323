"""How many cores others leave."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepem.cluster import spare_cores
from deepem.cluster.cores import count_cores
from deepem.cluster.spare_cores import SpareCores


def test_where_others_keep_all_cores_busy_one_is_left():
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count_cores())
    ]
    try:
        time.sleep(0.5)  # they start
        cores = SpareCores()
        time.sleep(1)
        assert cores.count() == 1
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_what_we_use_is_left_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stat = tmp_path / "stat"
    monkeypatch.setattr(spare_cores, "_STAT", stat)
    stat.write_text("cpu  100 0 100 9999 0 0 0 0 0 0\ncpu0 …\n", encoding="utf-8")
    cores = SpareCores()
    end = time.process_time() + 0.4
    while time.process_time() < end:
        pass
    stat.write_text("cpu  140 0 100 9999 0 0 0 0 0 0\ncpu0 …\n", encoding="utf-8")
    assert cores.count() == count_cores()


@pytest.mark.parametrize("text", [None, "", "cpu one two"])
def test_where_the_system_does_not_tell_all_cores_are_ours(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(spare_cores, "_STAT", tmp_path / "stat")
    if text is not None:
        (tmp_path / "stat").write_text(text, encoding="utf-8")
    assert SpareCores().count() == count_cores()
