"""Recipe ``paper``: the eight-layer network, trained on boxes as in Zhu, Ouyang and Mao (2017)."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from deepem.errors import DeepEMError, TrainingDataError
from deepem.networks import DeepEM8, Network
from deepem.preprocessing import prepare
from deepem.training.checkpoint import Checkpoint, fingerprint
from deepem.training.events import TrainingEvents
from deepem.training.labels import LabelledMicrograph
from deepem.training.lesson import Lesson, find_std_range
from deepem.training.loop import fit
from deepem.training.plan import Plan
from deepem.training.samples import Samples, cut_samples, join_samples
from deepem.training.settings import TrainingSettings

logger = logging.getLogger("deepem.training")

_FEWEST_PARTICLES = 5
_ENOUGH_PARTICLES = 100
_HELD_OUT_BOXES_FRACTION = 0.1


class PaperRecipe:
    """Boxes at the labels and at random places between them, squared error, gradient descent.

    Parameters
    ----------
    plan
        The network and its scale.
    settings
        Epochs, batches, rate and seed.
    events
        Is told about progress.
    start
        Network to go on from; None draws new weights.
    """

    min_distance_over_diameter = 0.8

    def __init__(
        self,
        plan: Plan,
        settings: TrainingSettings,
        events: TrainingEvents,
        *,
        start: Network | None = None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._events = events
        self._start = start

    def learn(
        self,
        labelled: Sequence[LabelledMicrograph],
        valid: Sequence[LabelledMicrograph],
        *,
        checkpoint_path: str | Path | None = None,
    ) -> Lesson:
        """Train on some micrographs; measure on boxes of others, or on boxes held out."""
        plan, settings = self._plan, self._settings
        samples, used = self._cut_all(labelled)
        self._check_enough(samples, used)
        valid = list(valid)
        if valid:
            held_out, valid = self._cut_all(valid)
        if not valid or not 0 < held_out.n_positives < len(held_out):
            samples, held_out = samples.split(_HELD_OUT_BOXES_FRACTION, seed=settings.seed)
        n_negatives = len(samples) - samples.n_positives
        self._events.sampled(samples.n_positives, n_negatives, len(held_out))
        if isinstance(self._start, DeepEM8):
            network = copy.deepcopy(self._start)
        else:
            generator = torch.Generator().manual_seed(settings.seed)
            network = DeepEM8(plan.boxes_design, generator=generator)
        checkpoint = None
        if checkpoint_path is not None:
            parts = (samples.boxes, samples.targets, held_out.boxes, held_out.targets)
            start = [weight.numpy() for weight in network.state_dict().values()]
            mark = fingerprint(plan.design, settings, *parts, *start)
            checkpoint = Checkpoint(Path(checkpoint_path), mark)
        history = fit(
            network,
            samples,
            held_out,
            settings=settings,
            checkpoint=checkpoint,
            on_epoch=self._events.trained,
        )
        return Lesson(
            network=network,
            used=used,
            valid=valid,
            history=history,
            std_range=find_std_range(samples.positives_std()),
            record={
                "recipe": "paper",
                "epochs": len(history),
                "batch_size": settings.batch_size,
                "learning_rate": settings.learning_rate,
                "n_positives": samples.n_positives,
                "n_negatives": n_negatives,
            },
        )

    def _cut_all(
        self, labelled: Sequence[LabelledMicrograph]
    ) -> tuple[Samples, list[LabelledMicrograph]]:
        """Boxes of all micrographs that can be read, and which those are."""
        plan = self._plan
        box_size = plan.scale.box_size
        parts, used = [Samples.empty(box_size)], []
        n_labels = [len(item.particles) for item in labelled if len(item.particles)]
        n_typical = round(sum(n_labels) / len(n_labels)) if n_labels else 0
        for item in labelled:
            try:
                image = prepare(
                    item.micrograph,
                    factor=plan.factor_for(item.micrograph),
                    box_size=box_size,
                    workers=torch.get_num_threads(),
                )
            except DeepEMError as error:
                self._events.failed(item.micrograph, error)
                continue
            part = cut_samples(
                image,
                item.particles,
                box_size=box_size,
                diameter_px=plan.diameter_px(item.micrograph),
                # An empty micrograph has as much to say about what is no particle as any other.
                n_random=len(item.particles) or n_typical,
                negatives=item.negatives,
                seed=self._settings.seed,
            )
            parts.append(part)
            used.append(item)
        return join_samples(parts), used

    def _check_enough(self, samples: Samples, used: Sequence[LabelledMicrograph]) -> None:
        n, n_negatives = samples.n_positives, len(samples) - samples.n_positives
        require_particles(n, used, self._plan)
        if n_negatives < _FEWEST_PARTICLES:
            raise TrainingDataError(
                f"only {n_negatives} places without particles: there is no room between the labels "
                "for random ones. Check the particle diameter, or give your own with --negatives "
                "(negatives=)."
            )
        if n < _ENOUGH_PARTICLES:
            logger.warning(
                "only %d particles to learn from: expect many wrong picks. Recipe 'paper' wants %d "
                "or more; label more, or leave the network to DeepEM",
                n, 2 * _ENOUGH_PARTICLES,
            )  # fmt: skip


def require_particles(n: int, used: Sequence[LabelledMicrograph], plan: Plan) -> None:
    """Refuse to learn from fewer than five particles.

    Raises
    ------
    deepem.errors.TrainingDataError
        There are fewer.
    """
    if n >= _FEWEST_PARTICLES:
        return
    n_labels = sum(len(item.particles) for item in used)
    raise TrainingDataError(
        f"only {n} particles to learn from ({n_labels} labels on {len(used)} micrographs, less "
        f"those within half a diameter ({plan.scale.diameter_px / 2:.0f} px) of the edge). "
        f"Label at least {_FEWEST_PARTICLES}, better {2 * _ENOUGH_PARTICLES}."
    )
