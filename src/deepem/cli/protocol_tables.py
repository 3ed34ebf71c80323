"""What ``deepem evaluate`` prints of the protocols of the field, which it also runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from deepem.cli.console import print_data, print_note, print_warning
from deepem.errors import ConfigError

if TYPE_CHECKING:
    from deepem.core import Picks
    from deepem.evaluation import PixelwiseFigures, ProtocolFigures


def check_only_centres(protocol: str, options: Mapping[str, object]) -> None:
    """Refuse options that a protocol has no room for.

    Raises
    ------
    deepem.errors.ConfigError
        One is given.
    """
    for name, value in options.items():
        if value is not None:
            raise ConfigError(
                name,
                f"is not part of --protocol {protocol}, which takes the picks and the diameter as "
                "they are; leave it out, or take --protocol centres",
            )


def print_protocol(
    protocol: Literal["cryoppp", "pixelwise"],
    picks: list[Picks],
    truth: list[Picks],
    *,
    diameter_px: float,
    as_json: bool,
) -> None:
    """Run a protocol and print its figures: a table, or JSON."""
    if protocol == "cryoppp":
        _print_cryoppp(picks, truth, diameter_px=diameter_px, as_json=as_json)
    else:
        _print_pixelwise(picks, truth, diameter_px=diameter_px, as_json=as_json)


def _print_cryoppp(
    picks: list[Picks], truth: list[Picks], *, diameter_px: float, as_json: bool
) -> None:
    from deepem.evaluation import evaluate_cryoppp

    figures = evaluate_cryoppp(picks, truth, diameter_px=diameter_px)
    print_note(
        f"Protocol cryoppp: centres matched one to one within {diameter_px / 2:g} px, the nearest "
        "first; means over micrographs."
    )
    if as_json:
        _print_json(figures)
        return
    print_data("micrograph\tpicks\tparticles\tprecision\trecall\tF1")
    for row in figures.per_micrograph:
        shares = _join(row.precision, row.recall, row.f1)
        print_data(f"{row.micrograph}\t{row.n_picks}\t{row.n_truth}\t{shares}")
    n_picks = sum(row.n_picks for row in figures.per_micrograph)
    n_truth = sum(row.n_truth for row in figures.per_micrograph)
    shares = _join(figures.precision, figures.recall, figures.f1)
    print_data(f"mean\t{n_picks}\t{n_truth}\t{shares}")


def _print_pixelwise(
    picks: list[Picks], truth: list[Picks], *, diameter_px: float, as_json: bool
) -> None:
    from deepem.evaluation import evaluate_pixelwise

    figures = evaluate_pixelwise(picks, truth, diameter_px=diameter_px)
    print_note(
        f"Protocol pixelwise (CryoSegNet's): discs of {diameter_px:g} px compared pixel by pixel. "
        "'mean' is over micrographs; 'highest' takes the best micrograph for each figure, as "
        "CryoSegNet's code does."
    )
    print_warning(
        "pixelwise figures and those of matched centres measure different things: never put them "
        "side by side."
    )
    if as_json:
        _print_json(figures)
        return
    print_data("micrograph\tpicked_px\tparticles_px\tprecision\trecall\tF1\tDice")
    for row in figures.per_micrograph:
        # On one micrograph the Dice score is the F1 of the pixels.
        shares = _join(row.precision, row.recall, row.dice, row.dice)
        print_data(f"{row.micrograph}\t{row.n_picked_px}\t{row.n_truth_px}\t{shares}")
    n_picked_px = sum(row.n_picked_px for row in figures.per_micrograph)
    n_truth_px = sum(row.n_truth_px for row in figures.per_micrograph)
    means = _join(figures.precision, figures.recall, figures.dice, figures.dice)
    highest = _join(
        figures.highest_precision, figures.highest_recall, figures.highest_f1, figures.highest_dice
    )
    print_data(f"mean\t{n_picked_px}\t{n_truth_px}\t{means}")
    print_data(f"highest\t{n_picked_px}\t{n_truth_px}\t{highest}")


def _print_json(figures: ProtocolFigures | PixelwiseFigures) -> None:
    print_data(json.dumps(figures.to_dict(), indent=2, allow_nan=False))


def _join(*shares: float) -> str:
    return "\t".join(f"{share:.4f}" for share in shares)
