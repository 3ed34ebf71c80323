"""The queue: one job at a time, told to the pages, stopped when asked to, whatever is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deepem.errors import ConfigError, NotFoundError
from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.lock import is_held, read_holder, try_lock, write_holder
from deepem.studio.jobs.queue import JobQueue
from deepem.studio.jobs.record import JobRequest, JobStatus, now

from .conftest import N_UPDATES, Heard, wait_for_end, wait_for_stage, wait_until

SERVER = Path(__file__).with_name("server.py")
LONG = {"updates": 5000}
PICK = {"model": "001", "micrographs": ["mic_0001"]}


def ask_for(project, kind="pick", **options):
    """Write a request down, as a server would, without starting anything."""
    request = JobRequest(kind=kind, title="A job", created=now(), options=options)
    return JobFolder.create(project.jobs_dir, request)


def has_ended(pid):
    """Whether a process that a queue here has started is over."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # the queue was faster
        return True


def test_a_request_that_could_only_fail_makes_no_job(queue, project):
    with pytest.raises(NotFoundError, match="train one first"):
        queue.submit("pick", {"model": "001"})
    with pytest.raises(ConfigError, match="choose from"):
        queue.submit("dance", {})
    assert queue.list() == []
    assert not project.jobs_dir.exists()


def test_an_unknown_job_is_not_found(queue):
    for ask in (queue.get, queue.cancel, queue.folder):
        for wrong in ("0001", "../0001", ""):
            with pytest.raises(NotFoundError, match="no job"):
                ask(wrong)


def test_jobs_run_one_at_a_time_and_stop_when_asked_to(project):
    """A job that runs, one that waits and never runs, and one that runs after the first."""
    heard = Heard()
    with JobQueue(project, heard.append) as queue:
        first = queue.submit("train", LONG)
        waiting = queue.submit("train", LONG)
        last = queue.submit("train", LONG)
        assert [job.id for job in queue.list()] == ["0003", "0002", "0001"]
        wait_for_stage(queue, first.id, "Learning")
        assert queue.get(waiting.id).state == queue.get(last.id).state == "queued"
        stopped = queue.cancel(waiting.id)
        assert (stopped.state, stopped.started) == ("cancelled", None)
        queue.cancel(first.id)
        assert wait_for_end(queue, first.id).state == "cancelled"
        wait_until(lambda: queue.get(last.id).state == "running")
        queue.cancel(last.id)
        ended = wait_for_end(queue, last.id)
    assert (ended.state, ended.problem) == ("cancelled", None)
    assert ended.ended >= ended.started >= queue.get(first.id).ended
    assert not any(job["state"] == "running" for job in heard.jobs(waiting.id))
    assert list(project.models_dir.iterdir()) == []  # nothing half done is left
    assert queue.cancel(first.id) == queue.get(first.id)  # what is over stays as it is


def test_a_training_that_is_cancelled_leaves_its_first_model(project):
    with JobQueue(project) as queue:
        job = queue.submit("train", {"updates": 4 * N_UPDATES})
        wait_until(lambda: "first_picks" in queue.get(job.id).result)
        queue.cancel(job.id)
        job = wait_for_end(queue, job.id)
    assert job.state == "cancelled"
    assert "model" not in job.result
    assert (project.models_dir / "001" / "quick.deepem").is_file()
    assert not (project.models_dir / "001" / "model.deepem").exists()


def test_a_job_outlives_a_server_that_is_killed(trained_project):
    """The next server finds the job that runs, and starts the one that waits."""
    request = ["train", json.dumps({"updates": 2 * N_UPDATES}), "pick", json.dumps(PICK)]
    with subprocess.Popen(
        [sys.executable, str(SERVER), str(trained_project.folder), *request],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout.readline() == "submitted\n"
        first = JobFolder(trained_project.jobs_dir / "0002")  # after the one of the fixture
        wait_until(lambda: first.read().stage.startswith("Learning"))
        server.kill()
    assert is_held(first.lock_path)
    heard = Heard()
    with JobQueue(trained_project, heard.append) as queue:
        assert queue.get("0002").state == "running"
        assert queue.get("0003").state == "queued"
        picked = wait_for_end(queue, "0003")
        trained = queue.get("0002")
    assert (trained.state, trained.result["model"]) == ("done", "002")
    assert (picked.state, picked.result["n_done"]) == ("done", 1)
    assert picked.started >= trained.ended
    assert heard.jobs("0002")[-1]["state"] == "done"
    assert "002" in heard.picks()


def test_a_job_that_is_killed_has_failed_and_the_next_begins(trained_project):
    with JobQueue(trained_project) as queue:
        killed = queue.submit("train", LONG)
        wait_for_stage(queue, killed.id, "Learning")
        next_one = queue.submit("pick", PICK)
        os.kill(read_holder(queue.folder(killed.id).lock_path).pid, signal.SIGKILL)
        job = wait_for_end(queue, killed.id)
        assert wait_for_end(queue, next_one.id).state == "done"
    assert job.state == "failed"
    assert "was killed" in job.problem
    assert "start it again" in job.problem
    assert job.ended is not None


def test_a_process_that_does_not_stop_is_killed(project):
    """One that was frozen, and was asked to stop long ago."""
    with JobQueue(project) as queue:
        job = queue.submit("train", LONG)
        wait_for_stage(queue, job.id, "Learning")
        folder = queue.folder(job.id)
        os.kill(read_holder(folder.lock_path).pid, signal.SIGSTOP)
        queue.cancel(job.id)
        os.utime(folder.path / "cancel", (1, 1))
        job = wait_for_end(queue, job.id)
    assert (job.state, job.problem) == ("cancelled", None)


def test_a_job_whose_folder_is_deleted_ends(project):
    with JobQueue(project) as queue:
        job = queue.submit("train", LONG)
        wait_for_stage(queue, job.id, "Learning")
        folder = queue.folder(job.id)
        pid = read_holder(folder.lock_path).pid
        shutil.rmtree(project.home)
        assert queue.list() == []
        wait_until(lambda: has_ended(pid))
    assert not project.home.exists()


def test_a_process_is_only_stopped_while_it_holds_the_lock(project):
    """Its number may be that of another process by now: here it is our own."""
    folder = ask_for(project, model="001")
    folder.write_status(JobStatus(state="running", started=now()))
    with try_lock(folder.lock_path):
        write_holder(folder.lock_path)
    folder.ask_to_stop()
    os.utime(folder.path / "cancel", (1, 1))
    with JobQueue(project) as queue:
        assert wait_for_end(queue, folder.id).state == "cancelled"


def test_two_servers_do_not_do_the_same_job_twice(trained_project):
    folder = ask_for(trained_project, **PICK)
    heard = Heard(), Heard()
    with (
        JobQueue(trained_project, heard[0].append) as one,
        JobQueue(trained_project, heard[1].append) as other,
    ):
        assert wait_for_end(one, folder.id).state == "done"
        assert wait_for_end(other, folder.id).state == "done"
        wait_until(lambda: not is_held(folder.lock_path))
    assert sum("begun" in line for line in folder.read_log()) == 1
    for told in heard:
        assert told.jobs(folder.id)[-1]["state"] == "done"


def test_a_job_of_a_machine_that_was_switched_off_has_failed(project):
    folder = ask_for(project, model="001")
    folder.write_status(JobStatus(state="running", started=now(), stage="Picking", fraction=0.5))
    with JobQueue(project) as queue:
        job = wait_for_end(queue, folder.id)
        assert job == queue.list()[0]
    assert (job.state, job.stage, job.fraction) == ("failed", "Picking", 0.5)
    assert "switched off" in job.problem
    assert folder.read_status().state == "failed"


@pytest.mark.parametrize("damage", ["no request", "bad request", "bad state", "nothing at all"])
def test_damaged_jobs_are_listed_and_stop_nobody(trained_project, damage):
    folder = ask_for(trained_project, **PICK)
    if damage == "no request":
        (folder.path / "job.json").unlink()
    elif damage == "bad request":
        (folder.path / "job.json").write_text('{"kind": "dance"}')
    elif damage == "bad state":
        (folder.path / "state.json").write_text("{")
    else:
        for path in folder.path.iterdir():
            path.unlink()
    with JobQueue(trained_project) as queue:
        job = queue.get(folder.id)
        assert job.state == "failed"
        assert "delete the folder" in job.problem
        assert queue.cancel(folder.id) == job
        assert queue.submit("pick", PICK).id == "0003"
        queue.cancel("0003")
        assert wait_for_end(queue, "0003").is_over


def test_what_cannot_be_done_says_why(project, run_job):
    """The model was deleted after the request."""
    folder = ask_for(project, **PICK)
    with JobQueue(project) as queue:
        job = wait_for_end(queue, folder.id)
    assert job.state == "failed"
    assert "there is no such model file" in job.problem


def test_what_nobody_has_foreseen_is_said_with_its_file(project):
    folder = ask_for(project, "train", updates="many")
    with JobQueue(project) as queue:
        job = wait_for_end(queue, folder.id)
    assert job.state == "failed"
    assert "should not happen" in job.problem
    assert str(folder.log_path) in job.problem
    assert any("Traceback" in line for line in job.log)


def test_a_process_that_cannot_begin_says_what_it_said(project, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    folder = ask_for(project, **PICK)
    with JobQueue(project) as queue:
        job = wait_for_end(queue, folder.id)
    assert job.state == "failed"
    assert "ended before it began" in job.problem
    assert str(folder.log_path) in job.problem


def test_a_log_that_cannot_be_written_is_said(project):
    folder = ask_for(project, **PICK)
    folder.log_path.mkdir()
    with JobQueue(project) as queue:
        job = wait_for_end(queue, folder.id)
    assert job.state == "failed"
    assert "cannot be started" in job.problem


def test_a_queue_that_is_closed_starts_nothing(project):
    queue = JobQueue(project)
    folder = ask_for(project, **PICK)
    assert queue.get(folder.id).state == "queued"
    with queue:
        pass
    state = queue.get(folder.id).state
    late = ask_for(project, **PICK)
    assert queue.get(late.id).state == "queued"
    assert state in ("queued", "running")
    with JobQueue(project) as another:
        assert wait_for_end(another, folder.id).state == "failed"
        assert wait_for_end(another, late.id).state == "failed"
