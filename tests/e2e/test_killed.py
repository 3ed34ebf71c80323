"""A picking that is killed again and again, at any moment, ends as one that was left alone."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

N_KILLS = 20


def _command(many: Path, out: str, *options: str) -> list[str]:
    return [
        *(sys.executable, "-c", "from deepem.cli import main; main()", "pick"),
        *(str(many / "mics"), "--model", str(many / "m.deepem"), "--out", str(many / out)),
        *("--format", "box,star,particles", "--workers", "2", "--threads", "2", *options),
    ]


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_killed_twenty_times_at_random_moments(many: Path) -> None:
    n_files = len(list((many / "mics").glob("*.mrc")))
    unbroken = subprocess.run(_command(many, "a"), capture_output=True, text=True, check=True)
    expected = _contents(many / "a")
    assert len(unbroken.stdout.splitlines()) == n_files + 1
    assert sum(name.endswith(".box") for name in expected) == n_files

    moment = random.Random(0)  # noqa: S311 (no secret)
    n_done = [0]
    for _ in range(N_KILLS):
        with subprocess.Popen(
            _command(many, "b", "--resume"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            for _ in range(1 + n_done[-1] + moment.randint(0, 18)):  # a head, old and new ones
                process.stdout.readline()
            time.sleep(moment.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
        n_done.append(len(list((many / "b").glob("*.star"))))
    assert n_done == sorted(n_done)
    assert len(set(n_done)) > N_KILLS / 2  # it was in the middle of the work

    subprocess.run(_command(many, "b", "--resume"), capture_output=True, text=True, check=True)
    assert _contents(many / "b") == expected
