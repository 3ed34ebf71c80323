"""Options of the commands that pick: the model, what is kept, and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.options import FORMAT_NAMES

ModelFile = Annotated[
    Path, typer.Option("--model", metavar="M.deepem", help="Model from deepem train.")
]
CoordinateFolder = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for coordinates.")
]
Formats = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="NAMES",
        help=f"Formats to write, separated by commas: {FORMAT_NAMES}.",
    ),
]
StdRange = Annotated[
    tuple[float, float] | None,
    typer.Option(
        "--std-range",
        metavar="LOW HIGH",
        help="Standard deviation of a particle's box, the micrograph's being 1, to leave out "
        "carbon and ice; by default the model's.",
    ),
]
EdgeMargin = Annotated[
    float | None,
    typer.Option(
        "--edge-margin",
        metavar="PX",
        help="Least distance of a pick to the edge in unbinned pixels; by default 0.4 diameters.",
    ),
]
MinDistance = Annotated[
    float | None,
    typer.Option(
        "--min-distance",
        metavar="PX",
        help="Least distance of two picks in unbinned pixels; by default half a diameter, or 0.8 "
        "for the network of boxes.",
    ),
]
KeepJunk = Annotated[
    bool,
    typer.Option(
        "--keep-junk", help="Do not leave out picks on carbon, ice crystals and aggregates."
    ),
]
Fast = Annotated[
    bool,
    typer.Option(
        "--fast",
        help="Let the network compute with numbers of 16 bits, where the processor has them: half "
        "the time, and up to three picks of a thousand differ.",
    ),
]
