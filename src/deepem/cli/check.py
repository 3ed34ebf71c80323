"""``deepem check``: ask the images whether coordinates fit them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepem.cli.console import Failures, check_writable, print_data, print_note
from deepem.cli.options import DiameterPx, Micrographs, Overwrite, PicksFormat, Seed
from deepem.errors import DeepEMError

if TYPE_CHECKING:
    from deepem.orientation import OrientationCheck


def check(
    picks: Annotated[
        Path,
        typer.Argument(
            metavar="PICKS",
            help="Coordinates: a file, a folder of them, or RELION's autopick.star.",
            show_default=False,
            readable=False,
        ),
    ],
    micrographs: Micrographs,
    picks_format: PicksFormat = None,
    diameter_px: DiameterPx = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE.png", help="Draw the mean images side by side."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Ask the images whether coordinates fit them, or would if they were turned.

    Compares the mean image at the picks with the mean images at the same places flipped, swapped
    and rescaled. Prints which one shows a particle, and the options of deepem convert that mend
    the file; or that the images cannot tell.
    """
    from deepem.cli.names import report_names
    from deepem.io import find_micrographs, open_micrograph, pair_picks, write_atomically
    from deepem.orientation import average_for_check, check_orientation, draw_check

    if picture is not None:
        check_writable(picture, overwrite=overwrite)
    failures = Failures()
    pairing = pair_picks(find_micrographs(micrographs), [picks], format=picks_format)
    for _, error in pairing.failures:
        failures.add(error)
    report_names(pairing)
    opened, labels = [], []
    for file, places in pairing.pairs:
        try:
            opened.append(open_micrograph(file))
        except DeepEMError as error:
            failures.add(error)
            continue
        labels.append(places)
    result = check_orientation(opened, labels, diameter_px=diameter_px, seed=seed)
    for failure in result.failures:
        failures.add(failure)
    if picture is not None:
        images = average_for_check(result, opened, labels, diameter_px=diameter_px, seed=seed)
        with write_atomically(picture, overwrite=overwrite, mode="wb") as png:
            png.write(draw_check(result, images))
    if as_json:
        print_data(json.dumps(_to_dict(result), indent=2))
    else:
        print_data(result.summary())
        if result.options():
            named = " ".join(str(path) for path in micrographs)
            print_note(
                f"To mend them:\n  deepem convert {picks} --to star --out mended "
                f"--micrographs {named} {result.options()}"
            )
    raise typer.Exit(failures.exit_code(n_done=result.n_micrographs))


def _to_dict(result: OrientationCheck) -> dict[str, Any]:
    return {
        "verdict": str(result.verdict),
        "options": result.options(),
        "offset_px": result.offset_px,
        "evidence": result.evidence,
        "n_picks": result.n_picks,
        "n_micrographs": result.n_micrographs,
        "hypotheses": [
            {
                "options": hypothesis.orientation.options(),
                "inside_fraction": hypothesis.inside_fraction,
                "evidence": hypothesis.evidence,
            }
            for hypothesis in result.hypotheses
        ],
    }
