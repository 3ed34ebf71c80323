"""``deepem info``: what a file is, without reading its pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import print_data, report_failures
from deepem.cli.options import PicksFormat
from deepem.errors import DeepEMError


def info(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="Micrographs, coordinate files or models."),
    ],
    picks_format: PicksFormat = None,
) -> None:
    """Say what micrographs, coordinate files and models hold."""
    failures: list[tuple[Path, Exception]] = []
    for path in files:
        try:
            print_data(f"{path}: {_describe(path, picks_format)}")
        except DeepEMError as error:
            failures.append((path, error))
    raise typer.Exit(report_failures(failures, len(files) - len(failures)))


def _describe(path: Path, picks_format: str | None) -> str:
    from deepem.io import PICK_FORMATS

    if path.suffix.lower() == ".deepem":
        return _describe_model(path)
    if picks_format or path.suffix.lower() in {known.suffix for known in PICK_FORMATS}:
        return _describe_picks(path, picks_format)
    return _describe_micrograph(path)


def _describe_micrograph(path: Path) -> str:
    from deepem.io import open_micrograph

    micrograph = open_micrograph(path)
    ny, nx = micrograph.shape
    pixel_size = micrograph.pixel_size_angstrom
    scale = "pixel size not known" if pixel_size is None else f"{pixel_size:.4g} Å per pixel"
    return f"micrograph, {nx} x {ny} px, {scale}"


def _describe_picks(path: Path, picks_format: str | None) -> str:
    from deepem.io import read_picks

    sets = read_picks(path, format=picks_format)
    n_picks = sum(len(picks) for picks in sets)
    boxes = sorted({picks.box_size_px for picks in sets if picks.box_size_px is not None})
    box = f", box {' and '.join(map(str, boxes))} px" if boxes else ""
    return f"coordinates, {n_picks} particles on {len(sets)} micrograph(s){box}"


def _describe_model(path: Path) -> str:
    from deepem.networks import load_model

    header = load_model(path).header
    return "model\n" + json.dumps(header.model_dump(mode="json"), indent=2, ensure_ascii=False)
