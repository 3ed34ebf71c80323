"""An interrupted training on disk: its state after the last whole epoch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
from torch import Tensor

from deepem.errors import CheckpointError
from deepem.io.atomic import write_atomically

_START_AGAIN = "Start again with --overwrite (overwrite=True)."


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file, bound to one training by a fingerprint of its settings and boxes."""

    path: Path
    fingerprint: str

    def load(self) -> tuple[dict[str, Tensor], list[dict[str, Any]]] | None:
        """The tensors kept, and the figures of the epochs done so far; None without a checkpoint.

        Raises
        ------
        deepem.errors.CheckpointError
            The file is damaged, or belongs to a training with other settings or labels.
        """
        if not self.path.exists():
            return None
        with self.damage_reported():
            with safetensors.safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata["fingerprint"] != self.fingerprint:
                raise CheckpointError(
                    self.path,
                    "belongs to a training with other settings, micrographs or coordinates. "
                    + _START_AGAIN,
                )
            history: list[dict[str, Any]] = json.loads(metadata["history"])
        return tensors, history

    def save(self, tensors: Mapping[str, Tensor], history: list[dict[str, Any]]) -> None:
        """Replace the file by these tensors and the figures so far."""
        kept = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
        metadata = {"fingerprint": self.fingerprint, "history": json.dumps(history)}
        with write_atomically(self.path, overwrite=True, mode="wb") as file:
            file.write(safetensors.torch.save(kept, metadata=metadata))

    @contextmanager
    def damage_reported(self) -> Iterator[None]:
        """Turn what goes wrong in reading the file, or in using it, into a `CheckpointError`."""
        try:
            yield
        except CheckpointError:
            raise
        except (safetensors.SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise CheckpointError(self.path, f"is damaged ({error}). {_START_AGAIN}") from error


def fingerprint(*parts: object) -> str:
    """What a training depends on, as a short hash of arrays and of what else has a ``repr``."""
    digest = hashlib.sha256()
    for part in parts:
        is_array = isinstance(part, np.ndarray)
        digest.update(np.ascontiguousarray(part).tobytes() if is_array else repr(part).encode())
    return digest.hexdigest()
