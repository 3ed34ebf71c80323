"""The micrographs of a training set: where they are, and whether they are what was labelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deepem.core import Micrograph
from deepem.errors import ConventionError, DeepEMError, FileFormatError
from deepem.io import MicrographFile, open_micrograph
from deepem.io.inputs import normalise_path
from deepem.io.naming import find_name
from deepem.training.training_set.content import hash_pixels
from deepem.training.training_set.manifest import MANIFEST_NAME, Entry


def find_file(
    micrograph: str | Path | MicrographFile | Micrograph,
) -> tuple[MicrographFile, Micrograph]:
    """The absolute file of a micrograph, with a pixel size only where it was stated; opened.

    Raises
    ------
    deepem.errors.FileFormatError
        It cannot be read.
    deepem.errors.ConventionError
        A micrograph in memory has no file, or not the name of its file.
    """
    if not isinstance(micrograph, Micrograph):
        file = MicrographFile.of(micrograph)
        file = replace(file, path=Path(normalise_path(file.path)))
        return file, open_micrograph(file)
    if micrograph.path is None:
        raise ConventionError(
            f"{micrograph.name}: is in memory only, and a training set names files. Write it with "
            "deepem.io.write_mrc, and add that file"
        )
    path = Path(normalise_path(micrograph.path))
    file = MicrographFile(path)
    if micrograph.name != find_name(path.name):
        number = micrograph.name.rpartition("_")[2]  # of a slice, as MicrographFile names it
        slice_index = int(number) - 1 if number.isdigit() and int(number) > 0 else None
        file = MicrographFile(path, slice_index=slice_index)
        if file.name != micrograph.name:
            raise ConventionError(
                f"{micrograph.label}: its name is not that of its file; rename the file"
            )
    in_header = open_micrograph(file).pixel_size_angstrom
    here = micrograph.pixel_size_angstrom
    if here is not None and (in_header is None or not math.isclose(here, in_header, rel_tol=1e-6)):
        file = replace(file, pixel_size_angstrom=here)
    return file, micrograph


def describe_file(file: MicrographFile, micrograph: Micrograph, complete: bool | None) -> Entry:
    """What a manifest says of a micrograph; its path is the absolute one."""
    ny, nx = micrograph.shape
    return Entry(
        name=micrograph.name,
        path=str(file.path),
        slice_index=file.slice_index,
        pixel_size_angstrom=file.pixel_size_angstrom or None,  # a list may say 0
        width_px=nx,
        height_px=ny,
        fingerprint=hash_pixels(micrograph),
        complete=complete,
    )


def update_entry(known: Entry, new: Entry, known_path: Path, *, reprocessed: bool) -> Entry:
    """The new entry of a micrograph that is known, with what is only said in the old one.

    Raises
    ------
    deepem.errors.ConventionError
        They are different images, and it is not said that one was processed anew.
    """
    is_same = known.fingerprint == new.fingerprint or reprocessed
    if known.shape != new.shape or not is_same:
        raise ConventionError(
            f"{new.path}: the training set has another micrograph of this name, {known_path}, of "
            f"{known.width_px} x {known.height_px} px; this one has {new.width_px} x "
            f"{new.height_px} px and other pixels. Rename one of them; or, if it is the same one "
            "processed anew in the same size, add it with reprocessed=True"
        )
    kept = {
        field: getattr(known, field)
        for field in ("complete", "pixel_size_angstrom")
        if getattr(new, field) is None
    }
    return new.model_copy(update=kept)


def open_entry(entry: Entry, places: Sequence[Path], folder: Path) -> tuple[Micrograph, Path]:
    """Open the micrograph of an entry, from the first of some places where it is.

    Raises
    ------
    deepem.errors.FileFormatError
        It is at none of them, or cannot be read.
    deepem.errors.ConventionError
        Another image is there.
    """
    places = list(dict.fromkeys(places))
    problem: DeepEMError | None = None
    for place in places:
        if not place.exists():
            continue
        file = MicrographFile(place, entry.pixel_size_angstrom, slice_index=entry.slice_index)
        try:
            micrograph = replace(open_micrograph(file), name=entry.name)
            _check_image(micrograph, entry)
        except DeepEMError as error:
            problem = problem or error
            continue
        return micrograph, place
    if problem is not None:
        raise problem
    looked = " and ".join(map(str, places))
    raise FileFormatError(
        places[0],
        f"the micrograph {entry.name} of the training set {folder} is not there (looked for "
        f"{looked}); put it back, say its folder (search= of TrainingSet.load), or take it out of "
        f"{MANIFEST_NAME}",
    )


def _check_image(micrograph: Micrograph, entry: Entry) -> None:
    """Refuse a file that is not the image that was labelled."""
    if micrograph.shape == entry.shape and hash_pixels(micrograph) == entry.fingerprint:
        return
    ny, nx = micrograph.shape
    raise ConventionError(
        f"{micrograph.path}: is not the image that was labelled as {entry.name}: that one has "
        f"{entry.width_px} x {entry.height_px} px, this one {nx} x {ny} px and other pixels. Put "
        "that one back; or, if it was processed anew in the same size, add it with "
        "reprocessed=True"
    )
