"""From a model and a micrograph to picks: scan, peaks, selection."""

from deepem.picking.batch import pick_files
from deepem.picking.candidates import find_candidates
from deepem.picking.peaks import Peaks, find_peaks
from deepem.picking.picked_file import PickedFile
from deepem.picking.picker import Picker
from deepem.picking.rejected import write_rejected
from deepem.picking.scan import ScoreMap, default_step, scan
from deepem.picking.selection import REASONS, Selection, Verdict, judge, select

__all__ = [
    "REASONS",
    "Peaks",
    "PickedFile",
    "Picker",
    "ScoreMap",
    "Selection",
    "Verdict",
    "default_step",
    "find_candidates",
    "find_peaks",
    "judge",
    "pick_files",
    "scan",
    "select",
    "write_rejected",
]
