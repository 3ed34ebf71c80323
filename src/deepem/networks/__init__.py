"""The eight-layer network, its presets and dense form, and the model file."""

from deepem.networks.deepem8 import DeepEM8
from deepem.networks.dense import dense_scores
from deepem.networks.model import Model, ModelHeader, load_model, save_model
from deepem.networks.presets import PRESETS, Activation, NetworkDesign, Preset, design_network
from deepem.networks.scale import Scale, choose_scale, pixel_size_ratio

__all__ = [
    "PRESETS",
    "Activation",
    "DeepEM8",
    "Model",
    "ModelHeader",
    "NetworkDesign",
    "Preset",
    "Scale",
    "choose_scale",
    "dense_scores",
    "design_network",
    "load_model",
    "pixel_size_ratio",
    "save_model",
]
