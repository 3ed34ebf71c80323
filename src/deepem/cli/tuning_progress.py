"""Shows a search for better settings on the terminal: a bar for each training, a line after it."""

from __future__ import annotations

import math
from pathlib import Path

from rich.progress import Progress, TaskID

from deepem.cli.console import Failures, print_note
from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.training import Epoch
from deepem.training.search_space import Candidate
from deepem.training.trials import Objective, TrialRecord
from deepem.training.tuning_events import TuningEvents


class TuningProgress(TuningEvents):
    """Draws on a progress display; a micrograph that fails is told to ``failures`` once."""

    def __init__(self, progress: Progress, failures: Failures, objective: Objective) -> None:
        self._progress = progress
        self._failures = failures
        self._objective: Objective = objective
        self._task: TaskID | None = None
        self._stage = ""
        self._failed: set[tuple[str, Path | None]] = set()
        self.n_ended = 0

    def trial_began(self, number: int, n_trials: int, candidate: Candidate) -> None:
        """Start a bar."""
        self._start(f"Trial {number} of {n_trials}: {_say(candidate)}")

    def whole_began(self, candidate: Candidate) -> None:
        """Start a bar."""
        which = "The default" if candidate.is_default else "The best"
        print_note(f"{which} settings, trained in full: {_say(candidate)}")
        self._start("Training in full")

    def trained(self, epoch: Epoch) -> None:
        """Move the bar."""
        detail = ""
        if not math.isnan(epoch.valid_accuracy):
            detail = f"held out {epoch.valid_accuracy:.1%}"
        if self._task is None:
            self._task = self._progress.add_task(self._stage, total=epoch.n_epochs, detail="")
        self._progress.update(
            self._task, completed=epoch.number, total=epoch.n_epochs, detail=detail
        )

    def trial_ended(self, trial: TrialRecord) -> None:
        """Print what came out."""
        self._start("")
        self.n_ended += 1
        name = f"Trial {trial.number}" if trial.share < 1 else f"Settings {trial.number} in full"
        if trial.state == "done":
            result = ", ".join(
                f"{_LABELS[figure]} {trial.figures[figure]:.3f}"
                for figure in dict.fromkeys((self._objective, "precision", "recall"))
            )
        else:
            result = "given up" if trial.state == "pruned" else f"failed: {trial.problem}"
        print_note(f"{name} ({trial.seconds:.0f} s): {result}")

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        """Go on without it."""
        key = (micrograph.name, micrograph.path)
        if key not in self._failed:
            self._failed.add(key)
            self._failures.add(error)

    def _start(self, stage: str) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._stage, self._task = stage, None


_LABELS = {
    "f1": "F1",
    "f2": "F2",
    "average_precision": "average precision",
    "precision": "precision",
    "recall": "recall",
}


def _say(candidate: Candidate) -> str:
    return f"{candidate.design.describe()}, binned {candidate.factor:g} times"
