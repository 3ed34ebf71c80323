"""DeepEM finds single particles in cryo-EM micrographs.

The names below are the whole road: open, train, pick, evaluate, write. They are imported when
they are first used, so that ``import deepem`` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepem.core import Frame, Micrograph, Orientation, Picks
    from deepem.errors import DeepEMError
    from deepem.evaluation import evaluate, render_report, take_picture
    from deepem.io import (
        convert_picks,
        find_micrographs,
        open_micrograph,
        pair_picks,
        place_picks,
        read_picks,
        write_mrc,
        write_picks,
    )
    from deepem.networks import Model, load_model, save_model
    from deepem.orientation import check_orientation
    from deepem.picking import Picker, Selection, pick_files, select
    from deepem.simulation import make_phantom, simulate_dataset, simulate_micrograph, write_scene
    from deepem.training import (
        TrainingEvents,
        TrainingSet,
        refine,
        train,
        train_in_cycles,
    )

__version__ = "0.1.0"

_ROOMS = {
    "core": ("Frame", "Micrograph", "Orientation", "Picks"),
    "errors": ("DeepEMError",),
    "evaluation": ("evaluate", "render_report", "take_picture"),
    "io": (
        "convert_picks",
        "find_micrographs",
        "open_micrograph",
        "pair_picks",
        "place_picks",
        "read_picks",
        "write_mrc",
        "write_picks",
    ),
    "orientation": ("check_orientation",),
    "networks": ("Model", "load_model", "save_model"),
    "picking": ("Picker", "Selection", "pick_files", "select"),
    "simulation": ("make_phantom", "simulate_dataset", "simulate_micrograph", "write_scene"),
    "training": ("TrainingEvents", "TrainingSet", "refine", "train", "train_in_cycles"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "DeepEMError",
    "Frame",
    "Micrograph",
    "Model",
    "Orientation",
    "Picker",
    "Picks",
    "Selection",
    "TrainingEvents",
    "TrainingSet",
    "check_orientation",
    "convert_picks",
    "evaluate",
    "find_micrographs",
    "load_model",
    "make_phantom",
    "open_micrograph",
    "pair_picks",
    "pick_files",
    "place_picks",
    "read_picks",
    "refine",
    "render_report",
    "save_model",
    "select",
    "simulate_dataset",
    "simulate_micrograph",
    "take_picture",
    "train",
    "train_in_cycles",
    "write_mrc",
    "write_picks",
    "write_scene",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'deepem' has no attribute '{name}'")
    return getattr(import_module(f"deepem.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
