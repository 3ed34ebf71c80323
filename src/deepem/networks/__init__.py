"""The eight-layer network, its presets and dense form, its successor, and the model file."""

from deepem.networks.calibration import Calibration
from deepem.networks.deepem8 import DeepEM8
from deepem.networks.dense import dense_scores
from deepem.networks.model import (
    Design,
    Model,
    ModelHeader,
    Network,
    build_network,
    load_model,
    save_model,
)
from deepem.networks.pixel_scores import pixel_scores
from deepem.networks.presets import PRESETS, Activation, NetworkDesign, Preset, design_network
from deepem.networks.residual import ResidualDesign, ResidualNetwork
from deepem.networks.scale import Scale, choose_dense_scale, choose_scale, pixel_size_ratio

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
    "save_model",
]
