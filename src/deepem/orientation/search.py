"""Evidence that coordinates fit their images in one orientation, as they are or moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepem.core import Orientation, Picks
from deepem.orientation.evidence import Chance, Fractions, Responses, to_deviations

_MIN_INSIDE = 0.8
_MIN_EXTENT = 0.7
_LEAD = 1.6
_ALIKE = 0.05
_NO_SHIFT = np.zeros((1, 2), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Field:
    """One micrograph with its coordinates as they are in the file.

    Parameters
    ----------
    name
        Name of the micrograph.
    responses
        The filtered micrograph.
    picks
        Coordinates, which may reach outside of the image.
    chance_shifts
        Random shifts as fractions of the image, shape ``(m, 2)``; ``m`` is the same for all
        micrographs of a check.
    """

    name: str
    responses: Responses
    picks: Picks
    chance_shifts: Fractions

    def place(self, orientation: Orientation) -> Picks:
        """The picks in pixels of the micrograph, without those outside of it."""
        ny, nx = self.responses.shape
        placed = orientation.apply(self.picks, (ny, nx))
        is_inside = (np.abs(placed.x_px - (nx - 1) / 2) < nx / 2) & (
            np.abs(placed.y_px - (ny - 1) / 2) < ny / 2
        )
        return placed.take(is_inside)


@dataclass(frozen=True, eq=False)
class Trial:
    """What the images answer to the coordinates in one orientation.

    Parameters
    ----------
    orientation
        How the coordinates are brought to the images.
    inside_fraction
        Fraction of the picks that then lie inside.
    parts
        Answers summed over the picks of each micrograph, shape ``(number of micrographs, k)``.
    chance_parts
        The same of its chance patterns, shape ``(number of micrographs, m, k)``.
    sums
        Answers summed over all picks, shape ``(k,)``.
    chance
        What to expect of these sums where there is no relation.
    energy
        Squared distance of the sums from chance.
    offset_px
        By how much ``(x, y)`` the picks were moved after all else; None where they were not.
    """

    orientation: Orientation
    inside_fraction: float
    parts: NDArray[np.float64]
    chance_parts: NDArray[np.float64]
    sums: NDArray[np.float64]
    chance: Chance
    energy: float
    offset_px: tuple[float, float] | None = None

    @classmethod
    def from_parts(
        cls,
        orientation: Orientation,
        inside_fraction: float,
        parts: NDArray[np.float64],
        chance_parts: NDArray[np.float64],
    ) -> Trial:
        """From what each micrograph answers to the picks and to chance patterns."""
        sums = parts.sum(axis=0)
        chance = Chance.from_sums(chance_parts.sum(axis=0))
        energy = float(chance.energy(sums[None])[0])
        return cls(orientation, inside_fraction, parts, chance_parts, sums, chance, energy)

    def on(self, index: int) -> Trial:
        """The same trial on one of the micrographs alone."""
        one = slice(index, index + 1)
        return Trial.from_parts(
            self.orientation, self.inside_fraction, self.parts[one], self.chance_parts[one]
        )

    @property
    def deviations(self) -> float:
        """Evidence in standard deviations."""
        return float(to_deviations(np.array(self.energy), self.sums.size))

    def is_like(self, other: Trial) -> bool:
        """Whether both see the same: their difference has little of this one's energy."""
        difference = self.sums - other.sums + self.chance.mean
        return float(self.chance.energy(difference[None])[0]) <= _ALIKE * self.energy


def try_orientation(fields: Sequence[Field], orientation: Orientation) -> Trial | float:
    """Measure the evidence for one orientation; else the fraction of picks inside, if impossible.

    Impossible is an orientation that moves more than a fifth of the picks out of the images, or
    one of another scale that would leave half of every image empty.
    """
    placed = [field.place(orientation) for field in fields]
    n_inside = sum(map(len, placed))
    inside_fraction = n_inside / sum(len(field.picks) for field in fields)
    if inside_fraction < _MIN_INSIDE:
        return inside_fraction
    if orientation.scale != 1 and _measure_extent(fields, orientation.scale) <= _MIN_EXTENT:
        return inside_fraction
    positions = [
        field.responses.to_fractions(picks.x_px, picks.y_px)
        for field, picks in zip(fields, placed, strict=True)
    ]
    parts = _add_up(fields, positions, [_NO_SHIFT] * len(fields))[:, 0]
    chance_parts = _add_up(fields, positions, [field.chance_shifts for field in fields])
    return Trial.from_parts(orientation, inside_fraction, parts, chance_parts)


def find_leader(trials: Sequence[Trial], min_deviations: float) -> Trial | None:
    """The trial that is far from chance and far ahead of all that see something else."""
    if not trials:
        return None
    leader = max(trials, key=lambda trial: trial.energy)
    alike = [trial for trial in trials if leader.is_like(trial)]
    runner_up = max((t.deviations for t in trials if t not in alike), default=0.0)
    if leader.deviations < max(min_deviations, _LEAD * runner_up):
        return None
    if leader.orientation.is_identity or len(alike) == 1:
        return leader
    # The picks lie on the same particles in several ways. As they are is as good as any;
    # otherwise nothing says which of the ways is meant.
    return next((trial for trial in alike if trial.orientation.is_identity), None)


def find_offset(
    fields: Sequence[Field], trial: Trial, *, radius_px: float, step_px: float
) -> Trial:
    """Move the picks of a trial, all alike, to where the images answer most.

    Parameters
    ----------
    fields
        The micrographs and coordinates of the trial.
    trial
        What was measured without moving.
    radius_px
        Largest shift along each axis in unbinned pixels.
    step_px
        Distance of the shifts that are tried; the best of them is refined to a quarter of it.

    Returns
    -------
    Trial
        The best one, with its offset.
    """
    coarse, centre_px = _best_offset(fields, trial, (0.0, 0.0), int(radius_px / step_px), step_px)
    fine, _ = _best_offset(fields, coarse, centre_px, 4, step_px / 4)
    return fine


def _best_offset(
    fields: Sequence[Field],
    trial: Trial,
    centre_px: tuple[float, float],
    n_steps: int,
    step_px: float,
) -> tuple[Trial, tuple[float, float]]:
    """The best of a square of shifts around one, and that shift."""
    steps_px = step_px * np.arange(-n_steps, n_steps + 1)
    offsets_px = np.stack(np.meshgrid(steps_px, steps_px), axis=-1).reshape(-1, 2) + centre_px
    positions, shifts = [], []
    for field in fields:
        placed = field.place(trial.orientation)
        positions.append(field.responses.to_fractions(placed.x_px, placed.y_px))
        shifts.append((offsets_px / field.responses.shape[::-1]).astype(np.float32))
    sums = _add_up(fields, positions, shifts).sum(axis=0)
    energy = trial.chance.energy(sums)
    best = int(energy.argmax())
    offset_px = (float(offsets_px[best, 0]), float(offsets_px[best, 1]))
    best_energy = float(energy[best])
    return replace(trial, sums=sums[best], energy=best_energy, offset_px=offset_px), offset_px


def _add_up(
    fields: Sequence[Field], positions: Sequence[Fractions], shifts: Sequence[Fractions]
) -> NDArray[np.float64]:
    """Sums on each micrograph, ``(number of micrographs, number of shifts, number of bands)``."""
    parts = zip(fields, positions, shifts, strict=True)
    return np.stack([field.responses.add_up(p, s) for field, p, s in parts])


def _measure_extent(fields: Sequence[Field], scale: float) -> float:
    """How far the coordinates reach into the images, as a fraction of the longer side."""
    reach = [
        scale * max(field.picks.x_px.max(), field.picks.y_px.max()) / max(field.responses.shape)
        for field in fields
        if len(field.picks)
    ]
    return float(max(reach))
