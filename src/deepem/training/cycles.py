"""The learning cycle by itself, on labelled micrographs: the labels are the verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepem.core import Micrograph, Picks, find_diameter_px
from deepem.errors import ConfigError, TrainingDataError
from deepem.networks import Model
from deepem.training.cycle import Refinement, measure_model, refine
from deepem.training.events import TrainingEvents
from deepem.training.labels import LabelledMicrograph, pair_labels
from deepem.training.learning import train
from deepem.training.mistakes import MeasuredError
from deepem.training.training_set import Changes, TrainingSet, start_set

_FIRST_PARTICLES = 200
_HELD_OUT_FRACTION = 0.2


@dataclass(frozen=True, eq=False, kw_only=True)
class Cycle:
    """One turn.

    Parameters
    ----------
    number
        0 for the first training, then from 1.
    model
        The model after it.
    error
        Its error on the held-out micrographs.
    learnt
        Names of the micrographs that were new in it.
    refinement
        What `deepem.training.cycle.refine` says of it; None for the first training.
    """

    number: int
    model: Model
    error: MeasuredError
    learnt: tuple[str, ...]
    refinement: Refinement | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedInCycles:
    """What the learning cycle made.

    Parameters
    ----------
    cycles
        All turns, the first training included.
    held_out
        Names of the micrographs that the error was measured on.
    reason
        Why it ended: ``"target"``, ``"cycles"`` or ``"micrographs"``, whichever it was that ran out
        or was reached.
    """

    cycles: tuple[Cycle, ...]
    held_out: tuple[str, ...]
    reason: str

    @property
    def best(self) -> Cycle:
        """The turn with the lowest error; of equal ones the last."""
        return min(reversed(self.cycles), key=lambda cycle: cycle.error.error)

    @property
    def model(self) -> Model:
        """The model of the best turn."""
        return self.best.model


def train_in_cycles(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    training_set: str | Path,
    n_cycles: int,
    target_error: float | None = None,
    diameter_angstrom: float | None = None,
    diameter_px: float | None = None,
    negatives: Sequence[Picks] | None = None,
    valid_micrographs: Sequence[Micrograph] = (),
    valid_picks: Sequence[Picks] = (),
    seed: int = 0,
    epochs: int | None = None,
    updates: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    beta: float = 2.0,
    events: TrainingEvents | None = None,
    on_cycle: Callable[[Cycle], None] = lambda cycle: None,
    **network: Any,
) -> TrainedInCycles:
    """Train on a part of the micrographs, then learn from the mistakes on others, in turns.

    Parameters
    ----------
    micrographs, picks
        Micrographs with files, and all their particles, matched by name.
    training_set
        Folder for the training set: new, or an empty set.
    n_cycles
        Largest number of turns after the first training, from 1.
    target_error
        Stop when the error (1 − F2 on held-out micrographs) is below this, in 0 … 1. None goes
        through all turns.
    diameter_angstrom, diameter_px, negatives, epochs, updates, batch_size, learning_rate, beta
        As in `deepem.train`.
    valid_micrographs, valid_picks
        Micrographs to measure the error on. Without any, a fifth of the micrographs, at least
        one, is held out of all turns.
    seed
        Of the order of the micrographs and of every training.
    events
        Is told about progress.
    on_cycle
        Is told of each turn when it is over.
    **network
        ``network``, ``preset``, ``factor``, ``box_size_px``, ``n_pairs``, ``activation``: as in
        `deepem.train`.

    Returns
    -------
    TrainedInCycles

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    deepem.errors.OutputError
        The folder holds a training set with labels.
    deepem.errors.TrainingDataError
        There are too few micrographs for a first training, a turn, and the error.
    deepem.errors.DeepEMError
        As `deepem.train`.

    Notes
    -----
    The first training is on as many micrographs, in an order that the seed draws, as hold 200
    particles, but leaves one for each turn. The others are shared out among the turns, so each
    picks micrographs that its model has not seen. Every turn goes on from the weights of the one
    before. The error of the best turn is slightly optimistic, being the lowest of a few.
    """
    if n_cycles < 1:
        raise ConfigError("cycles", f"must be at least 1, got {n_cycles}")
    if target_error is not None and not 0 <= target_error <= 1:
        raise ConfigError("target error", f"must be in 0 … 1, got {target_error:g}")
    labelled = pair_labels(micrographs, picks, negatives=negatives, complete=True)
    valid = pair_labels(valid_micrographs, valid_picks, complete=True)
    held_out, first, groups = _share_out(labelled, valid, n_cycles=n_cycles, seed=seed)
    settings: dict[str, Any] = {
        "seed": seed,
        "epochs": epochs,
        "updates": updates,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "beta": beta,
        "events": events,
    }
    labels = _start(training_set, labelled, diameter_px, diameter_angstrom)
    changes = Changes()
    for item in first:
        changes += labels.add(item.micrograph, item.particles, item.negatives, complete=True)
    labels.record_round(changes)
    model = train(
        **_to_arguments(first, with_negatives=negatives is not None),
        complete=True,
        diameter_angstrom=diameter_angstrom,
        diameter_px=diameter_px,
        training_set=labels.to_record(),
        **settings,
        **network,
    )
    error = measure_model(model, held_out)
    labels.finish_round(error_after=error.error)
    labels.save()
    cycles = [Cycle(number=0, model=model, error=error, learnt=_names(first))]
    on_cycle(cycles[0])
    reason = "cycles" if len(groups) == n_cycles else "micrographs"
    for number, group in enumerate(groups, start=1):
        if _is_reached(error, target_error):
            break
        arguments = _to_arguments(group, with_negatives=negatives is not None)
        result = refine(
            model,
            arguments["micrographs"],
            arguments["picks"],
            negatives=arguments["negatives"],
            training_set=labels,
            valid_micrographs=[item.micrograph for item in held_out],
            valid_picks=[item.particles for item in held_out],
            **settings,
        )
        assert result.error_after is not None  # noqa: S101  (it was measured before)
        model, error = result.model, result.error_after
        cycles.append(
            Cycle(number=number, model=model, error=error, learnt=_names(group), refinement=result)
        )
        on_cycle(cycles[-1])
    if _is_reached(error, target_error):
        reason = "target"
    return TrainedInCycles(cycles=tuple(cycles), held_out=_names(held_out), reason=reason)


def _is_reached(error: MeasuredError, target: float | None) -> bool:
    return target is not None and error.error < target


def _share_out(
    labelled: Sequence[LabelledMicrograph],
    valid: Sequence[LabelledMicrograph],
    *,
    n_cycles: int,
    seed: int,
) -> tuple[list[LabelledMicrograph], list[LabelledMicrograph], list[list[LabelledMicrograph]]]:
    """Micrographs to measure on, to begin with, and to learn from in each turn."""
    useful = [item for item in labelled if len(item.particles)]
    wanted = 2 if valid else 3
    if len(useful) < wanted:
        measured = "" if valid else ", and one to measure the error on"
        raise TrainingDataError(
            f"only {len(useful)} micrographs with particles: the cycle needs {wanted}, one to "
            f"begin with, one to learn from its mistakes{measured}. Label more, or leave out "
            "--cycles"
        )
    held_out = list(valid)
    order = [useful[i] for i in np.random.default_rng([seed, 6]).permutation(len(useful))]
    if not held_out:
        n_held_out = max(1, int(_HELD_OUT_FRACTION * len(useful)))
        held_out, order = order[:n_held_out], order[n_held_out:]
    n_first, n_particles = 0, 0
    while n_first < max(1, len(order) - n_cycles) and n_particles < _FIRST_PARTICLES:
        n_particles += len(order[n_first].particles)
        n_first += 1
    empty = [item for item in labelled if not len(item.particles)]
    rest = order[n_first:] + empty
    groups = [rest[number::n_cycles] for number in range(n_cycles)]
    return held_out, order[:n_first], [group for group in groups if group]


def _start(
    folder: str | Path,
    labelled: Sequence[LabelledMicrograph],
    diameter_px: float | None,
    diameter_angstrom: float | None,
) -> TrainingSet:
    if diameter_px is None and diameter_angstrom is None:
        diameter_px = find_diameter_px([item.particles for item in labelled])
    return start_set(folder, diameter_px=diameter_px, diameter_angstrom=diameter_angstrom)


def _to_arguments(items: Sequence[LabelledMicrograph], *, with_negatives: bool) -> dict[str, Any]:
    negatives = [item.negatives for item in items if item.negatives is not None]
    return {
        "micrographs": [item.micrograph for item in items],
        "picks": [item.particles for item in items],
        "negatives": negatives if with_negatives else None,
    }


def _names(items: Sequence[LabelledMicrograph]) -> tuple[str, ...]:
    return tuple(sorted(item.micrograph.name for item in items))
