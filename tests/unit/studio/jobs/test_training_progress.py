"""What a training is expected to do, and how far it says that it is."""

import math

import pytest

from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.record import JobRequest, now
from deepem.studio.jobs.stage_plan import StagePlan
from deepem.studio.jobs.threads import FittingThreads
from deepem.studio.jobs.training_progress import TrainingProgress, expect_stages
from deepem.studio.jobs.work import Work
from deepem.training import Epoch

FEW = {"n_micrographs": 1, "finds_more": None, "has_start": False, "updates": None}


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        """The time."""
        return self.seconds


@pytest.fixture
def job(project):
    request = JobRequest(kind="train", title="Train", created=now())
    return JobFolder.create(project.jobs_dir, request)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def work(job, project, clock):
    return Work(job, project, {}, created_s=990.0, clock=clock)


def epoch(number, n_epochs, **figures):
    figures = {"error": 0.5, "accuracy": 0.9, "valid_accuracy": math.nan} | figures
    return Epoch(number=number, n_epochs=n_epochs, **figures)


def follow(work: Work, plan: StagePlan, *, share: float = 0.9) -> TrainingProgress:
    """Progress of a training whose first model nobody wants."""
    return TrainingProgress(
        work, plan, share=share, on_first_model=lambda model: None, threads=FittingThreads()
    )


def run(progress, clock, job, stages):
    """Fractions on disk after each step of each stage, which has so many."""
    fractions = []
    for stage, n_epochs in stages:
        progress.began(stage)
        for number in range(1, n_epochs + 1):
            clock.seconds += 1
            progress.trained(epoch(number, n_epochs))
            fractions.append(job.read_status().fraction)
    return fractions


def test_few_labels_are_learnt_in_three_stages(work, job, clock):
    progress = follow(work, expect_stages(10, **FEW))
    stages = [
        ("Learning from the labels alone", 4),
        ("Learning from what was found, round 1", 4),
        ("Training", 4),
    ]
    fractions = run(progress, clock, job, stages)
    assert fractions == sorted(fractions)
    assert 0.1 < fractions[3] < 0.35
    assert fractions[-1] == pytest.approx(0.9)


def test_labels_that_turn_out_to_be_all_are_borne(work, job, clock):
    progress = follow(work, expect_stages(60, **FEW))
    stages = [("Learning from the labels alone", 4), ("Training", 8)]
    fractions = run(progress, clock, job, stages)
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(0.9)


def test_the_parts_of_a_cross_validation_are_called_so(work, job, clock):
    plan = expect_stages(300, n_micrographs=3, finds_more=None, has_start=False, updates=None)
    progress = follow(work, plan, share=1.0)
    stages = [("Training", 4)]
    for part in (1, 2):
        stages += [(f"Cross-validation, part {part} of 2", 0), ("Training", 4)]
    fractions = run(progress, clock, job, stages)
    assert fractions == sorted(fractions)
    assert fractions[3] == pytest.approx(1 / 3, abs=0.01)
    assert fractions[-1] == pytest.approx(1.0)
    names = list(dict.fromkeys(point.stage for point in job.read_curve()))
    assert names == [
        "Training",
        "Cross-validation, part 1 of 2",
        "Cross-validation, part 2 of 2",
    ]


def test_going_on_from_a_model_learns_no_clicks():
    plan = expect_stages(10, n_micrographs=1, finds_more=True, has_start=True, updates=50)
    plan.begin("Learning from what was found, round 1")
    assert plan.fraction(1.0) == pytest.approx(0.5)


def test_figures_that_are_not_known_are_null(work, job):
    progress = follow(work, expect_stages(10, **FEW))
    progress.began("Training")
    progress.trained(epoch(1, 2, accuracy=math.nan, valid_accuracy=0.75))
    (point,) = job.read_curve()
    assert (point.stage, point.step, point.n_steps, point.loss) == ("Training", 1, 2, 0.5)
    assert (point.accuracy, point.valid_accuracy) == (None, 0.75)


def test_a_curve_goes_on_between_epochs(work, job):
    plan = expect_stages(10, **FEW)
    progress = follow(work, plan)
    progress.began("Training")
    for n_done in (10, 20, 30, 40, 50):
        progress.updated(n_done, 65, 1 / n_done)
    progress.trained(epoch(1, 2, valid_accuracy=0.75))
    progress.updated(60, 65, 0.01)
    progress.trained(epoch(2, 2, error=0.005))
    points = job.read_curve()
    assert [(point.step, point.n_steps) for point in points] == [
        (step, 65) for step in (10, 20, 30, 40, 50, 50, 60, 65)
    ]
    assert [point.accuracy for point in points] == [None] * 5 + [0.9, None, 0.9]
    assert [point.loss for point in points[4:]] == [0.02, 0.02, 0.01, 0.005]
    assert points[5].valid_accuracy == 0.75

    # The next stage may have a network that tells of its epochs alone.
    progress.began("Cross-validation, part 1 of 2")
    progress.trained(epoch(1, 2))
    assert job.read_curve()[-1].n_steps == 2


def test_progress_never_goes_back_and_is_not_written_all_the_time(work, job, clock):
    clock.seconds = 2000.0
    work.begin("Picking", 0.5)
    work.move_to(0.6)
    assert job.read_status().fraction == 0.5
    clock.seconds += 0.3
    work.move_to(0.55, "Picking: 3 of 5", n_done=3)
    status = job.read_status()
    assert (status.fraction, status.stage, status.result) == (0.6, "Picking: 3 of 5", {"n_done": 3})
    work.add_result(n_failed=1)
    assert job.read_status().result == {"n_done": 3, "n_failed": 1}
    assert work.seconds() == pytest.approx(1010.3)
    work.end("failed", "Out of ice")
    status = job.read_status()
    assert (status.state, status.problem, status.fraction) == ("failed", "Out of ice", 0.6)
