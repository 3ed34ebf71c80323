"""What an export was: kept beside its files, written last."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from deepem.errors import FileFormatError
from deepem.io import write_atomically
from deepem.io.inputs import read_text

RECORD_FILE = "export.json"


def _check_inside(file: str) -> str:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("a file of an export lies in its folder")
    return file


class Export(BaseModel):
    """An export: which picks went to which files, and what to do with them.

    Parameters
    ----------
    id
        Its number, which is the name of its folder.
    picks
        Number of the set of picks, or ``labels``.
    created
        When, in UTC (ISO 8601).
    formats
        Names of the formats; each has a folder of its own.
    folder
        The folder, relative to that of the project.
    files
        The files, relative to `folder`.
    n_micrographs, n_particles
        How many micrographs and particles were written.
    next_steps
        What to do with the files, a paragraph for each format.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    id: str
    picks: str
    created: str
    formats: tuple[str, ...]
    folder: str
    files: tuple[Annotated[str, AfterValidator(_check_inside)], ...]
    n_micrographs: Annotated[int, Field(ge=0)]
    n_particles: Annotated[int, Field(ge=0)]
    next_steps: tuple[str, ...]


def read_record(folder: Path) -> Export:
    """Read what an export was.

    Raises
    ------
    FileFormatError
        Its record is missing or damaged.
    """
    path = folder / RECORD_FILE
    try:
        return Export.model_validate_json(read_text(path))
    except ValidationError as error:
        raise FileFormatError(
            path, "is damaged, so this export is not listed; its coordinates are as they were"
        ) from error


def write_record(folder: Path, export: Export) -> None:
    """Write what an export was, whole or not at all.

    Raises
    ------
    OutputError
        It is there already, or cannot be written.
    """
    with write_atomically(folder / RECORD_FILE) as file:
        file.write(export.model_dump_json(indent=1) + "\n")
