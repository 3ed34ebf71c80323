"""All that the scan of a micrograph has found, in a file: what was done is not done again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy

from deepem.core import Frame, Listing, Picks
from deepem.io import write_atomically
from deepem.io.file_content import FileContent

# In a folder of their own: what reads a folder of picks does not look into folders in it.
CANDIDATES_FOLDER = "candidates"
_SUFFIX = ".safetensors"
_HEADER_KEY = "deepem"
_COLUMNS = ("x_px", "y_px", "score", "std", "junk")


@dataclass(frozen=True)
class ScannedHeader:
    """What a scan was made of, and what was made of it.

    Parameters
    ----------
    content
        Content of the micrograph's file.
    pixel_size_angstrom
        What a list said of the size of its pixels; None for nothing.
    listing
        How programs list it, which coordinate files repeat.
    scan
        What the candidates depend on beside the micrograph: name and value of each setting.
    output
        What the coordinate files depend on beside the candidates, likewise.
    """

    content: FileContent
    pixel_size_angstrom: float | None
    listing: Listing
    scan: Mapping[str, str]
    output: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Scanned:
    """The candidates of a micrograph and what they were made of.

    Parameters
    ----------
    header
        What they were made of.
    candidates
        Every local maximum of the score, as from `deepem.Picker.scan`.
    diameter_px
        Diameter of the particle on this micrograph in unbinned pixels.
    """

    header: ScannedHeader
    candidates: Picks
    diameter_px: float


def scanned_path(out: str | Path, name: str) -> Path:
    """Where the scan of a micrograph of this name stands in a folder of coordinates."""
    return Path(out) / CANDIDATES_FOLDER / f"{name}{_SUFFIX}"


def write_scanned(scanned: Scanned, path: Path) -> None:
    """Write a scan, in place of an earlier one.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be written.
    """
    candidates, header = scanned.candidates, scanned.header
    frame = candidates.frame
    fields = {
        "content": asdict(header.content),
        "pixel_size_angstrom": header.pixel_size_angstrom,
        "listing": asdict(header.listing),
        "scan": dict(header.scan),
        "output": dict(header.output),
        "micrograph": candidates.micrograph,
        "box_size_px": candidates.box_size_px,
        "diameter_px": scanned.diameter_px,
        "frame": None if frame is None else [frame.shape, frame.pixel_size_angstrom],
    }
    columns = {name: getattr(candidates, name) for name in _COLUMNS}
    # One text, because the order of several is left to chance.
    content = safetensors.numpy.save(columns, metadata={_HEADER_KEY: json.dumps(fields)})
    with write_atomically(path, overwrite=True, mode="wb") as file:
        file.write(content)


def read_scanned(path: Path) -> Scanned | None:
    """Read a scan; None where there is none, or none that can be read."""
    fields = _read_fields(path)
    if fields is None:
        return None
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            columns = {name: file.get_tensor(name) for name in _COLUMNS}
        header, frame = _to_header(fields), fields["frame"]
        candidates = Picks(
            fields["micrograph"],
            **columns,
            box_size_px=fields["box_size_px"],
            frame=None if frame is None else Frame((frame[0][0], frame[0][1]), frame[1]),
            listing=header.listing,
        )
        return Scanned(header, candidates, fields["diameter_px"])
    except (safetensors.SafetensorError, OSError, KeyError, TypeError, ValueError):
        return None


def read_scanned_header(path: Path) -> ScannedHeader | None:
    """Read what a scan was made of, without its candidates; None as `read_scanned`."""
    fields = _read_fields(path)
    try:
        return None if fields is None else _to_header(fields)
    except (KeyError, TypeError):
        return None


def _read_fields(path: Path) -> dict[str, Any] | None:
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            fields = json.loads((file.metadata() or {})[_HEADER_KEY])
    except (safetensors.SafetensorError, OSError, KeyError, ValueError):
        return None
    return fields if isinstance(fields, dict) else None


def _to_header(fields: dict[str, Any]) -> ScannedHeader:
    content = FileContent(**fields["content"])
    return ScannedHeader(
        content=content,
        pixel_size_angstrom=fields["pixel_size_angstrom"],
        listing=Listing(**fields["listing"]),
        scan=fields["scan"],
        output=fields["output"],
    )
