"""Projects of small simulated micrographs, with jobs in real processes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.io import write_mrc
from deepem.simulation import make_phantom, simulate_dataset
from deepem.studio.jobs.queue import JobQueue
from deepem.studio.jobs.record import Job
from deepem.studio.labels import LabelStore
from deepem.studio.labels.operations import Operation
from deepem.studio.project import Project

N_MICROGRAPHS = 4
N_CLICKS = 6
N_UPDATES = 10
_RIBOSOME = make_phantom("ribosome")
# Far more than a machine needs that does nothing else.
_LONGEST_S = 400.0


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Let each job take one core, whatever else runs here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four micrographs, of which the first has six clicked particles."""
    folder = tmp_path_factory.mktemp("template") / "mics"
    folder.mkdir()
    scenes = list(
        simulate_dataset(
            _RIBOSOME,
            N_MICROGRAPHS,
            n_particles=16,
            pixel_size_angstrom=15,
            seed=0,
            shape=(240, 310),
            snr=0.5,
        )
    )
    for scene in scenes:
        pixels = scene.micrograph.pixels().astype(np.float32)
        write_mrc(folder / f"{scene.micrograph.name}.mrc", pixels, pixel_size_angstrom=15)
    project = Project(folder)
    project.update(diameter_angstrom=_RIBOSOME.diameter_angstrom)
    truth = scenes[0].truth
    clicks = zip(truth.x_px[:N_CLICKS], truth.y_px[:N_CLICKS], strict=True)
    LabelStore(project).apply(
        scenes[0].micrograph.name,
        [Operation("add", "particle", float(x), float(y)) for x, y in clicks],
    )
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of the folder."""
    return shutil.copytree(template, tmp_path / "mics")


@pytest.fixture
def project(folder: Path) -> Project:
    """A project of that folder."""
    return Project(folder)


@pytest.fixture
def queue(project: Project) -> Iterator[JobQueue]:
    """Its jobs; what still runs at the end is cancelled."""
    with JobQueue(project) as queue:
        yield queue
        end_all(queue)


def end_all(queue: JobQueue) -> None:
    """Cancel all jobs, and wait until they have ended."""
    for job in queue.list():
        queue.cancel(job.id)
    for job in queue.list():
        wait_for_end(queue, job.id)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _LONGEST_S
    while not is_so():
        assert time.monotonic() < deadline, "this takes too long"
        time.sleep(0.05)


def wait_for_end(queue: JobQueue, job_id: str) -> Job:
    """The job, when it is over."""
    wait_until(lambda: queue.get(job_id).is_over)
    return queue.get(job_id)


def wait_for_stage(queue: JobQueue, job_id: str, stage: str) -> None:
    """Wait until a job is at a stage whose name begins so."""

    def is_there() -> bool:
        job = queue.get(job_id)
        assert not job.is_over, f"{job.state}: {job.problem}; {job.log}"
        return job.stage.startswith(stage)

    wait_until(is_there)


class Heard(list[Mapping[str, Any]]):
    """What was published."""

    def jobs(self, job_id: str) -> list[dict[str, Any]]:
        """The states of a job, one after the other."""
        return [e["job"] for e in self if e["type"] == "job" and e["job"]["id"] == job_id]

    def picks(self) -> list[str]:
        """Numbers of the sets of picks that were told of."""
        return [e["id"] for e in self if e["type"] == "picks"]


@dataclass(frozen=True)
class Trained:
    """A project with a model, the job that made it, and what was published."""

    project: Project
    job: Job
    heard: Heard


@pytest.fixture(scope="session")
def trained(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """What a short training has left, and what was published of it; not to be changed."""
    folder = shutil.copytree(template, tmp_path_factory.mktemp("trained") / "mics")
    heard = Heard()
    with JobQueue(Project(folder), heard.append) as queue:
        options = {"updates": N_UPDATES, "look_at": ["mic_0003"]}
        job = wait_for_end(queue, queue.submit("train", options).id)
    assert job.state == "done", f"{job.problem} {job.log}"
    return Trained(Project(folder), job, heard)


@pytest.fixture
def trained_project(trained: Trained, tmp_path: Path) -> Project:
    """A copy of the project with a model."""
    return Project(shutil.copytree(trained.project.folder, tmp_path / "mics"))


@pytest.fixture
def run_job() -> Callable[[Project, str, Mapping[str, Any]], Job]:
    """Run a job to its end, in a queue of its own."""

    def run_job(project: Project, kind: str, options: Mapping[str, Any]) -> Job:
        with JobQueue(project) as queue:
            return wait_for_end(queue, queue.submit(kind, options).id)

    return run_job
