"""Whether coordinates fit their images, or would flipped, swapped or rescaled."""

from deepem.orientation.check import check_orientation
from deepem.orientation.result import Hypothesis, OrientationCheck, Verdict

__all__ = ["Hypothesis", "OrientationCheck", "Verdict", "check_orientation"]
