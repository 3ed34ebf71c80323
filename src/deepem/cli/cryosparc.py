"""``deepem cryosparc``: pick the micrographs of a cryoSPARC job into a new External job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.backends import choose_where
from deepem.cli.console import ExitCode, Failures, count, print_data, print_note
from deepem.cli.options import Threads, threshold_option

if TYPE_CHECKING:
    from deepem.picking import PickedFile


def cryosparc(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Such as P3.")],
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="Such as W1.")],
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="The job with the micrographs, such as J12.")
    ],
    model: Annotated[
        Path, typer.Option("--model", metavar="M.deepem", help="Model from deepem train.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            metavar="NAME",
            help="Name of the job's output with the micrographs, such as exposures.",
        ),
    ] = "micrographs",
    threshold: Annotated[float | None, threshold_option("the model's")] = None,
    threads: Threads = None,
) -> None:
    """Pick the micrographs of a cryoSPARC job into a new External job.

    Needs the folder of the project on this machine, and cryosparc-tools of the server's version:
    see docs/cryosparc.md, also for what to do without them. Not tried on a server yet.
    """
    from deepem.external_jobs.cryosparc import connect_to_cryosparc, pick_in_cryosparc
    from deepem.picking import Picker

    picker = Picker(model, threshold=threshold, device="auto")
    where = choose_where(n_files=None, threads=threads)
    print_note(f"Picking {where.description}")
    failures = Failures()

    def report(picked: PickedFile) -> None:
        if picked.error is not None:
            failures.add(picked.error)
        if picked.picks is not None:
            print_data(f"{picked.picks.micrograph}\t{len(picked.picks)}")

    try:
        with where.backend:
            done = pick_in_cryosparc(
                picker,
                connect_to_cryosparc(),
                project=project,
                workspace=workspace,
                source_job=job,
                source_output=output,
                backend=where.backend,
                threads_per_worker=where.threads_per_worker,
                report=report,
            )
    except KeyboardInterrupt:
        print_note("Interrupted: the job in cryoSPARC is marked as failed.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    on = count(done.n_micrographs, "micrograph")
    print_note(f"{count(done.n_picks, 'particle')} on {on}, in {project} {done.job}")
    raise typer.Exit(failures.exit_code(done.n_micrographs))
