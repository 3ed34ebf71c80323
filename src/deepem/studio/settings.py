"""What a project remembers between runs: ``project.json``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deepem.errors import ConfigError, FileFormatError
from deepem.io import write_atomically
from deepem.io.inputs import read_text

#: What the number of a model, a set of picks or a job looks like.
ID_PATTERN = r"^[0-9A-Za-z_-]{1,64}$"
_Diameter = Annotated[float, Field(ge=0.1, le=1e6, allow_inf_nan=False)]
_PixelSize = Annotated[float, Field(ge=0.01, le=1000, allow_inf_nan=False)]


class ProjectSettings(BaseModel):
    """What the user has said of the project.

    Parameters
    ----------
    diameter_px, diameter_angstrom
        Particle diameter in unbinned pixels or in Å; at most one of them.
    pixel_size_angstrom
        Size of an unbinned pixel in Å, instead of that in the headers; None believes these.
    current_picks
        The set of picks that was looked at last; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    diameter_px: _Diameter | None = None
    diameter_angstrom: _Diameter | None = None
    pixel_size_angstrom: _PixelSize | None = None
    current_picks: Annotated[str, Field(pattern=ID_PATTERN)] | None = None

    @model_validator(mode="after")
    def _has_one_diameter(self) -> Self:
        if self.diameter_px is not None and self.diameter_angstrom is not None:
            raise ValueError("give the diameter in pixels or in Å, not in both")
        return self

    def changed(self, **changes: object) -> ProjectSettings:
        """The same with other values; a diameter in one unit takes the place of the other's.

        Raises
        ------
        ConfigError
            A value cannot be.
        """
        if changes.get("diameter_px") is not None:
            changes = {"diameter_angstrom": None, **changes}
        elif changes.get("diameter_angstrom") is not None:
            changes = {"diameter_px": None, **changes}
        try:
            return ProjectSettings.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            field, problem = _explain(error)
            raise ConfigError(field, problem) from error


def read_settings(path: Path) -> ProjectSettings:
    """Read ``project.json``; a missing file is a new project.

    Raises
    ------
    FileFormatError
        The file is damaged, or of another version.
    """
    if not path.exists():
        return ProjectSettings()
    try:
        return ProjectSettings.model_validate_json(read_text(path))
    except ValidationError as error:
        field, problem = _explain(error)
        raise FileFormatError(
            path,
            f"cannot be used ({field}: {problem}); correct it, or delete it: it holds only the "
            "diameter, the pixel size and which picks were looked at last",
        ) from error


def write_settings(path: Path, settings: ProjectSettings) -> None:
    """Write ``project.json`` whole or not at all.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    with write_atomically(path, overwrite=True) as file:
        file.write(settings.model_dump_json(indent=2) + "\n")


def _explain(error: ValidationError) -> tuple[str, str]:
    """The field and what is wrong with it, of the first of pydantic's complaints."""
    first = error.errors(include_url=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "diameter"
    problem = re.sub("^Value error, ", "", first["msg"])
    problem = problem[:1].lower() + problem[1:]
    if first["loc"] and isinstance(first["input"], int | float | str):
        problem = f"is {str(first['input'])[:80]!r}: {problem}"
    return field, problem
