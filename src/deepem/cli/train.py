"""``deepem train``: learn from labelled micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deepem.cli.console import (
    ExitCode,
    make_progress,
    print_note,
    print_warning,
    report_failures,
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
from deepem.errors import DeepEMError, OutputError

if TYPE_CHECKING:
    from deepem.core import Micrograph, Picks


def train(
    micrographs: Micrographs,
    picks: Annotated[
        list[Path],
        typer.Option("--picks", metavar="DIR", help="Coordinates: folder or files; repeatable."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="M.deepem", help="Model to write.")],
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    valid: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid",
            metavar="MICROGRAPHS",
            help="Micrographs to choose the threshold on; repeatable. "
            "By default a fifth of the micrographs, if there are five or more.",
        ),
    ] = None,
    valid_picks: Annotated[
        list[Path] | None,
        typer.Option(
            "--valid-picks",
            metavar="DIR",
            help="Their coordinates; by default the place where they are themselves.",
        ),
    ] = None,
    negatives: Annotated[
        list[Path] | None,
        typer.Option(
            "--negatives",
            metavar="DIR",
            help="Coordinates of non-particles, instead of random ones; repeatable.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Network of the paper: klh, 19s, 26s or inflammasome."),
    ] = None,
    binning: Annotated[
        float | None,
        typer.Option("--bin", metavar="N", help="Binning; by default the box gets 40 to 79 px."),
    ] = None,
    box_size: Annotated[
        float | None,
        typer.Option(metavar="PX", help="Box in unbinned pixels; default 1.5 diameters."),
    ] = None,
    layers: Annotated[
        Literal["4", "6", "8", "10"], typer.Option(help="Layers of the network.")
    ] = "8",
    activation: Annotated[
        Literal["sigmoid", "relu"], typer.Option(help="After each convolution.")
    ] = "sigmoid",
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the boxes; default 20, or 2560 updates if that is more."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Boxes for each update.")] = 50,
    learning_rate: Annotated[float, typer.Option(help="Rate of gradient descent.")] = 1.0,
    seed: Seed = 0,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    threads: Threads = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted training.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Learn to find particles from micrographs and the coordinates of their particles."""
    from deepem import training
    from deepem.cli.training_progress import TrainingProgress
    from deepem.networks import save_model

    use_threads(threads)
    checkpoint = out.with_name(out.name + ".checkpoint")
    _check_output(out, checkpoint, resume=resume, overwrite=overwrite)
    if overwrite and not resume:
        checkpoint.unlink(missing_ok=True)

    failures: list[tuple[Path | str, Exception]] = []
    labelled = _Labels(micrographs, picks, negatives, picks_format, pixel_size, failures)
    validation = None
    if valid:
        beside = sorted({path if path.is_dir() else path.parent for path in valid})
        validation = _Labels(valid, valid_picks or beside, None, picks_format, pixel_size, failures)

    with make_progress() as progress:
        events = TrainingProgress(progress)
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
                events=events,
            )
        except KeyboardInterrupt:
            print_note(f"Interrupted. The same command with --resume goes on from {checkpoint}.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
    save_model(model, out, overwrite=overwrite)
    record = model.header.training
    figures = record["validation"]
    print_note(
        f"Threshold {model.header.threshold:.3f}, best F2 on {record['threshold_from']}: "
        f"precision {figures['precision']:.3f}, recall {figures['recall']:.3f}"
    )
    print_note(f"Model written to {out}. Use it with:\n  deepem pick … --model {out} --out picks")
    raise typer.Exit(report_failures([*failures, *events.failures], n_done=1))


class _Labels:
    """Opened micrographs and their coordinates; what is wrong is said, or kept as a failure."""

    def __init__(
        self,
        micrographs: list[Path],
        picks: list[Path],
        negatives: list[Path] | None,
        picks_format: str | None,
        pixel_size_angstrom: float | None,
        failures: list[tuple[Path | str, Exception]],
    ) -> None:
        from deepem.io import find_micrographs, open_micrograph, pair_picks

        paths = find_micrographs(micrographs)
        pairing = pair_picks(paths, picks, format=picks_format)
        for line in pairing.summary().splitlines():
            print_warning(line)
        failures.extend(pairing.failures)
        self.micrographs: list[Micrograph] = []
        self.picks: list[Picks] = []
        for path, labels in pairing.pairs:
            try:
                micrograph = open_micrograph(path, pixel_size_angstrom=pixel_size_angstrom)
            except DeepEMError as error:
                failures.append((path, error))
                continue
            self.micrographs.append(micrograph)
            self.picks.append(labels)
        self.negatives: list[Picks] | None = None
        if negatives:
            opened = {micrograph.name for micrograph in self.micrographs}
            pairs = pair_picks(paths, negatives, format=picks_format).pairs
            self.negatives = [places for _, places in pairs if places.micrograph in opened]


def _check_output(out: Path, checkpoint: Path, *, resume: bool, overwrite: bool) -> None:
    if out.exists() and not overwrite:
        raise OutputError(out, "exists already. Choose another name, or replace it: --overwrite")
    if checkpoint.exists() and not resume and not overwrite:
        raise OutputError(
            checkpoint,
            "holds an interrupted training. Go on with it: --resume; start again: --overwrite",
        )
