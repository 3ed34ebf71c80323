"""The folder of a job: numbers, damage, the end of its log."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from deepem.errors import FileFormatError, OutputError
from deepem.studio.jobs.folder import JobFolder, list_jobs
from deepem.studio.jobs.record import CurvePoint, JobRequest, JobStatus, now

REQUEST = JobRequest(kind="pick", title="Pick", created=now(), options={"model": "001"})
POINT = CurvePoint(stage="Training", step=1, n_steps=4, loss=0.5, accuracy=0.9)


@pytest.fixture
def job(tmp_path):
    return JobFolder.create(tmp_path / "jobs", REQUEST)


def test_a_new_job_waits_and_has_the_next_number(job, tmp_path):
    assert job.id == "0001"
    assert job.read_request() == REQUEST
    found = job.read()
    assert (found.id, found.state, found.title, found.options) == (
        "0001",
        "queued",
        "Pick",
        {"model": "001"},
    )
    assert (found.curve, found.log, found.problem, found.fraction) == ((), (), None, None)
    assert JobFolder.create(tmp_path / "jobs", REQUEST).id == "0002"
    (tmp_path / "jobs" / "0041").mkdir()
    (tmp_path / "jobs" / "notes").mkdir()
    assert JobFolder.create(tmp_path / "jobs", REQUEST).id == "0042"
    assert [folder.id for folder in list_jobs(tmp_path / "jobs")] == [
        "0001",
        "0002",
        "0041",
        "0042",
    ]


def test_jobs_made_at_the_same_time_have_different_numbers(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: JobFolder.create(tmp_path, REQUEST).id, range(40)))
    assert sorted(made) == [f"{number:04d}" for number in range(1, 41)]
    assert all(folder.read().state == "queued" for folder in list_jobs(tmp_path))
    assert len(list(tmp_path.iterdir())) == 40  # nothing else is left there


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "jobs").write_text("a file")
    with pytest.raises(OutputError, match="jobs"):
        JobFolder.create(tmp_path / "jobs", REQUEST)


def test_status_curve_and_log_come_back(job):
    status = JobStatus(state="running", started=now(), stage="Training", fraction=0.25)
    job.write_status(status)
    job.add_point(POINT)
    job.add_point(POINT.model_copy(update={"step": 2}))
    job.log_path.write_text("one\ntwo\n")
    assert job.read_status() == status
    found = job.read()
    assert (found.state, found.stage, found.fraction) == ("running", "Training", 0.25)
    assert [point.step for point in found.curve] == [1, 2]
    assert found.curve[0] == POINT
    assert found.log == ("one", "two")


def test_the_stamp_changes_with_every_file(job):
    stamps = [job.stamp()]
    job.write_status(JobStatus(state="running"))
    stamps.append(job.stamp())
    job.add_point(POINT)
    stamps.append(job.stamp())
    job.log_path.write_text("a line\n")
    stamps.append(job.stamp())
    assert len(set(stamps)) == 4


def test_half_a_line_of_the_curve_is_left_out(job):
    job.add_point(POINT)
    with (job.path / "events.jsonl").open("a") as file:
        file.write('{"stage": "Training", "st')
    assert job.read_curve() == (POINT,)


def test_only_the_end_of_a_long_log_is_shown_whatever_is_in_it(job):
    job.log_path.write_bytes(
        b"\xff\x00 no text\n" + b"".join(b"line %d\n" % i for i in range(9000))
    )
    assert job.read_log() == tuple(f"line {i}" for i in range(8950, 9000))
    job.log_path.write_bytes(b"x" * 100_000)
    (line,) = job.read_log()
    assert line == "x" * 500
    job.log_path.write_bytes(b"\xff\xfe")
    assert job.read_log() == ("\ufffd\ufffd",)


@pytest.mark.parametrize("name", ["job.json", "state.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"state": "asleep"}', b"\xff\xfe", b'{"fraction": NaN}']
)
def test_a_damaged_job_has_failed_and_says_which_file(job, name, content):
    (job.path / name).write_bytes(content)
    found = job.read()
    assert found.state == "failed"
    assert name in found.problem
    assert f"delete the folder {job.path}" in found.problem
    read = job.read_request if name == "job.json" else job.read_status
    with pytest.raises(FileFormatError, match=name):
        read()


def test_a_job_without_its_request_has_failed(job):
    (job.path / "job.json").unlink()
    assert job.read().state == "failed"
    assert "job.json" in job.read().problem


def test_a_request_to_stop_stays_as_old_as_it_is(job):
    assert not job.is_asked_to_stop()
    assert job.seconds_since_asked_to_stop() is None
    job.ask_to_stop()
    before = (job.path / "cancel").stat().st_mtime_ns
    job.ask_to_stop()
    assert job.is_asked_to_stop()
    assert (job.path / "cancel").stat().st_mtime_ns == before
    assert job.seconds_since_asked_to_stop() >= 0
