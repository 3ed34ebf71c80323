"""Hashes that say what was learnt from: of a micrograph's pixels, and of a set of labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.training.training_set.manifest import Entry
from deepem.training.training_set.merging import DECIMALS

_N_ROWS = 32
_N_DIGITS = 32


def hash_pixels(micrograph: Micrograph) -> str:
    """Hash of 32 rows of a micrograph from its first to its last, and of its size.

    Values are taken as 32-bit floats, so it does not depend on format, byte order or header, nor
    on the file's date. Of an MRC file only these rows are read.

    Raises
    ------
    deepem.errors.FileFormatError
        The file is truncated or has changed since it was opened.
    """
    pixels = micrograph.pixels()
    rows = np.unique(np.linspace(0, micrograph.shape[0] - 1, _N_ROWS).round().astype(int))
    digest = hashlib.sha256(f"{micrograph.shape}".encode())
    digest.update(np.ascontiguousarray(pixels[rows], dtype="<f4").tobytes())
    return digest.hexdigest()[:_N_DIGITS]


def hash_labels(
    diameters: tuple[float | None, float | None],
    labelled: Iterable[tuple[Entry, Picks | None, Picks | None]],
) -> str:
    """Hash of entries with their particles and negatives, whatever their order."""
    lines = sorted(
        json.dumps(
            [
                entry.name,
                entry.fingerprint,
                entry.complete,
                entry.pixel_size_angstrom,
                _list_places(particles),
                _list_places(negatives),
            ]
        )
        for entry, particles, negatives in labelled
    )
    text = "\n".join([json.dumps(diameters), *lines])
    return hashlib.sha256(text.encode()).hexdigest()[:_N_DIGITS]


def _list_places(picks: Picks | None) -> list[list[int]] | None:
    if picks is None:
        return None
    scaled = np.column_stack([picks.x_px, picks.y_px]) * 10**DECIMALS
    places: list[list[int]] = sorted(scaled.round().astype(int).tolist())
    return places
