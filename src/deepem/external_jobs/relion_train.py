"""Training as a job of RELION: micrographs and coordinates in, a model and a logfile out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepem.core import Micrograph, Picks
from deepem.errors import CheckpointError, ConfigError, ConventionError, DeepEMError
from deepem.external_jobs.logfile import write_training_logfile
from deepem.external_jobs.relion import RelionJob
from deepem.external_jobs.relion_files import list_coordinates
from deepem.io import find_micrographs, open_micrograph, pair_picks, place_picks
from deepem.networks import Model, save_model
from deepem.training import Epoch, Plan, TrainingEvents, train

MODEL_NAME = "model.deepem"
_CHECKPOINT_NAME = f"{MODEL_NAME}.checkpoint"
_LOGFILE = "logfile.pdf"


def train_in_relion(
    job: RelionJob,
    *,
    micrographs: Path,
    coordinates: Path,
    diameter_angstrom: float | None = None,
    box_size_px: float | None = None,
    updates: int | None = None,
    seed: int = 0,
    say: Callable[[str], None] = lambda text: None,
    fail: Callable[[DeepEMError], None] = lambda error: None,
) -> Path:
    """Learn from the micrographs of a list that have coordinates.

    Parameters
    ----------
    job
        The job, begun. A request to abort is heeded every few seconds; the job then goes on from
        the last one.
    micrographs
        RELION's list of micrographs.
    coordinates
        RELION's coordinates: ``manualpick.star``, ``autopick.star``, ``coords_suffix_….star`` of
        RELION 3.1, or particles.
    diameter_angstrom, box_size_px, updates, seed
        As in `deepem.train`.
    say
        Is told what is going on, line by line.
    fail
        Is told of each file that failed; the others are learnt from.

    Returns
    -------
    Path
        The model.

    Raises
    ------
    deepem.errors.DeepEMError
        The files or settings cannot be used.
    deepem.external_jobs.relion.JobAborted
        The user asked for it.
    """
    opened, picks, unlabelled = _read_labels(micrographs, coordinates, say=say, fail=fail)
    events = _JobEvents(job, say, fail)
    checkpoint = job.folder / _CHECKPOINT_NAME
    options: dict[str, Any] = {
        "diameter_angstrom": diameter_angstrom,
        "box_size_px": box_size_px,
        "updates": updates,
        "seed": seed,
        "checkpoint": checkpoint,
        "events": events,
        "unlabelled": unlabelled,
    }
    try:
        model = train(opened, picks, **options)
    except CheckpointError:
        # The job goes on with other coordinates or settings than it had when it was stopped.
        say("The interrupted training does not fit to this one: training from the beginning.")
        checkpoint.unlink(missing_ok=True)
        events.epochs.clear()
        model = train(opened, picks, **options)
    path = save_model(model, job.folder / MODEL_NAME, overwrite=True)
    write_training_logfile(
        job.folder / _LOGFILE,
        events.epochs,
        title=f"{job.folder.as_posix()}: DeepEM training",
        settings=_describe(model, micrographs, coordinates),
    )
    job.add_output(_LOGFILE, "logfile")
    checkpoint.unlink(missing_ok=True)
    say(f"Model written to {path}. Pick with it: label 'model', value '{path}'")
    return path


def _read_labels(
    micrographs: Path,
    coordinates: Path,
    *,
    say: Callable[[str], None],
    fail: Callable[[DeepEMError], None],
) -> tuple[list[Micrograph], list[Picks], list[Micrograph]]:
    """Micrographs with coordinates, those, and micrographs without."""
    files = find_micrographs([micrographs])
    paths = list_coordinates(coordinates, files)
    if not paths:
        raise ConfigError(
            "in_coords", f"{coordinates} names no coordinates of the micrographs in {micrographs}"
        )
    pairing = pair_picks(files, paths)
    for _, error in pairing.failures:
        fail(error)
    say(f"{len(pairing.pairs)} of {len(files)} micrographs have coordinates.")
    opened, labels = [], []
    for file, picks in pairing.pairs:
        try:
            micrograph = open_micrograph(file)
            labels.append(place_picks(picks, micrograph))
        except DeepEMError as error:
            fail(error)
            continue
        opened.append(micrograph)
    if not opened:
        raise ConventionError(
            f"{coordinates}: has no coordinates of a usable micrograph in {micrographs}"
        )
    with_labels = {file.name for file, _ in pairing.pairs}
    unlabelled = []
    for file in files:
        if file.name in with_labels:
            continue
        try:
            unlabelled.append(open_micrograph(file))
        except DeepEMError as error:
            fail(error)
    return opened, labels, unlabelled


class _JobEvents(TrainingEvents):
    """Tells what a training does, and looks after each step whether it shall stop."""

    def __init__(
        self, job: RelionJob, say: Callable[[str], None], fail: Callable[[DeepEMError], None]
    ) -> None:
        self.epochs: list[Epoch] = []
        self._job = job
        self._say = say
        self._fail = fail
        self._is_validating = False

    def planned(self, plan: Plan, n_train: int, n_valid: int) -> None:
        scale = plan.scale
        self._say(f"Micrographs: {n_train} to learn from, {n_valid} to validate on")
        self._say(
            f"Particle diameter {scale.diameter_px:.0f} px, box {scale.box_size_px} px, "
            f"binned {scale.factor:g} times to {scale.box_size} px"
        )
        self._job.check_abort()

    def began(self, stage: str) -> None:
        # The curve is that of the model: of the last stage before the cross-validation.
        self._is_validating |= stage.startswith("Cross-validation")
        if not self._is_validating:
            self.epochs.clear()
        self._say(f"{stage} …")
        self._job.check_abort()

    def sampled(self, n_particles: int, n_negatives: int | None, n_held_out: int) -> None:
        others = "" if n_negatives is None else f", {n_negatives} non-particles"
        self._say(f"Learning from {n_particles} particles{others}")
        self._job.check_abort()

    def trained(self, epoch: Epoch) -> None:
        if not self._is_validating:
            self.epochs.append(epoch)
        held_out = ""
        if not math.isnan(epoch.valid_accuracy):
            held_out = f", held out {epoch.valid_accuracy:.1%}"
        self._say(
            f"Step {epoch.number} of {epoch.n_epochs}: error {epoch.error:.4f}, "
            f"accuracy {epoch.accuracy:.1%}{held_out}"
        )
        self._job.check_abort()

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        self._fail(error)


def _describe(model: Model, micrographs: Path, coordinates: Path) -> dict[str, str]:
    header = model.header
    record = header.training
    described = {
        "Micrographs": str(micrographs),
        "Coordinates": str(coordinates),
        "Micrographs learnt from": str(len(record["micrographs"])),
        "Particles": str(record["n_positives"]),
        "Diameter (px)": f"{header.scale.diameter_px:.1f}",
        "Box (px)": str(header.scale.box_size_px),
        "Binning": f"{header.scale.factor:g}",
        "Network": header.design.describe(),
        "Threshold": f"{header.threshold:.3f}, chosen on {record['threshold_from']}",
    }
    if "validation" in record:
        figures = record["validation"]
        described["Precision, recall there"] = (
            f"{figures['precision']:.3f}, {figures['recall']:.3f}"
        )
    return described
