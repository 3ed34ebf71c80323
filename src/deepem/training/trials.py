"""What became of the trials of a search, and the table that says it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from deepem.io import write_atomically

State = Literal["done", "pruned", "failed"]
Objective = Literal["f2", "f1", "average_precision"]

FIGURES = ("precision", "recall", "f1", "f2", "average_precision")
_SETTINGS = (
    "network", "bin", "box_px", "layers", "kernels", "pools", "maps", "activation", "dilations",
    "stem", "learning_rate", "length",
)  # fmt: skip
_STATES: tuple[State, ...] = ("done", "pruned", "failed")


@dataclass(frozen=True)
class TrialRecord:
    """One training of a search.

    Parameters
    ----------
    number
        Of the trial, from 0; trial 0 has the default settings.
    state
        ``done``, ``pruned`` (given up halfway) or ``failed``.
    share
        Share of a whole training that was done.
    settings
        By name.
    seconds
        How long it took.
    figures
        Precision, recall, f1, f2 and average precision on the validation micrographs.
    threshold
        The threshold chosen there.
    problem
        Why it failed.
    """

    number: int
    state: State
    share: float
    settings: dict[str, Any]
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    threshold: float | None = None
    problem: str = ""

    def score(self, objective: Objective) -> float:
        """The figure that the search is for; -1 for a trial without figures."""
        return self.figures.get(objective, -1.0)


def rank_trials(trials: Iterable[TrialRecord], objective: Objective) -> list[TrialRecord]:
    """Whole trainings first, then trials, best first; those without figures last."""

    def place(trial: TrialRecord) -> tuple[int, int, float, int]:
        is_part = trial.share < 1
        return _STATES.index(trial.state), is_part, -trial.score(objective), trial.number

    return sorted(trials, key=place)


def write_trials(
    path: Path,
    trials: Sequence[TrialRecord],
    *,
    objective: Objective,
    notes: Sequence[str],
    chosen: TrialRecord | None = None,
) -> None:
    """Write the table: tab-separated, a row a training, best first; notes stand above as ``#``."""
    text = io.StringIO()
    for note in notes:
        text.write(f"# {_one_line(note)}\n")
    rows = csv.writer(text, delimiter="\t", lineterminator="\n")
    rows.writerow(
        ("trial", "state", "chosen", "training", "objective", *FIGURES, "threshold", "seconds",
         *_SETTINGS, "problem")
    )  # fmt: skip
    for trial in rank_trials(trials, objective):
        rows.writerow(
            (
                trial.number,
                trial.state,
                "yes" if trial == chosen else "",
                f"{trial.share:g}",
                trial.figures.get(objective, ""),
                *(trial.figures.get(name, "") for name in FIGURES),
                "" if trial.threshold is None else trial.threshold,
                f"{trial.seconds:.1f}",
                *(trial.settings.get(name, "") for name in _SETTINGS),
                _one_line(trial.problem),
            )
        )
    with write_atomically(path, overwrite=True) as file:
        file.write(text.getvalue())


def _one_line(text: str) -> str:
    return " ".join(text.split())
