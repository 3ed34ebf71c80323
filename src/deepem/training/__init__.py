"""From labels to a model: boxes, gradient descent, threshold."""

from deepem.training.events import TrainingEvents
from deepem.training.loop import Epoch
from deepem.training.plan import Plan, plan_training
from deepem.training.samples import Samples
from deepem.training.settings import TrainingSettings
from deepem.training.train import train

__all__ = [
    "Epoch",
    "Plan",
    "Samples",
    "TrainingEvents",
    "TrainingSettings",
    "plan_training",
    "train",
]
