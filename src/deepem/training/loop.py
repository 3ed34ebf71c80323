"""Gradient descent on boxes: epochs, batches, four orientations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from deepem.errors import ConfigError
from deepem.networks import DeepEM8
from deepem.training.checkpoint import Checkpoint
from deepem.training.samples import Samples
from deepem.training.settings import TrainingSettings

_N_ORIENTATIONS = 4
_SCORING_BATCH = 200


@dataclass(frozen=True)
class Epoch:
    """Figures of one epoch.

    Parameters
    ----------
    number, n_epochs
        Which epoch, from 1, of how many.
    error
        Squared error ``1 / (2 N) sum (t - y)^2``, mean over the epoch's batches.
    accuracy
        Share of training boxes on the right side of 0.5.
    valid_accuracy
        The same for the boxes held out from training.
    """

    number: int
    n_epochs: int
    error: float
    accuracy: float
    valid_accuracy: float


def fit(
    network: DeepEM8,
    samples: Samples,
    held_out: Samples,
    *,
    settings: TrainingSettings,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Train a network in place.

    Parameters
    ----------
    network
        Starts from the weights it has.
    samples, held_out
        Boxes to learn from, and boxes to measure on.
    settings
        Epochs, batches, rate and seed. The order of the boxes in an epoch depends on the seed and
        the epoch only, so that a resumed training ends with the weights of an unbroken one.
    checkpoint
        Where weights are kept after each epoch, and continued from if there are any.
    on_epoch
        Called after every epoch, for progress.

    Returns
    -------
    history
        The figures of every epoch.
    """
    history: list[Epoch] = []
    if checkpoint is not None:
        history = _restore(network, checkpoint)
    boxes, targets = torch.from_numpy(samples.boxes), torch.from_numpy(samples.targets)
    optimizer = torch.optim.SGD(network.parameters(), lr=settings.learning_rate)
    n_epochs = settings.n_epochs(len(samples))
    for number in range(len(history) + 1, n_epochs + 1):
        network.train()
        rng = np.random.default_rng([settings.seed, 2, number])
        order = torch.from_numpy(rng.permutation(_N_ORIENTATIONS * len(samples)))
        error = hits = 0.0
        for chosen in torch.split(order, settings.batch_size):
            batch_targets = targets[chosen // _N_ORIENTATIONS]
            scores = network(turn_boxes(boxes[chosen // _N_ORIENTATIONS], chosen % _N_ORIENTATIONS))
            loss = 0.5 * (scores - batch_targets).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            error += loss.item() * len(chosen)
            hits += _n_right(scores.detach(), batch_targets)
        if not math.isfinite(error):
            raise ConfigError(
                "learning rate",
                f"{settings.learning_rate:g} is too high: the error is no longer a number. "
                "Try a tenth of it.",
            )
        epoch = Epoch(
            number=number,
            n_epochs=n_epochs,
            error=error / len(order),
            accuracy=hits / len(order),
            valid_accuracy=measure_accuracy(network, held_out),
        )
        history.append(epoch)
        if checkpoint is not None:
            checkpoint.save(network.state_dict(), [asdict(epoch) for epoch in history])
        on_epoch(epoch)
    network.eval()
    return history


def _restore(network: DeepEM8, checkpoint: Checkpoint) -> list[Epoch]:
    saved = checkpoint.load()
    if saved is None:
        return []
    weights, figures = saved
    with checkpoint.damage_reported():
        network.load_state_dict(weights)
    return [Epoch(**epoch) for epoch in figures]


def turn_boxes(boxes: Tensor, turns: Tensor) -> Tensor:
    """Turn each of ``(n, side, side)`` boxes by its number of 90 degree steps, ``(n,)``, 0 to 3."""
    turned = boxes.clone()
    for n_turns in range(1, _N_ORIENTATIONS):
        chosen = turns == n_turns
        turned[chosen] = torch.rot90(boxes[chosen], n_turns, dims=(-2, -1))
    return turned


def measure_accuracy(network: DeepEM8, samples: Samples) -> float:
    """Share of boxes that the network puts on the right side of 0.5."""
    network.eval()
    hits = 0.0
    with torch.inference_mode():
        for start in range(0, len(samples), _SCORING_BATCH):
            batch = slice(start, start + _SCORING_BATCH)
            scores = network(torch.from_numpy(samples.boxes[batch]))
            hits += _n_right(scores, torch.from_numpy(samples.targets[batch]))
    return hits / len(samples)


def _n_right(scores: Tensor, targets: Tensor) -> float:
    return float(((scores > 0.5) == (targets > 0.5)).sum())
