"""Labelled micrographs for training, from what a user named; what cannot be used is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deepem.cli.console import Failures, count, print_note, print_warning
from deepem.core import Micrograph, Picks
from deepem.errors import ConventionError, DeepEMError
from deepem.io import (
    MicrographFile,
    find_micrographs,
    open_micrograph,
    pair_picks,
    place_picks,
)
from deepem.io.naming import strip_pick_name


@dataclass(frozen=True)
class Labels:
    """Opened micrographs with what is known of them.

    Parameters
    ----------
    micrographs, picks
        Micrographs with coordinates, and their particles.
    negatives
        Non-particles, where the user has them.
    unlabelled
        Micrographs without coordinates.
    only_marked
        Names of micrographs whose particles nobody gave, only non-particles.
    """

    micrographs: list[Micrograph]
    picks: list[Picks]
    negatives: list[Picks] | None
    unlabelled: list[Micrograph] = field(default_factory=list)
    only_marked: frozenset[str] = frozenset()


def read_labels(
    files: Sequence[MicrographFile],
    picks: Sequence[Path],
    *,
    negatives: Sequence[Path] | None = None,
    others: Sequence[MicrographFile] = (),
    keep_marked: bool = False,
    picks_format: str | None,
    pixel_size_angstrom: float | None,
    failures: Failures,
) -> Labels:
    """Open micrographs and put their coordinates on them; each that fails is told to ``failures``.

    Coordinates of ``others``, micrographs with another use, may lie in the same folder. With
    ``keep_marked`` micrographs that have only negatives are labelled ones, without particles.

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
    opened: dict[str, Micrograph] = {}

    def open_once(file: MicrographFile) -> Micrograph:
        if file.name not in opened:
            opened[file.name] = open_micrograph(file, pixel_size_angstrom=pixel_size_angstrom)
        return opened[file.name]

    labels: dict[str, Picks] = {}
    unlabelled: list[MicrographFile] = []
    if present:
        pairing = pair_picks(present, picks, format=picks_format)
        for _, failure in pairing.failures:
            failures.add(failure)
        elsewhere = {file.name for file in others}
        unmatched = [
            path for path in pairing.unmatched_picks if strip_pick_name(path.stem) not in elsewhere
        ]
        left_out = replace(pairing, unmatched_picks=unmatched, unlabelled=[], failures=[])
        for line in left_out.summary().splitlines():
            print_warning(line)
        unlabelled = pairing.unlabelled
        for file, particles in pairing.pairs:
            try:
                labels[file.name] = place_picks(particles, open_once(file))
            except DeepEMError as error:
                failures.add(error)
    own_negatives, only_marked = None, set()
    if negatives and present:
        pairing = pair_picks(present, negatives, format=picks_format)
        for _, failure in pairing.failures:
            failures.add(failure)
        missing = {file.name for file in unlabelled} if keep_marked else set()
        own_negatives = []
        for file, places in pairing.pairs:
            try:
                if file.name in missing:
                    micrograph = open_once(file)
                    labels[file.name] = Picks(file.name, frame=micrograph.frame)
                    only_marked.add(file.name)
            except DeepEMError as error:
                failures.add(error)
            if file.name in labels:
                own_negatives.append(places)
    if not labels:
        raise ConventionError(
            "no micrograph with coordinates is left. Give micrographs, and coordinate files that "
            "are named as they are."
        )
    return Labels(
        [opened[name] for name in labels],
        list(labels.values()),
        own_negatives,
        _open_others([file for file in unlabelled if file.name not in labels], open_once, failures),
        frozenset(only_marked),
    )


def read_validation(
    files: Sequence[MicrographFile],
    picks: Sequence[Path] | None,
    *,
    others: Sequence[MicrographFile],
    picks_format: str | None,
    pixel_size_angstrom: float | None,
    failures: Failures,
) -> Labels:
    """Open micrographs to measure on; their coordinates lie beside them, unless they are named."""
    return read_labels(
        files,
        picks or sorted({file.path.parent for file in files}),
        others=others,
        picks_format=picks_format,
        pixel_size_angstrom=pixel_size_angstrom,
        failures=failures,
    )


def find_files(
    micrographs: Sequence[Path] | None, valid: Sequence[Path] | None
) -> tuple[list[MicrographFile], list[MicrographFile]]:
    """Micrographs to learn from, and those to measure on, which are none of the first.

    Without micrographs named, only the second.
    """
    valid_files = find_micrographs(valid) if valid else []
    aside = {(file.path.resolve(), file.slice_index) for file in valid_files}
    files = [
        file
        for file in (find_micrographs(micrographs) if micrographs else [])
        if (file.path.resolve(), file.slice_index) not in aside
    ]
    return files, valid_files


def _open_others(
    files: Sequence[MicrographFile],
    open_once: Callable[[MicrographFile], Micrograph],
    failures: Failures,
) -> list[Micrograph]:
    if files:
        print_note(
            f"{count(len(files), 'micrograph')} without coordinates ({files[0].path.name} …): "
            "looked at if the labels are few"
        )
    unlabelled = []
    for file in files:
        try:
            unlabelled.append(open_once(file))
        except DeepEMError as error:
            failures.add(error)
    return unlabelled
