"""Picking as a job of RELION: micrographs in, coordinates and a logfile out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from deepem.cluster import Backend, ThisProcess
from deepem.errors import BackendError, DeepEMError, MicrographError
from deepem.external_jobs.logfile import Example, write_picking_logfile
from deepem.external_jobs.pick_one import PickOne
from deepem.external_jobs.relion import RelionJob
from deepem.external_jobs.relion_files import (
    LIST_NAME,
    SUFFIX_NAME,
    PickedMicrograph,
    PickingFolder,
    name_micrograph,
)
from deepem.io import MicrographFile, find_micrographs, open_micrograph, place_picks, read_picks
from deepem.io.read_ahead import read_ahead
from deepem.networks import load_model
from deepem.picking import Picker

_LOGFILE = "logfile.pdf"


def pick_in_relion(
    job: RelionJob,
    *,
    micrographs: Path,
    model: Path,
    threshold: float | None = None,
    std_range: tuple[float, float] | None = None,
    edge_margin_px: float | None = None,
    min_distance_px: float | None = None,
    device: str = "cpu",
    backend: Backend | None = None,
    threads_per_worker: int | None = None,
    say: Callable[[str], None] = lambda text: None,
    fail: Callable[[DeepEMError], None] = lambda error: None,
) -> int:
    """Pick the micrographs of a list that the job has not picked before.

    Parameters
    ----------
    job
        The job, begun. A request to abort is heeded between micrographs.
    micrographs
        RELION's list of micrographs.
    model
        The model file.
    threshold, std_range, edge_margin_px, min_distance_px, device
        As in `deepem.Picker`.
    backend
        Where to compute; by default here, one micrograph after the other.
    threads_per_worker
        Number of threads in each worker; None leaves it as it is.
    say
        Is told what is going on, line by line.
    fail
        Is told of each micrograph that failed; the others are done.

    Returns
    -------
    int
        Number of micrographs that are done, of this run and those before it.

    Raises
    ------
    deepem.errors.DeepEMError
        The list or the model cannot be used, nothing can be written, or every micrograph failed.
    deepem.external_jobs.relion.JobAborted
        The user asked for it. What is done is listed, and picked no more when the job goes on.
    """
    files = {name_micrograph(file): file for file in find_micrographs([micrographs])}
    loaded = load_model(model)
    picker = Picker(
        loaded,
        threshold=threshold,
        std_range=std_range,
        edge_margin_px=edge_margin_px,
        min_distance_px=min_distance_px,
        device=device,
    )
    header = loaded.header
    settings = {
        "Model": str(model),
        "Model SHA-256": hashlib.sha256(model.read_bytes()).hexdigest()[:16],
        "Threshold": f"{header.threshold if threshold is None else threshold:g}",
        "Range of standard deviations": _join(std_range or header.std_range),
        "Edge margin (px)": _or_default(edge_margin_px, "0.4 diameters"),
        "Least distance (px)": _or_default(min_distance_px, "0.8 diameters"),
    }
    if threshold == 0 and std_range is None:
        settings["Range of standard deviations"] = "any"
    folder = PickingFolder(job.folder, settings)
    if folder.had_other_settings:
        say("The settings differ from those of the last run: picking all micrographs again.")
    todo = {name: file for name, file in files.items() if name not in folder.done}
    if len(todo) < len(files):
        say(f"{len(files) - len(todo)} of {len(files)} micrographs were picked before.")
    try:
        pick_one = PickOne(picker, threads_per_worker)
        _pick_all(job, pick_one, folder, todo, backend or ThisProcess(), say=say, fail=fail)
    except KeyboardInterrupt:
        _finish(job, folder, list(files), micrographs)
        raise
    rows = _finish(job, folder, list(files), micrographs)
    if not rows:
        raise MicrographError(f"{micrographs}: none of its {len(files)} micrographs can be picked")
    n_picks = sum(row.n_picks for row in rows)
    say(f"{n_picks} particles on {len(rows)} micrographs, listed in {job.folder / LIST_NAME}")
    settings |= {"Micrographs": f"{len(rows)} of {len(files)}", "Picks": str(n_picks)}
    write_picking_logfile(
        job.folder / _LOGFILE,
        rows,
        title=f"{job.folder.as_posix()}: DeepEM picking",
        settings=settings,
        scores=_read_scores(folder, rows),
        threshold=header.threshold if threshold is None else threshold,
        examples=_choose_examples(picker, folder, rows, files),
    )
    job.add_output(_LOGFILE, "logfile")
    return len(rows)


def _pick_all(
    job: RelionJob,
    pick_one: PickOne,
    folder: PickingFolder,
    files: Mapping[str, MicrographFile],
    backend: Backend,
    *,
    say: Callable[[str], None],
    fail: Callable[[DeepEMError], None],
) -> None:
    say("micrograph\tpicks\tmean_score")
    job.check_abort()
    with closing(backend.run(pick_one, read_ahead(files.values()))) as outcomes:
        for outcome in outcomes:
            if outcome.result is None:
                fail(outcome.error or BackendError(f"{outcome.item}: nothing came back"))
            else:
                name = name_micrograph(outcome.item)
                row = folder.add(name, outcome.result)
                say(f"{name}\t{row.n_picks}\t{row.mean_score:.3f}")
            job.check_abort()


def _finish(
    job: RelionJob, folder: PickingFolder, names: Sequence[str], source: Path
) -> list[PickedMicrograph]:
    """List what is done, in the way of the RELION that asked for it."""
    rows = folder.write_lists(names)
    if job.dialect.generation < 4:
        folder.write_suffix(source)
        job.add_output(SUFFIX_NAME, "coordinates")
    else:
        job.add_output(LIST_NAME, "coordinates")
    return rows


def _read_scores(folder: PickingFolder, rows: Sequence[PickedMicrograph]) -> list[float]:
    """Scores of all picks, those of earlier runs too."""
    scores = [
        read_picks(folder.coordinate_file(row.name), format="star")[0].score
        for row in rows
        if row.n_picks
    ]
    return np.concatenate(scores).tolist() if scores else []


def _choose_examples(
    picker: Picker,
    folder: PickingFolder,
    rows: Sequence[PickedMicrograph],
    files: Mapping[str, MicrographFile],
) -> list[Example]:
    """Micrographs worth a look: the highest mean score, the median of picks, the fewest."""
    found = sorted((row for row in rows if row.n_picks), key=lambda row: row.n_picks)
    if not found:
        return []
    chosen = {
        "Highest mean score": max(found, key=lambda row: row.mean_score),
        "Median number of picks": found[len(found) // 2],
        "Fewest picks": found[0],
    }
    examples: dict[str, Example] = {}
    for reason, row in chosen.items():
        if row.name in examples:
            continue
        micrograph = open_micrograph(files[row.name])
        (picks,) = read_picks(folder.coordinate_file(row.name), format="star")
        examples[row.name] = Example(
            caption=f"{reason}: {row.name}, {row.n_picks} picks, mean score {row.mean_score:.3f}",
            micrograph=micrograph,
            picks=place_picks(picks, micrograph),
            diameter_px=picker.diameter_px(micrograph),
        )
    return list(examples.values())


def _join(std_range: tuple[float, float]) -> str:
    return f"{std_range[0]:g} to {std_range[1]:g}"


def _or_default(value: float | None, default: str) -> str:
    return default if value is None else f"{value:g}"
