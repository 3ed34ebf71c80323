"""Compares two sets of coordinates of the project: what both have, and what only one has."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from deepem.core import Picks, find_diameter_px
from deepem.errors import ConfigError, DeepEMError, NotFoundError
from deepem.evaluation import Agreement, AgreementFigures, find_agreement, sum_up_agreement
from deepem.studio.coordinates import Coordinates
from deepem.studio.project import Project

logger = logging.getLogger("deepem.studio")


@dataclass(frozen=True)
class Comparison:
    """How far two sets of coordinates agree, on the micrographs that both have.

    Parameters
    ----------
    figures
        Of all these micrographs together.
    by_micrograph
        Of each of them, sorted by name.
    problems
        Why a micrograph was left out, by name.
    """

    figures: AgreementFigures
    by_micrograph: Sequence[Agreement]
    problems: dict[str, str]


@dataclass(frozen=True, eq=False)
class MicrographComparison:
    """Two sets of coordinates of one micrograph, and what they agree on."""

    a: Picks
    b: Picks
    agreement: Agreement


def compare(project: Project, a: Coordinates, b: Coordinates) -> Comparison:
    """Compare two sets of coordinates on the micrographs that both have.

    Two picks are the same particle where they are at most half a diameter apart; each is matched
    once. The figures are the same when the sets swap places.

    Parameters
    ----------
    project
        The project, which says the diameter.
    a, b
        The sets.

    Returns
    -------
    Comparison
        A micrograph whose coordinates cannot be read is among the problems, and is left out of
        the figures.

    Raises
    ------
    ConfigError
        The diameter is not known.
    """
    in_b = set(b.names())
    agreements: list[Agreement] = []
    problems: dict[str, str] = {}
    for name in sorted(name for name in a.names() if name in in_b):
        try:
            agreements.append(compare_one(project, a, b, name).agreement)
        except ConfigError:
            raise  # of the project, so it would be the same for all
        except DeepEMError as error:
            logger.warning("%s", error)
            problems[name] = str(error)
    return Comparison(sum_up_agreement(agreements), agreements, problems)


def compare_one(
    project: Project, a: Coordinates, b: Coordinates, name: str
) -> MicrographComparison:
    """Compare two sets of coordinates on one micrograph.

    Raises
    ------
    NotFoundError
        There is no such micrograph, or one of the sets does not have it.
    ConfigError
        The diameter is not known.
    DeepEMError
        Its coordinates cannot be read.
    """
    project.file(name)
    for source in (a, b):
        if not source.has(name):
            raise NotFoundError(f"{source.title} has nothing on {name}; choose another micrograph")
    in_a, in_b = a.get(name), b.get(name)
    max_distance_px = _find_diameter_px(project, in_a, in_b) / 2
    return MicrographComparison(
        in_a, in_b, find_agreement(in_a, in_b, max_distance_px=max_distance_px)
    )


def _find_diameter_px(project: Project, *picks: Picks) -> float:
    """Diameter that the project says; or else that of the boxes."""
    settings = project.settings
    known = settings.diameter_px
    if settings.diameter_angstrom is not None:
        sizes = [one.frame.pixel_size_angstrom for one in picks if one.frame is not None]
        size = sizes[0] if sizes else project.open(picks[0].micrograph).pixel_size_angstrom
        known = None if size is None else settings.diameter_angstrom / size
    if known is None:
        boxed = [one for one in picks if one.box_size_px is not None and len(one)][:1]
        if not boxed:
            if project.settings.diameter_angstrom is not None:
                raise ConfigError(
                    "pixel_size_angstrom",
                    "is not known, so the diameter in Å says nothing of pixels; set it first",
                )
            raise ConfigError(
                "diameter",
                "is not known, so nobody can say which picks are the same particle; set it first",
            )
        known = find_diameter_px(boxed)
    return known
