"""Items are done by the jobs of a real SLURM, whatever happens to the jobs."""

import itertools
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "cluster"))
from functions_for_workers import process_of, square

from deepem.cluster.queues import QueueBackend
from deepem.errors import BackendError

pytestmark = pytest.mark.slurm


@pytest.fixture
def options_file(tmp_path):
    path = tmp_path / "site.toml"
    tests = Path(__file__).parents[1] / "unit" / "cluster"
    path.write_text(
        "[slurm]\n"
        "cores = 1\n"
        "memory = '500MB'\n"
        "jobs = 2\n"
        "walltime = '00:10:00'\n"
        f"log_directory = '{tmp_path}/logs'\n"
        f"local_directory = '{tmp_path}/scratch'\n"
        f"job_script_prologue = ['export PYTHONPATH={tests}']\n"
        "scheduler_options = { dashboard_address = ':0' }\n"
    )
    return path


def test_jobs_do_all_items_and_end(slurm, options_file):
    with QueueBackend("slurm", options_file) as backend:
        outcomes = list(backend.run(square, range(20)))
        assert len(slurm.list_jobs()) == 2
    assert sorted((o.item, o.result) for o in outcomes) == [(n, n * n) for n in range(20)]
    deadline = time.monotonic() + 30
    while slurm.list_jobs() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert slurm.list_jobs() == []


def test_a_job_that_is_cancelled_is_replaced_and_nothing_is_lost(slurm, options_file):
    done, processes, jobs = [], set(), set()
    with QueueBackend("slurm", options_file, lost_after_s=1) as backend:
        for number, outcome in enumerate(backend.run(process_of, range(600))):
            assert outcome.error is None
            done.append(outcome.item)
            processes.add(outcome.result)
            if number % 20 == 0:
                jobs |= set(slurm.list_jobs())
            if number == 60:
                slurm.cancel(slurm.list_jobs()[0])
    assert sorted(done) == list(range(600))
    assert len(jobs) == 3
    assert len(processes) == 3


def test_a_process_that_is_killed_is_started_again_in_its_job(slurm, options_file):
    done, processes = [], set()
    until_replaced = itertools.takewhile(lambda _: len(processes) < 3, range(5000))
    with QueueBackend("slurm", options_file, lost_after_s=120) as backend:
        for number, outcome in enumerate(backend.run(process_of, until_replaced)):
            assert outcome.error is None
            done.append(outcome.item)
            processes.add(outcome.result)
            if number == 100:
                jobs = slurm.list_jobs()
                os.kill(outcome.result, signal.SIGKILL)
        assert slurm.list_jobs() == jobs
    assert len(processes) == 3
    assert sorted(done) == list(range(len(done)))


def test_a_job_that_cannot_be_is_explained(slurm, options_file):
    options_file.write_text(options_file.read_text() + "queue = 'nowhere'\n")
    with (
        QueueBackend("slurm", options_file) as backend,
        pytest.raises(BackendError, match=r"(?s)invalid partition.*#SBATCH -p nowhere"),
    ):
        list(backend.run(square, range(3)))
