"""Items are done once each by the workers of a real Dask cluster, which die as they like."""

import logging
import os
import signal
import time
from functools import partial

import pytest
from functions_for_workers import (
    crash_at_three,
    fail_at_three,
    kill_always,
    kill_once,
    process_of,
    square,
    warn,
)

from deepem.cluster.dask_backend import DaskBackend
from deepem.errors import BackendError, ConfigError

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        processes=True, n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster:
        yield cluster


@pytest.fixture
def backend(cluster):
    with DaskBackend(cluster.scheduler_address, worker_timeout_s=30) as backend:
        yield backend


def test_every_item_is_done_once(backend):
    outcomes = list(backend.run(square, range(40)))
    assert sorted((o.item, o.result) for o in outcomes) == [(n, n * n) for n in range(40)]
    assert all(o.error is None for o in outcomes)


def test_a_second_run_can_have_another_function(backend):
    assert len(list(backend.run(square, range(3)))) == 3
    assert sorted(o.result for o in backend.run(fail_at_three, [5, 6])) == [5, 6]


def test_what_we_can_explain_becomes_an_outcome(backend):
    outcomes = {o.item: o for o in backend.run(fail_at_three, range(6))}
    assert isinstance(outcomes[3].error, ConfigError)
    assert outcomes[3].error.field == "number"
    assert [n for n, o in sorted(outcomes.items()) if o.error is None] == [0, 1, 2, 4, 5]


def test_a_bug_is_not_hidden(backend):
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(backend.run(crash_at_three, range(6)))


def test_warnings_of_workers_are_heard_here(backend, caplog):
    with caplog.at_level(logging.WARNING, "deepem.test"):
        assert len(list(backend.run(warn, [1, 3]))) == 2
    messages = [r.getMessage() for r in caplog.records if r.name == "deepem.test"]
    assert sorted(messages) == ["number 1 is odd", "number 3 is odd"]


def test_items_are_drawn_as_they_are_needed_and_results_let_go(backend, cluster):
    drawn, ended = [], 0

    def draw():
        for number in range(60):
            drawn.append(number)
            yield number

    for _ in backend.run(square, draw()):
        ended += 1
        assert len(drawn) - ended <= 4
        assert len(cluster.scheduler.tasks) <= 10
    assert ended == 60


def test_no_items_need_no_scheduler():
    with DaskBackend("tcp://127.0.0.1:1") as backend:
        assert list(backend.run(square, [])) == []


def test_a_scheduler_that_does_not_answer_is_named_with_the_cure():
    with (
        DaskBackend("tcp://127.0.0.1:1", connect_timeout_s=0.5) as backend,
        pytest.raises(BackendError, match=r"tcp://127\.0\.0\.1:1.*dask scheduler"),
    ):
        list(backend.run(square, [1]))


def test_a_cluster_without_workers_is_explained():
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as empty,
        DaskBackend(empty.scheduler_address, worker_timeout_s=1) as backend,
        pytest.raises(BackendError, match=r"no worker.*dask worker"),
    ):
        list(backend.run(square, [1]))


def test_the_scheduler_is_left_as_it_was(cluster):
    before = cluster.scheduler.allowed_failures, set(cluster.scheduler.worker_plugins)
    with DaskBackend(cluster.scheduler_address) as backend:
        outcomes = backend.run(process_of, range(100))
        next(outcomes)
        assert cluster.scheduler.allowed_failures == 0
        assert len(cluster.scheduler.worker_plugins) == len(before[1]) + 1
        with DaskBackend(cluster.scheduler_address) as other:
            list(other.run(square, range(2)))
        assert cluster.scheduler.allowed_failures == 0
        outcomes.close()
        assert cluster.scheduler.allowed_failures == before[0]
    assert set(cluster.scheduler.worker_plugins) == before[1]
    deadline = time.monotonic() + 5
    while cluster.scheduler.tasks and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not cluster.scheduler.tasks


def test_the_item_of_a_worker_that_died_is_done_by_another(backend, tmp_path):
    outcomes = list(backend.run(partial(kill_once, str(tmp_path)), range(8)))
    assert sorted(o.result for o in outcomes) == list(range(8))


def test_an_item_that_ends_two_workers_is_set_aside_and_named(backend):
    outcomes = {o.item: o for o in backend.run(kill_always, range(20))}
    assert isinstance(outcomes[3].error, BackendError)
    assert "3: ended its worker twice" in str(outcomes[3].error)
    assert "--resume" in str(outcomes[3].error)
    assert [o.result for n, o in sorted(outcomes.items()) if n != 3] == [*range(3), *range(4, 20)]


def test_workers_that_are_killed_from_outside_lose_nothing(backend):
    done = []
    for number, outcome in enumerate(backend.run(process_of, range(40))):
        assert outcome.error is None
        done.append(outcome.item)
        if number in (5, 15):
            os.kill(outcome.result, signal.SIGKILL)
    assert sorted(done) == list(range(40))


def test_a_worker_that_comes_late_gets_the_function_too(backend, cluster):
    seen, late = set(), None
    try:
        for number, outcome in enumerate(backend.run(process_of, range(400))):
            seen.add(outcome.result)
            if number == 5:
                cluster.scale(3)
            if len(seen) == 3:
                late = outcome.result
                break
    finally:
        cluster.scale(2)
    assert late is not None
