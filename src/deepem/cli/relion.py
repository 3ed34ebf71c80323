"""``deepem relion``: DeepEM as an External job of RELION, which writes these command lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from deepem.cli.backends import choose_where
from deepem.cli.console import ExitCode, Failures, print_data, print_note, use_threads
from deepem.errors import ConfigError

relion = typer.Typer(
    name="relion",
    help="DeepEM as an External job of RELION: see docs/relion.md.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class _JobCommand(TyperCommand):
    """A command that tells RELION when its options are wrong; else the job seems to run forever."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)  # parsing takes them away
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            folder = _find_value(given, "--o")
            if folder is None or not hasattr(error, "format_message"):
                raise
            from deepem.external_jobs.relion import mark_failed

            mark_failed(folder)
            print_note(f"Labels for the Params tab: {', '.join(_list_labels(self, ctx))}.")
            raise


def _list_labels(command: TyperCommand, ctx: Any) -> list[str]:
    """What a user may type as a label: RELION itself gives the other options."""
    names = [
        option.opts[0]
        for option in command.get_params(ctx)
        if option.param_type_name == "option" and not getattr(option, "hidden", False)
    ]
    labels = [name.removeprefix("--") for name in names if name.startswith("--")]
    return [
        label for label in labels if label not in ("o", "j", "help") and not label.startswith("in_")
    ]


def _find_value(args: list[str], option: str) -> str | None:
    for number, arg in enumerate(args):
        if arg == option and number + 1 < len(args):
            return args[number + 1]
        if arg.startswith(f"{option}="):
            return arg.removeprefix(f"{option}=")
    return None


_Folder = Annotated[
    Path,
    typer.Option("--o", metavar="FOLDER", help="Folder of the job, such as External/job012/."),
]
_Micrographs = Annotated[
    Path,
    typer.Option(
        "--in_mics",
        metavar="FILE",
        help="List of micrographs, such as CtfFind/job003/micrographs_ctf.star.",
    ),
]
_Threads = Annotated[
    int | None, typer.Option("--j", metavar="N", help="Processor cores to use.", min=1)
]
_PipelineControl = Annotated[
    # RELION appends it to every command that has "relion_" in it, as a path may
    str | None, typer.Option("--pipeline_control", hidden=True)
]


@relion.command(
    cls=_JobCommand,
    epilog="Example: deepem relion pick --o External/job012/ --in_mics "
    "CtfFind/job003/micrographs_ctf.star --model External/job011/model.deepem --j 4",
)
def pick(
    folder: _Folder,
    micrographs: _Micrographs,
    model: Annotated[
        Path,
        typer.Option(
            "--model", metavar="FILE", help="Model, such as External/job005/model.deepem."
        ),
    ],
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="T",
            help="Lowest score that is kept, 0 to 1; by default the model's. 0 keeps all, to "
            "choose by «Minimum autopick FOM» in extraction.",
            min=0.0,
            max=1.0,
        ),
    ] = None,
    std_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--std_range",
            metavar="LOW HIGH",
            help="Standard deviations of a box that are kept; by default the model's.",
        ),
    ] = None,
    edge_margin: Annotated[
        float | None,
        typer.Option(
            "--edge_margin",
            metavar="PX",
            help="Least distance of a pick to the edge; by default 0.4 diameters.",
        ),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option(
            "--min_distance",
            metavar="PX",
            help="Least distance of two picks; by default 0.8 diameters.",
        ),
    ] = None,
    threads: _Threads = None,
    pipeline_control: _PipelineControl = None,
) -> None:
    """Pick micrographs. RELION runs this as an External job.

    Writes autopick.star, a STAR file for each micrograph, summary.star and logfile.pdf into the
    folder of the job. Micrographs that the job has picked before are not picked again.
    """
    from deepem.external_jobs.relion import RelionJob

    failures = Failures()
    try:
        with RelionJob(folder) as job:
            from deepem.external_jobs.relion_pick import pick_in_relion
            from deepem.io import find_micrographs

            where = choose_where(n_files=len(find_micrographs([micrographs])), threads=threads)
            print_data(f"Picking {where.description}")  # RELION shows notes as errors
            with where.backend:
                n_done = pick_in_relion(
                    job,
                    micrographs=micrographs,
                    model=model,
                    threshold=threshold,
                    std_range=std_range,
                    edge_margin_px=edge_margin,
                    min_distance_px=min_distance,
                    device="auto",
                    backend=where.backend,
                    threads_per_worker=where.threads_per_worker,
                    say=print_data,
                    fail=failures.add,
                )
    except KeyboardInterrupt as error:
        _say_aborted(error)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    raise typer.Exit(failures.exit_code(n_done))


@relion.command(
    cls=_JobCommand,
    epilog="Example: deepem relion train --o External/job011/ --in_mics "
    "CtfFind/job003/micrographs_ctf.star --in_coords ManualPick/job004/manualpick.star "
    "--diameter 130 --j 4",
)
def train(
    folder: _Folder,
    micrographs: _Micrographs,
    diameter: Annotated[
        float,
        typer.Option(
            "--diameter", metavar="Å", help="Particle diameter (longest extent).", min=0.1, max=1e6
        ),
    ],
    coordinates: Annotated[
        Path | None,
        typer.Option(
            "--in_coords",
            metavar="FILE",
            help="Coordinates, such as ManualPick/job004/manualpick.star.",
        ),
    ] = None,
    particles: Annotated[
        Path | None,
        typer.Option(
            "--in_parts",
            metavar="FILE",
            help="Particles instead, such as Select/job020/particles.star.",
        ),
    ] = None,
    box_size: Annotated[
        float | None,
        typer.Option(
            "--box_size", metavar="PX", help="Box in unbinned pixels; by default 1.5 diameters."
        ),
    ] = None,
    updates: Annotated[
        int | None, typer.Option("--updates", metavar="N", help="Steps of the training.", min=1)
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Same seed, same model.", min=0)
    ] = 0,
    threads: _Threads = None,
    pipeline_control: _PipelineControl = None,
) -> None:
    """Train on picked micrographs. RELION runs this as an External job.

    Writes model.deepem and logfile.pdf into the folder of the job. An interrupted job goes on
    from its last epoch.
    """
    from deepem.external_jobs.relion import RelionJob

    failures = Failures()
    try:
        with RelionJob(folder) as job:
            given = [path for path in (coordinates, particles) if path is not None]
            if len(given) != 1:
                raise ConfigError(
                    "Input coordinates",
                    "give these or «Input particles», one of the two, on the Input tab",
                )
            from deepem.external_jobs.relion_train import train_in_relion

            use_threads(threads)
            train_in_relion(
                job,
                micrographs=micrographs,
                coordinates=given[0],
                diameter_angstrom=diameter,
                box_size_px=box_size,
                updates=updates,
                seed=seed,
                say=print_data,
                fail=failures.add,
            )
    except KeyboardInterrupt as error:
        _say_aborted(error)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    raise typer.Exit(failures.exit_code(n_done=1))


def _say_aborted(error: KeyboardInterrupt) -> None:
    reason = str(error) or "interrupted"
    print_note(f"Stopped: {reason}. What is done is kept; «Continue» goes on from there.")
