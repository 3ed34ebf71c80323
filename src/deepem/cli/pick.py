"""``deepem pick``: find particles on micrographs with a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import (
    make_progress,
    print_data,
    print_note,
    report_failures,
    use_threads,
)
from deepem.cli.options import Micrographs, Overwrite, PixelSize, Threads, Threshold


def pick(
    micrographs: Micrographs,
    model: Annotated[
        Path, typer.Option("--model", metavar="M.deepem", help="Model from deepem train.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for coordinates.")],
    formats: Annotated[
        str, typer.Option("--format", help="Formats to write, separated by commas.")
    ] = "box,star",
    threshold: Threshold = None,
    std_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Standard deviation of a particle's box, the micrograph's being 1; "
            "by default the model's.",
        ),
    ] = None,
    edge_margin: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Least distance to the edge; default 0.4 diameters."),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Least distance of two picks; default 0.8 diameters."),
    ] = None,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> None:
    """Find particles and write their coordinates for EMAN2 (.box) and RELION (.star).

    Prints a line for each micrograph: name, number of picks, their mean score. --threshold 0
    keeps every candidate, with its score, whatever its standard deviation and distance to the
    edge.
    """
    from deepem.io import find_micrographs, pick_format
    from deepem.picking import Picker, pick_files

    use_threads(threads)
    picker = Picker(
        model,
        threshold=threshold,
        std_range=std_range,
        edge_margin_px=edge_margin,
        min_distance_px=min_distance,
    )
    names = [pick_format(name.strip()).name for name in formats.split(",")]
    paths = find_micrographs(micrographs)
    failures: list[tuple[Path, Exception]] = []
    n_done = n_picks = 0
    print_data("micrograph\tpicks\tmean_score")
    with make_progress() as progress:
        task = progress.add_task("Picking", total=len(paths), detail="")
        for picked in pick_files(
            picker,
            paths,
            out,
            formats=names,
            pixel_size_angstrom=pixel_size,
            overwrite=overwrite,
        ):
            if picked.picks is None:
                failures.append((picked.path, picked.error or Exception()))
            else:
                n_done, n_picks = n_done + 1, n_picks + len(picked.picks)
                mean = f"{picked.picks.score.mean():.3f}" if len(picked.picks) else ""
                print_data(f"{picked.picks.micrograph}\t{len(picked.picks)}\t{mean}")
            progress.update(task, advance=1, detail=f"{n_picks} particles")
    if n_done:
        print_note(f"{n_picks} particles on {n_done} micrographs, written to {out}")
    raise typer.Exit(report_failures(failures, n_done))
