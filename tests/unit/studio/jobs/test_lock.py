"""The lock of a job: who holds it lives, and nobody else."""

import os
import socket
import subprocess
import sys

import pytest

from deepem.errors import OutputError
from deepem.studio.jobs.lock import Holder, is_held, read_holder, try_lock, write_holder

HOLD = """
import sys
from pathlib import Path
from deepem.studio.jobs.lock import try_lock, write_holder
path = Path(sys.argv[1])
with try_lock(path) as is_ours:
    write_holder(path)
    print(is_ours, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def holder(path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_lock_that_nobody_has_is_free(path):
    assert not is_held(path)
    assert not path.exists()
    with try_lock(path) as is_ours:
        assert is_ours
    assert not is_held(path)


def test_another_process_holds_it_until_it_is_killed(path, holder):
    assert is_held(path)
    with try_lock(path, wait_s=0.1) as is_ours:
        assert not is_ours
    assert read_holder(path) == Holder(holder.pid, socket.gethostname())
    holder.kill()
    holder.wait()
    assert not is_held(path)
    with try_lock(path) as is_ours:
        assert is_ours


def test_waiting_is_worth_it_when_the_lock_becomes_free(path, holder):
    holder.stdin.close()  # it ends by itself
    with try_lock(path, wait_s=60) as is_ours:
        assert is_ours


def test_the_holder_is_written_down(path):
    write_holder(path)
    assert read_holder(path) == Holder(os.getpid(), socket.gethostname())
    assert read_holder(path).is_on_this_machine
    assert not Holder(1, "elsewhere.example").is_on_this_machine


@pytest.mark.parametrize("content", [None, "", "12", "a b", "1 2 3"])
def test_a_holder_that_is_not_written_down_is_nobody(path, content):
    if content is not None:
        path.write_text(content)
    assert read_holder(path) is None


def test_a_lock_in_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"), try_lock(tmp_path / "no" / "lock"):
        pass
