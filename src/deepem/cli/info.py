"""``deepem info``: what a file is, without reading its pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepem.cli.console import Failures, count, print_data
from deepem.cli.options import PicksFormat
from deepem.errors import DeepEMError

if TYPE_CHECKING:
    from deepem.networks import ModelHeader


def info(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES", help="Micrographs, coordinate files or models.", readable=False
        ),
    ],
    picks_format: PicksFormat = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all that is known, a JSON object for each file.")
    ] = False,
) -> None:
    """Say what micrographs, coordinates and models hold.

    Instant even for large micrographs: only headers are read.
    """
    failures = Failures()
    n_done = 0
    for path in files:
        try:
            text, facts = _describe(path, picks_format)
        except DeepEMError as error:
            failures.add(error)
            continue
        n_done += 1
        print_data(json.dumps({"file": str(path), **facts}) if as_json else f"{path}: {text}")
    raise typer.Exit(failures.exit_code(n_done))


def _describe(path: Path, picks_format: str | None) -> tuple[str, dict[str, Any]]:
    """What a file is, in words and as data."""
    from deepem.io import PICK_FORMATS, is_micrograph_list

    suffix = path.suffix.lower()
    if suffix == ".deepem":
        return _describe_model(path)
    if picks_format is None and is_micrograph_list(path):
        return _describe_list(path)
    if picks_format or any(suffix in known.suffixes for known in PICK_FORMATS):
        return _describe_picks(path, picks_format)
    return _describe_micrograph(path)


def _describe_list(path: Path) -> tuple[str, dict[str, Any]]:
    from deepem.io import find_micrographs

    files = find_micrographs(path)
    sizes = list(dict.fromkeys(file.pixel_size_angstrom for file in files))
    known = [f"{size:.4g}" for size in sizes if size is not None]
    scale = f"{' and '.join(known)} Å per pixel" if known else "pixel size not known"
    n_missing = sum(not file.path.exists() for file in files)
    missing = f", {n_missing} not found" if n_missing else ""
    return f"list of {count(len(files), 'micrograph')}, {scale}{missing}", {
        "kind": "micrograph list",
        "n_micrographs": len(files),
        "n_missing": n_missing,
        "pixel_sizes_angstrom": sizes,
    }


def _describe_micrograph(path: Path) -> tuple[str, dict[str, Any]]:
    from deepem.io import open_micrograph

    micrograph = open_micrograph(path)
    ny, nx = micrograph.shape
    pixel_size = micrograph.pixel_size_angstrom
    scale = "pixel size not known" if pixel_size is None else f"{pixel_size:.4g} Å per pixel"
    return f"micrograph, {nx} x {ny} px, {scale}", {
        "kind": "micrograph",
        "nx_px": nx,
        "ny_px": ny,
        "pixel_size_angstrom": pixel_size,
    }


def _describe_picks(path: Path, picks_format: str | None) -> tuple[str, dict[str, Any]]:
    from deepem.io import read_picks

    sets = read_picks(path, format=picks_format)
    n_particles = sum(len(picks) for picks in sets)
    box_px = next((picks.box_size_px for picks in sets if picks.box_size_px is not None), None)
    box = "" if box_px is None else f", box {box_px} px"
    where = count(len(sets), "micrograph")
    return f"coordinates, {count(n_particles, 'particle')} on {where}{box}", {
        "kind": "coordinates",
        "n_particles": n_particles,
        "n_micrographs": len(sets),
        "box_size_px": box_px,
    }


def _describe_model(path: Path) -> tuple[str, dict[str, Any]]:
    from deepem.networks import load_model

    header = load_model(path).header
    return _summarise(header), {"kind": "model", **header.model_dump(mode="json")}


def _summarise(header: ModelHeader) -> str:
    scale, pixel_size = header.scale, header.pixel_size_angstrom
    if pixel_size is None:
        diameter = f"{scale.diameter_px:.0f} px (pixel size not known)"
    else:
        diameter = f"{scale.diameter_px * pixel_size:.0f} Å at {pixel_size:.4g} Å per pixel"
    low, high = header.std_range
    return (
        f"model, particle diameter {diameter}, box {scale.box_size_px} px, "
        f"binned {scale.factor:g} times, threshold {header.threshold:.3f}, "
        f"standard deviation {low:.2f} to {high:.2f}"
    )
