"""Picking from the page: all micrographs, again and again, whatever happens to it."""

import shutil

import pytest

from deepem.picking import Picker
from deepem.picking.scanned import read_scanned, scanned_path
from deepem.studio.jobs.queue import JobQueue
from deepem.studio.project import Project

from .conftest import wait_for_end, wait_until

MICROGRAPHS = ["mic_0001", "mic_0002", "mic_0003", "mic_0004"]


def candidates_of(project, name):
    return read_scanned(scanned_path(project.picks_dir / "001", name)).candidates


def test_all_micrographs_are_picked_those_done_before_not_again(trained_project, run_job):
    folder = trained_project.picks_dir / "001"
    run_job(trained_project, "pick", {"model": "001", "micrographs": MICROGRAPHS[:3]})
    scanned_path(folder, "mic_0004").unlink()
    before = scanned_path(folder, "mic_0001").stat().st_mtime_ns
    job = run_job(trained_project, "pick", {"model": "001"})
    assert (job.state, job.title) == ("done", "Pick all 4 micrographs with model 001")
    assert job.result == {"picks": "001", "n_done": 4, "n_failed": 0, "failures": {}}
    assert scanned_path(folder, "mic_0001").stat().st_mtime_ns == before
    picker = Picker(trained_project.models_dir / "001" / "model.deepem")
    for name in MICROGRAPHS:
        expected = picker.scan(trained_project.open(name))
        found = candidates_of(trained_project, name)
        assert found.score == pytest.approx(expected.score, abs=1e-4)
        assert found.x_px == pytest.approx(expected.x_px, abs=0.05)


def test_some_micrographs_are_picked_with_a_first_model_too(trained_project, run_job):
    shutil.rmtree(trained_project.picks_dir)
    job = run_job(
        trained_project, "pick", {"model": "001-quick", "micrographs": ["mic_0002", "mic_0002"]}
    )
    assert (job.state, job.title) == ("done", "Pick 1 micrograph with model 001-quick")
    assert (job.result["picks"], job.result["n_done"]) == ("001-quick", 1)
    folder = trained_project.picks_dir / "001-quick"
    assert [path.name for path in (folder / "candidates").iterdir()] == ["mic_0002.safetensors"]


def test_a_micrograph_that_fails_is_named_and_the_others_go_on(trained_project, run_job):
    path = trained_project.file("mic_0002").path
    path.write_bytes(path.read_bytes()[:2000])
    job = run_job(trained_project, "pick", {"model": "001", "workers": 2})
    assert job.state == "done"
    assert (job.result["n_done"], job.result["n_failed"]) == (3, 1)
    assert list(job.result["failures"]) == ["mic_0002"]
    assert "mic_0002" in job.result["failures"]["mic_0002"]


def test_where_nothing_can_be_picked_the_job_has_failed(trained_project, run_job):
    for name in MICROGRAPHS:
        trained_project.file(name).path.write_bytes(b"no micrograph")
    job = run_job(trained_project, "pick", {"model": "001"})
    assert job.state == "failed"
    assert "not one micrograph could be picked" in job.problem
    assert job.result["n_failed"] == 4


@pytest.mark.slow
def test_a_picking_that_is_cancelled_goes_on_where_it_was(trained_project):
    """What is there after a cancelled picking is whole, and the next one does the rest."""
    folder = trained_project.folder
    shutil.rmtree(trained_project.picks_dir)
    for index in range(40):
        shutil.copy(folder / "mic_0002.mrc", folder / f"copy_{index:02d}.mrc")
    project = Project(folder)
    with JobQueue(project) as queue:
        job = queue.submit("pick", {"model": "001", "workers": 2})
        wait_until(lambda: queue.get(job.id).result.get("n_done", 0) > 0)
        queue.cancel(job.id)
        job = wait_for_end(queue, job.id)
        assert (job.state, job.problem) == ("cancelled", None)
        assert job.result["n_done"] < 44
        files = list((project.picks_dir / "001" / "candidates").glob("*.safetensors"))
        assert all(read_scanned(path) is not None for path in files)
        times = {path: path.stat().st_mtime_ns for path in files}
        assert len(times) >= job.result["n_done"]
        job = wait_for_end(queue, queue.submit("pick", {"model": "001", "workers": 2}).id)
    assert (job.state, job.result["n_done"]) == ("done", 44)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())
    expected = candidates_of(project, "mic_0002")
    for index in (0, 20, 39):
        assert candidates_of(project, f"copy_{index:02d}").score.tolist() == expected.score.tolist()
