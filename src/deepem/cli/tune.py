"""``deepem tune``: search better settings for the particle at hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deepem.cli.console import (
    ExitCode,
    Failures,
    check_writable,
    make_progress,
    print_note,
    use_threads,
)
from deepem.cli.options import (
    DiameterAngstrom,
    DiameterPx,
    Micrographs,
    Overwrite,
    PicksFormat,
    PixelSize,
    Seed,
    Threads,
)
from deepem.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from deepem.training.tuning import Tuning


def tune(
    micrographs: Micrographs,
    picks: Annotated[
        list[Path],
        typer.Option("--picks", metavar="DIR", help="Coordinates: folder or file; repeatable."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="M.deepem",
            help="Model to write; the table of the trials is written beside it (M.tsv).",
        ),
    ],
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid",
            metavar="MICROGRAPHS",
            help="Micrographs to measure the trials on, which are not learnt from; folder or "
            "file, repeatable. By default a fifth of the micrographs, if there are five or more.",
        ),
    ] = None,
    valid_picks: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid-picks",
            metavar="DIR",
            help="Their coordinates: folder or file; repeatable. By default beside them.",
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option(
            "--test",
            metavar="MICROGRAPHS",
            help="Micrographs that nothing is chosen on, to measure the winner on; repeatable.",
        ),
    ] = None,
    test_picks: Annotated[
        list[Path] | None,
        typer.Option(
            "--test-picks",
            metavar="DIR",
            help="Their coordinates: folder or file; repeatable. By default beside them.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(metavar="N", help="Trials in all; the first has the default settings.", min=1),
    ] = 30,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="MIN",
            help="No trial begins after so many minutes; the trainings in full come after it.",
            min=0.0,
        ),
    ] = None,
    network: Annotated[
        Literal["residual", "deepem8", "both"],
        typer.Option(
            metavar="NAME", help="Network whose settings are searched: residual, deepem8 or both."
        ),
    ] = "both",
    objective: Annotated[
        Literal["f2", "f1", "average_precision"],
        typer.Option(
            metavar="NAME",
            help="What is to be high on the validation micrographs: f2, f1 or average_precision.",
        ),
    ] = "f2",
    share: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="Share of a whole training that a trial does, above 0, up to 1. The best settings "
            "and the default ones are trained in full at the end.",
            max=1.0,
        ),
    ] = 0.25,
    seed: Seed = 0,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    threads: Threads = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with a search that was interrupted, or with more --trials."
        ),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Search better settings for your particle, and train with them.

    Tries networks, binning, box, layers and learning rates, each in a short training; gives up
    those that stay behind; trains the best, and the default settings, in full; keeps the better.
    Needs: pip install 'deepem[tune]'.
    """
    from deepem.cli.labels import Labels, read_labels
    from deepem.cli.tuning_progress import TuningProgress
    from deepem.io import MicrographFile, find_micrographs
    from deepem.networks import save_model
    from deepem.training import tune as search

    use_threads(threads)
    table, storage = out.with_suffix(".tsv"), out.with_name(out.name + ".tuning")
    _check_output(out, table, storage, resume=resume, overwrite=overwrite)
    for name, of in (("valid", (valid, valid_picks)), ("test", (test, test_picks))):
        if of[1] and not of[0]:
            raise ConfigError(
                f"{name}-picks", f"name the micrographs they belong to with --{name}."
            )

    failures = Failures()
    valid_files = find_micrographs(valid) if valid else []
    test_files = find_micrographs(test) if test else []
    aside = {(file.path.resolve(), file.slice_index) for file in (*valid_files, *test_files)}
    files = [
        file
        for file in find_micrographs(micrographs)
        if (file.path.resolve(), file.slice_index) not in aside
    ]

    def read(chosen: list[MicrographFile], coordinates: list[Path] | None) -> Labels:
        if not chosen:
            return Labels([], [], None)
        return read_labels(
            chosen,
            coordinates or sorted({file.path.parent for file in chosen}),
            others=[file for file in (*files, *valid_files, *test_files) if file not in chosen],
            picks_format=picks_format,
            pixel_size_angstrom=pixel_size,
            failures=failures,
        )

    labelled, validation, tested = (
        read(files, picks), read(valid_files, valid_picks), read(test_files, test_picks)
    )  # fmt: skip
    if overwrite and not resume and storage.is_dir():
        shutil.rmtree(storage)
    with make_progress() as progress:
        events = TuningProgress(progress, failures, objective)
        try:
            tuning = search(
                labelled.micrographs,
                labelled.picks,
                storage=storage,
                table=table,
                n_trials=trials,
                network=None if network == "both" else network,
                objective=objective,
                share=share,
                timeout_s=None if timeout is None else 60 * timeout,
                diameter_angstrom=diameter,
                diameter_px=diameter_px,
                valid_micrographs=validation.micrographs,
                valid_picks=validation.picks,
                test_micrographs=tested.micrographs,
                test_picks=tested.picks,
                seed=seed,
                events=events,
            )
        except KeyboardInterrupt:
            print_note(
                f"Interrupted. What is done is kept in {storage} and {table}. "
                "The same command with --resume goes on from there."
            )
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    save_model(tuning.model, out, overwrite=overwrite)
    _say_result(tuning, out, table, storage)
    raise typer.Exit(failures.exit_code(n_done=len(tuning.model.header.training["micrographs"])))


def _check_output(out: Path, table: Path, storage: Path, *, resume: bool, overwrite: bool) -> None:
    if out.suffix != ".deepem":
        raise ConfigError("--out", f"a model's name ends in .deepem, such as {out}.deepem")
    check_writable(out, overwrite=overwrite)
    if storage.exists() and not resume and not overwrite:
        raise OutputError(
            storage, "holds a search. Go on with it: --resume; start again: --overwrite"
        )
    check_writable(table, overwrite=overwrite or resume)
    if resume and not storage.exists():
        print_note(f"There is no {storage} to go on from: searching from the beginning.")


def _say_result(tuning: Tuning, out: Path, table: Path, storage: Path) -> None:
    figures = tuning.chosen.figures
    measured = (
        f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}, "
        f"F2 {figures['f2']:.3f}, average precision {figures['average_precision']:.3f}"
    )
    if tuning.is_default:
        print_note(f"Nothing is better than the default settings, which win: {measured}")
    else:
        settings = ", ".join(f"{name} {value}" for name, value in tuning.parameters.items())
        print_note(f"The best settings are those of trial {tuning.chosen.number}: {settings}")
        print_note(f"On the micrographs they were chosen on, which flatters them: {measured}")
    if tuning.test is not None:
        test = tuning.test
        print_note(
            f"On the test micrographs: precision {test.precision:.3f}, recall {test.recall:.3f}, "
            f"F2 {test.f2:.3f}, average precision {test.average_precision:.3f}"
        )
    print_note(
        f"Model written to {out}, all trials to {table}. More trials: the same command with "
        f"--resume --overwrite and more --trials; else {storage} can be deleted. "
        "Use the model with:\n"
        f"  deepem pick … --model {out} --out picks"
    )
