"""Which micrographs a benchmark counts: those with known particles, picked or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepem.core import Picks
from deepem.errors import ConventionError


@dataclass(frozen=True, eq=False)
class Annotated:
    """The micrographs that count in a benchmark, and those that do not.

    Parameters
    ----------
    pairs
        Picks and particles of each micrograph that has particles, in the order of the truth; the
        picks are empty where none were given.
    unpicked
        Those of which no picks were given at all, not even an empty ``Picks``.
    left_out
        Micrographs without known particles, with which picks cannot be compared.
    """

    pairs: tuple[tuple[Picks, Picks], ...]
    unpicked: tuple[str, ...]
    left_out: tuple[str, ...]


def pair_annotated(picks: Picks | Sequence[Picks], truth: Picks | Sequence[Picks]) -> Annotated:
    """Pair the picks and the particles of every micrograph with particles.

    Raises
    ------
    deepem.errors.ConventionError
        One micrograph comes twice, or none has particles.
    """
    picks_of, truth_of = by_micrograph("picks", picks), by_micrograph("truth", truth)
    counted = [name for name, particles in truth_of.items() if len(particles)]
    if not counted:
        raise ConventionError(
            "no micrograph has known particles, so nothing can be measured. Give truth with "
            "particles"
        )
    unknown = [name for name in picks_of if name not in truth_of]
    return Annotated(
        pairs=tuple((picks_of.get(name, Picks(name)), truth_of[name]) for name in counted),
        unpicked=tuple(name for name in counted if name not in picks_of),
        left_out=(*(name for name in truth_of if not len(truth_of[name])), *unknown),
    )


def by_micrograph(role: str, sets: Picks | Sequence[Picks]) -> dict[str, Picks]:
    """Sets of positions by the name of their micrograph.

    Raises
    ------
    deepem.errors.ConventionError
        One micrograph comes twice.
    """
    by_name: dict[str, Picks] = {}
    for picks in [sets] if isinstance(sets, Picks) else sets:
        if picks.micrograph in by_name:
            raise ConventionError(
                f"{role} has micrograph {picks.micrograph} twice. Give one Picks a micrograph"
            )
        by_name[picks.micrograph] = picks
    return by_name
