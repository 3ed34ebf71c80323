"""A trained model and its file: ``.deepem``, safetensors with a JSON header, never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import safetensors
import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deepem.core import Micrograph
from deepem.errors import CheckpointError, ConventionError
from deepem.io.atomic import write_atomically
from deepem.networks.calibration import Calibration
from deepem.networks.deepem8 import DeepEM8
from deepem.networks.presets import NetworkDesign
from deepem.networks.residual import ResidualDesign, ResidualNetwork
from deepem.networks.scale import Scale, pixel_size_ratio

_HEADER_KEY = "deepem"
_FORMAT_VERSION: Literal[2] = 2  # 1 knew neither residual networks nor calibrations
Network: TypeAlias = DeepEM8 | ResidualNetwork
Design: TypeAlias = NetworkDesign | ResidualDesign


class ModelHeader(BaseModel):
    """Everything about a model but its weights, as it stands in the file's JSON header.

    Attributes
    ----------
    format_version
        Version of this header.
    design
        Shape of the network.
    scale
        Particle diameter, binning and box, in pixels of the training micrographs.
    pixel_size_angstrom
        Size of an unbinned pixel of the training micrographs in Å; None where it was not known.
    micrograph_shape
        Shape ``(ny, nx)`` of the first training micrograph.
    calibration
        Turns scores of the network into probabilities; None leaves them as they are.
    threshold
        Score (calibrated, where there is a calibration) from which candidates are picked.
    min_distance_px
        Least distance between two picks, in pixels of the training micrographs.
    std_range
        Lowest and highest standard deviation of a particle's box, in units of the micrograph's.
    training
        Record of the training: recipe, seed, data, figures. For people, not for programs.
    versions
        Programs that made the model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1, 2] = _FORMAT_VERSION
    design: NetworkDesign | ResidualDesign
    scale: Scale
    pixel_size_angstrom: float | None = Field(default=None, gt=0)
    micrograph_shape: tuple[int, int]
    calibration: Calibration | None = None
    threshold: float = Field(ge=0, le=1)
    min_distance_px: float | None = Field(default=None, gt=0)
    std_range: tuple[float, float]
    training: dict[str, Any]
    versions: dict[str, str]


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network and what picking with it needs to know."""

    network: Network
    header: ModelHeader

    def fingerprint(self) -> str:
        """Sixteen hex digits that tell one trained network from another: a hash of its weights."""
        digest = hashlib.sha256(repr(self.header.design).encode())
        for name, weight in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def factor_for(self, micrograph: Micrograph) -> float:
        """Binning that brings a micrograph to the model's scale.

        Raises
        ------
        deepem.errors.ConventionError
            The model knows its pixel size and the micrograph does not, or they are so different
            that one of them must be wrong.
        """
        trained, here = self.header.pixel_size_angstrom, micrograph.pixel_size_angstrom
        if trained is None:
            return self.header.scale.factor
        if here is None:
            raise ConventionError(
                f"{micrograph.label}: has no pixel size in its header, and the model was trained "
                f"at {trained:g} Å per pixel. Say it with --pixel-size (pixel_size_angstrom=)."
            )
        ratio = pixel_size_ratio(trained, here)
        if not 0.1 <= ratio <= 10:
            raise ConventionError(
                f"{micrograph.label}: {here:g} Å per pixel, but the model was trained at "
                f"{trained:g} Å. One of them must be wrong: give the true one with --pixel-size "
                "(pixel_size_angstrom=)."
            )
        return self.header.scale.factor * ratio


def build_network(design: Design, *, generator: torch.Generator | None = None) -> Network:
    """Make the network of a design; without a generator its weights are to be loaded."""
    if isinstance(design, ResidualDesign):
        return ResidualNetwork(design, generator=generator)
    return DeepEM8(design, generator=generator)


def save_model(model: Model, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model file.

    Raises
    ------
    deepem.errors.OutputError
        The file exists already and ``overwrite`` is not set, or it cannot be written.
    """
    weights = {
        name: weight.detach().cpu().contiguous()
        for name, weight in model.network.state_dict().items()
    }
    header = {_HEADER_KEY: model.header.model_dump_json()}
    with write_atomically(path, overwrite=overwrite, mode="wb") as file:
        file.write(safetensors.torch.save(weights, metadata=header))
    return Path(path)


def load_model(path: str | Path) -> Model:
    """Read a model file.

    Raises
    ------
    deepem.errors.CheckpointError
        The file is missing, is not a model, is corrupt, or was written by a newer DeepEM.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(path, "there is no such model file. Make one with: deepem train")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise CheckpointError(
            path, f"is not a DeepEM model, or is damaged ({error}). Copy or train it again."
        ) from error
    header = _parse_header(path, metadata.get(_HEADER_KEY))
    network = build_network(header.design)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            path, "its weights do not fit its header: the file is damaged. Train it again."
        ) from error
    return Model(network=network.eval(), header=header)


def _parse_header(path: Path, text: str | None) -> ModelHeader:
    if text is None:
        raise CheckpointError(path, "has no DeepEM header: it is the file of another program.")
    try:
        fields = json.loads(text)
        if fields.get("format_version", 0) > _FORMAT_VERSION:
            raise CheckpointError(
                path, "was written by a newer DeepEM. Update with: pip install -U deepem"
            )
        return ModelHeader.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise CheckpointError(
            path, f"its header is damaged ({where}: {first['msg']}). Copy or train it again."
        ) from error
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise CheckpointError(
            path, f"its header is damaged ({error}). Copy or train it again."
        ) from error
