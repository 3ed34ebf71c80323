"""From a model and a micrograph to picks: scan, peaks, selection."""

from deepem.picking.batch import PickedFile, pick_files
from deepem.picking.peaks import Peaks, find_peaks
from deepem.picking.picker import Picker
from deepem.picking.scan import ScoreMap, default_step, scan
from deepem.picking.selection import Selection, select

__all__ = [
    "Peaks",
    "PickedFile",
    "Picker",
    "ScoreMap",
    "Selection",
    "default_step",
    "find_peaks",
    "pick_files",
    "scan",
    "select",
]
