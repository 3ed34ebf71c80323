"""Options that several commands share, so that each is spelled and explained alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

#: Names of the coordinate formats; written out, so that --help need not load them.
FORMAT_NAMES = (
    "box, star, relion, particles, eman2, cryosparc, cbox, cryolo, topaz, gautomatch, warp, "
    "cryoppp, csv, tsv"
)

Micrographs = Annotated[
    list[Path],
    typer.Argument(
        metavar="MICROGRAPHS",
        help="Micrographs (.mrc .tif .png), folders of them, patterns such as 'mics/*.mrc', or "
        "lists (micrographs_ctf.star of RELION, exposures .cs of cryoSPARC).",
        show_default=False,
        readable=False,  # one that cannot be read must not stop the others
    ),
]
PixelSize = Annotated[
    float | None,
    typer.Option(
        "--pixel-size",
        metavar="Å",
        help="Size of an unbinned pixel, if the headers lack it or are wrong.",
        min=0.01,
        max=1000,
    ),
]
DiameterAngstrom = Annotated[
    float | None,
    typer.Option(
        "--diameter",
        metavar="Å",
        help="Particle diameter (longest extent); by default two thirds of the boxes.",
        min=0.1,
        max=1e6,
    ),
]
DiameterPx = Annotated[
    float | None,
    typer.Option(
        "--diameter-px", metavar="PX", help="The same in unbinned pixels.", min=0.1, max=1e6
    ),
]
PicksFormat = Annotated[
    str | None,
    typer.Option(
        "--picks-format",
        metavar="NAME",
        help="Format of the coordinate files to read, by its name in deepem convert --help; by "
        "default by their suffix and content.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Same seed, same result.", min=0)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where an earlier run in this folder stopped.")
]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", help="Processor cores to use; all by default.", min=1),
]

ValidPicks = Annotated[
    list[Path] | None,
    typer.Option(
        "--valid-picks",
        metavar="DIR",
        help="Their coordinates: folder or file; repeatable. By default beside them.",
    ),
]
Updates = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Steps of the residual network; by default half as many as labels, 400 to 1500.",
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Passes of deepem8 over all boxes; by default 20, or as many as make 2560 updates.",
    ),
]
Beta = Annotated[
    float,
    typer.Option(
        metavar="B",
        help="Weight of recall in the F-beta that chooses the threshold; 1 weighs precision alike.",
    ),
]


def threshold_option(default: str) -> Any:
    """``--threshold``, whose default is not the same everywhere."""
    return typer.Option(
        "--threshold",
        metavar="T",
        help=f"Lowest score that counts, 0 to 1; by default {default}.",
        min=0.0,
        max=1.0,
    )
