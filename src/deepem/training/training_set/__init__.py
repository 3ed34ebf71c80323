"""The training set: an open folder of coordinates and a manifest, which a user can edit."""

from deepem.training.training_set.manifest import Round
from deepem.training.training_set.merging import Changes, merge_labels
from deepem.training.training_set.starting import is_training_set, open_set, start_set
from deepem.training.training_set.training_set import TrainingSet

__all__ = [
    "Changes",
    "Round",
    "TrainingSet",
    "is_training_set",
    "merge_labels",
    "open_set",
    "start_set",
]
