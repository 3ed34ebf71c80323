"""The limits that picks were written with, as text beside the candidates, and read back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from deepem.picking.scanned import CANDIDATES_FOLDER, read_scanned_header

Limits = tuple[float, tuple[float, float] | None]

_THRESHOLD, _STD_RANGE = "threshold", "std range"
_ANY = "any"


def describe_limits(threshold: float, std_range: tuple[float, float] | None) -> dict[str, str]:
    """Name and text of a threshold and a range of standard deviations, None for any."""
    return {
        _THRESHOLD: f"{threshold:.9g}",
        _STD_RANGE: _ANY if std_range is None else "{:.9g} to {:.9g}".format(*std_range),
    }


def parse_limits(output: Mapping[str, str]) -> Limits | None:
    """The limits that `describe_limits` has described; None where it has not."""
    try:
        threshold, text = float(output[_THRESHOLD]), output[_STD_RANGE]
        if text == _ANY:
            return threshold, None
        low, high = map(float, text.split(" to "))
    except (KeyError, ValueError):
        return None
    return threshold, (low, high)


def find_limits(out: str | Path) -> Limits | None:
    """The limits that a folder of picks was written with; None where it does not say.

    Parameters
    ----------
    out
        The folder, in which ``candidates/`` is.
    """
    with suppress(OSError), os.scandir(Path(out) / CANDIDATES_FOLDER) as entries:
        for entry in entries:
            header = None if entry.is_symlink() else read_scanned_header(Path(entry.path))
            if header is not None:
                return parse_limits(header.output)
    return None
