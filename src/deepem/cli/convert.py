"""``deepem convert``: coordinates from any program to any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import Failures, count, print_data, print_note
from deepem.cli.options import FORMAT_NAMES, Overwrite, PicksFormat, PixelSize


def convert(
    picks: Annotated[
        list[Path],
        typer.Argument(
            metavar="PICKS",
            help="Coordinate files, folders of them, patterns, or RELION's autopick.star.",
            show_default=False,
            readable=False,
        ),
    ],
    to: Annotated[
        str, typer.Option("--to", metavar="NAME", help=f"Format to write: {FORMAT_NAMES}.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write to; or the file, where it is one for all."
        ),
    ],
    micrographs: Annotated[
        list[Path] | None,
        typer.Option(
            "--micrographs",
            metavar="MICROGRAPHS",
            help="The micrographs: folder, file or list (micrographs_ctf.star, exposures.cs); "
            "repeatable. Coordinates are matched to them by name and checked against their size.",
        ),
    ] = None,
    picks_format: PicksFormat = None,
    binned_by: Annotated[
        float,
        typer.Option(
            metavar="N",
            help="The coordinates belong to images that were binned N times.",
            min=0.01,
            max=100,
        ),
    ] = 1.0,
    swap_xy: Annotated[bool, typer.Option("--swap-xy", help="Exchange x and y.")] = False,
    flip_x: Annotated[
        bool, typer.Option("--flip-x", help="Count columns from the other side.")
    ] = False,
    flip_y: Annotated[
        bool, typer.Option("--flip-y", help="Count rows from the other side.")
    ] = False,
    shift: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="X Y", help="Move all by so many unbinned pixels, if they are not centres."
        ),
    ] = None,
    to_binned_by: Annotated[
        float,
        typer.Option(
            metavar="N", help="Write for images that are binned N times.", min=0.01, max=100
        ),
    ] = 1.0,
    box_size: Annotated[
        int | None,
        typer.Option(metavar="PX", help="Box in unbinned pixels, if the files have none.", min=1),
    ] = None,
    pixel_size: PixelSize = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes to use; all cores by default.", min=1),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Convert coordinates from any program to any other.

    Formats are recognised by the suffix and the content of each file. --binned-by, --swap-xy,
    --flip-x, --flip-y and --shift are applied in this order, to coordinates that come from
    elsewhere; between the programs themselves nothing is flipped. Prints each micrograph with its
    number of picks.
    """
    import os

    from deepem.cli.names import report_names
    from deepem.core import Orientation
    from deepem.io import convert_picks, find_micrographs

    done = convert_picks(
        picks,
        out,
        to=to,
        format=picks_format,
        micrographs=find_micrographs(micrographs) if micrographs else None,
        orientation=Orientation(scale=binned_by, swap_xy=swap_xy, flip_x=flip_x, flip_y=flip_y),
        shift_px=shift or (0.0, 0.0),
        to_binned_by=to_binned_by,
        pixel_size_angstrom=pixel_size,
        box_size_px=box_size,
        overwrite=overwrite,
        workers=workers or os.cpu_count() or 1,
    )
    failures = Failures()
    for failure in done.failures:
        failures.add(failure)
    if done.pairing is not None:
        report_names(done.pairing)
    print_data("micrograph\tpicks")
    for name, n_picks in done.n_picks.items():
        print_data(f"{name}\t{n_picks}")
    if done.files:
        n_picks = sum(done.n_picks.values())
        print_note(
            f"{count(n_picks, 'pick')} of {count(len(done.n_picks), 'micrograph')} written to {out}"
        )
    raise typer.Exit(failures.exit_code(n_done=len(done.n_picks)))
