"""Assembles the commands and turns errors into exit codes. Nothing here imports torch."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from deepem import __version__
from deepem.cli.check import check
from deepem.cli.console import ExitCode, prepare_streams, print_error, show_library_warnings
from deepem.cli.convert import convert
from deepem.cli.cryosparc import cryosparc
from deepem.cli.demo import demo
from deepem.cli.evaluate import evaluate
from deepem.cli.info import info
from deepem.cli.pick import pick
from deepem.cli.refine import refine
from deepem.cli.relion import relion
from deepem.cli.simulate import simulate
from deepem.cli.studio import studio
from deepem.cli.study import study
from deepem.cli.train import train
from deepem.cli.tune import tune
from deepem.cli.watch import watch
from deepem.errors import ConfigError, DeepEMError

_EXAMPLES: dict[Callable[..., Any], str] = {
    demo: "deepem demo --out deepem-demo",
    simulate: "deepem simulate mics --phantom apoferritin --n 10 --snr 0.1",
    studio: "deepem studio mics --diameter 130",
    train: "deepem train mics --picks boxes --diameter 130 --out particle.deepem",
    tune: "deepem tune mics --picks boxes --diameter 130 --out particle.deepem --trials 30",
    pick: "deepem pick mics --model particle.deepem --out picks",
    watch: "deepem watch mics --model particle.deepem --out picks",
    refine: "deepem refine m.deepem mics --verified boxes --set labels --out better.deepem",
    evaluate: "deepem evaluate picks --truth boxes --micrographs mics --report report.html",
    convert: "deepem convert picks --to relion --out AutoPick --micrographs micrographs_ctf.star",
    check: "deepem check picks mics",
    cryosparc: "deepem cryosparc P3 W1 J12 --model particle.deepem",
    info: "deepem info mic_0001.mrc mic_0001.star particle.deepem",
}

# How the options are called here that the library calls otherwise.
_OPTIONS = {
    "batch size": "--batch-size",
    "backend": "--backend",
    "bin": "--bin",
    "beta": "--beta",
    "binning": "--to-binned-by",
    "box size": "--box-size",
    "broken": "--nuisances",
    "data": "--data",
    "cycles": "--cycles",
    "defocus_range_um": "--defocus",
    "device": "--device",
    "diameter": "--diameter",
    "dose_per_angstrom2": "--dose",
    "edge margin": "--edge-margin",
    "edge_margin_px": "--edge-margin",
    "empty": "--nuisances",
    "epochs": "--epochs",
    "fast": "--fast",
    "folder": "FOLDER",
    "host": "--host",
    "learning rate": "--learning-rate",
    "maps": "--maps",
    "max_distance_px": "--max-distance",
    "minimum distance": "--min-distance",
    "n_particles": "--particles",
    "network": "--network",
    "particle diameter": "--diameter",
    "phantom": "--phantom",
    "pixel_size_angstrom": "--pixel-size",
    "port": "--port",
    "queue options": "--queue-options",
    "resolution_angstrom": "--resolution",
    "preset": "--preset",
    "scheduler": "--scheduler",
    "shape": "--size",
    "snr": "--snr",
    "solvent_fraction": "--solvent-noise",
    "std range": "--std-range",
    "share": "--share",
    "target error": "--target-error",
    "threshold": "--threshold",
    "updates": "--updates",
    "valid": "--valid",
    "trials": "--trials",
    "workers": "--workers",
}

# Importing makes objects without number and no garbage: looking for it all the time takes long.
_OBJECTS_UNTIL_COLLECTION = 10_000


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deepem {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    show_library_warnings()


def _assemble(commands: Iterable[Callable[..., Any]], groups: Iterable[typer.Typer]) -> typer.Typer:
    assembled = typer.Typer(
        name="deepem",
        help="Find single particles in cryo-EM micrographs, learning from a few boxes.",
        epilog="New here? Try: deepem demo",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    assembled.callback()(_options)
    for command in commands:
        assembled.command(epilog=f"Example: {_EXAMPLES[command]}")(command)
    for group in groups:
        assembled.add_typer(group)
    return assembled


app = _assemble(_EXAMPLES, (relion, study))


def main() -> None:
    """Run the command line; the process ends with an `ExitCode`."""
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)
    prepare_streams()
    # Building all commands takes long: one that is named is built alone.
    named = [command for command in _EXAMPLES if command.__name__ in sys.argv[1:2]]
    try:
        (_assemble(named, ()) if named else app)()
    except Exception as error:
        explanation = _explain(error)
        if explanation is None:
            raise  # a bug: its traceback is what we need to mend it
        print_error(explanation)
        sys.exit(ExitCode.USAGE if isinstance(error, ConfigError) else ExitCode.FAILED)


def _explain(error: Exception) -> str | None:
    """Say in a sentence what went wrong; None for what nobody has foreseen."""
    if isinstance(error, ConfigError) and error.field in _OPTIONS:
        return _OPTIONS[error.field] + str(error).removeprefix(error.field)
    if isinstance(error, DeepEMError):
        return str(error)
    # torch has no class of its own for the last one
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return (
            "not enough memory. Close other programs, use fewer --threads, "
            "or take smaller micrographs"
        )
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; check its name and permissions"
    return None
