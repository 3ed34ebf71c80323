"""``deepem train``: learn from labelled micrographs."""

from __future__ import annotations

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
from deepem.errors import ConfigError, ConventionError, OutputError, TrainingDataError

if TYPE_CHECKING:
    from deepem.networks import Model


def train(
    micrographs: Micrographs,
    picks: Annotated[
        list[Path],
        typer.Option("--picks", metavar="DIR", help="Coordinates: folder or file; repeatable."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="M.deepem", help="Model to write.")],
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid",
            metavar="MICROGRAPHS",
            help="Micrographs to choose the threshold on, which are not learnt from; folder or "
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
    negatives: Annotated[
        list[Path] | None,
        typer.Option(
            "--negatives",
            metavar="DIR",
            help="Coordinates of places without a particle, instead of random ones; repeatable.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Network of the paper: klh, 19s, 26s or inflammasome."),
    ] = None,
    binning: Annotated[
        float | None,
        typer.Option(
            "--bin", metavar="N", help="Binning; by default so that the box gets 40 to 79 px."
        ),
    ] = None,
    box_size: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Box in unbinned pixels; by default 1.5 diameters."),
    ] = None,
    layers: Annotated[
        Literal["4", "6", "8", "10"], typer.Option(help="Layers of the network.")
    ] = "8",
    activation: Annotated[
        Literal["sigmoid", "relu"], typer.Option(help="What follows each convolution.")
    ] = "sigmoid",
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Passes over all boxes; by default 20, or as many as make 2560 updates.",
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(metavar="N", help="Boxes for each update.")] = 50,
    learning_rate: Annotated[
        float, typer.Option(metavar="RATE", help="Step of gradient descent.")
    ] = 1.0,
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

    Needs micrographs and the coordinates of their particles, 200 or more: EMAN2 .box or RELION
    .star files, named as the micrographs.
    """
    from deepem import training
    from deepem.cli.labels import read_labels
    from deepem.cli.training_progress import TrainingProgress
    from deepem.io import find_micrographs
    from deepem.networks import save_model

    use_threads(threads)
    checkpoint = out.with_name(out.name + ".checkpoint")
    _check_output(out, checkpoint, resume=resume, overwrite=overwrite)
    if valid_picks and not valid:
        raise ConfigError("valid-picks", "name the micrographs they belong to with --valid.")
    if overwrite and not resume:
        checkpoint.unlink(missing_ok=True)

    failures = Failures()
    valid_files = find_micrographs(valid) if valid else []
    aside = {(file.path.resolve(), file.slice_index) for file in valid_files}
    files = [
        file
        for file in find_micrographs(micrographs)
        if (file.path.resolve(), file.slice_index) not in aside
    ]
    labelled = read_labels(
        files,
        picks,
        negatives=negatives,
        others=valid_files,
        picks_format=picks_format,
        pixel_size_angstrom=pixel_size,
        failures=failures,
    )
    validation = None
    if valid:
        validation = read_labels(
            valid_files,
            valid_picks or sorted({file.path.parent for file in valid_files}),
            others=files,
            picks_format=picks_format,
            pixel_size_angstrom=pixel_size,
            failures=failures,
        )

    with make_progress() as progress:
        try:
            model = training.train(
                labelled.micrographs,
                labelled.picks,
                diameter_angstrom=diameter,
                diameter_px=diameter_px,
                preset=preset,
                factor=binning,
                box_size_px=box_size,
                n_pairs=int(layers) // 2 - 1,  # input, pairs, output
                activation=activation,
                negatives=labelled.negatives,
                valid_micrographs=validation.micrographs if validation else (),
                valid_picks=validation.picks if validation else (),
                seed=seed,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
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
    save_model(model, out, overwrite=overwrite)
    checkpoint.unlink(missing_ok=True)
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


def _say_result(model: Model, out: Path) -> None:
    record = model.header.training
    figures = record["validation"]
    print_note(
        f"Threshold {model.header.threshold:.3f}, chosen by F2 on {record['threshold_from']}: "
        f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}"
    )
    print_note(f"Model written to {out}. Use it with:\n  deepem pick … --model {out} --out picks")
