"""``deepem pick`` on a cluster writes what it writes here, whatever happens to the workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

N_FILES = 60


def _pick(many: Path, out: Path, *options: str) -> list[str]:
    names = [str(path) for path in sorted((many / "mics").glob("*.mrc"))[:N_FILES]]
    return [
        *(sys.executable, "-c", "from deepem.cli import main; main()", "pick", *names),
        *("--model", str(many / "m.deepem"), "--out", str(out), *options),
    ]


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def expected(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What picking here, one after the other, writes."""
    out = tmp_path_factory.mktemp("here") / "picks"
    subprocess.run(_pick(many, out, "--workers", "1"), capture_output=True, check=True)
    return _contents(out)


@pytest.fixture
def cluster() -> Generator[Any]:
    """A Dask cluster of two processes; another takes the place of one that dies."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_dask_workers_that_are_killed_in_the_middle_cost_nothing(
    many: Path, expected: dict[str, bytes], cluster: Any, tmp_path: Path
) -> None:
    address = cluster.scheduler_address
    command = _pick(many, tmp_path / "picks", "--backend", "dask", "--scheduler", address)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for n_lines in (5, 20):  # both workers, one after the other
            for _ in range(n_lines):
                process.stdout.readline()
            victim = next(iter(cluster.workers.values())).process.pid
            os.kill(victim, signal.SIGKILL)
        _, messages = process.communicate(timeout=120)
    assert process.returncode == 0, messages
    assert _contents(tmp_path / "picks") == expected


@pytest.mark.slurm
def test_slurm_jobs_write_what_is_written_here(
    many: Path, expected: dict[str, bytes], slurm: Any, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        "[slurm]\n"
        "cores = 1\n"
        "memory = '1GB'\n"
        "walltime = '00:10:00'\n"
        f"log_directory = '{tmp_path}/logs'\n"
        f"local_directory = '{tmp_path}/scratch'\n"
        "scheduler_options = { dashboard_address = ':0' }\n"
    )
    options = ("--backend", "slurm", "--queue-options", str(site), "--workers", "2")
    command = _pick(many, tmp_path / "picks", *options)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(10):
            process.stdout.readline()
        slurm.cancel(slurm.list_jobs()[0])
        _, messages = process.communicate(timeout=240)
    assert process.returncode == 0, messages
    assert "in 2 SLURM jobs" in messages
    assert _contents(tmp_path / "picks") == expected
