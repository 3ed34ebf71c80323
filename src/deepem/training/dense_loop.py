"""Gradient descent on crops of whole micrographs: cross-entropy, AdamW, one cycle, mean weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from deepem.errors import ConfigError
from deepem.networks import ResidualNetwork
from deepem.networks.device import has_bfloat16
from deepem.training.checkpoint import Checkpoint
from deepem.training.crops import Crops, CropSampler
from deepem.training.heatmaps import HeatMap
from deepem.training.loop import Epoch
from deepem.training.settings import DenseSettings

_WEIGHT_DECAY = 0.01
_GRADIENT_LIMIT = 1.0
# A hair more than a fifth: of five updates a fifth would end at once, by which torch divides.
_WARM_UP_SHARE = 0.2 + 1e-9
_REPORT_EVERY = 50
# Between reports, for a curve that lives: nothing is measured or kept for it.
_TELL_EVERY = 10
_N_HELD_OUT_CROPS = 32
# Targets above and below these are plainly particle and plainly background.
_PARTICLE_TARGET, _BACKGROUND_TARGET = 0.9, 0.01


def fit_dense(
    network: ResidualNetwork,
    heat_maps: Sequence[HeatMap],
    held_out: Sequence[HeatMap] = (),
    *,
    settings: DenseSettings,
    n_updates: int,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_updates: Callable[[int, int, float], None] = lambda n_done, n_updates, error: None,
) -> list[Epoch]:
    """Train a network in place; it ends with the running mean of its weights.

    Parameters
    ----------
    network
        Starts from the weights it has.
    heat_maps, held_out
        Micrographs to learn from, and micrographs to measure the accuracy on.
    settings
        Batches, crops, rate and seed.
    n_updates
        Number of updates.
    checkpoint
        Where the state is kept after every fifty updates, and continued from if there is any.
    on_epoch
        Called after every fifty updates, for progress.
    on_updates
        Called after every ten updates, before `on_epoch`, with how many are done, of how many,
        and the mean loss of these ten.

    Returns
    -------
    history
        The figures of every fifty updates. Accuracy is the mean of two shares: of pixels at
        centres of particles that score above 0.5, and of background pixels that score below.

    Raises
    ------
    deepem.errors.ConfigError
        The learning rate is so high that the loss is no longer a number.
    """
    sampler = CropSampler(heat_maps, side=settings.crop_px)
    test = None
    if held_out:
        rng = np.random.default_rng([settings.seed, 3])
        test = CropSampler(held_out, side=settings.crop_px).draw(_N_HELD_OUT_CROPS, rng)
    averaged = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=_WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=n_updates, pct_start=_WARM_UP_SHARE
    )
    state = _State(network, averaged, optimizer, schedule)
    history = state.restore(checkpoint) if checkpoint is not None else []
    n_epochs = -(-n_updates // _REPORT_EVERY)
    # The mean reaches over a tenth of the training, so that a short one is not held back.
    decay = 1 - 1 / max(2.0, n_updates / 10)
    for number in range(len(history) + 1, n_epochs + 1):
        network.train()
        rng = np.random.default_rng([settings.seed, 4, number])
        losses, scores = [], _Counts()
        n_before = _REPORT_EVERY * (number - 1)
        for n_done in range(n_before + 1, min(n_before + _REPORT_EVERY, n_updates) + 1):
            crops = sampler.draw(settings.batch_size, rng)
            logits = _forward(network, crops.pixels)
            loss = _loss(logits, crops)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_LIMIT)
            optimizer.step()
            schedule.step()
            _move_mean(averaged, network, decay)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise ConfigError(
                    "learning rate",
                    f"{settings.learning_rate:g} is too high: the error is no longer a number. "
                    "Try a tenth of it.",
                )
            scores.add(logits.detach(), crops)
            if n_done % _TELL_EVERY == 0:
                on_updates(n_done, n_updates, float(np.mean(losses[-_TELL_EVERY:])))
        epoch = Epoch(
            number=number,
            n_epochs=n_epochs,
            error=float(np.mean(losses)),
            accuracy=scores.accuracy(),
            valid_accuracy=_measure(averaged, test),
        )
        history.append(epoch)
        if checkpoint is not None:
            state.save(checkpoint, history)
        on_epoch(epoch)
    network.load_state_dict(averaged.state_dict())
    network.eval()
    return history


def _forward(network: ResidualNetwork, pixels: NDArray[np.float32]) -> Tensor:
    """Logits in single precision; layers in bfloat16 where the processor has it: half the time."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_bfloat16(network.design.maps)):
        logits: Tensor = network(torch.from_numpy(pixels))
    return logits.float()


def _has_bfloat16(maps: int) -> bool:
    # torch 2.13 computes gradients that are no numbers where the maps are no multiple of 16.
    return maps % 16 == 0 and has_bfloat16("cpu")


def _loss(logits: Tensor, crops: Crops) -> Tensor:
    """Cross-entropy, in which particles weigh twice as much as background."""
    target, weight = torch.from_numpy(crops.target), torch.from_numpy(crops.weight)
    weight = weight * (1 + target)
    losses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (losses * weight).sum() / weight.sum().clamp(min=1e-6)


def _move_mean(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for mean, value in zip(
            averaged.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


class _Counts:
    """Counts pixels at centres and in the background that are on the right side of 0.5."""

    def __init__(self) -> None:
        self._right, self._all = np.zeros(2), np.zeros(2)

    def add(self, logits: Tensor, crops: Crops) -> None:
        is_high = logits.numpy() > 0
        known = crops.weight > 0
        groups = (crops.target > _PARTICLE_TARGET, crops.target < _BACKGROUND_TARGET)
        for index, group in enumerate(groups):
            chosen = is_high[known & group]
            self._all[index] += chosen.size
            self._right[index] += (chosen if index == 0 else ~chosen).sum()

    def accuracy(self) -> float:
        seen = self._all > 0
        return float((self._right[seen] / self._all[seen]).mean()) if seen.any() else float("nan")


def _measure(network: ResidualNetwork, test: Crops | None) -> float:
    if test is None:
        return float("nan")
    network.eval()
    counts = _Counts()
    with torch.inference_mode():
        counts.add(network(torch.from_numpy(test.pixels)), test)
    return counts.accuracy()


class _State:
    """Everything that a training goes on from, to and from a checkpoint."""

    def __init__(
        self,
        network: nn.Module,
        averaged: nn.Module,
        optimizer: torch.optim.AdamW,
        schedule: torch.optim.lr_scheduler.OneCycleLR,
    ) -> None:
        self._modules = {"network": network, "averaged": averaged}
        self._optimizer, self._schedule = optimizer, schedule

    def save(self, checkpoint: Checkpoint, history: list[Epoch]) -> None:
        tensors = {
            f"{name}.{key}": value
            for name, module in self._modules.items()
            for key, value in module.state_dict().items()
        }
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{key}": value for key, value in moments.items()}
        checkpoint.save(tensors, [asdict(epoch) for epoch in history])

    def restore(self, checkpoint: Checkpoint) -> list[Epoch]:
        saved = checkpoint.load()
        if saved is None:
            return []
        tensors, history = saved
        groups: dict[str, dict[str, Any]] = {"network": {}, "averaged": {}, "optimizer": {}}
        with checkpoint.damage_reported():
            for key, value in tensors.items():
                group, _, name = key.partition(".")
                groups[group][name] = value
            for name, module in self._modules.items():
                module.load_state_dict(groups[name])
            moments: dict[int, dict[str, Any]] = {}
            for key, value in groups["optimizer"].items():
                index, _, name = key.partition(".")
                moments.setdefault(int(index), {})[name] = value
            state = self._optimizer.state_dict()
            self._optimizer.load_state_dict(state | {"state": moments})
            for _ in range(int(moments[0]["step"])):
                self._optimizer._opt_called = True  # type: ignore[attr-defined]
                self._schedule.step()
        return [Epoch(**figures) for figures in history]
