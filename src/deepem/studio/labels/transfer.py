"""Labels from the files of other programs, and for them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepem.core import Picks, choose_box_size_px
from deepem.errors import DeepEMError, NotFoundError, OutputError
from deepem.io import Pairing, convert_picks, pair_picks, pick_format, place_picks
from deepem.studio.labels.labels import KINDS, NEGATIVES, PARTICLES
from deepem.studio.labels.operations import Operation
from deepem.studio.labels.store import LabelStore
from deepem.studio.project import Project


@dataclass
class ImportedLabels:
    """What became of coordinate files.

    Parameters
    ----------
    n_micrographs
        Micrographs that the files have coordinates of.
    n_labels
        Labels that were not there before.
    problems
        What could not be used, each with its reason.
    """

    n_micrographs: int = 0
    n_labels: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class ExportedLabels:
    """What was written.

    Parameters
    ----------
    folder
        A new folder.
    files
        The files in it.
    n_labels
        Particles and negatives together.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    n_labels: int = 0


def import_labels(
    project: Project,
    labels: LabelStore,
    paths: Sequence[str],
    *,
    kind: Literal["particle", "negative"],
    tab: str | None = None,
) -> ImportedLabels:
    """Add the coordinates in files to the labels that are there.

    Parameters
    ----------
    project
        Its micrographs, to which coordinates are matched by name.
    labels
        Where they are added.
    paths
        Files and folders in any format that DeepEM reads, relative to the project's folder.
    kind
        What the coordinates are of.
    tab
        Which page asks.

    Raises
    ------
    deepem.errors.ConfigError
        A path leads out of the project.
    deepem.errors.NotFoundError
        There is no such file.
    deepem.errors.FileFormatError
        A folder holds no coordinate file.
    deepem.errors.ConventionError
        Two files hold different coordinates of one micrograph, or no file belongs to any.
    """
    files = [project.resolve(path) for path in paths]
    if not project.micrographs:
        raise NotFoundError(f"there are no micrographs in {project.folder} to label")
    pairing = pair_picks(list(project.micrographs.values()), files)
    done = ImportedLabels(problems=_list_problems(pairing))
    for file, picks in pairing.pairs:
        try:
            n_new = _add(project, labels, file.name, picks, kind=kind, tab=tab, done=done)
        except DeepEMError as error:
            done.problems.append(str(error))
            continue
        done.n_micrographs += 1
        done.n_labels += n_new
    return done


def _add(
    project: Project,
    labels: LabelStore,
    name: str,
    picks: Picks,
    *,
    kind: Literal["particle", "negative"],
    tab: str | None,
    done: ImportedLabels,
) -> int:
    placed = place_picks(picks, project.open(name))
    n_outside = len(picks) - len(placed)
    if n_outside:
        done.problems.append(
            f"{name}: {n_outside} of {len(picks)} coordinates lie outside of the micrograph and "
            "are left out"
        )
    operations = [
        Operation("add", kind, x_px, y_px)
        for x_px, y_px in zip(placed.x_px.tolist(), placed.y_px.tolist(), strict=True)
    ]
    before = labels.get(name)
    after = labels.apply(name, operations, tab=tab)
    return _count(after.particles, after.negatives) - _count(before.particles, before.negatives)


def _count(*sets: Picks) -> int:
    return sum(map(len, sets))


def _list_problems(pairing: Pairing) -> list[str]:
    problems = [str(error) for _, error in pairing.failures]
    problems += [f"{name}: {reason}" for name, reason in pairing.unmatched_names.items()]
    return problems


def export_labels(project: Project, labels: LabelStore, *, format: str) -> ExportedLabels:
    """Write all labels into a new folder, negatives into a folder ``negatives`` in it.

    Parameters
    ----------
    project
        Its micrographs and its folder for what is handed over.
    labels
        The labels.
    format
        Name of a coordinate format, such as ``"eman2"``.

    Raises
    ------
    deepem.errors.ConfigError
        The format is not known, or needs a box size and so the diameter.
    deepem.errors.NotFoundError
        Nothing is labelled.
    deepem.errors.DeepEMError
        The labels of a micrograph cannot be read or written in this format. Nothing is left then.
    """
    target = pick_format(format)
    counts = labels.counts()
    names = {
        PARTICLES: [name for name, count in counts.items() if count.n_particles or count.complete],
        NEGATIVES: [name for name, count in counts.items() if count.n_negatives],
    }
    if not any(names.values()):
        raise NotFoundError("nothing is labelled yet, so there is nothing to write")
    diameter_px = project.diameter_px()
    folder = make_numbered_folder(project.exports_dir, f"labels-{target.name}")
    done = ExportedLabels(folder)
    try:
        for kind in KINDS:
            if not names[kind]:
                continue
            converted = convert_picks(
                project.labels_dir / kind,
                folder if kind == PARTICLES else folder / NEGATIVES,
                to=target.name,
                micrographs=[project.file(name) for name in names[kind]],
                pixel_size_angstrom=project.settings.pixel_size_angstrom,
                box_size_px=None if diameter_px is None else choose_box_size_px(diameter_px),
            )
            if converted.failures:
                raise converted.failures[0]
            done.files.extend(converted.files)
            done.n_labels += sum(converted.n_picks.values())
    except DeepEMError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return done


def make_numbered_folder(parent: Path, name: str) -> Path:
    """Make a folder ``name-001`` or, where that is there, the next one that is not.

    Raises
    ------
    deepem.errors.OutputError
        It cannot be made.
    """
    number = 1
    while True:
        folder = parent / f"{name}-{number:03d}"
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise OutputError(
                folder, f"cannot be made: {error.strerror or error}; ask its owner for permission"
            ) from error
        else:
            return folder
