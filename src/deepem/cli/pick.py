"""``deepem pick``: find particles on micrographs with a model."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.backends import (
    BackendName,
    DeviceName,
    QueueOptions,
    Scheduler,
    Workers,
    choose_where,
)
from deepem.cli.console import (
    ExitCode,
    Failures,
    count,
    make_progress,
    print_data,
    print_note,
)
from deepem.cli.options import (
    FORMAT_NAMES,
    Micrographs,
    Overwrite,
    PixelSize,
    Resume,
    Threads,
    threshold_option,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from deepem.picking import Picker

# In a folder of its own: a table beside the coordinates could be taken for some.
_EXPECTED = Path("report") / "expected.tsv"


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
            help="Least distance of two picks in unbinned pixels; by default half a diameter, "
            "or 0.8 for the network of boxes.",
        ),
    ] = None,
    keep_junk: Annotated[
        bool,
        typer.Option(
            "--keep-junk", help="Do not leave out picks on carbon, ice crystals and aggregates."
        ),
    ] = False,
    pixel_size: PixelSize = None,
    threads: Threads = None,
    device: DeviceName = "auto",
    backend: BackendName = "local",
    workers: Workers = None,
    scheduler: Scheduler = None,
    queue_options: QueueOptions = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
) -> None:
    """Find particles and write their coordinates.

    Writes a file for EMAN2 (.box) and one for RELION (.star) for each micrograph, and prints a
    line for each: name, number of picks, their mean score. Candidates above the threshold that
    are left out, because they lie in junk, or for their standard deviation or the edge, are listed
    with the reason in DIR/rejected. Where scores are probabilities, DIR/report/expected.tsv says
    which precision and recall to expect at every threshold. --threshold 0 keeps every candidate,
    with its score, wherever it lies.

    A run that was broken off, in whatever way, goes on with --resume; more micrographs may have
    come meanwhile. All candidates are kept in DIR/candidates, so --resume --overwrite with another
    threshold or format does not scan again.
    """
    import numpy as np

    from deepem.io import find_micrographs, pick_format
    from deepem.picking import REASONS, Picker, pick_files
    from deepem.picking.rejected import REJECTED_FOLDER

    names = list(dict.fromkeys(pick_format(name.strip()).name for name in formats.split(",")))
    files = find_micrographs(micrographs)
    picker = Picker(
        model,
        threshold=threshold,
        std_range=std_range,
        edge_margin_px=edge_margin,
        min_distance_px=min_distance,
        keep_junk=keep_junk,
        device=device,
    )
    where = choose_where(
        backend,
        n_files=len(files),
        workers=workers,
        threads=threads,
        scheduler=scheduler,
        queue_options=queue_options,
        device=device,
    )
    picked_files = pick_files(
        picker,
        files,
        out,
        formats=names,
        pixel_size_angstrom=pixel_size,
        overwrite=overwrite,
        resume=resume,
        backend=where.backend,
        threads_per_worker=where.threads_per_worker,
    )
    print_note(f"Picking {where.description}")
    failures = Failures()
    n_done = n_picks = 0
    left_out: Counter[str] = Counter()
    scores: list[NDArray[np.float32]] = []
    try:
        # Closed also when broken off: files for all micrographs are written then.
        with where.backend, closing(picked_files), make_progress() as progress:
            task = progress.add_task("Picking", total=len(files), detail="")
            print_data("micrograph\tpicks\tmean_score")
            for picked in picked_files:
                if picked.error is not None:
                    failures.add(picked.error)
                if picked.picks is not None:
                    n_done, n_picks = n_done + 1, n_picks + len(picked.picks)
                    mean = f"{picked.picks.score.mean():.3f}" if len(picked.picks) else ""
                    print_data(f"{picked.picks.micrograph}\t{len(picked.picks)}\t{mean}")
                if picked.verdict is not None:
                    left_out.update(picked.verdict.count_reasons())
                if picked.candidate_scores is not None:
                    scores.append(picked.candidate_scores)
                progress.update(task, advance=1, detail=count(n_picks, "particle"))
    except KeyboardInterrupt:
        print_note(
            f"Interrupted: {n_done} of {count(len(files), 'micrograph')} done, in {out}. "
            "Go on with the same command and --resume."
        )
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if n_done:
        done = count(n_done, "micrograph")
        print_note(f"{count(n_picks, 'particle')} on {done}, written to {out}")
    if left_out:
        parts = ", ".join(f"{left_out[reason]} {reason}" for reason in REASONS if left_out[reason])
        print_note(f"{left_out.total()} left out: {parts}; listed in {out / REJECTED_FOLDER}")
    if picker.model.header.calibration is not None and n_done:
        _say_expected(picker, np.concatenate(scores), out)
    raise typer.Exit(failures.exit_code(n_done))


def _say_expected(picker: Picker, scores: NDArray[np.float32], out: Path) -> None:
    """Say how good the picks should be, and write it for every threshold."""
    import numpy as np

    from deepem.cli.expectation_table import describe_expected, format_expected_table
    from deepem.core import Picks
    from deepem.evaluation.expectation import expect
    from deepem.io import write_atomically

    calibration = picker.model.header.calibration
    factor = None if calibration is None else calibration.logit_error_factor
    nowhere = np.zeros(scores.size)
    expectation = expect(Picks("all", nowhere, nowhere, score=scores), logit_error_factor=factor)
    path = out / _EXPECTED
    # A report of this run: one of an earlier run must not stand beside its picks.
    with write_atomically(path, overwrite=True) as file:
        file.write(format_expected_table(expectation))
    print_note(describe_expected(expectation, threshold=picker.threshold, table=path))
