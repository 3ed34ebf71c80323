"""Labelled micrographs for training, from what a user named; what cannot be used is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepem.cli.console import Failures, print_warning
from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError, DeepEMError
from deepem.io import MicrographFile, open_micrograph, pair_picks, place_picks
from deepem.io.naming import strip_pick_name


@dataclass(frozen=True)
class Labels:
    """Opened micrographs, their particles, and their non-particles where the user has them."""

    micrographs: list[Micrograph]
    picks: list[Picks]
    negatives: list[Picks] | None


def read_labels(
    files: Sequence[MicrographFile],
    picks: Sequence[Path],
    *,
    negatives: Sequence[Path] | None = None,
    others: Sequence[MicrographFile] = (),
    picks_format: str | None,
    pixel_size_angstrom: float | None,
    failures: Failures,
) -> Labels:
    """Open micrographs and put their coordinates on them; each that fails is told to ``failures``.

    Coordinates of ``others``, micrographs with another use, may lie in the same folder.

    Raises
    ------
    deepem.errors.ConventionError
        Nothing is left.
    """
    present = []
    for file in files:
        if file.path.exists():
            present.append(file)
            continue
        try:
            open_micrograph(file)
        except DeepEMError as error:
            failures.add(error)
    micrographs, labels = [], []
    if present:
        pairing = pair_picks(present, picks, format=picks_format)
        for _, failure in pairing.failures:
            failures.add(failure)
        elsewhere = {file.name for file in others}
        unmatched = [
            path for path in pairing.unmatched_picks if strip_pick_name(path.stem) not in elsewhere
        ]
        left_out = replace(pairing, unmatched_picks=unmatched, failures=[])
        for line in left_out.summary().splitlines():
            print_warning(line)
        for file, particles in pairing.pairs:
            try:
                micrograph = open_micrograph(file, pixel_size_angstrom=pixel_size_angstrom)
                labels.append(place_picks(particles, micrograph))
            except DeepEMError as error:
                failures.add(error)
                continue
            micrographs.append(micrograph)
    if not micrographs:
        raise ConventionError(
            "no micrograph with coordinates is left. Give micrographs, and coordinate files that "
            "are named as they are."
        )
    own_negatives = None
    if negatives:
        used = {micrograph.name for micrograph in micrographs}
        pairing = pair_picks(present, negatives, format=picks_format)
        for _, failure in pairing.failures:
            failures.add(failure)
        own_negatives = [places for _, places in pairing.pairs if places.micrograph in used]
    return Labels(micrographs, labels, own_negatives)
