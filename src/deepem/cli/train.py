"""``deepem train``: learn from labelled micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    DiameterAngstrom,
    DiameterPx,
    Epochs,
    Overwrite,
    PicksFormat,
    PixelSize,
    Seed,
    Threads,
    Updates,
    ValidPicks,
)
from deepem.errors import ConfigError, ConventionError, OutputError, TrainingDataError

if TYPE_CHECKING:
    from deepem.cli.labels import Labels
    from deepem.networks import Model
    from deepem.training import TrainingSet

_IS_COMPLETE = {"auto": None, "all": True, "some": False}


def train(
    micrographs: Annotated[
        list[Path],
        typer.Argument(
            metavar="MICROGRAPHS",
            help="Micrographs (.mrc .tif .png), folders of them, patterns, or lists; or, without "
            "--picks, the folder of a training set.",
            show_default=False,
            readable=False,  # one that cannot be read must not stop the others
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="M.deepem", help="Model to write.")],
    picks: Annotated[
        list[Path] | None,
        typer.Option("--picks", metavar="DIR", help="Coordinates: folder or file; repeatable."),
    ] = None,
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    labels: Annotated[
        Literal["auto", "all", "some"],
        typer.Option(
            help="Whether the coordinates are all particles of their micrographs. By default 200 "
            "or more are; of fewer, a first network finds out."
        ),
    ] = "auto",
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid",
            metavar="MICROGRAPHS",
            help="Micrographs to choose the threshold on, which are not learnt from; folder or "
            "file, repeatable. By default a fifth of the micrographs, if there are five or more.",
        ),
    ] = None,
    valid_picks: ValidPicks = None,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(
            "--negatives",
            metavar="DIR",
            help="Coordinates of places without a particle, to learn from; repeatable.",
        ),
    ] = None,
    training_set: Annotated[
        Path | None,
        typer.Option(
            "--set",
            metavar="DIR",
            help="Keep the labels as a training set in this new folder. With --cycles by default "
            "beside the model.",
        ),
    ] = None,
    cycles: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Train on some of the micrographs, then up to N times pick others, and learn "
            "from the mistakes there.",
        ),
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option(
            metavar="E",
            help="End the cycles when the error (1 − F2 on held-out micrographs) is below this.",
        ),
    ] = None,
    network: Annotated[
        Literal["residual", "deepem8"] | None,
        typer.Option(
            help="Network: residual, or that of the paper. By default residual, unless a preset, "
            "layers or an activation are given."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Network of the paper: klh, 19s, 26s or inflammasome."),
    ] = None,
    binning: Annotated[
        float | None,
        typer.Option(
            "--bin", metavar="N", help="Binning; by default what suits the diameter and network."
        ),
    ] = None,
    box_size: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Box in unbinned pixels; by default 1.5 diameters."),
    ] = None,
    layers: Annotated[
        Literal["4", "6", "8", "10"] | None,
        typer.Option(help="Layers of the deepem8 network; by default 8."),
    ] = None,
    activation: Annotated[
        Literal["sigmoid", "relu"] | None,
        typer.Option(help="What follows each convolution of deepem8; by default sigmoid."),
    ] = None,
    updates: Updates = None,
    epochs: Epochs = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Crops (residual: 8) or boxes (deepem8: 50) for each update."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(metavar="RATE", help="Step of the descent; by default the network's."),
    ] = None,
    beta: Beta = 2.0,
    seed: Seed = 0,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    threads: Threads = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted training.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Learn to find particles from labelled micrographs.

    Needs micrographs and the coordinates of some of their particles, in any format, named as the
    micrographs: a few clicks will do, 200 or more are better. Or a training set, which --set and
    deepem refine write: a folder that may be edited.
    """
    from deepem.cli.labels import find_files, read_labels, read_validation
    from deepem.training import TrainingSet
    from deepem.training.training_set import is_training_set

    use_threads(threads)
    checkpoint = out.with_name(out.name + ".checkpoint")
    _check_output(out, checkpoint, resume=resume, overwrite=overwrite)
    stored = micrographs[0] if len(micrographs) == 1 and is_training_set(micrographs[0]) else None
    if valid_picks and not valid:
        raise ConfigError("valid-picks", "name the micrographs they belong to with --valid.")
    if stored is not None:
        _check_stored(stored, picks=picks, negatives=negatives, training_set=training_set)
    elif not picks:
        raise ConfigError(
            "--picks", "name the coordinates; without them MICROGRAPHS is a training set's folder."
        )
    _check_cycles(cycles, target_error, labels=labels, stored=stored, resume=resume)
    if overwrite and not resume:
        checkpoint.unlink(missing_ok=True)

    failures = Failures()
    files, valid_files = find_files(None if stored else micrographs, valid)
    known: TrainingSet | None = None
    if stored is not None:
        known = TrainingSet.load(stored)
    else:
        labelled = read_labels(
            files,
            picks or [],
            negatives=negatives,
            others=valid_files,
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
    options: dict[str, Any] = {
        "diameter_angstrom": diameter,
        "diameter_px": diameter_px,
        "network": network,
        "preset": preset,
        "factor": binning,
        "box_size_px": box_size,
        "n_pairs": None if layers is None else int(layers) // 2 - 1,  # input, pairs, output
        "activation": activation,
        "valid_micrographs": validation.micrographs if validation else (),
        "valid_picks": validation.picks if validation else (),
        "beta": beta,
        "seed": seed,
        "epochs": epochs,
        "updates": updates,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    if cycles is not None:
        model = _train_in_cycles(
            labelled,
            out,
            training_set or out.with_suffix(".set"),
            n_cycles=cycles,
            target_error=target_error,
            overwrite=overwrite,
            failures=failures,
            **options,
        )
    else:
        if known is not None:
            options |= _list_stored(known, options, failures)
        else:
            options |= {
                "micrographs": labelled.micrographs,
                "picks": labelled.picks,
                "negatives": labelled.negatives,
                "unlabelled": labelled.unlabelled,
            }
            if training_set is not None:
                known = _store(labelled, training_set, _IS_COMPLETE[labels], diameter, diameter_px)
        if labels != "auto" or stored is None:
            options["complete"] = _IS_COMPLETE[labels]
        model = _train(known, checkpoint, resume=resume, failures=failures, **options)
        from deepem.networks import save_model

        save_model(model, out, overwrite=overwrite)
        checkpoint.unlink(missing_ok=True)
        if training_set is not None and known is not None:
            known.save()
            print_note(f"Labels kept in the training set {training_set}")
    _say_result(model, out)
    raise typer.Exit(failures.exit_code(n_done=len(model.header.training["micrographs"])))


def _check_output(out: Path, checkpoint: Path, *, resume: bool, overwrite: bool) -> None:
    if out.suffix != ".deepem":
        raise ConfigError("--out", f"a model's name ends in .deepem, such as {out}.deepem")
    check_writable(out, overwrite=overwrite)
    if checkpoint.exists() and not resume and not overwrite:
        raise OutputError(
            checkpoint,
            "holds an interrupted training. Go on with it: --resume; start again: --overwrite",
        )
    if resume and not checkpoint.exists():
        print_note(f"There is no {checkpoint} to go on from: training from the beginning.")


def _check_stored(
    folder: Path,
    *,
    picks: list[Path] | None,
    negatives: list[Path] | None,
    training_set: Path | None,
) -> None:
    given = {"--picks": picks, "--negatives": negatives, "--set": training_set}
    for option, value in given.items():
        if value:
            raise ConfigError(
                option,
                f"{folder} is a training set, which has its own labels. Leave {option} out, or add "
                "to the set with deepem refine.",
            )


def _check_cycles(
    cycles: int | None,
    target_error: float | None,
    *,
    labels: str,
    stored: Path | None,
    resume: bool,
) -> None:
    if cycles is None:
        if target_error is not None:
            raise ConfigError("target error", "is where --cycles ends: say how many at most.")
        return
    if stored is not None:
        raise ConfigError("cycles", "need micrographs and --picks, not a training set.")
    if labels == "some":
        raise ConfigError("cycles", "take the labels for all particles. Leave out --labels some.")
    if resume:
        raise ConfigError("cycles", "cannot be resumed. Go on with deepem refine instead.")


def _list_stored(known: TrainingSet, options: dict[str, Any], failures: Failures) -> dict[str, Any]:
    """What `deepem.train` wants to know of a training set, without the validation micrographs."""
    for error in known.failures().values():
        failures.add(error)
    aside = {micrograph.name for micrograph in options["valid_micrographs"]}
    names = [micrograph.name for micrograph in known.micrographs()]
    used = [name not in aside for name in names]
    chosen: dict[str, Any] = {
        kind: [thing for thing, is_used in zip(things, used, strict=True) if is_used]
        for kind, things in (
            ("micrographs", known.micrographs()),
            ("picks", known.picks()),
            ("negatives", known.negatives()),
        )
    }
    chosen["complete"] = dict(zip(names, known.complete(), strict=True))
    if options["diameter_px"] is None and options["diameter_angstrom"] is None:
        chosen["diameter_px"] = known.diameter_px
        chosen["diameter_angstrom"] = known.diameter_angstrom
    return chosen


def _store(
    labelled: Labels,
    folder: Path,
    complete: bool | None,
    diameter: float | None,
    diameter_px: float | None,
) -> TrainingSet:
    """The labels as a new training set, which is saved when there is a model."""
    from deepem.core import find_diameter_px
    from deepem.training.training_set import start_set

    if diameter is None and diameter_px is None:
        diameter_px = find_diameter_px(labelled.picks)
    known = start_set(folder, diameter_px=diameter_px, diameter_angstrom=diameter)
    negatives = {places.micrograph: places for places in labelled.negatives or ()}
    for micrograph, particles in zip(labelled.micrographs, labelled.picks, strict=True):
        known.add(micrograph, particles, negatives.get(micrograph.name), complete=complete)
    return known


def _train(
    known: TrainingSet | None,
    checkpoint: Path,
    *,
    resume: bool,
    failures: Failures,
    **options: Any,
) -> Model:
    from deepem import training
    from deepem.cli.training_progress import TrainingProgress

    with make_progress() as progress:
        try:
            return training.train(
                **options,
                training_set=None if known is None else known.to_record(),
                checkpoint=checkpoint,
                events=TrainingProgress(progress, failures),
            )
        except KeyboardInterrupt:
            cure = "Run the same command again."
            if checkpoint.exists():
                cure = f"The same command with --resume goes on from {checkpoint}."
            print_note(f"Interrupted. {cure}")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except (ConfigError, ConventionError, TrainingDataError):
            if not resume:  # the same again would fail again: nothing to go on with
                checkpoint.unlink(missing_ok=True)
            raise


def _train_in_cycles(
    labelled: Labels,
    out: Path,
    folder: Path,
    *,
    target_error: float | None,
    overwrite: bool,
    failures: Failures,
    **options: Any,
) -> Model:
    """The learning cycle; the best model so far is kept after each turn."""
    from deepem import training
    from deepem.cli.cycle_output import say_cycle, say_end
    from deepem.cli.training_progress import TrainingProgress
    from deepem.networks import save_model

    done: list[training.Cycle] = []

    def keep(cycle: training.Cycle) -> None:
        say_cycle(cycle)
        if all(cycle.error.error <= other.error.error for other in done):
            save_model(cycle.model, out, overwrite=overwrite or bool(done))
        done.append(cycle)

    with make_progress() as progress:
        try:
            result = training.train_in_cycles(
                labelled.micrographs,
                labelled.picks,
                negatives=labelled.negatives,
                training_set=folder,
                target_error=target_error,
                events=TrainingProgress(progress, failures),
                on_cycle=keep,
                **options,
            )
        except KeyboardInterrupt:
            cure = "Run the same command again."
            if done:
                cure = (
                    f"The best model so far is {out}, its training set {folder}. Go on with deepem "
                    "refine."
                )
            print_note(f"Interrupted. {cure}")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    say_end(result, target_error)
    print_note(f"Labels kept in the training set {folder}")
    return result.model


def _say_result(model: Model, out: Path) -> None:
    record = model.header.training
    threshold = f"Threshold {model.header.threshold:.3f}"
    if "validation" in record:
        figures = record["validation"]
        print_note(
            f"{threshold}, chosen by F{record['beta']:g} on {record['threshold_from']}: "
            f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}"
        )
    else:
        print_note(
            f"{threshold}. There is {record['threshold_from']} to measure on: look at the picks, "
            "and move it with deepem pick --threshold"
        )
    print_note(f"Model written to {out}. Use it with:\n  deepem pick … --model {out} --out picks")
