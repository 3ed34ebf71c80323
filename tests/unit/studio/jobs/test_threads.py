"""Threads are fitted to what else the machine does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import torch

from deepem.cluster.cores import count_cores
from deepem.studio.jobs.threads import FittingThreads


@pytest.fixture
def two_threads() -> Iterator[None]:
    """Torch with two threads, as if nobody had limited it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_beside_busy_programs_one_thread_computes():
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count_cores())
    ]
    try:
        time.sleep(0.5)
        threads = FittingThreads()
        time.sleep(1)
        threads.fit()
        assert torch.get_num_threads() == 1
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_a_limit_of_the_user_is_kept():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        threads = FittingThreads()
        time.sleep(0.3)
        threads.fit()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
