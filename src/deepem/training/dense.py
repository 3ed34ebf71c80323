"""Recipe ``dense``: the residual network, trained on whole micrographs, from few labels too."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from deepem.core import Micrograph, Picks
from deepem.errors import DeepEMError
from deepem.networks import Network, ResidualDesign, ResidualNetwork
from deepem.picking import find_candidates
from deepem.preprocessing import PreparedImage, local_mean_std, prepare
from deepem.training.checkpoint import Checkpoint, fingerprint
from deepem.training.dense_loop import fit_dense
from deepem.training.events import TrainingEvents
from deepem.training.few_labels import (
    N_ROUNDS,
    Sorted,
    are_labels_few,
    are_labels_many,
    balance_clicks,
    choose_unlabelled,
    first_settings,
    n_round_updates,
    sort_candidates,
)
from deepem.training.heatmaps import HeatMap, draw_heat_map
from deepem.training.labels import LabelledMicrograph
from deepem.training.lesson import Lesson, find_std_range
from deepem.training.loop import Epoch
from deepem.training.paper import require_particles
from deepem.training.plan import Plan
from deepem.training.settings import DenseSettings


@dataclass(frozen=True, eq=False)
class _Scene:
    """A labelled micrograph at the model's scale."""

    item: LabelledMicrograph
    image: PreparedImage
    diameter_px: float

    @property
    def diameter(self) -> float:
        """Diameter of the particle in pixels of the image."""
        return self.diameter_px / self.image.frame.step_px[0]

    def inside(self, margin: int) -> PreparedImage:
        """The image without its mirrored margin."""
        pixels = self.image.pixels[margin:-margin, margin:-margin]
        frame = self.image.frame.subgrid(pixels.shape, origin=(margin, margin), step=1)
        return PreparedImage(pixels, frame)


class DenseRecipe:
    """Heat maps of whole micrographs, cross-entropy, AdamW; what was not labelled is found.

    Where the labels are few among many particles, a first network learns from the clicks alone;
    what it is sure of becomes labels, what it doubts is left out, and the next network learns from
    all of that, twice, on micrographs without labels too.

    Parameters
    ----------
    plan
        The network and its scale.
    settings
        Updates, batches, rate and seed.
    events
        Is told about progress.
    unlabelled
        Micrographs without labels; used where labels are few.
    start
        Network to go on from; None draws new weights.
    on_first
        Is told of the network that learnt from the clicks alone, where there is one.
    """

    min_distance_over_diameter = 0.5

    def __init__(
        self,
        plan: Plan,
        settings: DenseSettings,
        events: TrainingEvents,
        *,
        unlabelled: Sequence[Micrograph] = (),
        start: Network | None = None,
        on_first: Callable[[Lesson], None] = lambda lesson: None,
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._events = events
        self._unlabelled = list(unlabelled)
        self._start = start if isinstance(start, ResidualNetwork) else None
        self._on_first = on_first

    def learn(
        self,
        labelled: Sequence[LabelledMicrograph],
        valid: Sequence[LabelledMicrograph],
        *,
        checkpoint_path: str | Path | None = None,
    ) -> Lesson:
        """Train on some micrographs; measure on crops of others, where there are any."""
        scenes, held_out = self._prepare_all(labelled), self._prepare_all(valid)
        n_labels = sum(self._n_whole(scene) for scene in scenes)
        require_particles(n_labels, [scene.item for scene in scenes], self._plan)
        found = self._find_unlabelled(scenes, n_labels)
        if found is None:
            heat_maps = [self._draw(scene) for scene in scenes]
            n_updates = self._settings.n_updates(n_labels)
        else:
            scenes, heat_maps = found
            n_updates = n_round_updates(self._settings)
        n_particles = sum(len(heat_map.centres) for heat_map in heat_maps)
        self._events.began("Training")
        self._events.sampled(n_particles, None, 0)
        network = self._first_network()
        history = self._fit(
            network, heat_maps, [self._draw(s) for s in held_out], n_updates, checkpoint_path
        )
        return Lesson(
            network=network,
            used=[scene.item for scene in scenes],
            valid=[scene.item for scene in held_out],
            history=history,
            std_range=find_std_range(self._measure_std(scenes, heat_maps)),
            is_complete=found is None,
            record=_describe(self._settings, n_updates, n_labels, n_particles)
            | {"found_by_itself": found is not None},
        )

    def _prepare_all(self, labelled: Sequence[LabelledMicrograph]) -> list[_Scene]:
        """The micrographs that can be read."""
        scenes = []
        for item in labelled:
            try:
                image = prepare(
                    item.micrograph,
                    factor=self._plan.factor_for(item.micrograph),
                    box_size=self._plan.scale.box_size,
                    workers=torch.get_num_threads(),
                )
            except DeepEMError as error:
                self._events.failed(item.micrograph, error)
                continue
            scenes.append(_Scene(item, image, self._plan.diameter_px(item.micrograph)))
        return scenes

    def _n_whole(self, scene: _Scene) -> int:
        """Number of labels that the edge does not cut."""
        particles = scene.item.particles
        return int((particles.edge_distance_px() >= scene.diameter_px / 2).sum())

    def _first_network(self) -> ResidualNetwork:
        if self._start is not None:
            return copy.deepcopy(self._start)
        assert isinstance(self._plan.design, ResidualDesign)  # noqa: S101
        generator = torch.Generator().manual_seed(self._settings.seed)
        return ResidualNetwork(self._plan.design, generator=generator)

    def _draw(self, scene: _Scene, labels: Sorted | None = None) -> HeatMap:
        return draw_heat_map(
            scene.inside(self._plan.scale.box_size // 2),
            scene.item.particles if labels is None else labels.particles,
            diameter_px=scene.diameter_px,
            negatives=scene.item.negatives,
            unknown=None if labels is None else labels.unknown,
        )

    def _find_unlabelled(
        self, scenes: list[_Scene], n_labels: int
    ) -> tuple[list[_Scene], list[HeatMap]] | None:
        """Find what nobody labelled; None where the labels are all there are."""
        says_all = all(_is_complete(scene.item) for scene in scenes)
        says_some = any(scene.item.complete is False for scene in scenes)
        if says_all or (are_labels_many(n_labels) and not says_some):
            return None
        network = self._learn_clicks(scenes, n_labels)
        labels = [self._sort(network, scene, is_first=True) for scene in scenes]
        if not says_some and not are_labels_few(labels, n_labels):
            return None
        chosen = [self._unlabelled[i] for i in choose_unlabelled(len(self._unlabelled))]
        scenes = scenes + self._prepare_all(
            [LabelledMicrograph(m, Picks(m.name, frame=m.frame), complete=False) for m in chosen]
        )
        for number in range(N_ROUNDS):
            labels = [self._sort(network, scene, is_first=number == 0) for scene in scenes]
            heat_maps = [self._draw(s, known) for s, known in zip(scenes, labels, strict=True)]
            if number < N_ROUNDS - 1:
                self._events.began(f"Learning from what was found, round {number + 1}")
                network = self._first_network()
                self._fit(network, heat_maps, (), n_round_updates(self._settings), None)
        return scenes, heat_maps

    def _learn_clicks(self, scenes: Sequence[_Scene], n_labels: int) -> ResidualNetwork:
        """A network that knows nothing but the labels; the one to go on from, if there is one."""
        network = self._first_network()
        if self._start is not None:
            return network
        self._events.began("Learning from the labels alone")
        settings, n_updates = first_settings(self._settings, n_labels)
        clicked = [scene for scene in scenes if len(scene.item.particles)]
        heat_maps = [self._draw(scene) for scene in clicked]
        history = fit_dense(
            network,
            [
                balance_clicks(heat_map, diameter=scene.diameter)
                for scene, heat_map in zip(clicked, heat_maps, strict=True)
            ],
            settings=settings,
            n_updates=n_updates,
            on_epoch=self._events.trained,
            on_updates=self._events.updated,
        )
        self._on_first(
            Lesson(
                network=network,
                used=[scene.item for scene in clicked],
                valid=[],
                history=history,
                std_range=find_std_range(self._measure_std(clicked, heat_maps)),
                is_complete=False,
                record=_describe(settings, n_updates, n_labels, n_labels)
                | {"found_by_itself": False},
            )
        )
        return network

    def _sort(self, network: ResidualNetwork, scene: _Scene, *, is_first: bool) -> Sorted:
        item = scene.item
        if _is_complete(item):
            return Sorted(item.particles, Picks(item.micrograph.name))
        candidates = find_candidates(
            network,
            scene.image,
            item.micrograph,
            box_size=self._plan.scale.box_size,
            min_distance_px=self.min_distance_over_diameter * scene.diameter_px,
        )
        return sort_candidates(
            candidates,
            item.particles,
            item.negatives,
            diameter_px=scene.diameter_px,
            is_first=is_first and self._start is None,
        )

    def _fit(
        self,
        network: ResidualNetwork,
        heat_maps: Sequence[HeatMap],
        held_out: Sequence[HeatMap],
        n_updates: int,
        checkpoint_path: str | Path | None,
    ) -> list[Epoch]:
        checkpoint = None
        if checkpoint_path is not None:
            arrays = [a for m in (*heat_maps, *held_out) for a in (m.pixels, m.target, m.weight)]
            start = [weight.numpy() for weight in network.state_dict().values()]
            mark = fingerprint(self._plan.design, self._settings, n_updates, *arrays, *start)
            checkpoint = Checkpoint(Path(checkpoint_path), mark)
        settings = self._settings
        if self._start is not None:  # it knows already: small steps
            settings = replace(settings, learning_rate=settings.learning_rate / 3)
        return fit_dense(
            network,
            heat_maps,
            held_out,
            settings=settings,
            n_updates=n_updates,
            checkpoint=checkpoint,
            on_epoch=self._events.trained,
            on_updates=self._events.updated,
        )

    def _measure_std(
        self, scenes: Sequence[_Scene], heat_maps: Sequence[HeatMap]
    ) -> NDArray[np.float32]:
        """Standard deviation of the box around every particle that was learnt from."""
        found = []
        for scene, heat_map in zip(scenes, heat_maps, strict=True):
            _, std = local_mean_std(scene.image.pixels, self._plan.scale.box_size)
            at = np.clip(np.rint(heat_map.centres).astype(int), 0, np.array(std.shape) - 1)
            found.append(std[at[:, 0], at[:, 1]])
        return np.concatenate(found)


def _describe(
    settings: DenseSettings, n_updates: int, n_labels: int, n_particles: int
) -> dict[str, Any]:
    """What a model's header says of the lesson."""
    return {
        "recipe": "dense",
        "updates": n_updates,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "n_labels": n_labels,
        "n_positives": n_particles,
    }


def _is_complete(item: LabelledMicrograph) -> bool:
    """An empty set of labels says that there is no particle, unless the user says otherwise."""
    return item.complete is True or (item.complete is None and not len(item.particles))
