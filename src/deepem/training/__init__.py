"""From labels to a model, again and again: recipes, validation, learning cycle, tuning.

The names below are imported when they are first used: what to label next is told without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepem.training.cycle import Refinement, refine
    from deepem.training.cycles import Cycle, TrainedInCycles, train_in_cycles
    from deepem.training.events import TrainingEvents
    from deepem.training.learning import train
    from deepem.training.loop import Epoch
    from deepem.training.plan import Plan, plan_training
    from deepem.training.settings import DenseSettings, TrainingSettings
    from deepem.training.suggest import suggest_labels
    from deepem.training.training_set import TrainingSet
    from deepem.training.tuning import Tuning, tune
    from deepem.training.tuning_events import TuningEvents

_FILES = {
    "cycle": ("Refinement", "refine"),
    "cycles": ("Cycle", "TrainedInCycles", "train_in_cycles"),
    "events": ("TrainingEvents",),
    "learning": ("train",),
    "loop": ("Epoch",),
    "plan": ("Plan", "plan_training"),
    "settings": ("DenseSettings", "TrainingSettings"),
    "suggest": ("suggest_labels",),
    "training_set": ("TrainingSet",),
    "tuning": ("Tuning", "tune"),
    "tuning_events": ("TuningEvents",),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "Cycle",
    "DenseSettings",
    "Epoch",
    "Plan",
    "Refinement",
    "TrainedInCycles",
    "TrainingEvents",
    "TrainingSet",
    "TrainingSettings",
    "Tuning",
    "TuningEvents",
    "plan_training",
    "refine",
    "suggest_labels",
    "train",
    "train_in_cycles",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module 'deepem.training' has no attribute '{name}'")
    return getattr(import_module(f"deepem.training.{_FILE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
