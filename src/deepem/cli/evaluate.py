"""``deepem evaluate``: compare picks with known particles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deepem.cli.console import (
    Failures,
    check_writable,
    print_data,
    print_note,
    print_warning,
)
from deepem.cli.options import (
    DiameterAngstrom,
    DiameterPx,
    Overwrite,
    PicksFormat,
    PixelSize,
    threshold_option,
)
from deepem.cli.protocol_tables import check_only_centres, print_protocol
from deepem.errors import ConfigError, ConventionError, DeepEMError

if TYPE_CHECKING:
    from deepem.core import Micrograph, Picks
    from deepem.evaluation import Evaluation, Figures
    from deepem.io import MicrographFile

_N_PICTURES = 4


def evaluate(
    picks: Annotated[list[Path], typer.Argument(metavar="PICKS", help="Picks: folders or files.")],
    truth: Annotated[
        list[Path],
        typer.Option("--truth", metavar="DIR", help="True particles: folder or file; repeatable."),
    ],
    micrographs: Annotated[
        list[Path] | None,
        typer.Option(
            "--micrographs",
            metavar="DIR",
            help="The micrographs, for the edge margin and the pictures of the report; repeatable.",
        ),
    ] = None,
    max_distance: Annotated[
        float | None,
        typer.Option(
            metavar="PX",
            help="Largest distance of a pick to its particle in unbinned pixels; by default "
            "half a diameter.",
            max=1e6,
        ),
    ] = None,
    edge_margin: Annotated[
        float | None,
        typer.Option(
            metavar="PX",
            help="Border in unbinned pixels where nothing counts; by default half a diameter "
            "with --micrographs, else none.",
            max=1e6,
        ),
    ] = None,
    protocol: Annotated[
        Literal["centres", "cryoppp", "pixelwise"],
        typer.Option(
            metavar="NAME",
            help="How to compare: matched centres, particles pooled (centres); the CryoPPP "
            "benchmark's means over micrographs of matched centres (cryoppp); CryoSegNet's discs, "
            "pixel by pixel (pixelwise).",
        ),
    ] = "centres",
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    threshold: Annotated[float | None, threshold_option("all picks")] = None,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="Write a report with curves."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare picks with known particles.

    Prints precision, recall, F1, F2 and average precision (AP) of each micrograph and of all.
    Each particle is found by at most one pick. A micrograph counts if it has both picks and true
    particles; for one without particles give an empty .box file. The curves and the average
    precision need picks down to a low score: pick with --threshold 0, and give the threshold here.

    For figures beside those of other pickers there is --protocol cryoppp. It takes the picks as
    they are, and a micrograph without picks counts as one where nothing was found; with
    --micrographs only these count. Figures of different protocols cannot be compared.
    """
    from deepem import evaluation
    from deepem.core import find_diameter_px

    if protocol != "centres":
        options = {"max_distance_px": max_distance, "edge_margin_px": edge_margin}
        check_only_centres(protocol, options | {"threshold": threshold, "--report": report})
    if report is not None:
        check_writable(report, overwrite=overwrite)
    if max_distance is None and diameter is not None and not (pixel_size or micrographs):
        raise ConfigError(
            "diameter",
            "in Å needs a pixel size: give --micrographs, whose headers tell it, or --pixel-size, "
            "or the diameter in pixels with --diameter-px.",
        )
    failures = Failures()
    files = _index(micrographs)
    picked = _collect(picks, picks_format, files, failures)
    known = _collect(truth, picks_format, files, failures)
    names = [name for name in known if name in picked]
    if not names:
        raise ConventionError(
            "no micrograph has both picks and true particles. Their files must have the same "
            "names, such as mic_1.star and mic_1.box."
        )
    if protocol == "centres":
        _say("No picks for the particles of", [name for name in known if name not in picked])
    else:
        # What was not found counts, unless it was not to be looked for.
        names = [name for name in known if not files or name in files]
        _say("Not among the micrographs:", [name for name in known if name not in names])
        unpicked = [name for name in names if name not in picked]
        _say("No picks for the particles of", unpicked, outcome="nothing counts as found there")
    unknown = [name for name in picked if name not in known]
    _say("No particles to compare with on", unknown)
    uncompared = [picked[name] for name in unknown]
    opened: dict[str, Micrograph] = {}
    if micrographs:
        opened = _open(files, names, pixel_size, failures)
        picked, known, opened = _place(picked, known, opened, failures)
        _say("No usable micrograph for", [name for name in names if name not in opened])
        names = [name for name in names if name in opened]
        if not any(name in picked for name in names):
            raise ConventionError("none of the micrographs has both picks and true particles.")
    if max_distance is None or (edge_margin is None and opened):
        sizes = [pixel_size, *(micrograph.pixel_size_angstrom for micrograph in opened.values())]
        radius_px = 0.5 * find_diameter_px(
            [known[name] for name in names],
            diameter_px=diameter_px,
            diameter_angstrom=diameter,
            pixel_size_angstrom=next((size for size in sizes if size is not None), None),
        )
        max_distance = radius_px if max_distance is None else max_distance
        edge_margin = radius_px if edge_margin is None and opened else edge_margin
    if protocol != "centres":
        print_protocol(
            protocol,
            [*(picked[name] for name in names if name in picked), *uncompared],
            [known[name] for name in names],
            diameter_px=2 * max_distance,
            as_json=as_json,
        )
        raise typer.Exit(failures.exit_code(n_done=len(names)))
    result = evaluation.evaluate(
        [picked[name] for name in names],
        [known[name] for name in names],
        max_distance_px=max_distance,
        edge_margin_px=edge_margin or 0.0,
        threshold=threshold,
    )
    if as_json:
        print_data(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        _print_table(result)
    if report is not None:
        _write_report(result, opened, report, overwrite=overwrite)
    raise typer.Exit(failures.exit_code(n_done=len(names)))


def _index(micrographs: list[Path] | None) -> dict[str, MicrographFile]:
    from deepem.io import find_micrographs

    return {file.name: file for file in find_micrographs(micrographs)} if micrographs else {}


def _collect(
    paths: list[Path],
    picks_format: str | None,
    files: dict[str, MicrographFile],
    failures: Failures,
) -> dict[str, Picks]:
    """Coordinates by the names of the micrographs, where these are given."""
    from deepem.io import collect_picks
    from deepem.io.naming import NameIndex, strip_pick_name
    from deepem.io.pairing import ShapeFinder

    index = NameIndex(files)

    def find_name(name: str) -> str:
        match = index.find(name)
        return strip_pick_name(name) if match is None else match.name

    collection = collect_picks(
        paths, format=picks_format, find_name=find_name, find_shape=ShapeFinder(index, files)
    )
    for _, error in collection.failures:
        failures.add(error)
    return collection.by_name


def _say(why: str, names: list[str], *, outcome: str = "left out") -> None:
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        print_warning(f"{why} {', '.join(names[:3])}{more}: {outcome}.")


def _open(
    files: dict[str, MicrographFile],
    names: list[str],
    pixel_size: float | None,
    failures: Failures,
) -> dict[str, Micrograph]:
    from deepem.io import open_micrograph

    opened: dict[str, Micrograph] = {}
    for name, file in files.items():
        if name in names or not file.path.exists():
            try:
                opened[name] = open_micrograph(file, pixel_size_angstrom=pixel_size)
            except DeepEMError as error:
                failures.add(error)
    return opened


def _place(
    picked: dict[str, Picks],
    known: dict[str, Picks],
    opened: dict[str, Micrograph],
    failures: Failures,
) -> tuple[dict[str, Picks], dict[str, Picks], dict[str, Micrograph]]:
    """Coordinates with the frame of their micrograph, and the micrographs that they fit."""
    from deepem.io import place_picks

    placed_picks, placed_truth, fitting = {}, {}, {}
    for name, micrograph in opened.items():
        try:
            if name in picked:
                placed_picks[name] = place_picks(picked[name], micrograph)
            placed_truth[name] = place_picks(known[name], micrograph)
        except DeepEMError as error:
            failures.add(error)
            continue
        fitting[name] = micrograph
    return placed_picks, placed_truth, fitting


def _write_report(
    result: Evaluation, opened: dict[str, Micrograph], path: Path, *, overwrite: bool
) -> None:
    from deepem.evaluation import render_report, take_picture
    from deepem.io import write_atomically

    page = render_report(
        result,
        title="DeepEM evaluation",
        pictures=[take_picture(micrograph) for micrograph in [*opened.values()][:_N_PICTURES]],
    )
    with write_atomically(path, overwrite=overwrite) as file:
        file.write(page)
    print_note(f"Report written to {path}")


def _print_table(result: Evaluation) -> None:
    print_data("micrograph\tpicks\tparticles\tprecision\trecall\tF1\tF2\tAP\tdistance_px")
    rows: list[tuple[str, Figures]] = [(one.micrograph, one) for one in result.per_micrograph]
    for name, row in [*rows, ("all", result)]:
        shares = (row.precision, row.recall, row.f1, row.f2, row.average_precision)
        print_data(
            f"{name}\t{row.n_picks}\t{row.n_truth}\t"
            + "\t".join(f"{share:.4f}" for share in shares)
            + f"\t{row.median_distance_px:.1f}"
        )
