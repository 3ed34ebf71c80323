"""What a model file says of itself: everything but the weights, read without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeAlias

import safetensors
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deepem.errors import CheckpointError
from deepem.networks.calibration import Calibration
from deepem.networks.presets import NetworkDesign
from deepem.networks.residual_design import ResidualDesign
from deepem.networks.scale import Scale

HEADER_KEY = "deepem"
_FORMAT_VERSION: Literal[2] = 2  # 1 knew neither residual networks nor calibrations
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


def read_model_header(path: str | Path) -> ModelHeader:
    """Read the header of a model file, without its weights.

    Parameters
    ----------
    path
        A ``.deepem`` file.

    Returns
    -------
    header

    Raises
    ------
    deepem.errors.CheckpointError
        The file is missing, is not a model, is corrupt, or was written by a newer DeepEM.
    """
    path = Path(path)
    require_model_file(path)
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError) as error:
        raise explain_damage(path, error) from error
    return parse_header(path, metadata.get(HEADER_KEY))


def require_model_file(path: Path) -> None:
    """Raise CheckpointError where there is no such file."""
    if not path.is_file():
        raise CheckpointError(path, "there is no such model file. Make one with: deepem train")


def explain_damage(path: Path, error: Exception) -> CheckpointError:
    """What to say of a file that safetensors cannot read."""
    return CheckpointError(
        path, f"is not a DeepEM model, or is damaged ({error}). Copy or train it again."
    )


def parse_header(path: Path, text: str | None) -> ModelHeader:
    """Turn the text of a header into its values; `path` is for messages.

    Raises
    ------
    deepem.errors.CheckpointError
        As `read_model_header`.
    """
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
