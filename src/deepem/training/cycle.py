"""One turn of the learning cycle: what was verified goes into the training set, and is learnt."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, DeepEMError, MicrographError, TrainingDataError
from deepem.networks import Model, NetworkDesign, load_model
from deepem.picking import Picker
from deepem.training.events import TrainingEvents
from deepem.training.labels import LabelledMicrograph, pair_labels
from deepem.training.learning import list_known, train
from deepem.training.mistakes import MeasuredError, Mistakes, find_mistakes, measure_error
from deepem.training.training_set import Changes, Round, TrainingSet, open_set
from deepem.training.training_set.merging import distance_px

logger = logging.getLogger("deepem.training")

_RADIUS_OVER_DIAMETER = 0.5
_HELD_OUT_FRACTION = 0.2


@dataclass(frozen=True, eq=False, kw_only=True)
class Refinement:
    """What one turn of the learning cycle made.

    Parameters
    ----------
    model
        The new model.
    error_before, error_after
        Of the model that the turn began with, and of the new one, on the same micrographs, which
        neither learnt from; None where it cannot be measured. Without such micrographs, but with
        all particles of a new micrograph verified, `error_before` is that on the new
        micrographs before they were learnt from, and `error_after` is None.
    measured_on
        Names of the micrographs that the errors are of; empty where none was measured.
    n_false, n_missed
        Wrong picks and missed particles that the old model had on the new micrographs.
    changes
        What the turn changed in the training set.
    round
        What the training set says of the turn.
    """

    model: Model
    error_before: MeasuredError | None
    error_after: MeasuredError | None
    measured_on: tuple[str, ...]
    n_false: int
    n_missed: int
    changes: Changes
    round: Round

    @property
    def is_worse(self) -> bool:
        """Whether the new model has the larger error of the two."""
        if self.error_before is None or self.error_after is None:
            return False
        return self.error_after.error > self.error_before.error


@dataclass(frozen=True, eq=False)
class _Verified:
    """A new micrograph: what a person said of it, and what the model did."""

    item: LabelledMicrograph
    mistakes: Mistakes
    diameter_px: float

    @property
    def false_places(self) -> Picks:
        """Places marked as false, and false picks that are at none of them."""
        marked, false = self.item.negatives, self.mistakes.false_positives
        if marked is None or not len(marked):
            return false
        near_px = _RADIUS_OVER_DIAMETER * self.diameter_px
        more = false.take(distance_px(false, marked) > near_px)
        return Picks(
            marked.micrograph,
            np.concatenate([marked.x_px, more.x_px]),
            np.concatenate([marked.y_px, more.y_px]),
            frame=marked.frame,
        )


def refine(
    model: Model | str | Path,
    micrographs: Sequence[Micrograph],
    verified: Sequence[Picks],
    *,
    training_set: TrainingSet | str | Path,
    negatives: Sequence[Picks] | None = None,
    complete: bool | Mapping[str, bool] = True,
    valid_micrographs: Sequence[Micrograph] = (),
    valid_picks: Sequence[Picks] = (),
    unlabelled: Sequence[Micrograph] = (),
    seed: int = 0,
    epochs: int | None = None,
    updates: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    beta: float = 2.0,
    events: TrainingEvents | None = None,
) -> Refinement:
    """Let a model learn from its mistakes on new micrographs.

    The model picks the new micrographs. Their verified particles (those it found and those it
    missed), its false picks and the places marked as false are added to the training set, and
    training goes on from the model's weights with all of the set.

    Parameters
    ----------
    model
        Model, or file of one, whose picks were verified.
    micrographs, verified
        New micrographs and their particles, matched by name; an empty ``Picks`` says that there
        is none. The micrographs must have files, which the training set names.
    training_set
        The set, or its folder; it is made where it is missing. It is saved when the training has
        succeeded.
    negatives
        Places that were marked as false.
    complete
        Whether `verified` are all particles of the micrographs, or by name. Only then is a pick
        where nothing was marked a false one.
    valid_micrographs, valid_picks
        Micrographs with all their particles, to measure the error on. Without any, a fifth of
        the set's complete micrographs that this model and its ancestors have neither learnt from
        nor were tuned on is held out of this training, but at least one new micrograph is learnt
        from.
    unlabelled
        As in `deepem.train`.
    seed
        Same seed, same model.
    epochs, updates, batch_size, learning_rate, beta
        As in `deepem.train`: epochs for a network of boxes, updates for a residual one.
    events
        Is told about progress. A micrograph that cannot be picked is told to ``failed``.

    Returns
    -------
    Refinement
        The new model may be worse than the old one (``is_worse``): keep the better.

    Raises
    ------
    deepem.errors.DeepEMError
        As `deepem.train` and `TrainingSet.add`; the set on disk is then as it was.
    deepem.errors.TrainingDataError
        Moreover: the micrographs to measure on hold no particle.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y: the network
    is trained again with the false and true picks of a new set of micrographs.
    """
    events = events or TrainingEvents()
    start: Model | str | Path = model
    model = model if isinstance(model, Model) else load_model(model)
    new = pair_labels(micrographs, verified, negatives=negatives, complete=complete)
    valid = pair_labels(valid_micrographs, valid_picks, complete=True)
    clash = sorted({i.micrograph.name for i in new} & {i.micrograph.name for i in valid})
    if clash:
        raise ConfigError(
            "valid", f"{clash[0]} is also to be learnt from; leave it out of one of them."
        )
    _check_settings(model, epochs=epochs, updates=updates)
    labels = open_set(training_set, model)
    labels.save()  # better found out now than after the training that it cannot be written

    events.began("Picking the new micrographs")
    picker = Picker(model)
    done = _pick_all(picker, new, events)
    if not done:
        raise MicrographError(
            f"not one of the {len(new)} new micrographs can be used. Their errors say why."
        )
    changes = Changes()
    for one in done:
        changes += labels.add(
            one.item.micrograph, one.item.particles, one.false_places, complete=one.item.complete
        )
    known = set(list_known(model))
    fresh = [one.item for one in done if one.item.micrograph.name not in known]
    learnt = [item.micrograph.name for item in valid if item.micrograph.name in known]
    if learnt:
        logger.warning(
            "the model or one before it has learnt from %d of the %d micrographs to measure on "
            "(%s): its error is too low",
            len(learnt), len(valid), learnt[0],
        )  # fmt: skip
    held_out = valid or _hold_out(labels, fresh, known, seed=seed)
    before: MeasuredError | None = None
    if held_out:
        before = _measure(picker, held_out, must=bool(valid))
        measured_on = held_out
    else:
        measured_on = [item for item in fresh if item.complete]
        before = _measure(picker, measured_on, must=False)

    out = {item.micrograph.name for item in held_out}
    used = [name not in out for name in (m.name for m in labels.micrographs())]
    # The round belongs to what the model says of its set.
    labels.record_round(
        changes,
        model=None if isinstance(start, Model) else Path(start).name,
        model_fingerprint=model.fingerprint(),
        error_before=None if before is None else before.error,
    )
    refined = train(
        _choose(labels.micrographs(), used),
        _choose(labels.picks(), used),
        negatives=_choose(labels.negatives(), used),
        complete={
            m.name: is_all
            for m, is_all in zip(labels.micrographs(), labels.complete(), strict=True)
        },
        unlabelled=[m for m in unlabelled if m.name not in out],
        start=start,
        training_set=labels.to_record(),
        seed=seed,
        epochs=epochs,
        updates=updates,
        batch_size=batch_size,
        learning_rate=learning_rate,
        beta=beta,
        events=events,
    )
    after = None
    if before is not None and held_out:
        after = _measure(Picker(refined), held_out, must=False)
    if after is not None:
        labels.finish_round(error_after=after.error)
    labels.save()
    return Refinement(
        model=refined,
        error_before=before,
        error_after=after,
        measured_on=() if before is None else tuple(i.micrograph.name for i in measured_on),
        n_false=sum(len(one.mistakes.false_positives) for one in done),
        n_missed=sum(len(one.mistakes.missed) for one in done),
        changes=changes,
        round=labels.history[-1],
    )


def measure_model(model: Model, held_out: Sequence[LabelledMicrograph]) -> MeasuredError:
    """The error of a model on micrographs whose particles are all known.

    Picks are right within half a diameter of their particle; nothing is asked of particles nearer
    to the edge than that.

    Raises
    ------
    deepem.errors.TrainingDataError
        They hold no particle.
    """
    picker = Picker(model)
    radius_px = _RADIUS_OVER_DIAMETER * picker.diameter_px(held_out[0].micrograph)
    return measure_error(
        [picker.pick(item.micrograph) for item in held_out],
        [item.particles for item in held_out],
        radius_px=radius_px,
        edge_margin_px=radius_px,
    )


def _measure(
    picker: Picker, held_out: Sequence[LabelledMicrograph], *, must: bool
) -> MeasuredError | None:
    """The error; None where there is nothing to measure on and that is no mistake of the user."""
    try:
        return measure_model(picker.model, held_out) if held_out else None
    except TrainingDataError:
        if must:
            raise
        return None


def _check_settings(model: Model, *, epochs: int | None, updates: int | None) -> None:
    """Refuse before the picking what the training would refuse after it."""
    is_of_boxes = isinstance(model.header.design, NetworkDesign)
    if is_of_boxes and updates is not None:
        raise ConfigError("updates", "are for the residual network; give epochs for deepem8.")
    if not is_of_boxes and epochs is not None:
        raise ConfigError("epochs", "are for the network of boxes; give updates for residual.")


def _pick_all(
    picker: Picker, new: Sequence[LabelledMicrograph], events: TrainingEvents
) -> list[_Verified]:
    done = []
    for item in new:
        try:
            picks = picker.pick(item.micrograph)
        except DeepEMError as error:
            events.failed(item.micrograph, error)
            continue
        diameter_px = picker.diameter_px(item.micrograph)
        mistakes = find_mistakes(
            picks,
            item.particles,
            item.negatives,
            radius_px=_RADIUS_OVER_DIAMETER * diameter_px,
            complete=bool(item.complete),
        )
        done.append(_Verified(item, mistakes, diameter_px))
    return done


def _hold_out(
    labels: TrainingSet, fresh: Sequence[LabelledMicrograph], known: set[str], *, seed: int
) -> list[LabelledMicrograph]:
    """Complete micrographs of the set that no model of this line knows; those of before first."""
    items = [
        LabelledMicrograph(micrograph, particles, complete=is_complete)
        for micrograph, particles, is_complete in zip(
            labels.micrographs(), labels.picks(), labels.complete(), strict=True
        )
    ]
    whole = [item for item in items if item.complete and len(item.particles)]
    candidates = [item for item in whole if item.micrograph.name not in known]
    new = {item.micrograph.name for item in fresh}
    old = [item for item in candidates if item.micrograph.name not in new]
    drawn = [item for item in candidates if item.micrograph.name in new]
    order = np.random.default_rng([seed, 5]).permutation(len(drawn))
    # At least one of the new ones is learnt from: that is what they are for.
    usable = old + [drawn[index] for index in order[: max(0, len(fresh) - 1)]]
    n_held_out = max(1, int(_HELD_OUT_FRACTION * len(whole)))
    return sorted(usable[:n_held_out], key=lambda item: item.micrograph.name)


def _choose(things: Sequence[Any], used: Sequence[bool]) -> list[Any]:
    return [thing for thing, is_used in zip(things, used, strict=True) if is_used]
