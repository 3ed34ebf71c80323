"""Labels: what the user says is a particle, and what is none, one file a micrograph and kind."""

from deepem.studio.labels.labels import KINDS, NEGATIVES, PARTICLES, LabelCounts, Labels
from deepem.studio.labels.operations import Operation, apply_operations
from deepem.studio.labels.store import LabelStore

__all__ = [
    "KINDS",
    "NEGATIVES",
    "PARTICLES",
    "LabelCounts",
    "LabelStore",
    "Labels",
    "Operation",
    "apply_operations",
]
