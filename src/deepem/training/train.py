"""From labelled micrographs to a model: the whole of recipe ``paper``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from deepem.core import Micrograph, Picks
from deepem.errors import DeepEMError, TrainingDataError
from deepem.networks import Activation, DeepEM8, Model, ModelHeader
from deepem.preprocessing import prepare
from deepem.training.checkpoint import Checkpoint, fingerprint
from deepem.training.events import TrainingEvents
from deepem.training.labels import (
    LabelledMicrograph,
    hold_out,
    pair_labels,
    warn_of_orientation,
)
from deepem.training.loop import fit
from deepem.training.plan import Plan, plan_training
from deepem.training.samples import Samples, cut_samples, join_samples
from deepem.training.settings import TrainingSettings
from deepem.training.validate import choose_threshold

logger = logging.getLogger("deepem.training")

_FEWEST_PARTICLES = 5
_ENOUGH_PARTICLES = 100
_HELD_OUT_BOXES_FRACTION = 0.1
_STD_PERCENTILES = (1, 99)
_LEAST_STD_SLACK = 0.02


def train(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    diameter_angstrom: float | None = None,
    diameter_px: float | None = None,
    preset: str | None = None,
    factor: float | None = None,
    box_size_px: float | None = None,
    n_pairs: int = 3,
    activation: Activation = "sigmoid",
    negatives: Sequence[Picks] | None = None,
    valid_micrographs: Sequence[Micrograph] = (),
    valid_picks: Sequence[Picks] = (),
    seed: int = 0,
    epochs: int | None = None,
    batch_size: int = 50,
    learning_rate: float = 1.0,
    checkpoint: str | Path | None = None,
    events: TrainingEvents | None = None,
) -> Model:
    """Train the eight-layer network on labelled micrographs, by the paper's recipe.

    Parameters
    ----------
    micrographs, picks
        Micrographs and their particles, matched by name. An empty ``Picks`` says that a
        micrograph holds no particle.
    diameter_angstrom, diameter_px
        Longest extent of the particle, in one unit; by default two thirds of the labels' box.
    preset, factor, box_size_px, n_pairs, activation
        Network and scale, see `deepem.training.plan_training`; ``factor`` is the binning.
    negatives
        Places without particles, to learn from instead of random ones.
    valid_micrographs, valid_picks
        Micrographs to choose the threshold on. By default a fifth of the micrographs is set
        aside where there are at least five; else the threshold is chosen on the training
        micrographs, which is optimistic.
    seed, epochs, batch_size, learning_rate
        See `deepem.training.TrainingSettings`. The same seed gives the same model, whatever the
        order of the micrographs.
    checkpoint
        File in which the training is kept after every epoch, and from which it goes on; delete it
        when the model is saved.
    events
        Is told about progress.

    Returns
    -------
    model
        With the F2 threshold and the standard deviation range of the positives.

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
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y.
    """
    events = events or TrainingEvents()
    settings = TrainingSettings(
        epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed
    )
    labelled = pair_labels(micrographs, picks, negatives=negatives)
    valid, threshold_from = pair_labels(valid_micrographs, valid_picks), "validation micrographs"
    plan = plan_training(
        # All must know their pixel size, or none: better found out before the training than after.
        [item.micrograph for item in (*labelled, *valid)],
        [item.particles for item in labelled],
        diameter_px=diameter_px,
        diameter_angstrom=diameter_angstrom,
        preset=preset,
        factor=factor,
        box_size_px=box_size_px,
        n_pairs=n_pairs,
        activation=activation,
    )
    warn_of_orientation(labelled, diameter_px=plan.scale.diameter_px)
    if not valid:
        labelled, valid = hold_out(labelled, seed=seed)
        threshold_from = "held-out micrographs"
    events.planned(plan, len(labelled), len(valid))
    samples, used = _cut_all(plan, labelled, seed=seed, events=events)
    _check_enough(samples, used, plan)
    if valid:
        held_out, valid = _cut_all(plan, valid, seed=seed, events=events)
    if not valid or not 0 < held_out.n_positives < len(held_out):
        samples, held_out = samples.split(_HELD_OUT_BOXES_FRACTION, seed=seed)
    if not valid:
        valid, threshold_from = used, "training micrographs"
    events.sampled(samples, held_out)

    network = DeepEM8(plan.design, generator=torch.Generator().manual_seed(seed))
    saved = None
    if checkpoint is not None:
        saved = Checkpoint(Path(checkpoint), fingerprint(plan.design, settings, samples, held_out))
    history = fit(
        network,
        samples,
        held_out,
        settings=settings,
        checkpoint=saved,
        on_epoch=events.trained,
    )
    header = ModelHeader(
        design=plan.design,
        scale=plan.scale,
        pixel_size_angstrom=plan.pixel_size_angstrom,
        micrograph_shape=used[0].micrograph.shape,
        threshold=0,
        std_range=_std_range(samples),
        training={
            "recipe": "paper",
            **asdict(settings),
            "epochs": len(history),
            "n_positives": samples.n_positives,
            "n_negatives": len(samples) - samples.n_positives,
            "micrographs": [item.micrograph.name for item in used],
            "error": history[-1].error,
            "accuracy": history[-1].accuracy,
            "held_out_accuracy": history[-1].valid_accuracy,
        },
        versions={name: version(name) for name in ("deepem", "numpy", "torch")},
    )
    return _with_threshold(Model(network, header), valid, threshold_from)


def _cut_all(
    plan: Plan, labelled: Sequence[LabelledMicrograph], *, seed: int, events: TrainingEvents
) -> tuple[Samples, list[LabelledMicrograph]]:
    """Boxes of all micrographs that can be read, and which those are."""
    parts, used = [Samples.empty(plan.design.box_size)], []
    n_labels = [len(item.particles) for item in labelled if len(item.particles)]
    n_typical = round(sum(n_labels) / len(n_labels)) if n_labels else 0
    for item in labelled:
        try:
            image = prepare(
                item.micrograph,
                factor=plan.factor_for(item.micrograph),
                box_size=plan.design.box_size,
                workers=torch.get_num_threads(),
            )
        except DeepEMError as error:
            events.failed(item.micrograph, error)
            continue
        part = cut_samples(
            image,
            item.particles,
            box_size=plan.design.box_size,
            diameter_px=plan.diameter_px(item.micrograph),
            # An empty micrograph has as much to say about what is no particle as any other.
            n_random=len(item.particles) or n_typical,
            negatives=item.negatives,
            seed=seed,
        )
        parts.append(part)
        used.append(item)
    return join_samples(parts), used


def _check_enough(samples: Samples, used: Sequence[LabelledMicrograph], plan: Plan) -> None:
    n_labels = sum(len(item.particles) for item in used)
    n, n_negatives = samples.n_positives, len(samples) - samples.n_positives
    if n < _FEWEST_PARTICLES:
        raise TrainingDataError(
            f"only {n} particles to learn from ({n_labels} labels on {len(used)} micrographs, less "
            f"those within half a diameter ({plan.scale.diameter_px / 2:.0f} px) of the edge). "
            f"Label at least {_FEWEST_PARTICLES}, better {2 * _ENOUGH_PARTICLES}."
        )
    if n_negatives < _FEWEST_PARTICLES:
        raise TrainingDataError(
            f"only {n_negatives} places without particles: there is no room between the labels for "
            "random ones. Check the particle diameter, or give your own with --negatives "
            "(negatives=)."
        )
    if n < _ENOUGH_PARTICLES:
        logger.warning(
            "only %d particles to learn from: expect many wrong picks. Recipe 'paper' wants %d or "
            "more; label more, or correct the first picks and train again",
            n, 2 * _ENOUGH_PARTICLES,
        )  # fmt: skip


def _std_range(samples: Samples) -> tuple[float, float]:
    """Range of the positives, half its width wider on both sides: junk is much farther out."""
    low, high = np.percentile(samples.positives_std(), _STD_PERCENTILES)
    slack = max((high - low) / 2, _LEAST_STD_SLACK)
    return round(max(0.0, float(low - slack)), 4), round(float(high + slack), 4)


def _with_threshold(
    model: Model, valid: Sequence[LabelledMicrograph], threshold_from: str
) -> Model:
    """The model with the threshold at which F2 is highest, and the figures found there."""
    validation = choose_threshold(
        model, [item.micrograph for item in valid], [item.particles for item in valid]
    )
    evaluation = validation.evaluation
    figures: dict[str, Any] = {
        name: round(getattr(evaluation, name), 4)
        for name in ("precision", "recall", "f1", "f2", "average_precision")
    }
    record = model.header.training | {
        "threshold_from": threshold_from,
        "validation_micrographs": [item.micrograph.name for item in valid],
        "validation": figures,
    }
    update = {"threshold": round(validation.threshold, 5), "training": record}
    return Model(model.network, model.header.model_copy(update=update))
