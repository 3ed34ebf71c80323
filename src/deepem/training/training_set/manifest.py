"""``training_set.json``: what a training set is made of, for people and programs to read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deepem.errors import FileFormatError
from deepem.io.inputs import normalise_path, read_text

MANIFEST_NAME = "training_set.json"
FORMAT_VERSION: Literal[1] = 1

_Count = Annotated[int, Field(ge=0)]
_Error = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    # People edit this file: a misspelt key is said, not passed over.
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Strict):
    """One micrograph of the set.

    Attributes
    ----------
    name
        What its coordinate files are called. It stays when the micrograph is renamed.
    path
        Its file; in the manifest relative to the set's folder where that can be.
    slice_index
        Which slice of a stack, from 0; None for a file of one image.
    pixel_size_angstrom
        Size of a pixel in Å where it was stated; None believes the header.
    width_px, height_px
        Size of the image.
    fingerprint
        Hash of a sample of its pixels: the same on every machine and for every file format.
    complete
        Whether all its particles are labelled; None where nobody said.
    """

    name: str = Field(min_length=1, pattern=r"^[^/\\]+$")
    path: str = Field(min_length=1)
    slice_index: int | None = Field(default=None, ge=0)
    pixel_size_angstrom: float | None = Field(default=None, gt=0)
    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    fingerprint: str
    complete: bool | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Number of pixels ``(ny, nx)``."""
        return self.height_px, self.width_px


class Round(_Strict):
    """What one turn of the learning cycle did; without dates, so that it can be repeated exactly.

    Attributes
    ----------
    number
        From 1.
    n_particles, n_negatives
        Labels added.
    n_corrected
        Labels taken out because a newer verdict says the opposite.
    model, model_fingerprint
        The model whose picks were verified; None for labels that no model suggested.
    error_before, error_after
        Error in 0 … 1 (see `deepem.training.mistakes.measure_error`) of that model, and of the
        one trained with what was added; None where it was not measured.
    """

    number: int = Field(ge=1)
    n_particles: _Count = 0
    n_negatives: _Count = 0
    n_corrected: _Count = 0
    model: str | None = None
    model_fingerprint: str | None = None
    error_before: _Error | None = None
    error_after: _Error | None = None


class Manifest(_Strict):
    """The whole file.

    Attributes
    ----------
    format_version
        Version of this layout.
    diameter_px, diameter_angstrom
        Diameter of the particle, in one unit; the other is None.
    micrographs
        In the order of their names.
    history
        The rounds, oldest first.
    """

    format_version: Literal[1] = FORMAT_VERSION
    diameter_px: float | None = Field(default=None, gt=0)
    diameter_angstrom: float | None = Field(default=None, gt=0)
    micrographs: tuple[Entry, ...] = ()
    history: tuple[Round, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Manifest:
        if (self.diameter_px is None) == (self.diameter_angstrom is None):
            raise ValueError(
                "give one of diameter_px and diameter_angstrom, and null for the other"
            )
        names: set[str] = set()
        for entry in self.micrographs:
            if entry.name in names:
                raise ValueError(f"the micrograph {entry.name} is there twice; take one out")
            names.add(entry.name)
        return self

    def to_text(self) -> str:
        """The text of the file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; paths stay as they are written.

    Raises
    ------
    deepem.errors.FileFormatError
        There is none, it is not JSON, a value is wrong, or a newer DeepEM wrote it.
    """
    if not path.exists():
        raise FileFormatError(
            path,
            "does not exist, so this is no training set; check the folder, or make one with "
            "TrainingSet.create",
        )
    try:
        content: Any = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FileFormatError(
            path,
            f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}; mend it there",
        ) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise FileFormatError(
            path,
            f"is of format version {version}, and this DeepEM reads up to {FORMAT_VERSION}; update "
            "with: pip install -U deepem",
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        value = "" if isinstance(first["input"], dict) else f" (found {first['input']!r})"
        raise FileFormatError(
            path, f"{where}: {first['msg'].removeprefix('Value error, ')}{value}; mend it there"
        ) from error


def relate_path(path: Path, folder: Path) -> str:
    """A file as a manifest names it: relative to the set's folder, where they share more than /."""
    file, base = normalise_path(path), normalise_path(folder)
    try:
        common = os.path.commonpath([file, base])
    except ValueError:  # on two drives
        return Path(file).as_posix()
    if common == Path(common).anchor:  # they will hardly be moved together
        return Path(file).as_posix()
    return Path(os.path.relpath(file, base)).as_posix()


def list_places(entry: Entry, folder: Path, search: tuple[Path, ...]) -> list[Path]:
    """Where the file of an entry may be, most likely first."""
    recorded = folder / entry.path  # an absolute path stays as it is
    places = [
        Path(normalise_path(recorded)),
        recorded.parent.resolve() / recorded.name,  # where the set is reached through a link
        *(Path(normalise_path(place / recorded.name)) for place in search),
    ]
    return list(dict.fromkeys(places))
