"""cryoSPARC's results: columns from tables (.cs) and groups of tables (.csg), joined by uid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Listing
from deepem.errors import FileFormatError
from deepem.io.cryosparc_table import EXPORT_CURE, Table, decode_paths, read_cs
from deepem.io.inputs import read_text
from deepem.io.project_paths import find_in_project

_N_FOUND_SHOWN = 12
# The picks of cryoSPARC's own pickers are on the first of these that an exposure has.
_MICROGRAPH_SLOTS = ("micrograph_blob", "micrograph_blob_non_dw")
_GROUP_FIELDS = ("mscope_params/exp_group_id", "ctf/exp_group_id")


class CryosparcResult:
    """The columns of a result, which may lie in several files with rows in different order.

    Parameters
    ----------
    path
        A ``.csg`` result group, whose files are joined by ``uid``; or a ``.cs`` table: slots that
        it lacks are taken from a passthrough file beside it that has all its rows.

    Raises
    ------
    FileFormatError
        The file is neither, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tables: dict[Path, Table] = {}
        self._is_group = path.suffix.lower() == ".csg"
        self._n_items: int | None = None
        if self._is_group:
            self._files, self._n_items = _read_manifest(path)
        else:
            self._files = dict.fromkeys(_list_slots(self._open(path)), path)

    def has_slot(self, slot: str) -> bool:
        """Whether the result has a slot such as ``location``."""
        return self._find_file(slot) is not None

    def read(
        self, required: Sequence[str], optional: Sequence[str] = ()
    ) -> dict[str, NDArray[Any]]:
        """Read columns; only the files that hold them are opened.

        Parameters
        ----------
        required, optional
            Fields, such as ``location/center_x_frac``.

        Returns
        -------
        dict
            Columns by field, without those optional ones that the result lacks, and ``uid`` where
            known; rows in the order of the file with the first field.

        Raises
        ------
        FileFormatError
            A required field is missing, a file cannot be read, or files share no row.
        """
        sources: dict[str, Path] = {}
        for field in (*required, *optional):
            file = self._find_file(field.partition("/")[0])
            if file is not None and field in _list_fields(self._open(file)):
                sources[field] = file
        missing = [field for field in required if field not in sources]
        if missing:
            raise FileFormatError(self.path, self._explain_missing(missing))
        first = next(iter(sources.values()))
        if "uid" in _list_fields(self._open(first)):
            sources["uid"] = first
        rows = self._match_rows(list(dict.fromkeys(sources.values())))
        return {
            field: self._open(file)[field][rows[file]] if rows else self._open(file)[field]
            for field, file in sources.items()
        }

    def _open(self, file: Path) -> Table:
        if file not in self._tables:
            self._tables[file] = read_cs(file)
        return self._tables[file]

    def _find_file(self, slot: str) -> Path | None:
        if slot in self._files or self._is_group:
            return self._files.get(slot)
        table = self._open(self.path)
        for file in sorted(self.path.parent.glob("*passthrough*.cs")):
            fields = _list_fields(self._open(file))
            if slot not in _list_slots(self._open(file)) or "uid" not in fields:
                continue
            if (
                "uid" in _list_fields(table)
                and np.isin(table["uid"], self._open(file)["uid"]).all()
            ):
                self._files[slot] = file
                return file
        return None

    def _match_rows(self, files: list[Path]) -> dict[Path, NDArray[np.intp]]:
        """Rows of each file for the particles that all have; empty where it is every row."""
        most = max(len(self._open(file)) for file in files)
        if self._n_items is not None and most > self._n_items:
            # A passthrough may hold what a selection dropped: the other files know what is left.
            files = list(dict.fromkeys([*files, *self._files.values()]))
        if len(files) == 1:
            return {}
        uids = [self._read_uid(file) for file in files]
        places = [_find_places(uids[0], uid) for uid in uids]
        shared = np.logical_and.reduce([place >= 0 for place in places])
        if not shared.any() and all(len(uid) for uid in uids):
            raise FileFormatError(
                self.path,
                f"no uid is in all of {', '.join(file.name for file in files)}: they are not of "
                "one result; export it again",
            )
        return {file: place[shared] for file, place in zip(files, places, strict=True)}

    def _read_uid(self, file: Path) -> NDArray[np.uint64]:
        table = self._open(file)
        if "uid" not in _list_fields(table):
            raise FileFormatError(
                file, "has no field uid, by which rows of several files are joined"
            )
        return np.ascontiguousarray(table["uid"], dtype=np.uint64)

    def _explain_missing(self, missing: Sequence[str]) -> str:
        if self._is_group:
            found = [f"{slot}/*" for slot in self._files]
            cure = "give a result that has it"
        else:
            found = list(_list_fields(self._open(self.path)))
            cure = f"it may be in another file of the job: {EXPORT_CURE}"
        shown = ", ".join(found[:_N_FOUND_SHOWN]) or "nothing"
        if len(found) > _N_FOUND_SHOWN:
            shown += f" and {len(found) - _N_FOUND_SHOWN} more"
        return f"has no {', '.join(missing)}, found {shown}; {cure}"


def is_exposures(path: Path) -> bool:
    """Whether a result lists micrographs and not particles.

    Raises
    ------
    FileFormatError
        The file cannot be read.
    """
    result = CryosparcResult(path)
    has_micrographs = any(result.has_slot(slot) for slot in _MICROGRAPH_SLOTS)
    return has_micrographs and not result.has_slot("location")


def read_exposures(path: Path) -> list[tuple[Listing, float | None]]:
    """Read the micrographs that a result of type exposure lists.

    Parameters
    ----------
    path
        Its ``.csg`` or ``.cs`` file, for example from Patch CTF or Curate Exposures.

    Returns
    -------
    list of (Listing, float or None)
        Path in the project, uid and exposure group of each micrograph, and its pixel size in Å
        (None where not known). Dose-weighted micrographs where there are both.

    Raises
    ------
    FileFormatError
        The file cannot be read, or lists no micrographs but movies or particles.
    """
    result = CryosparcResult(path)
    slot = next((slot for slot in _MICROGRAPH_SLOTS if result.has_slot(slot)), _MICROGRAPH_SLOTS[0])
    return list_exposures(result.read([f"{slot}/path"], [f"{slot}/psize_A", *_GROUP_FIELDS]))


def list_exposures(columns: Mapping[str, Any]) -> list[tuple[Listing, float | None]]:
    """The micrographs in columns of exposures, as `read_exposures` returns them."""
    slot = next(slot for slot in _MICROGRAPH_SLOTS if f"{slot}/path" in columns)
    paths = decode_paths(np.asarray(columns[f"{slot}/path"]))
    unknown: list[None] = [None] * len(paths)
    group_field = next((field for field in _GROUP_FIELDS if field in columns), None)
    uids = np.asarray(columns["uid"]).tolist() if "uid" in columns else unknown
    groups = unknown if group_field is None else np.asarray(columns[group_field]).tolist()
    sizes = np.asarray(columns.get(f"{slot}/psize_A", np.zeros(len(paths)))).tolist()
    return [
        (Listing(path, uid=uid, exposure_group=group), round(size, 6) if size > 0 else None)
        for path, uid, group, size in zip(paths, uids, groups, sizes, strict=True)
    ]


def _read_manifest(path: Path) -> tuple[dict[str, Path], int | None]:
    """The file of each slot of a .csg, and how many items the group has."""
    import yaml  # only groups need it

    try:
        manifest = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise FileFormatError(path, f"is not YAML ({' '.join(str(error).split())})") from error
    results = manifest.get("results") if isinstance(manifest, dict) else None
    if not isinstance(results, dict) or not results:
        raise FileFormatError(path, "is not a result group of cryoSPARC: it has no 'results'")
    files: dict[str, Path] = {}
    counts: list[int] = []
    for slot, result in results.items():
        name = result.get("metafile") if isinstance(result, dict) else None
        if not isinstance(name, str):
            raise FileFormatError(path, f"names no metafile for '{slot}'; export it again")
        # ">" stands for the folder of the manifest; otherwise the name begins at the project's.
        is_beside = name.startswith(">")
        files[str(slot)] = path.parent / name[1:] if is_beside else find_in_project(name, path)
        if isinstance(result.get("num_items"), int):
            counts.append(result["num_items"])
    return files, min(counts, default=None)


def _list_fields(table: Table) -> tuple[str, ...]:
    return table.dtype.names or ()


def _list_slots(table: Table) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in _list_fields(table)))


def _find_places(wanted: NDArray[np.uint64], uid: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Index of each wanted number in ``uid``, −1 where it is not there."""
    if not len(uid):
        return np.full(len(wanted), -1)
    order = np.argsort(uid, kind="stable")
    place = order[np.minimum(np.searchsorted(uid, wanted, sorter=order), len(uid) - 1)]
    return np.where(uid[place] == wanted, place, -1)
