"""A training set on disk: labelled micrographs, verdict by verdict, from which models are made."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, ConventionError, DeepEMError, OutputError
from deepem.io import MicrographFile, place_picks
from deepem.io.inputs import normalise_path
from deepem.training.labels import LabelledMicrograph
from deepem.training.training_set.content import hash_labels
from deepem.training.training_set.images import (
    describe_file,
    find_file,
    open_entry,
    update_entry,
)
from deepem.training.training_set.label_files import (
    NEGATIVES,
    PARTICLES,
    read_set_files,
    write_set,
)
from deepem.training.training_set.manifest import (
    MANIFEST_NAME,
    Entry,
    Manifest,
    Round,
    list_places,
    read_manifest,
    relate_path,
)
from deepem.training.training_set.merging import Changes, merge_labels

logger = logging.getLogger("deepem.training")


class TrainingSet:
    """An open folder of labels: coordinates and a manifest, no copies of pixels.

    ``SET/training_set.json`` names the micrographs and tells the history;
    ``SET/particles/NAME.star`` holds the particles of a micrograph, ``SET/negatives/NAME.star``
    the places that somebody said hold none. All may be edited or deleted by hand while the set
    is not loaded, with any program: a coordinate file of the micrograph's name in any format
    stands for the one that was there. A micrograph without any coordinate file is left out.

    Make one with `create` or `load`; nothing is on disk before `save`, but for the empty set that
    `create` writes.

    Examples
    --------
    >>> labels = TrainingSet.create("labels", diameter_angstrom=130)  # doctest: +SKIP
    >>> labels.add("mic_0001.mrc", particles, wrong_picks, complete=True)  # doctest: +SKIP
    >>> labels.save()  # doctest: +SKIP
    >>> model = deepem.train(
    ...     labels.micrographs(), labels.picks(), diameter_angstrom=labels.diameter_angstrom
    ... )  # doctest: +SKIP
    """

    def __init__(self, folder: Path, manifest: Manifest, search: Sequence[str | Path] = ()) -> None:
        self._folder = folder
        self._diameters = (manifest.diameter_px, manifest.diameter_angstrom)
        self._history = list(manifest.history)
        self._search = tuple(map(Path, search))
        self._entries = {entry.name: entry for entry in manifest.micrographs}
        shapes = {entry.name: entry.shape for entry in manifest.micrographs}
        self._labels = {
            kind: read_set_files(folder / kind, shapes) for kind in (PARTICLES, NEGATIVES)
        }
        self._found = {name: self._guess_place(entry) for name, entry in self._entries.items()}
        self._changed: set[str] = set()
        self._opened: list[LabelledMicrograph] | None = None
        self._failures: dict[str, DeepEMError] = {}

    @classmethod
    def create(
        cls,
        folder: str | Path,
        *,
        diameter_px: float | None = None,
        diameter_angstrom: float | None = None,
    ) -> TrainingSet:
        """Make an empty set.

        Parameters
        ----------
        folder
            Its folder, which is made where it is missing.
        diameter_px, diameter_angstrom
            Diameter of the particle, above 0, in one unit. In pixels it is the same number of
            pixels on every micrograph; in Å micrographs need a pixel size.

        Raises
        ------
        deepem.errors.ConfigError
            The diameter is not given, given twice, or not positive.
        deepem.errors.OutputError
            The folder holds a training set already, or cannot be written.
        """
        if (diameter_px is None) == (diameter_angstrom is None):
            raise ConfigError("diameter", "give diameter_px or diameter_angstrom, one of them")
        diameter = diameter_px if diameter_px is not None else diameter_angstrom
        if diameter is None or not 0 < diameter < math.inf:
            raise ConfigError("diameter", f"must be positive, got {diameter}")
        folder = Path(folder)
        if (folder / MANIFEST_NAME).exists():
            raise OutputError(
                folder,
                "holds a training set already; go on with it (TrainingSet.load), or choose another "
                "folder",
            )
        new = cls(folder, Manifest(diameter_px=diameter_px, diameter_angstrom=diameter_angstrom))
        new.save()
        return new

    @classmethod
    def load(cls, folder: str | Path, *, search: Sequence[str | Path] = ()) -> TrainingSet:
        """Read a set and all its coordinates; micrographs are opened when they are needed.

        Parameters
        ----------
        folder
            The set's folder.
        search
            Folders to look in for micrographs that are no longer where the manifest says.

        Raises
        ------
        deepem.errors.FileFormatError
            There is no manifest, or it is damaged. Coordinate files that cannot be read are
            `failures` of their micrographs.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder / MANIFEST_NAME), search)

    def save(self) -> None:
        """Write what has changed: coordinates first, the manifest last.

        A file of another format that a user put in place of ours gets the ending ``.replaced``
        where its labels have changed since.

        Raises
        ------
        deepem.errors.OutputError
            A file cannot be written. The set on disk is then as it was.
        """
        changed: dict[str, dict[str, Picks]] = {PARTICLES: {}, NEGATIVES: {}}
        replaced = []
        for kind, labels in self._labels.items():
            for name in self._changed:
                sources = labels.sources.get(name, [])
                picks = labels.by_name.get(name)
                if picks is None or (kind == NEGATIVES and not len(picks) and not sources):
                    continue
                changed[kind][name] = picks
                target = self._folder / kind / f"{name}.star"
                replaced += [file for file in sources if file != target]
        entries = [
            entry.model_copy(update={"path": relate_path(self._found[name], self._folder)})
            for name, entry in sorted(self._entries.items())
        ]
        write_set(self._folder, self._to_manifest(entries), changed, replaced)
        for kind, by_name in changed.items():
            for name in by_name:
                self._labels[kind].sources[name] = [self._folder / kind / f"{name}.star"]
        self._changed.clear()

    def add(
        self,
        micrograph: str | Path | MicrographFile | Micrograph,
        particles: Picks | None = None,
        negatives: Picks | None = None,
        *,
        complete: bool | None = None,
        reprocessed: bool = False,
    ) -> Changes:
        """Add the labels of a micrograph to those that are there; the newest verdict counts.

        Parameters
        ----------
        micrograph
            The micrograph; one in memory must have a file.
        particles, negatives
            Places with a particle, and places without, in unbinned pixels; none by default. How
            they are merged: see `deepem.training.training_set.merge_labels`.
        complete
            Whether all its particles are labelled now, these and those before together; None
            leaves what was said before. Nothing is removed.
        reprocessed
            Whether a micrograph of the same name with other pixels is the same one, processed
            anew; its labels stay.

        Returns
        -------
        Changes
            How many labels were added, removed, or known before.

        Raises
        ------
        deepem.errors.FileFormatError
            The micrograph, or a coordinate file of it that is there, cannot be read.
        deepem.errors.ConventionError
            The coordinates are of another micrograph or do not fit it, it has no file or (for a
            diameter in Å) no pixel size, or the set has another micrograph of this name.
        """
        file, opened = find_file(micrograph)
        name = opened.name
        for labels in self._labels.values():
            if name in labels.failures:
                raise labels.failures[name]
        particles, negatives = (
            _place(Picks(name) if labels is None else labels, opened)
            for labels in (particles, negatives)
        )
        entry = describe_file(file, opened, complete)
        known = self._entries.get(name)
        if known is not None:
            entry = update_entry(known, entry, self._found[name], reprocessed=reprocessed)
        old_particles, old_negatives = (
            self._labels[kind].by_name.get(name, Picks(name)) for kind in (PARTICLES, NEGATIVES)
        )
        merged = merge_labels(
            old_particles, old_negatives, particles, negatives,
            diameter_px=self.diameter_px_on(opened),
        )  # fmt: skip
        if merged.changes.n_contradicting:
            logger.warning(
                "%s: %d places are marked as particle and as none; they count as particles",
                name, merged.changes.n_contradicting,
            )  # fmt: skip
        is_new = name not in self._labels[PARTICLES].by_name
        if merged.changes or is_new:
            self._labels[PARTICLES].by_name[name] = merged.particles
            self._labels[NEGATIVES].by_name[name] = merged.negatives
            self._changed.add(name)
        self._entries[name] = entry
        self._found[name] = file.path
        self._opened = None
        return merged.changes

    def record_round(
        self,
        changes: Changes,
        *,
        model: str | None = None,
        model_fingerprint: str | None = None,
        error_before: float | None = None,
        error_after: float | None = None,
    ) -> Round:
        """Add a round to the history; see `Round` for the parameters.

        Raises
        ------
        deepem.errors.ConfigError
            An error is not in 0 … 1.
        """
        done = _make_round(
            number=len(self._history) + 1,
            n_particles=changes.n_particles_added,
            n_negatives=changes.n_negatives_added,
            n_corrected=changes.n_corrected,
            model=model,
            model_fingerprint=model_fingerprint,
            error_before=error_before,
            error_after=error_after,
        )
        self._history.append(done)
        return done

    def finish_round(self, *, error_after: float) -> Round:
        """Tell the last round what error the model had that was trained with its labels.

        Raises
        ------
        deepem.errors.ConfigError
            There is no round yet, or the error is not in 0 … 1.
        """
        if not self._history:
            raise ConfigError("error_after", "there is no round yet; record_round makes one")
        self._history[-1] = _make_round(
            **self._history[-1].model_dump() | {"error_after": error_after}
        )
        return self._history[-1]

    @property
    def folder(self) -> Path:
        """The folder of the set."""
        return self._folder

    @property
    def diameter_px(self) -> float | None:
        """Particle diameter in unbinned pixels; None where it was given in Å."""
        return self._diameters[0]

    @property
    def diameter_angstrom(self) -> float | None:
        """Particle diameter in Å; None where it was given in pixels."""
        return self._diameters[1]

    @property
    def names(self) -> list[str]:
        """Names of all micrographs in the manifest, sorted, whether or not they can be used."""
        return sorted(self._entries)

    @property
    def history(self) -> tuple[Round, ...]:
        """The rounds, oldest first."""
        return tuple(self._history)

    def diameter_px_on(self, micrograph: Micrograph) -> float:
        """Particle diameter in unbinned pixels of one micrograph.

        Raises
        ------
        deepem.errors.ConventionError
            The diameter is in Å, and the micrograph has no pixel size.
        """
        if self.diameter_px is not None:
            return self.diameter_px
        if micrograph.pixel_size_angstrom is None or self.diameter_angstrom is None:
            raise ConventionError(
                f"{micrograph.label}: has no pixel size in its header, which a diameter of "
                f"{self.diameter_angstrom:g} Å needs. Open it with its pixel size (--pixel-size, "
                "pixel_size_angstrom= of open_micrograph)"
            )
        return self.diameter_angstrom / micrograph.pixel_size_angstrom

    def micrographs(self) -> list[Micrograph]:
        """The micrographs that can be used, opened, sorted by name.

        Those that cannot, because the file is missing, is another image now, or has coordinates
        that cannot be read, are left out, with a warning in the log; see `failures`.

        Raises
        ------
        deepem.errors.DeepEMError
            Not one can be used; the error is that of the first.
        """
        return [item.micrograph for item in self._open()]

    def picks(self) -> list[Picks]:
        """Particles of each of `micrographs`, in the same order, with frames."""
        return [item.particles for item in self._open()]

    def negatives(self) -> list[Picks]:
        """Places without a particle of each of `micrographs`, in the same order, with frames."""
        return [item.negatives for item in self._open() if item.negatives is not None]

    def complete(self) -> list[bool | None]:
        """Whether all particles of each of `micrographs` are labelled; None where nobody said.

        A micrograph whose particles were deleted is no longer complete.
        """
        return [self._is_complete(item.micrograph.name) for item in self._open()]

    def failures(self) -> dict[str, DeepEMError]:
        """Micrographs that cannot be used, by name, each with the reason and the cure."""
        with suppress(DeepEMError):  # it is in the failures
            self._open()
        return dict(self._failures)

    def fingerprint(self) -> str:
        """Hash of the labels and the pixels that they are on: 32 hexadecimal digits.

        It does not depend on the order of micrographs or labels, on formats, scores, history or
        places of files. Coordinate files that cannot be read count as such.
        """
        unreadable = self._labels[PARTICLES].failures | self._labels[NEGATIVES].failures
        labelled: list[tuple[Entry, Picks | None, Picks | None]] = []
        for name, entry in self._entries.items():
            if not self._has_labels(name):
                continue
            particles, negatives = (
                None if name in unreadable else labels.by_name.get(name, Picks(name))
                for labels in self._labels.values()
            )
            stated = entry.model_copy(update={"complete": self._is_complete(name)})
            labelled.append((stated, particles, negatives))
        return hash_labels(self._diameters, labelled)

    def to_record(self) -> dict[str, Any]:
        """What a model says of the set that made it: name, fingerprint, round, numbers."""
        counts = {
            f"n_{kind}": sum(
                len(labels.by_name.get(name, ())) for name in self._entries
            )
            for kind, labels in self._labels.items()
        }  # fmt: skip
        return {
            "name": Path(normalise_path(self._folder)).name,
            "fingerprint": self.fingerprint(),
            "round": len(self._history),
            **counts,
        }

    def _to_manifest(self, entries: Sequence[Entry]) -> Manifest:
        return Manifest(
            diameter_px=self.diameter_px,
            diameter_angstrom=self.diameter_angstrom,
            micrographs=tuple(entries),
            history=self.history,
        )

    def _has_labels(self, name: str) -> bool:
        return any(
            name in labels.by_name or name in labels.failures for labels in self._labels.values()
        )

    def _is_complete(self, name: str) -> bool | None:
        return self._entries[name].complete if name in self._labels[PARTICLES].by_name else None

    def _guess_place(self, entry: Entry) -> Path:
        places = list_places(entry, self._folder, self._search)
        return next((place for place in places if place.exists()), places[0])

    def _open(self) -> list[LabelledMicrograph]:
        if self._opened is None:
            opened = []
            self._failures = {}
            for name in self.names:
                if not self._has_labels(name):
                    logger.info("%s: has no coordinate file in %s; left out", name, self._folder)
                    continue
                try:
                    opened.append(self._open_one(self._entries[name]))
                except DeepEMError as error:
                    self._failures[name] = error
                    logger.warning("%s; left out", error)
            self._opened = opened
        if self._failures and not self._opened:
            raise next(iter(self._failures.values()))
        return self._opened

    def _open_one(self, entry: Entry) -> LabelledMicrograph:
        for labels in self._labels.values():
            if entry.name in labels.failures:
                raise labels.failures[entry.name]
        places = [self._found[entry.name], *list_places(entry, self._folder, self._search)]
        micrograph, self._found[entry.name] = open_entry(entry, places, self._folder)
        particles, negatives = (
            place_picks(labels.by_name.get(entry.name, Picks(entry.name)), micrograph)
            for labels in self._labels.values()
        )
        return LabelledMicrograph(micrograph, particles, negatives)


def _make_round(**fields: Any) -> Round:
    for name in ("error_before", "error_after"):
        if fields[name] is not None and not 0 <= fields[name] <= 1:
            raise ConfigError(name, f"must be in 0 … 1, got {fields[name]}")
    return Round(**fields)


def _place(picks: Picks, micrograph: Micrograph) -> Picks:
    if picks.micrograph != micrograph.name:
        raise ConventionError(
            f"the coordinates of {picks.micrograph} are given for the micrograph "
            f"{micrograph.label}; give its own, or give them its name"
        )
    return place_picks(picks, micrograph)
