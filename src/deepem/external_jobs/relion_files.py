"""The files that a picking job keeps in its folder: coordinates, their list, what is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepem.core import Picks
from deepem.io import MicrographFile, write_atomically, write_picks
from deepem.io.formats.relion import find_coordinate_file, write_table
from deepem.io.star_file import format_texts

#: Ends the names of coordinate files, and names the list of them.
PICK_NAME = "autopick"
LIST_NAME = f"{PICK_NAME}.star"
#: What RELION 3.1 passes around instead of a list: its own name tells the ending.
_SUFFIX_PREFIX = "coords_suffix"
SUFFIX_NAME = f"{_SUFFIX_PREFIX}_{PICK_NAME}.star"
_SUMMARY_NAME = "summary.star"
_PROGRESS_NAME = "deepem_picked.jsonl"


@dataclass(frozen=True)
class PickedMicrograph:
    """How many particles were found on a micrograph.

    Parameters
    ----------
    name
        The micrograph as RELION lists it.
    n_picks
        Number of picks.
    mean_score
        Mean of their scores; 0 where there are none.
    """

    name: str
    n_picks: int
    mean_score: float


def name_micrograph(file: MicrographFile) -> str:
    """A micrograph as RELION's lists name it."""
    return file.find_listing().path


def list_coordinates(path: Path, micrographs: Iterable[MicrographFile]) -> list[Path]:
    """The coordinate files behind what RELION gives as input coordinates.

    RELION 4 and 5 give a list, or a file of particles, which is returned as it is. RELION 3.1
    gives ``coords_suffix_manualpick.star``, which says no more than its own name.
    """
    if not path.name.startswith(_SUFFIX_PREFIX):
        return [path]
    ending = path.name.removeprefix(_SUFFIX_PREFIX)
    files = (
        find_coordinate_file(path.parent, name_micrograph(file), ending) for file in micrographs
    )
    return [file for file in files if file.exists()]


class PickingFolder:
    """The folder of a picking job: what it has done, and what it tells RELION.

    Parameters
    ----------
    folder
        The folder of the job.
    settings
        What the picks depend on. The micrographs of a run with other settings count as not done.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.done: dict[str, PickedMicrograph] = {}
        #: Whether picks of a run with other settings were removed.
        self.had_other_settings = False
        self._progress = folder / _PROGRESS_NAME
        self._settings = dict(settings)
        self._load()

    def coordinate_file(self, micrograph: str) -> Path:
        """Where the coordinates of a micrograph are."""
        return find_coordinate_file(self.folder, micrograph, f"_{LIST_NAME}")

    def add(self, micrograph: str, picks: Picks) -> PickedMicrograph:
        """Keep the picks of a micrograph; no picks leave no file, as in RELION.

        Raises
        ------
        deepem.errors.OutputError
            They cannot be written.
        """
        path = self.coordinate_file(micrograph)
        if len(picks):
            write_picks(picks, path, format="star", overwrite=True)
        else:
            path.unlink(missing_ok=True)
        mean_score = float(picks.score.mean()) if len(picks) else 0.0
        row = PickedMicrograph(micrograph, len(picks), round(mean_score, 5))
        with self._progress.open("a", encoding="utf-8") as file:
            file.write(json.dumps([row.name, row.n_picks, row.mean_score]) + "\n")
        self.done[micrograph] = row
        return row

    def write_lists(self, micrographs: Sequence[str]) -> list[PickedMicrograph]:
        """Write what RELION reads: the list of coordinate files, and the summary of its own jobs.

        Parameters
        ----------
        micrographs
            The micrographs to list; those not done yet are left out.

        Returns
        -------
        list of PickedMicrograph
            The micrographs that are done.
        """
        rows = [self.done[name] for name in micrographs if name in self.done]
        with write_atomically(self.folder / LIST_NAME, overwrite=True) as file:
            write_table(file, "coordinate_files", ("rlnMicrographName", "rlnMicrographCoordinates"))
            for row in rows:
                if row.n_picks:
                    texts = format_texts([row.name, self.coordinate_file(row.name).as_posix()])
                    file.write(" ".join(texts) + "\n")
        with write_atomically(self.folder / _SUMMARY_NAME, overwrite=True) as file:
            columns = ("rlnMicrographName", "rlnGroupNrParticles", "rlnAutopickFigureOfMerit")
            write_table(file, "", columns)
            for row in rows:
                (name,) = format_texts([row.name])
                file.write(f"{name} {row.n_picks:8d} {row.mean_score:12.6f}\n")
        return rows

    def write_suffix(self, source: Path) -> None:
        """Write what RELION 3.1 has instead of the list; it holds the list of micrographs."""
        with write_atomically(self.folder / SUFFIX_NAME, overwrite=True) as file:
            file.write(f"{source}\n")

    def _load(self) -> None:
        """Take up what an earlier run has done, or begin anew where its settings differ."""
        if self._progress.exists():
            settings, rows = self._read_progress()
            if settings == self._settings:
                self.done = {
                    row.name: row
                    for row in rows
                    if not row.n_picks or self.coordinate_file(row.name).exists()
                }
                return
            self.had_other_settings = True
            for row in rows:
                self.coordinate_file(row.name).unlink(missing_ok=True)
        with write_atomically(self._progress, overwrite=True) as file:
            file.write(json.dumps(self._settings) + "\n")

    def _read_progress(self) -> tuple[object, list[PickedMicrograph]]:
        settings: object = None
        rows = []
        lines = self._progress.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            try:
                content = json.loads(line)
            except ValueError:
                continue  # cut off when the job was killed
            if number == 0:
                settings = content
            else:
                rows.append(PickedMicrograph(*content))
        return settings, rows
