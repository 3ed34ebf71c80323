"""What a search for better settings reports, and the reporter that gives up hopeless trials."""

from __future__ import annotations

import math
from collections.abc import Callable

from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.networks import Model
from deepem.training.events import TrainingEvents
from deepem.training.loop import Epoch
from deepem.training.plan import Plan
from deepem.training.search_space import Candidate
from deepem.training.trials import TrialRecord

_N_STEPS = 10
_FIRST_STEP = 3


class TuningEvents(TrainingEvents):
    """Does nothing at each event; override what you want to see.

    The events of each training come between ``trial_began`` and ``trial_ended``.
    """

    def trial_began(self, number: int, n_trials: int, candidate: Candidate) -> None:
        """A trial begins."""

    def trial_ended(self, trial: TrialRecord) -> None:
        """A trial, or a whole training at the end, is over."""

    def whole_began(self, candidate: Candidate) -> None:
        """A training in full begins, of the winner or of the default settings."""


class AccuracyReporter(TrainingEvents):
    """Passes events on, and tells the held-out accuracy at each tenth of a training.

    Parameters
    ----------
    events
        Gets every event.
    report
        Gets the tenth, 3 to 10, and the accuracy. Each tenth comes once: only the first network
        of a training counts, not those of a cross-validation after it. May raise to give up.
    """

    def __init__(self, events: TrainingEvents, report: Callable[[int, float], None]) -> None:
        self._events = events
        self._report = report
        self._next_step = _FIRST_STEP

    def planned(self, plan: Plan, n_train: int, n_valid: int) -> None:
        """Pass on."""
        self._events.planned(plan, n_train, n_valid)

    def began(self, stage: str) -> None:
        """Pass on."""
        self._events.began(stage)

    def sampled(self, n_particles: int, n_negatives: int | None, n_held_out: int) -> None:
        """Pass on."""
        self._events.sampled(n_particles, n_negatives, n_held_out)

    def updated(self, n_done: int, n_updates: int, error: float) -> None:
        """Pass on."""
        self._events.updated(n_done, n_updates, error)

    def trained(self, epoch: Epoch) -> None:
        """Pass on, and report every tenth that is reached, where accuracy is measured."""
        self._events.trained(epoch)
        if math.isnan(epoch.valid_accuracy):
            return
        reached = _N_STEPS * epoch.number // epoch.n_epochs
        while self._next_step <= reached:
            step, self._next_step = self._next_step, self._next_step + 1
            self._report(step, epoch.valid_accuracy)

    def first_model(self, model: Model) -> None:
        """Pass on."""
        self._events.first_model(model)

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        """Pass on."""
        self._events.failed(micrograph, error)
