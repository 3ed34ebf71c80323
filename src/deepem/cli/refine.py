"""``deepem refine``: learn from the mistakes on new micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

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
    Beta,
    Epochs,
    Micrographs,
    Overwrite,
    PicksFormat,
    PixelSize,
    Seed,
    Threads,
    Updates,
    ValidPicks,
)
from deepem.errors import ConfigError


def refine(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="M.deepem",
            help="Model whose picks were verified.",
            show_default=False,
            readable=False,  # what is wrong with it is said in our words
        ),
    ],
    micrographs: Micrographs,
    verified: Annotated[
        list[Path],
        typer.Option(
            "--verified",
            metavar="DIR",
            help="Coordinates of their true particles, found or missed: folder or file; "
            "repeatable.",
        ),
    ],
    training_set: Annotated[
        Path,
        typer.Option(
            "--set", metavar="DIR", help="Training set to add to; made where there is none."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="NEW.deepem", help="Model to write.")],
    false: Annotated[
        list[Path] | None,
        typer.Option(
            "--false",
            metavar="DIR",
            help="Coordinates of places that were marked as false; repeatable.",
        ),
    ] = None,
    labels: Annotated[
        Literal["all", "some"],
        typer.Option(
            help="Whether the verified coordinates are all particles of their micrographs: only "
            "then is every other pick a false one."
        ),
    ] = "all",
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid",
            metavar="MICROGRAPHS",
            help="Micrographs to measure the error on, which are not learnt from; folder or file, "
            "repeatable. By default a fifth of those that no model of this line knows.",
        ),
    ] = None,
    valid_picks: ValidPicks = None,
    updates: Updates = None,
    epochs: Epochs = None,
    beta: Beta = 2.0,
    seed: Seed = 0,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> None:
    """Learn from the mistakes that a model makes on new micrographs.

    Picks the micrographs, compares with the verified coordinates, adds the true particles, the
    false picks and the places marked as false to the training set, trains again from the model's
    weights with all of the set, and says the error before and after.
    """
    from deepem import training
    from deepem.cli.cycle_output import say_refinement
    from deepem.cli.labels import find_files, read_labels, read_validation
    from deepem.cli.training_progress import TrainingProgress
    from deepem.networks import load_model, save_model
    from deepem.training.training_set import is_training_set

    use_threads(threads)
    if out.suffix != ".deepem":
        raise ConfigError("--out", f"a model's name ends in .deepem, such as {out}.deepem")
    check_writable(out, overwrite=overwrite)
    if valid_picks and not valid:
        raise ConfigError("valid-picks", "name the micrographs they belong to with --valid.")
    load_model(model)  # what is wrong with it is said first
    failures = Failures()
    files, valid_files = find_files(micrographs, valid)
    new = read_labels(
        files,
        verified,
        negatives=false,
        others=valid_files,
        keep_marked=True,
        picks_format=picks_format,
        pixel_size_angstrom=pixel_size,
        failures=failures,
    )
    validation = None
    if valid:
        validation = read_validation(
            valid_files,
            valid_picks,
            others=files,
            picks_format=picks_format,
            pixel_size_angstrom=pixel_size,
            failures=failures,
        )
    if not is_training_set(training_set):
        print_note(
            f"{training_set} is a new training set. What {model.name} learnt before is not in it: "
            "name those micrographs and coordinates here too, to learn from them again"
        )
    names = [micrograph.name for micrograph in new.micrographs]
    with make_progress() as progress:
        try:
            done = training.refine(
                model,
                new.micrographs,
                new.picks,
                training_set=training_set,
                negatives=new.negatives,
                complete={name: labels == "all" and name not in new.only_marked for name in names},
                valid_micrographs=validation.micrographs if validation else (),
                valid_picks=validation.picks if validation else (),
                unlabelled=new.unlabelled,
                beta=beta,
                seed=seed,
                epochs=epochs,
                updates=updates,
                events=TrainingProgress(progress, failures),
            )
        except KeyboardInterrupt:
            print_note("Interrupted; the training set is as it was. Run the same command again.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    save_model(done.model, out, overwrite=overwrite)
    say_refinement(done, training_set)
    print_note(f"Model written to {out}. Use it with:\n  deepem pick … --model {out} --out picks")
    raise typer.Exit(failures.exit_code(n_done=len(done.model.header.training["micrographs"])))
