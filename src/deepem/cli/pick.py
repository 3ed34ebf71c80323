"""``deepem pick``: find particles on micrographs with a model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import (
    ExitCode,
    Failures,
    count,
    make_progress,
    print_data,
    print_note,
    use_threads,
)
from deepem.cli.options import (
    FORMAT_NAMES,
    Micrographs,
    Overwrite,
    PixelSize,
    Threads,
    threshold_option,
)


def pick(
    micrographs: Micrographs,
    model: Annotated[
        Path, typer.Option("--model", metavar="M.deepem", help="Model from deepem train.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for coordinates.")],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAMES",
            help=f"Formats to write, separated by commas: {FORMAT_NAMES}.",
        ),
    ] = "box,star",
    threshold: Annotated[float | None, threshold_option("the model's")] = None,
    std_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Standard deviation of a particle's box, the micrograph's being 1, to leave out "
            "carbon and ice; by default the model's.",
        ),
    ] = None,
    edge_margin: Annotated[
        float | None,
        typer.Option(
            metavar="PX",
            help="Least distance of a pick to the edge in unbinned pixels; by default "
            "0.4 diameters.",
        ),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option(
            metavar="PX",
            help="Least distance of two picks in unbinned pixels; by default 0.8 diameters.",
        ),
    ] = None,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> None:
    """Find particles and write their coordinates.

    Writes a file for EMAN2 (.box) and one for RELION (.star) for each micrograph, and prints a
    line for each: name, number of picks, their mean score. --threshold 0 keeps every candidate,
    with its score, whatever its standard deviation and distance to the edge.
    """
    from deepem.io import find_micrographs, pick_format
    from deepem.picking import Picker, pick_files

    use_threads(threads)
    names = list(dict.fromkeys(pick_format(name.strip()).name for name in formats.split(",")))
    files = find_micrographs(micrographs)
    picker = Picker(
        model,
        threshold=threshold,
        std_range=std_range,
        edge_margin_px=edge_margin,
        min_distance_px=min_distance,
    )
    picked_files = pick_files(
        picker, files, out, formats=names, pixel_size_angstrom=pixel_size, overwrite=overwrite
    )
    failures = Failures()
    n_done = n_picks = 0
    try:
        # Closed also when broken off: files for all micrographs are written then.
        with closing(picked_files), make_progress() as progress:
            task = progress.add_task("Picking", total=len(files), detail="")
            print_data("micrograph\tpicks\tmean_score")
            for picked in picked_files:
                if picked.error is not None:
                    failures.add(picked.error)
                if picked.picks is not None:
                    n_done, n_picks = n_done + 1, n_picks + len(picked.picks)
                    mean = f"{picked.picks.score.mean():.3f}" if len(picked.picks) else ""
                    print_data(f"{picked.picks.micrograph}\t{len(picked.picks)}\t{mean}")
                progress.update(task, advance=1, detail=count(n_picks, "particle"))
    except KeyboardInterrupt:
        print_note(f"Interrupted: {n_done} of {count(len(files), 'micrograph')} done, in {out}.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if n_done:
        done = count(n_done, "micrograph")
        print_note(f"{count(n_picks, 'particle')} on {done}, written to {out}")
    raise typer.Exit(failures.exit_code(n_done))
