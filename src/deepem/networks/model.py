"""A trained model and its file: ``.deepem``, safetensors with a JSON header, never a pickle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import safetensors
import safetensors.torch
import torch

from deepem.core import Micrograph
from deepem.errors import CheckpointError, ConventionError
from deepem.io.atomic import write_atomically
from deepem.networks.deepem8 import DeepEM8
from deepem.networks.model_header import (
    HEADER_KEY,
    Design,
    ModelHeader,
    explain_damage,
    parse_header,
    require_model_file,
)
from deepem.networks.residual import ResidualNetwork
from deepem.networks.residual_design import ResidualDesign
from deepem.networks.scale import pixel_size_ratio

Network: TypeAlias = DeepEM8 | ResidualNetwork


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
    header = {HEADER_KEY: model.header.model_dump_json()}
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
    require_model_file(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise explain_damage(path, error) from error
    header = parse_header(path, metadata.get(HEADER_KEY))
    network = build_network(header.design)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(
            path, "its weights do not fit its header: the file is damaged. Train it again."
        ) from error
    return Model(network=network.eval(), header=header)
