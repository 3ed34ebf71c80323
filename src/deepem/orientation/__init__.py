"""Whether coordinates fit their images, or would flipped, swapped or rescaled."""

from deepem.orientation.check import check_orientation
from deepem.orientation.figure import average_for_check, draw_check, list_orientations
from deepem.orientation.mean_image import MeanImage, average_boxes
from deepem.orientation.result import Hypothesis, OrientationCheck, Verdict
from deepem.orientation.wording import name_orientation, name_readers

__all__ = [
    "Hypothesis",
    "MeanImage",
    "OrientationCheck",
    "Verdict",
    "average_boxes",
    "average_for_check",
    "check_orientation",
    "draw_check",
    "list_orientations",
    "name_orientation",
    "name_readers",
]
