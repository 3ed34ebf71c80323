"""The eight-layer network, its presets and dense form, its successor, and the model file.

The names below are imported when they are first used: what a model file says of itself can be
read without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepem.networks.calibration import Calibration
    from deepem.networks.deepem8 import DeepEM8
    from deepem.networks.dense import dense_scores
    from deepem.networks.model import Model, Network, build_network, load_model, save_model
    from deepem.networks.model_header import Design, ModelHeader, read_model_header
    from deepem.networks.presets import PRESETS, Activation, NetworkDesign, Preset, design_network
    from deepem.networks.residual import ResidualNetwork
    from deepem.networks.residual_design import ResidualDesign
    from deepem.networks.scale import Scale, choose_dense_scale, choose_scale, pixel_size_ratio
    from deepem.networks.strips import pixel_scores

_FILES = {
    "calibration": ("Calibration",),
    "deepem8": ("DeepEM8",),
    "dense": ("dense_scores",),
    "model": ("Model", "Network", "build_network", "load_model", "save_model"),
    "model_header": ("Design", "ModelHeader", "read_model_header"),
    "presets": ("PRESETS", "Activation", "NetworkDesign", "Preset", "design_network"),
    "residual": ("ResidualNetwork",),
    "residual_design": ("ResidualDesign",),
    "scale": ("Scale", "choose_dense_scale", "choose_scale", "pixel_size_ratio"),
    "strips": ("pixel_scores",),
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names}

__all__ = [
    "PRESETS",
    "Activation",
    "Calibration",
    "DeepEM8",
    "Design",
    "Model",
    "ModelHeader",
    "Network",
    "NetworkDesign",
    "Preset",
    "ResidualDesign",
    "ResidualNetwork",
    "Scale",
    "build_network",
    "choose_dense_scale",
    "choose_scale",
    "dense_scores",
    "design_network",
    "load_model",
    "pixel_scores",
    "pixel_size_ratio",
    "read_model_header",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name not in _FILE_OF:
        raise AttributeError(f"module 'deepem.networks' has no attribute '{name}'")
    return getattr(import_module(f"deepem.networks.{_FILE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
