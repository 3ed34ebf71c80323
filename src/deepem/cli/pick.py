"""``deepem pick``: find particles on micrographs with a model."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from deepem.cli.backends import (
    BackendName,
    DeviceName,
    QueueOptions,
    Scheduler,
    Workers,
    choose_where,
)
from deepem.cli.console import ExitCode, count, make_progress, print_note
from deepem.cli.options import (
    Micrographs,
    Overwrite,
    PixelSize,
    Resume,
    Threads,
    threshold_option,
)
from deepem.cli.picker_options import (
    CoordinateFolder,
    EdgeMargin,
    Fast,
    Formats,
    KeepJunk,
    MinDistance,
    ModelFile,
    StdRange,
)
from deepem.cli.run_report import RunReport


def pick(
    micrographs: Micrographs,
    model: ModelFile,
    out: CoordinateFolder,
    formats: Formats = "box,star",
    threshold: Annotated[float | None, threshold_option("the model's")] = None,
    std_range: StdRange = None,
    edge_margin: EdgeMargin = None,
    min_distance: MinDistance = None,
    keep_junk: KeepJunk = False,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    device: DeviceName = "auto",
    fast: Fast = False,
    backend: BackendName = "local",
    workers: Workers = None,
    scheduler: Scheduler = None,
    queue_options: QueueOptions = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Find particles and write their coordinates.

    Writes a file for EMAN2 (.box) and one for RELION (.star) for each micrograph, and prints a
    line for each: name, number of picks, their mean score. DIR/report has tables of them
    (micrographs.star, micrographs.csv) and a page (summary.html) that names failures and
    micrographs that stand out. Candidates above the threshold that are left out, because they lie
    in junk, or for their standard deviation or the edge, are listed with the reason in
    DIR/rejected. Where scores are probabilities, DIR/report/expected.tsv says which precision and
    recall to expect at every threshold. --threshold 0 keeps every candidate, with its score,
    wherever it lies.

    A run that was broken off, in whatever way, goes on with --resume; more micrographs may have
    come meanwhile. All candidates are kept in DIR/candidates, so --resume --overwrite with another
    threshold or format does not scan again.
    """
    from deepem.io import find_micrographs, pick_format
    from deepem.picking import Picker
    from deepem.picking.batch import pick_all
    from deepem.picking.file_picker import FilePicker

    names = tuple(dict.fromkeys(pick_format(name.strip()).name for name in formats.split(",")))
    files = find_micrographs(micrographs)
    picker = Picker(
        model,
        threshold=threshold,
        std_range=std_range,
        edge_margin_px=edge_margin,
        min_distance_px=min_distance,
        keep_junk=keep_junk,
        device=device,
        fast=fast,
    )
    where = choose_where(
        backend,
        n_files=len(files),
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        queue_options=queue_options,
        device=device,
        fast=fast,
    )
    pick_one = FilePicker(
        picker,
        out,
        formats=names,
        pixel_size_angstrom=pixel_size,
        overwrite=overwrite,
        resume=resume,
        n_threads=where.threads_per_worker,
    )
    report = RunReport(pick_one, names=[file.name for file in files])
    picked_files = pick_all(pick_one, files, where.backend)
    print_note(f"Picking {where.description}")
    try:
        # Closed also when broken off: files for all micrographs are written then.
        with where.backend, closing(picked_files), make_progress() as progress:
            task = progress.add_task("Picking", total=len(files), detail="")
            report.begin()
            for picked in picked_files:
                report.add(picked)
                progress.update(task, advance=1, detail=count(report.n_picks, "particle"))
    except KeyboardInterrupt:
        print_note(
            f"Interrupted: {report.n_done} of {count(len(files), 'micrograph')} done, in {out}. "
            "Go on with the same command and --resume."
        )
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    raise typer.Exit(report.end())
