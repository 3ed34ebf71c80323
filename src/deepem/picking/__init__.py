"""From a model and a micrograph to picks: scan, peaks, selection.

The names below are imported when they are first used: what judges and corrects picks that were
found before needs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepem.picking.batch import pick_files
    from deepem.picking.candidates import find_candidates
    from deepem.picking.peaks import Peaks, find_peaks
    from deepem.picking.picked_file import PickedFile
    from deepem.picking.picker import Picker
    from deepem.picking.rejected import write_rejected
    from deepem.picking.score_map import ScoreMap, default_step, scan
    from deepem.picking.selection import REASONS, Selection, Verdict, judge, select

_FILES = {
    "batch": ("pick_files",),
    "candidates": ("find_candidates",),
    "peaks": ("Peaks", "find_peaks"),
    "picked_file": ("PickedFile",),
    "picker": ("Picker",),
    "rejected": ("write_rejected",),
    "score_map": ("ScoreMap", "default_step", "scan"),
    "selection": ("REASONS", "Selection", "Verdict", "judge", "select"),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module 'deepem.picking' has no attribute '{name}'")
    return getattr(import_module(f"deepem.picking.{_FILE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
