"""Tells the page how a training goes: stages, curves, and how far the whole is."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.networks import Model
from deepem.studio.jobs.record import CurvePoint
from deepem.studio.jobs.stage_plan import StagePlan
from deepem.studio.jobs.threads import FittingThreads
from deepem.studio.jobs.work import Work
from deepem.training import Epoch, Plan, TrainingEvents
from deepem.training.few_labels import N_ROUNDS, are_labels_many, first_settings, n_round_updates
from deepem.training.settings import DenseSettings

logger = logging.getLogger("deepem.studio")

_FIRST, _ROUND, _MAIN, _FOLD = (
    "Learning from the labels alone",
    "Learning from what was found",
    "Training",
    "Cross-validation",
)
# The first network learns from smaller crops.
_FIRST_WORK = 0.5
_N_FOLDS = 2


class TrainingProgress(TrainingEvents):
    """Writes what happens into the job's folder; micrographs that fail are left out.

    Parameters
    ----------
    work
        The job.
    plan
        What is expected to happen.
    share
        Share of the whole job, 0 to 1, that the training is.
    on_first_model
        Is given the first model, if there is one.
    threads
        Are fitted to what else the machine does.
    """

    def __init__(
        self,
        work: Work,
        plan: StagePlan,
        *,
        share: float,
        on_first_model: Callable[[Model], None],
        threads: FittingThreads,
    ) -> None:
        self._work, self._plan, self._share = work, plan, share
        self._on_first_model, self._threads = on_first_model, threads
        self._stage = ""
        # The last that was said of a stage between its epochs: updates done, in all, error.
        self._told: tuple[int, int, float] | None = None

    def planned(self, plan: Plan, n_train: int, n_valid: int) -> None:
        """Write down the network and its scale."""
        scale = plan.scale
        logger.info(
            "diameter %.0f px, binned %g times, %s; %d micrographs to learn from, %d held out",
            scale.diameter_px, scale.factor, plan.design.describe(), n_train, n_valid,
        )  # fmt: skip

    def began(self, stage: str) -> None:
        """Say so; a training that is part of a cross-validation is called by that."""
        if not (stage == _MAIN and self._stage.startswith(_FOLD)):
            self._stage = stage
            self._plan.begin(stage)
        self._told = None
        self._work.begin(self._stage, self._share * self._plan.fraction(0.0))
        logger.info("%s", self._stage)

    def sampled(self, n_particles: int, n_negatives: int | None, n_held_out: int) -> None:
        """Write down what is learnt from."""
        logger.info("%s: %d particles", self._stage, n_particles)

    def updated(self, n_done: int, n_updates: int, error: float) -> None:
        """Add the error to its curve."""
        self._threads.fit()
        self._told = n_done, n_updates, error
        self._add_point(n_done, n_updates, error)

    def trained(self, epoch: Epoch) -> None:
        """Add the figures to the curves; steps are updates, where these were told."""
        step, n_steps, error = self._told or (epoch.number, epoch.n_epochs, epoch.error)
        if epoch.number == epoch.n_epochs and step < n_steps:
            step, error = n_steps, epoch.error
        figures = {
            "accuracy": _known(epoch.accuracy),
            "valid_accuracy": _known(epoch.valid_accuracy),
        }
        self._add_point(step, n_steps, error, **figures)

    def _add_point(self, step: int, n_steps: int, error: float, **figures: float | None) -> None:
        point = CurvePoint(stage=self._stage, step=step, n_steps=n_steps, loss=error, **figures)
        self._work.add_point(point)
        self._work.move_to(self._share * self._plan.fraction(step / n_steps))

    def first_model(self, model: Model) -> None:
        """Hand it on, and say again what is done when that is over."""
        self._on_first_model(model)
        self._work.begin("Looking for particles without a label")

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        """Go on without it."""
        logger.warning("%s; left out", error)


def expect_stages(
    n_labels: int,
    *,
    n_micrographs: int,
    finds_more: bool | None,
    has_start: bool,
    updates: int | None,
    is_residual: bool = True,
) -> StagePlan:
    """What a training will probably do, before it has begun.

    Parameters
    ----------
    n_labels
        Labelled particles.
    n_micrographs
        Micrographs with particles.
    finds_more
        Whether the labels are some of the particles; None where the training finds out.
    has_start
        Whether it goes on from a model.
    updates
        Number of updates that the user wants; None for the usual.
    is_residual
        Whether the network is the residual one; else it is that of boxes.
    """
    settings = DenseSettings(updates=updates)
    stages: list[tuple[str, float]] = []
    if is_residual and (not are_labels_many(n_labels) if finds_more is None else finds_more):
        if not has_start:
            _, n_first = first_settings(settings, n_labels)
            stages.append((_FIRST, _FIRST_WORK * n_first))
        n_round = n_round_updates(settings)
        stages += [(_ROUND, n_round)] * (N_ROUNDS - 1) + [(_MAIN, n_round)]
    else:
        n_updates = settings.n_updates(n_labels)
        stages.append((_MAIN, n_updates))
        if _N_FOLDS <= n_micrographs < 5:
            stages += [(_FOLD, n_updates)] * _N_FOLDS
    return StagePlan(stages)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
