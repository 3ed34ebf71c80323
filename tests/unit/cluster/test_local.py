"""Items are done once each, whatever happens to the processes that do them."""

import logging
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from functions_for_workers import (
    EndsWhileItStarts,
    crash_at_three,
    fail_at_three,
    kill_always,
    kill_once,
    process_of,
    square,
    warn,
)

from deepem.cluster.local import LocalProcesses, ThisProcess
from deepem.errors import BackendError, ConfigError, DeepEMError


@pytest.fixture(params=[ThisProcess, partial(LocalProcesses, 2)], ids=["this", "processes"])
def backend(request):
    with request.param() as backend:
        yield backend


def test_every_item_is_done_once(backend):
    outcomes = list(backend.run(square, range(20)))
    assert sorted((o.item, o.result) for o in outcomes) == [(n, n * n) for n in range(20)]
    assert all(o.error is None for o in outcomes)


def test_a_second_run_can_have_another_function(backend):
    assert len(list(backend.run(square, range(3)))) == 3
    assert sorted(o.result for o in backend.run(fail_at_three, [5, 6])) == [5, 6]


def test_what_we_can_explain_becomes_an_outcome(backend):
    outcomes = {o.item: o for o in backend.run(fail_at_three, range(6))}
    assert sorted(outcomes) == list(range(6))
    assert isinstance(outcomes[3].error, ConfigError)
    assert str(outcomes[3].error) == "number: three is not allowed"
    assert [n for n, o in outcomes.items() if o.error is not None] == [3]


def test_a_bug_is_not_hidden(backend):
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(backend.run(crash_at_three, range(6)))


def test_items_are_drawn_as_they_are_needed(backend):
    drawn = []

    def draw():
        for number in range(100):
            drawn.append(number)
            yield number

    outcomes = backend.run(square, draw())
    next(outcomes)
    assert len(drawn) <= 4
    outcomes.close()


def test_no_items_need_no_worker(backend):
    assert list(backend.run(square, [])) == []


def test_work_is_shared_and_workers_serve_the_next_run():
    with LocalProcesses(2) as backend:
        first = {o.result for o in backend.run(process_of, range(8))}
        second = {o.result for o in backend.run(process_of, range(8))}
    assert len(first) == 2
    assert os.getpid() not in first
    assert first == second


def test_the_item_of_a_worker_that_died_is_done_by_another(tmp_path):
    with LocalProcesses(2) as backend:
        outcomes = list(backend.run(partial(kill_once, str(tmp_path)), range(8)))
    assert sorted(o.result for o in outcomes) == list(range(8))


def test_an_item_that_ends_two_workers_is_set_aside_and_named():
    with LocalProcesses(2) as backend:
        outcomes = {o.item: o for o in backend.run(kill_always, range(8))}
    assert sorted(outcomes) == list(range(8))
    assert isinstance(outcomes[3].error, BackendError)
    assert "3: ended its worker twice (by signal SIGKILL)" in str(outcomes[3].error)
    assert "--resume" in str(outcomes[3].error)
    assert [o.result for n, o in sorted(outcomes.items()) if n != 3] == [0, 1, 2, 4, 5, 6, 7]


def test_workers_that_are_killed_from_outside_lose_nothing():
    with LocalProcesses(2) as backend:
        done = []
        for number, outcome in enumerate(backend.run(process_of, range(30))):
            done.append(outcome.item)
            assert outcome.error is None
            if number in (5, 15):
                os.kill(outcome.result, signal.SIGKILL)
    assert sorted(done) == list(range(30))


def test_workers_that_end_while_they_start_are_replaced(tmp_path):
    with LocalProcesses(2) as backend:
        outcomes = list(backend.run(EndsWhileItStarts(tmp_path, 2), range(6)))
    assert sorted(o.result for o in outcomes) == list(range(6))


def test_workers_that_never_start_are_an_error_that_says_what_to_do(tmp_path):
    with (
        LocalProcesses(2) as backend,
        pytest.raises(BackendError, match=r"ended while they started.*SIGKILL.*--workers 1"),
    ):
        list(backend.run(EndsWhileItStarts(tmp_path, 100), range(6)))


def test_warnings_of_workers_are_heard_here(caplog):
    with LocalProcesses(2) as backend, caplog.at_level(logging.WARNING, "deepem"):
        assert len(list(backend.run(warn, [1, 3]))) == 2
    assert sorted(record.getMessage() for record in caplog.records) == [
        "number 1 is odd",
        "number 3 is odd",
    ]


def test_workers_end_when_their_run_is_broken_off():
    with LocalProcesses(2) as backend:
        outcomes = backend.run(process_of, range(100))
        pids = {next(outcomes).result for _ in range(6)}
        outcomes.close()
        assert not any(map(_is_alive, pids))


def test_workers_end_when_this_process_is_killed(tmp_path):
    """Else a night of killed runs would fill the memory."""
    script = tmp_path / "main.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from functions_for_workers import process_of\n"
        "from deepem.cluster.local import LocalProcesses\n"
        "if __name__ == '__main__':\n"
        "    with LocalProcesses(2) as backend:\n"
        "        for outcome in backend.run(process_of, range(10000)):\n"
        "            print(outcome.result, flush=True)\n"
    )
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as main:
        assert main.stdout is not None
        pids = {int(main.stdout.readline()) for _ in range(10)}
        main.kill()
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(map(_is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_alive, pids))


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_errors_of_workers_keep_their_class_and_fields():
    with LocalProcesses(1) as backend:
        (outcome,) = backend.run(fail_at_three, [3])
    assert isinstance(outcome.error, DeepEMError)
    assert outcome.error.field == "number"
