"""``deepem studio``: look, label, train, correct and pick in the browser."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import count, print_note, print_warning
from deepem.cli.options import DiameterPx, PixelSize
from deepem.errors import MissingExtraError


def studio(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Folder of the micrographs (.mrc .tif .png); if it holds none, all those in the "
            "folders below it. Everything is kept in FOLDER/DeepEM.",
            show_default=False,
            readable=False,
        ),
    ],
    diameter: Annotated[
        float | None,
        typer.Option(
            "--diameter",
            metavar="Å",
            help="Particle diameter (longest extent); it can also be set in the page.",
            min=0.1,
            max=1e6,
        ),
    ] = None,
    diameter_px: DiameterPx = None,
    pixel_size: PixelSize = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Another folder that symbolic links in FOLDER may lead to, where the micrographs "
            "are links; repeatable.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where to listen. The default can be reached from this computer only, and from "
            "others through ssh; 0.0.0.0 lets in whoever has the token.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(metavar="N", help="Port to listen at; 0 takes a free one.", min=0, max=65535),
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only show the address; do not open it.")
    ] = False,
) -> None:
    """Look, label, train, correct and pick in the browser.

    Shows the micrographs of a folder. Click some particles, press Train, look at the picks,
    correct them, train again, pick everything, and write coordinates for RELION, cryoSPARC and
    others. Labels, models and picks are kept in FOLDER/DeepEM as they are made, so the same
    command goes on where it was. Ends after Ctrl-C.

    On a computer without a screen, it shows the ssh command that brings the page to yours.
    """
    try:
        import fastapi  # noqa: F401 (is it there?)
        import uvicorn  # noqa: F401
    except ImportError as error:
        package = (error.name or "fastapi").partition(".")[0]
        raise MissingExtraError(package, "studio", "The studio") from error
    from deepem.studio.project import Project
    from deepem.studio.server import serve

    _show_bugs()
    project = Project(folder, data_folders=data or ())
    given = {
        "diameter_angstrom": diameter,
        "diameter_px": diameter_px,
        "pixel_size_angstrom": pixel_size,
    }
    print_note(f"{project.folder} has {count(len(project.micrographs), 'micrograph')}.")
    if not project.micrographs:
        print_warning(
            "The page shows micrographs as they come. If they are elsewhere, give their folder: "
            "links to folders are not followed."
        )
    serve(
        project,
        changes={field: value for field, value in given.items() if value is not None},
        host=host,
        port=port,
        opens_browser=not no_browser,
        tell=print_note,
    )


def _show_bugs() -> None:
    """Let the server's errors that nobody has foreseen be seen in the terminal."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addHandler(handler)
