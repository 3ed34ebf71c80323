"""``deepem watch``: find particles on micrographs as they appear."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType
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
from deepem.cli.console import ExitCode, count, make_status, print_note
from deepem.cli.options import Micrographs, PixelSize, Threads, threshold_option
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


def watch(
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
    interval: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="Seconds between looks; a file is complete when it has not changed for as long.",
            min=0.1,
            max=3600,
        ),
    ] = 5.0,
    threads: Threads = None,
    device: DeviceName = "auto",
    fast: Fast = False,
    backend: BackendName = "local",
    workers: Workers = None,
    scheduler: Scheduler = None,
    queue_options: QueueOptions = None,
) -> None:
    """Find particles on micrographs as they appear.

    Looks at folders, patterns and lists again and again, and picks each micrograph when it is
    complete. Writes what deepem pick writes, and keeps the tables and the page in DIR/report up
    to date. Ends after Ctrl-C, or when a file DIR/STOP appears (touch DIR/STOP), or
    DIR/RELION_JOB_ABORT_NOW. The same command goes on where it was. Folders may vanish for a
    while.
    """
    from deepem.io import pick_format
    from deepem.picking import Picker
    from deepem.picking.file_picker import FilePicker
    from deepem.picking.occasionally import Occasionally
    from deepem.picking.watch import watch_folder

    names = tuple(dict.fromkeys(pick_format(name.strip()).name for name in formats.split(",")))
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
        n_files=None,
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
        resume=True,
        n_threads=where.threads_per_worker,
    )
    report = RunReport(pick_one)
    watched = watch_folder(pick_one, micrographs, where.backend, interval_s=interval)
    print_note(f"Watching, and picking {where.description}. Stop with: touch {out / 'STOP'}")
    writing = Occasionally(report.write)
    try:
        with _stopped_by_signals(), where.backend, closing(watched), make_status() as status:
            report.begin()
            for picked in watched:
                if picked is None:
                    writing.do()
                    done = count(report.n_done, "micrograph")
                    particles = count(report.n_picks, "particle")
                    status.update(f"{done}, {particles}; waiting for more")
                else:
                    report.add(picked)
                    status.update(f"{picked.file.name} picked")
    except KeyboardInterrupt:
        print_note("Interrupted. The same command goes on from here.")
        report.end()
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    print_note("Stopped as asked. The same command goes on from here.")
    raise typer.Exit(report.end())


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let a queue or a service manager end a watch as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
