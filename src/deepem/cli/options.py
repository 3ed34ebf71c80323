"""Options that several commands share, so that each is spelled and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Micrographs = Annotated[
    list[Path],
    typer.Argument(
        metavar="MICROGRAPHS...",
        help="Micrographs (.mrc .map .tif .png), or folders of them.",
        show_default=False,
    ),
]
PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size", metavar="Å", help="Pixel size, if the headers lack it or lie.", min=0.01
    ),
]
DiameterAngstrom = Annotated[
    float | None,
    typer.Option("--diameter", metavar="Å", help="Longest extent of the particle in Å."),
]
DiameterPx = Annotated[
    float | None,
    typer.Option("--diameter-px", metavar="PX", help="The same in unbinned pixels."),
]
PicksFormat = Annotated[
    str | None,
    typer.Option(
        "--picks-format",
        metavar="NAME",
        help="Format of the coordinate files to read: box or star. By default, by their suffix.",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold", metavar="T", help="Lowest score to keep, 0 to 1.", min=0.0, max=1.0
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same result.", min=0)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", help="Processor cores to use; all by default.", min=1),
]
