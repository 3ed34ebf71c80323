"""Assembles the commands and turns errors into exit codes. Nothing here imports torch."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from deepem import __version__
from deepem.cli import demo, evaluate, info, pick, simulate, train
from deepem.cli.console import ExitCode, print_error, show_library_warnings
from deepem.errors import ConfigError, DeepEMError

app = typer.Typer(
    name="deepem",
    help="Find single particles in cryo-EM micrographs, learning from a few boxes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(simulate.simulate)
app.command()(train.train)
app.command()(pick.pick)
app.command()(evaluate.evaluate)
app.command()(info.info)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deepem {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    show_library_warnings()


def main() -> None:
    """Run the command line; the process ends with an `ExitCode`."""
    try:
        app()
    except ConfigError as error:
        print_error(str(error))
        sys.exit(ExitCode.USAGE)
    except DeepEMError as error:
        print_error(str(error))
        sys.exit(ExitCode.FAILED)
