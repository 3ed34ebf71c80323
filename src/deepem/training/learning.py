"""From labels to a model: the network, its calibration and its threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, TrainingDataError
from deepem.networks import (
    Activation,
    Design,
    Model,
    ModelHeader,
    NetworkDesign,
    load_model,
)
from deepem.training.dense import DenseRecipe
from deepem.training.events import TrainingEvents
from deepem.training.few_labels import (
    THRESHOLD_OF_FIRST_NETWORK,
    THRESHOLD_WITHOUT_TRUTH,
    are_labels_many,
)
from deepem.training.labels import (
    LabelledMicrograph,
    hold_out,
    pair_labels,
    warn_of_orientation,
)
from deepem.training.lesson import Lesson, Recipe
from deepem.training.paper import PaperRecipe
from deepem.training.plan import NetworkName, Plan, plan_training
from deepem.training.settings import DenseSettings, TrainingSettings
from deepem.training.validate import scan_held_out, validate

_N_FOLDS = 2


def train(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    unlabelled: Sequence[Micrograph] = (),
    complete: bool | Mapping[str, bool | None] | None = None,
    diameter_angstrom: float | None = None,
    diameter_px: float | None = None,
    network: NetworkName | None = None,
    preset: str | None = None,
    design: Design | None = None,
    factor: float | None = None,
    box_size_px: float | None = None,
    n_pairs: int | None = None,
    activation: Activation | None = None,
    negatives: Sequence[Picks] | None = None,
    valid_micrographs: Sequence[Micrograph] = (),
    valid_picks: Sequence[Picks] = (),
    start: Model | str | Path | None = None,
    training_set: Mapping[str, Any] | None = None,
    beta: float = 2.0,
    seed: int = 0,
    epochs: int | None = None,
    updates: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    checkpoint: str | Path | None = None,
    events: TrainingEvents | None = None,
) -> Model:
    """Train a network on labelled micrographs, from five labels on.

    Parameters
    ----------
    micrographs, picks
        Micrographs and their particles, matched by name. An empty ``Picks`` says that a
        micrograph holds no particle.
    unlabelled
        More micrographs, without labels. The residual network learns from them too where the
        labels are few; else they are not looked at.
    complete
        Whether the labels are all particles there are: of all micrographs, or by name. By default
        200 labels or more are taken for all; of fewer, a first network finds out whether there
        are many more particles.
    diameter_angstrom, diameter_px
        Longest extent of the particle, in one unit; by default two thirds of the labels' box.
    network, preset, design, factor, box_size_px, n_pairs, activation
        Network and scale, see `deepem.training.plan_training`; ``factor`` is the binning.
    negatives
        Places without particles: learnt from first, before random ones, or with more weight.
    valid_micrographs, valid_picks
        Micrographs to calibrate the scores and choose the threshold on. By default a fifth of the
        micrographs is set aside where there are at least five with all their particles; with two
        to four, each half is scored by a network that learnt from the other (cross-validation).
    start
        Model or model file to go on from: its network and scale.
    training_set
        Record of the training set that the labels come from (`TrainingSet.to_record`), which the
        model then names.
    beta
        Weight of recall in the F-beta that chooses the threshold; 2 is the paper's.
    seed
        The same seed gives the same model, whatever the order of the micrographs.
    epochs, updates, batch_size, learning_rate
        See `deepem.training.TrainingSettings` (network of boxes: epochs) and
        `deepem.training.DenseSettings` (residual network: updates).
    checkpoint
        File in which the training is kept every few seconds, and from which it goes on; delete it
        when the model is saved.
    events
        Is told about progress; and, where labels are few, of a first model that can pick already.

    Returns
    -------
    model
        With calibration, threshold, and the standard deviation range of the particles. Where the
        labels are few and nothing is complete, scores are not calibrated, and the threshold is 0.8.

    Raises
    ------
    deepem.errors.ConfigError
        Options contradict each other or have impossible values.
    deepem.errors.ConventionError
        Labels and micrographs do not fit each other.
    deepem.errors.TrainingDataError
        There are too few labels.
    deepem.errors.CheckpointError
        The checkpoint is damaged or belongs to another training.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y: the network
    of boxes and the threshold. What the residual network adds is described in docs/design.md.
    """
    if not beta > 0:
        raise ConfigError("beta", f"must be above 0, got {beta:g}; 2 favours recall, 1 neither")
    events = events or TrainingEvents()
    parent_name = None
    if isinstance(start, str | Path):
        parent_name, start = Path(start).name, load_model(start)
    labelled = pair_labels(micrographs, picks, negatives=negatives, complete=complete)
    valid = pair_labels(valid_micrographs, valid_picks, complete=True)
    known = {item.micrograph.name for item in (*labelled, *valid)}
    others = sorted((m for m in unlabelled if m.name not in known), key=lambda m: m.name)
    # All must know their pixel size, or none: better found out before the training than after.
    everything = [*(item.micrograph for item in (*labelled, *valid)), *others]
    if start is not None:
        plan = _plan_of(start)
    else:
        plan = plan_training(
            everything,
            [item.particles for item in labelled],
            diameter_px=diameter_px,
            diameter_angstrom=diameter_angstrom,
            network=network,
            preset=preset,
            design=design,
            factor=factor,
            box_size_px=box_size_px,
            n_pairs=n_pairs,
            activation=activation,
        )
    warn_of_orientation(labelled, diameter_px=plan.scale.diameter_px)

    def make_recipe(
        start: Model | None, on_first: Callable[[Lesson], None] = lambda lesson: None
    ) -> Recipe:
        return _make_recipe(
            plan,
            events,
            others,
            start,
            on_first,
            epochs=epochs,
            updates=updates,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
        )

    def tell_of_first(lesson: Lesson) -> None:
        first = _with_origin(_make_model(plan, recipe, lesson, seed=seed), None, None, training_set)
        events.first_model(_with_default_threshold(first, THRESHOLD_OF_FIRST_NETWORK))

    recipe = make_recipe(start, tell_of_first)
    threshold_from = "validation micrographs"
    if not valid and _are_taken_for_all(labelled, plan):
        # Said now: what is left after holding out may look like few.
        labelled = [replace(item, complete=True) for item in labelled]
        labelled, valid = hold_out(labelled, seed=seed)
        threshold_from = "held-out micrographs"
    events.planned(plan, len(labelled), len(valid))
    lesson = recipe.learn(labelled, valid, checkpoint_path=checkpoint)
    model = _make_model(plan, recipe, lesson, seed=seed)
    model = _with_origin(model, start, parent_name, training_set)
    if lesson.valid:
        judged, candidates = lesson.valid, scan_held_out(model, lesson.valid)
    elif not lesson.is_complete:
        return _with_default_threshold(model, THRESHOLD_WITHOUT_TRUTH)
    else:
        # From new weights: the model to go on from may have learnt from these micrographs.
        judged, candidates = _cross_validate(plan, make_recipe(None), lesson, events, seed=seed)
        threshold_from = "cross-validation"
        if not judged:
            judged, candidates = lesson.used, scan_held_out(model, lesson.used)
            threshold_from = "training micrographs"
    return _with_validation(model, judged, candidates, threshold_from, beta=beta)


def _plan_of(model: Model) -> Plan:
    header = model.header
    return Plan(header.design, header.scale, header.pixel_size_angstrom)


def _are_taken_for_all(labelled: Sequence[LabelledMicrograph], plan: Plan) -> bool:
    """Whether the labels are all the particles, as far as that is known before the training."""
    if any(item.complete is False for item in labelled):
        return False
    return (
        isinstance(plan.design, NetworkDesign)
        or are_labels_many(sum(len(item.particles) for item in labelled))
        or all(item.complete for item in labelled if len(item.particles))
    )


def _make_recipe(
    plan: Plan,
    events: TrainingEvents,
    unlabelled: Sequence[Micrograph],
    start: Model | None,
    on_first: Callable[[Lesson], None],
    *,
    epochs: int | None,
    updates: int | None,
    seed: int,
    **given: float | None,
) -> Recipe:
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    network = None if start is None else start.network
    if isinstance(plan.design, NetworkDesign):
        if updates is not None:
            raise ConfigError("updates", "are for the residual network; give epochs for deepem8.")
        settings = TrainingSettings(epochs=epochs, seed=seed, **chosen)
        return PaperRecipe(plan, settings, events, start=network)
    if epochs is not None:
        raise ConfigError("epochs", "are for the network of boxes; give updates for residual.")
    return DenseRecipe(
        plan,
        DenseSettings(updates=updates, seed=seed, **chosen),
        events,
        unlabelled=unlabelled,
        start=network,
        on_first=on_first,
    )


def _make_model(plan: Plan, recipe: Recipe, lesson: Lesson, *, seed: int) -> Model:
    last = lesson.history[-1]
    record = {
        **lesson.record,
        "seed": seed,
        "micrographs": [item.micrograph.name for item in lesson.used],
        "error": last.error,
        "accuracy": _known(last.accuracy),
        "held_out_accuracy": _known(last.valid_accuracy),
    }
    header = ModelHeader(
        design=plan.design,
        scale=plan.scale,
        pixel_size_angstrom=plan.pixel_size_angstrom,
        micrograph_shape=lesson.used[0].micrograph.shape,
        threshold=0,
        min_distance_px=recipe.min_distance_over_diameter * plan.scale.diameter_px,
        std_range=lesson.std_range,
        training=record,
        versions={name: version(name) for name in ("deepem", "numpy", "torch")},
    )
    return Model(lesson.network, header)


def _with_origin(
    model: Model,
    parent: Model | None,
    parent_name: str | None,
    training_set: Mapping[str, Any] | None,
) -> Model:
    """The model with what made it: the model it went on from, and the training set."""
    record = dict(model.header.training)
    if training_set is not None:
        record["training_set"] = dict(training_set)
    if parent is not None:
        record["parent"] = parent.fingerprint()
        record["known_before"] = list_known(parent)
        if parent_name is not None:
            record["parent_name"] = parent_name
    return Model(model.network, model.header.model_copy(update={"training": record}))


def list_known(model: Model) -> list[str]:
    """Names of the micrographs that a model, or one before it, learnt from or was tuned on."""
    record = model.header.training
    parts = ("micrographs", "validation_micrographs", "known_before")
    return sorted({name for part in parts for name in record.get(part, ())})


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _n_with_particles(items: Sequence[LabelledMicrograph]) -> int:
    return sum(len(item.particles) > 0 for item in items)


def _cross_validate(
    plan: Plan, recipe: Recipe, lesson: Lesson, events: TrainingEvents, *, seed: int
) -> tuple[list[LabelledMicrograph], list[Picks]]:
    """Score each half of the micrographs with a network that learnt from the other.

    Nothing is returned where a half has too few particles to learn from.
    """
    if _n_with_particles(lesson.used) < _N_FOLDS:
        return [], []
    # Dealt out by the number of labels, so that both halves have their share.
    ranked = sorted(lesson.used, key=lambda item: -len(item.particles))
    judged: list[LabelledMicrograph] = []
    candidates: list[Picks] = []
    for fold in range(_N_FOLDS):
        events.began(f"Cross-validation, part {fold + 1} of {_N_FOLDS}")
        rest = [item for index, item in enumerate(ranked) if index % _N_FOLDS != fold]
        held_out = ranked[fold::_N_FOLDS]
        try:
            part = recipe.learn([replace(item, complete=True) for item in rest], ())
        except TrainingDataError:
            return [], []
        model = _make_model(plan, recipe, part, seed=seed)
        judged += held_out
        candidates += scan_held_out(model, held_out)
    return judged, candidates


def _with_validation(
    model: Model,
    judged: Sequence[LabelledMicrograph],
    candidates: Sequence[Picks],
    threshold_from: str,
    *,
    beta: float,
) -> Model:
    """The model with calibration and threshold, and the figures found there."""
    validation = validate(
        candidates,
        [item.particles for item in judged],
        diameter_px=model.header.scale.diameter_px,
        beta=beta,
    )
    figures = {
        name: round(getattr(validation.evaluation, name), 4)
        for name in ("precision", "recall", "f1", "f2", "average_precision")
    }
    record = model.header.training | {
        "threshold_from": threshold_from,
        "beta": beta,
        "validation_micrographs": [item.micrograph.name for item in judged],
        "validation": figures,
    }
    update = {
        "calibration": validation.calibration,
        "threshold": round(validation.threshold, 5),
        "training": record,
    }
    return Model(model.network, model.header.model_copy(update=update))


def _with_default_threshold(model: Model, threshold: float) -> Model:
    record = model.header.training | {"threshold_from": "no micrograph with all its particles"}
    update = {"threshold": threshold, "training": record}
    return Model(model.network, model.header.model_copy(update=update))
