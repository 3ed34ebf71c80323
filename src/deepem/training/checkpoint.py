"""An interrupted training on disk: the weights after the last whole epoch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch

from deepem.errors import CheckpointError
from deepem.io.atomic import write_atomically
from deepem.networks import DeepEM8
from deepem.training.samples import Samples
from deepem.training.settings import TrainingSettings


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file, bound to one training by a fingerprint of its settings and boxes."""

    path: Path
    fingerprint: str

    def restore(self, network: DeepEM8) -> list[dict[str, Any]]:
        """Load the weights into ``network``; returns the figures of the epochs done so far.

        Returns an empty list where there is no checkpoint.

        Raises
        ------
        deepem.errors.CheckpointError
            The file is damaged, or belongs to a training with other settings or boxes.
        """
        if not self.path.exists():
            return []
        start_again = "Start again with --overwrite (overwrite=True)."
        try:
            with safetensors.safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata["fingerprint"] != self.fingerprint:
                raise CheckpointError(
                    self.path,
                    "belongs to a training with other settings, micrographs or coordinates. "
                    + start_again,
                )
            history: list[dict[str, Any]] = json.loads(metadata["history"])
            network.load_state_dict(weights)
        except (safetensors.SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
            if isinstance(error, CheckpointError):
                raise
            raise CheckpointError(self.path, f"is damaged ({error}). {start_again}") from error
        return history

    def save(self, network: DeepEM8, history: list[dict[str, Any]]) -> None:
        """Replace the file by the weights and figures so far."""
        weights = {name: weight.detach() for name, weight in network.state_dict().items()}
        metadata = {"fingerprint": self.fingerprint, "history": json.dumps(history)}
        with write_atomically(self.path, overwrite=True, mode="wb") as file:
            file.write(safetensors.torch.save(weights, metadata=metadata))


def fingerprint(design: object, settings: TrainingSettings, *samples: Samples) -> str:
    """What a training depends on, as a short hash."""
    digest = hashlib.sha256(f"{design!r} {settings!r}".encode())
    for part in samples:
        digest.update(part.boxes.tobytes())
        digest.update(part.targets.tobytes())
    return digest.hexdigest()
