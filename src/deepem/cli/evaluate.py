"""``deepem evaluate``: compare picks with known particles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.console import print_data, print_note, print_warning, report_failures
from deepem.cli.options import (
    DiameterAngstrom,
    DiameterPx,
    Overwrite,
    PicksFormat,
    PixelSize,
    Threshold,
)
from deepem.errors import ConventionError, DeepEMError

if TYPE_CHECKING:
    from deepem.core import Micrograph, Picks
    from deepem.evaluation import Evaluation, Figures

_N_PICTURES = 4


def evaluate(
    picks: Annotated[
        list[Path], typer.Argument(metavar="PICKS...", help="Picks: folders or files.")
    ],
    truth: Annotated[
        list[Path],
        typer.Option("--truth", metavar="DIR", help="True particles: folder or files; repeatable."),
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
            help="Largest distance of a pick to its particle; default half a diameter.",
        ),
    ] = None,
    edge_margin: Annotated[
        float | None,
        typer.Option(
            metavar="PX",
            help="Border in which nothing has to be found; default half a diameter "
            "with --micrographs, else none.",
        ),
    ] = None,
    diameter: DiameterAngstrom = None,
    diameter_px: DiameterPx = None,
    threshold: Threshold = None,
    pixel_size: PixelSize = None,
    picks_format: PicksFormat = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write a report.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare picks with known particles: precision, recall, F1, F2, average precision.

    Each particle is found by at most one pick. A micrograph counts if it has both picks and true
    particles; for those without particles give an empty coordinate file. The curves and the
    average precision need picks down to a low score: pick with --threshold 0, and give the
    threshold here.
    """
    from deepem import evaluation
    from deepem.core import find_diameter_px

    failures: list[tuple[Path | str, Exception]] = []
    picked = _collect(picks, picks_format, failures)
    known = _collect(truth, picks_format, failures)
    names = [name for name in known if name in picked]
    _say_unmatched(picked, known)
    opened = _open(micrographs, names, pixel_size, failures)
    if opened:
        picked, known = _place(picked, opened), _place(known, opened)
        names = [name for name in names if name in opened]
    if not names:
        raise ConventionError(
            "no micrograph has both picks and true particles. Their files must have the same names."
        )
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
    result = evaluation.evaluate(
        [picked[name] for name in names],
        [known[name] for name in names],
        max_distance_px=max_distance,
        edge_margin_px=edge_margin or 0.0,
        threshold=threshold,
    )
    if report is not None:
        _write_report(result, opened, report, overwrite=overwrite)
    if as_json:
        print_data(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        _print_table(result)
    raise typer.Exit(report_failures(failures, n_done=len(names)))


def _collect(
    paths: list[Path], picks_format: str | None, failures: list[tuple[Path | str, Exception]]
) -> dict[str, Picks]:
    from deepem.io import collect_picks

    collection = collect_picks(paths, format=picks_format)
    failures.extend(collection.failures)
    return collection.by_name


def _say_unmatched(picked: dict[str, Picks], known: dict[str, Picks]) -> None:
    for one, other, what in (
        (picked, known, "picks, but no true particles to compare with"),
        (known, picked, "true particles, but no picks"),
    ):
        lone = [name for name in one if name not in other]
        if lone:
            more = f" and {len(lone) - 3} more" if len(lone) > 3 else ""
            print_warning(f"Left out, {what}: {', '.join(lone[:3])}{more}.")


def _open(
    micrographs: list[Path] | None,
    names: list[str],
    pixel_size: float | None,
    failures: list[tuple[Path | str, Exception]],
) -> dict[str, Micrograph]:
    from deepem.io import find_micrographs, open_micrograph

    opened: dict[str, Micrograph] = {}
    for path in find_micrographs(micrographs) if micrographs else ():
        if path.stem not in names:
            continue
        try:
            opened[path.stem] = open_micrograph(path, pixel_size_angstrom=pixel_size)
        except DeepEMError as error:
            failures.append((path, error))
    if micrographs and not opened:
        raise ConventionError("none of the micrographs has both picks and true particles.")
    for name in names if micrographs else ():
        if name not in opened:
            print_warning(f"Left out, its micrograph is not among those given: {name}.")
    return opened


def _place(sets: dict[str, Picks], opened: dict[str, Micrograph]) -> dict[str, Picks]:
    from deepem.io import place_picks

    return {name: place_picks(sets[name], opened[name]) for name in opened}


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
