"""From labels to a model, again and again: recipes, validation, learning cycle, tuning."""

from deepem.training.cycle import Refinement, refine
from deepem.training.cycles import Cycle, TrainedInCycles, train_in_cycles
from deepem.training.events import TrainingEvents
from deepem.training.loop import Epoch
from deepem.training.plan import Plan, plan_training
from deepem.training.settings import DenseSettings, TrainingSettings
from deepem.training.suggest import suggest_labels
from deepem.training.train import train
from deepem.training.training_set import TrainingSet
from deepem.training.tune import Tuning, tune
from deepem.training.tuning_events import TuningEvents

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
