"""``deepem study``: the paper's experiments and our benchmarks, each one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.console import ExitCode, count, print_data, print_error, print_note, use_threads
from deepem.cli.options import Threads
from deepem.errors import ConfigError

if TYPE_CHECKING:
    from deepem.studies import Cell, Study

study = typer.Typer(
    name="study",
    help="Measure how good DeepEM is, a table a command.",
    epilog="Example: deepem study run few_labels --data ../shared/data",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="A study; see deepem study list.")]
_Results = Annotated[
    Path,
    typer.Option("--results", metavar="DIR", help="Folder in which each measurement is kept."),
]
_DEFAULT_RESULTS = Path("study-results")


@study.command("list", epilog="Example: deepem study list")
def list_studies() -> None:
    """List the studies, with the number of their measurements and what they need."""
    from deepem.studies import STUDIES

    for one in STUDIES.values():
        needs = sorted({f"--{need.source}" for need in one.needs})
        n_cells = len(one.cells())
        print_data(f"{one.name}\t{count(n_cells, 'measurement')}\t{' '.join(needs)}\t{one.title}")


@study.command("run", epilog="Example: deepem study run low_signal --maps ../shared/maps")
def run(
    name: _Name,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Only see whether it runs, in a minute; no target is compared."
        ),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds", metavar="N", help="Number of seeds; by default the study's.", min=1
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="Folder of the real micrographs with labels."),
    ] = None,
    maps: Annotated[
        Path | None, typer.Option("--maps", metavar="DIR", help="Folder of the density maps.")
    ] = None,
    results: _Results = _DEFAULT_RESULTS,
    threads: Threads = None,
) -> None:
    """Measure a study, one setting and seed after the other.

    Each measurement is kept when it is done, and not made again: a run that was broken off goes
    on, and one that failed is tried again. Delete the folder of results to measure anew.
    """
    from deepem.studies import Sources, run_study

    chosen = _find_study(name)
    use_threads(threads)
    n_failed, n_kept, n_done = 0, 0, 0
    try:
        for outcome in run_study(chosen, Sources(data, maps), results, quick=quick, n_seeds=seeds):
            shown = _describe(outcome.cell)
            if outcome.result is None:
                n_failed += 1
                print_error(f"{shown}: {outcome.error}")
                continue
            n_done += 1
            n_kept += not outcome.is_new
            figures = [f"{key}={value:.4g}" for key, value in outcome.result.figures.items()]
            print_data("\t".join([shown, *figures]))
    except KeyboardInterrupt:
        print_note("Interrupted: what was measured is kept; the same command goes on.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    print_note(
        f"{count(n_done, 'measurement')}, {n_kept} of them from before, {n_failed} failed; "
        f"table: deepem study report {name} --results {results}"
    )
    if n_failed:
        raise typer.Exit(ExitCode.SOME_FAILED if n_done else ExitCode.FAILED)


@study.command("report", epilog="Example: deepem study report few_labels --out docs/results")
def report(
    name: _Name,
    results: _Results = _DEFAULT_RESULTS,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder for the report; by default that of the results."
        ),
    ] = None,
) -> None:
    """Write the table of a study, NAME.md and NAME.csv, from what is measured so far."""
    from deepem.studies import write_report

    written = write_report(_find_study(name), results, results if out is None else out)
    for row in written.rows:
        for verdict in row.verdicts:
            print_data(f"{_describe(row.group)}\t{verdict.target.figure}\t{verdict.reached}")
    print_note(f"Report written to {written.markdown} and {written.table}")


def _find_study(name: str) -> Study:
    from deepem.studies import STUDIES

    if name not in STUDIES:
        raise ConfigError("study", f"'{name}' is not known. Known: {', '.join(STUDIES)}.")
    return STUDIES[name]


def _describe(cell: Cell) -> str:
    return " ".join(f"{key}={value}" for key, value in cell.items())
