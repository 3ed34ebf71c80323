"""Whether coordinates fit their images, or would if they were flipped, swapped or rescaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from deepem.core import Micrograph, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError, MicrographError
from deepem.orientation.evidence import draw_shifts, respond
from deepem.orientation.result import Hypothesis, OrientationCheck, Verdict
from deepem.orientation.search import (
    Field,
    Trial,
    find_leader,
    find_offset,
    try_orientation,
)

#: Scales at which coordinates are tried: binnings of the image they belong to.
SCALES = (1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)

_MIN_PICKS = 3
_MIN_DEVIATIONS = 5.0
_MIN_DEVIATIONS_MOVED = 7.0
_OFF_CENTRE = 0.5
_ASTRAY = 0.15
_N_CHANCE = 500


def check_orientation(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    diameter_px: float | None = None,
    scales: Sequence[float] = SCALES,
    max_picks: int = 1000,
    max_micrographs: int = 20,
    seed: int = 0,
) -> OrientationCheck:
    """Tell from the images whether coordinates fit them, or how they would.

    Parameters
    ----------
    micrographs
        The micrographs.
    picks
        The coordinates of each, as in their files; they may reach outside of the images.
    diameter_px
        Diameter of the particle in unbinned pixels. It is not needed; given, it helps with a
        handful of picks.
    scales
        Factors for coordinates of images with other pixels, besides 1.
    max_picks, max_micrographs
        At most so many are used: the micrographs with most picks, and a random choice of those.
    seed
        The same seed gives the same result.

    Returns
    -------
    OrientationCheck

    Raises
    ------
    deepem.errors.ConfigError
        A setting cannot work.
    deepem.errors.ConventionError
        There are not as many sets of picks as micrographs.
    deepem.errors.MicrographError
        No micrograph with picks can be used.

    Notes
    -----
    Every micrograph is filtered with spots of several sizes, and the answers are added up over
    the picks: this is the mean image, seen through these filters. The same pattern of picks at
    random places (with wrap-around, so as crowded as it is) says what to expect by chance. An
    orientation is believed if its sums are at least 5 standard deviations from chance and at
    least 1.6 times as far as those of every other one, except of those that put the picks on
    the same particles. Where none is believed, each is tried again with all picks moved alike,
    for which 7 standard deviations are asked. Fewer than 3 picks say nothing.
    """
    if len(micrographs) != len(picks):
        raise ConventionError(
            f"{len(micrographs)} micrographs and {len(picks)} sets of picks do not fit each "
            "other. Give one Picks a micrograph, in the same order"
        )
    if diameter_px is not None and not diameter_px > 0:
        raise ConfigError("diameter_px", f"must be positive, got {diameter_px:g} px")
    if not all(0 < scale < np.inf for scale in scales):
        raise ConfigError("scales", f"must be positive, got {', '.join(map(str, scales))}")
    if max_picks < 1 or max_micrographs < 1:
        raise ConfigError("max_picks", "and max_micrographs must be 1 or more")
    rng = np.random.default_rng(seed)
    pairs = _choose(micrographs, picks, max_micrographs)
    fields, failures = _prepare(pairs, _spot_diameters_px(pairs, diameter_px), max_picks, rng)
    n_picks = sum(len(field.picks) for field in fields)
    boxes = {p.box_size_px for p in picks if len(p)}
    box_size_px = boxes.pop() if len(boxes) == 1 else None
    hypotheses, trials = _try_all(fields, scales) if n_picks else ((), [])
    winner, is_astray = None, False
    if n_picks >= _MIN_PICKS:
        winner, is_astray = _find_winner(fields, trials, box_size_px)
    best = Orientation() if winner is None else winner.orientation
    if winner is None:
        verdict = Verdict.CANNOT_TELL
    elif best.is_identity and not is_astray:
        verdict = Verdict.FITS
    else:
        verdict = Verdict.OTHER_FITS
    as_they_are = [h.evidence or 0.0 for h in hypotheses if h.orientation == best]
    return OrientationCheck(
        verdict=verdict,
        best=best,
        offset_px=None if winner is None else winner.offset_px,
        evidence=winner.deviations if winner is not None else max(as_they_are, default=0.0),
        hypotheses=hypotheses,
        by_micrograph={} if is_astray else _ask_each(fields, trials),
        n_picks=n_picks,
        n_micrographs=len(fields),
        box_size_px=box_size_px,
        failures=failures,
    )


def _prepare(
    pairs: Sequence[tuple[Micrograph, Picks]],
    diameters_px: Sequence[float],
    max_picks: int,
    rng: np.random.Generator,
) -> tuple[list[Field], tuple[DeepEMError, ...]]:
    """Filter the micrographs, leave out those that cannot be used, and draw from the picks."""
    fields: list[Field] = []
    failures: list[DeepEMError] = []
    for micrograph, picks in pairs:
        try:
            responses = respond(micrograph, diameters_px)
        except DeepEMError as error:
            failures.append(error)
        else:
            fields.append(Field(micrograph.name, responses, picks, draw_shifts(_N_CHANCE, rng)))
    if pairs and not fields:
        raise MicrographError(
            f"none of the {len(pairs)} micrographs can be used to check the coordinates; "
            f"the first says: {failures[0]}"
        )
    n_picks = sum(len(field.picks) for field in fields)
    if n_picks > max_picks:
        is_chosen = np.zeros(n_picks, dtype=np.bool_)
        is_chosen[rng.choice(n_picks, max_picks, replace=False)] = True
        ends = np.cumsum([len(field.picks) for field in fields])
        parts = zip(fields, np.split(is_chosen, ends[:-1]), strict=True)
        fields = [replace(field, picks=field.picks.take(chosen)) for field, chosen in parts]
    return fields, tuple(failures)


def _choose(
    micrographs: Sequence[Micrograph], picks: Sequence[Picks], max_micrographs: int
) -> list[tuple[Micrograph, Picks]]:
    """The micrographs with most picks, in the order given, with the picks that have a position."""
    finite = [p.take(np.isfinite(p.x_px) & np.isfinite(p.y_px)) for p in picks]
    by_number = sorted(range(len(finite)), key=lambda i: -len(finite[i]))
    chosen = sorted(i for i in by_number[:max_micrographs] if len(finite[i]))
    return [(micrographs[i], finite[i]) for i in chosen]


def _spot_diameters_px(
    pairs: Sequence[tuple[Micrograph, Picks]], diameter_px: float | None
) -> list[float]:
    """Sizes of spots that together answer to particles of any size, or of the one given."""
    longest_px = max((max(m.shape) for m, _ in pairs), default=1)
    if diameter_px is None:
        return [longest_px / 2**k for k in range(7, 1, -1)]
    sizes = [diameter_px * factor for factor in (0.25, 0.5, 1.0, 2.0)]
    return [size for size in sizes if longest_px / 200 <= size <= longest_px / 2] or [diameter_px]


def _try_all(
    fields: Sequence[Field], scales: Sequence[float]
) -> tuple[tuple[Hypothesis, ...], list[Trial]]:
    """Every orientation at every scale, strongest evidence first, and those that are possible."""
    hypotheses: list[Hypothesis] = []
    trials: list[Trial] = []
    for scale in dict.fromkeys((1.0, *scales)):
        for swap_xy, flip_x, flip_y in product((False, True), repeat=3):
            orientation = Orientation(swap_xy=swap_xy, flip_x=flip_x, flip_y=flip_y, scale=scale)
            trial = try_orientation(fields, orientation)
            if isinstance(trial, float):
                hypotheses.append(Hypothesis(orientation, trial, None))
            else:
                trials.append(trial)
                hypotheses.append(Hypothesis(orientation, trial.inside_fraction, trial.deviations))
    hypotheses.sort(key=lambda h: -1.0 if h.evidence is None else h.evidence, reverse=True)
    return tuple(hypotheses), trials


def _find_winner(
    fields: Sequence[Field], trials: Sequence[Trial], box_size_px: int | None
) -> tuple[Trial | None, bool]:
    """The orientation that the images speak for, moved if need be, and whether far; else None."""
    longest_px = max(max(field.responses.shape) for field in fields)
    shortest_px = min(min(field.responses.shape) for field in fields)

    def move(trial: Trial) -> Trial:
        half_box_px = (box_size_px or 0) * trial.orientation.scale / 2
        radius_px = min(max(longest_px / 12, 1.2 * half_box_px), shortest_px / 4)
        moved = find_offset(fields, trial, radius_px=radius_px, step_px=longest_px / 256)
        return moved if trial.energy < _OFF_CENTRE * moved.energy else trial

    unmoved = find_leader(trials, _MIN_DEVIATIONS)
    if unmoved is not None:
        winner = move(unmoved)
        return winner, unmoved.energy < _ASTRAY * winner.energy
    moved = find_leader([move(trial) for trial in trials], _MIN_DEVIATIONS_MOVED)
    return moved, moved is not None and moved.offset_px is not None


def _ask_each(fields: Sequence[Field], trials: Sequence[Trial]) -> dict[str, Orientation | None]:
    """What each micrograph says on its own."""
    answers: dict[str, Orientation | None] = {}
    for index, field in enumerate(fields):
        leader = None
        if len(field.picks) >= _MIN_PICKS:
            leader = find_leader([trial.on(index) for trial in trials], _MIN_DEVIATIONS)
        answers[field.name] = None if leader is None else leader.orientation
    return answers
