"""The labels of a project: read from its files, changed in its files, nothing kept elsewhere."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from deepem.core import Picks
from deepem.errors import DeepEMError, OutputError
from deepem.io.atomic import remove_leftovers
from deepem.studio.events import Publish
from deepem.studio.labels.complete_flags import CompleteFlags
from deepem.studio.labels.kind_folder import Files, KindFolder, check_inside
from deepem.studio.labels.labels import (
    KINDS,
    NEGATIVES,
    PARTICLES,
    LabelCounts,
    Labels,
    count_steps,
)
from deepem.studio.labels.locks import WriteLocks
from deepem.studio.labels.operations import Operation, apply_operations
from deepem.studio.project import Project

logger = logging.getLogger("deepem.studio")

_FLAGS_FILE = "micrographs.json"
_LOCKS_FOLDER = ".locks"
# Labels of so many micrographs stay in memory.
_N_KEPT = 256
# A file that other programs change this often while it is written is one of theirs.
_N_ATTEMPTS = 20
_LEFTOVER_AGE_S = 3600.0


class LabelStore:
    """Labels on disk; safe to use from several threads, and in several programs at once.

    ``labels/particles/NAME.star`` and ``labels/negatives/NAME.star`` hold the labels of a
    micrograph, ``labels/micrographs.json`` whether they are all. A file of the micrograph's name
    in any other format may be put there by hand; at the next change a STAR file takes its place,
    and it gets the ending ``.replaced``. Files are read again when they have changed.

    Parameters
    ----------
    project
        Whose labels.
    publish
        Told of every change: ``{"type": "labels", "name", "revision", "tab"}``.

    Examples
    --------
    >>> store = LabelStore(Project("micrographs"))  # doctest: +SKIP
    >>> store.apply("mic_0001", [Operation("add", "particle", 812.5, 64.0)])  # doctest: +SKIP
    """

    def __init__(self, project: Project, publish: Publish | None = None) -> None:
        self._project = project
        self._publish = publish
        self._folder = project.labels_dir
        self._kinds = {kind: KindFolder(project, kind) for kind in KINDS}
        self._flags = CompleteFlags(self._folder / _FLAGS_FILE)
        self._locks = WriteLocks(self._folder / _LOCKS_FOLDER)
        self._kept: OrderedDict[str, tuple[object, Labels]] = OrderedDict()
        remove_leftovers(self._folder, before=time.time() - _LEFTOVER_AGE_S)

    def get(self, name: str) -> Labels:
        """The labels of a micrograph as they are on disk now.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no micrograph of this name.
        deepem.errors.FileFormatError, deepem.errors.ConventionError
            The micrograph or a file of its labels cannot be read, or they do not fit each other.
        """
        self._project.file(name)
        with self._locks.reading(name):
            for _ in range(_N_ATTEMPTS):
                files = self._find_files(name)
                try:
                    return self._read(name, files)
                except DeepEMError:
                    if files == self._find_files(name):
                        raise
            return self._read(name, self._find_files(name))

    def picks(self, name: str) -> tuple[Picks, Picks, bool]:
        """Particles, negatives and whether the particles are all, as `get` has them."""
        labels = self.get(name)
        return labels.particles, labels.negatives, labels.complete

    def apply(
        self,
        name: str,
        operations: Sequence[Operation] = (),
        *,
        complete: bool | None = None,
        tab: str | None = None,
    ) -> Labels:
        """Change the labels of a micrograph; they are on disk when this returns.

        Parameters
        ----------
        name
            The micrograph.
        operations
            What to add and remove, in this order.
        complete
            Whether all its particles are labelled now; None leaves what was said before.
        tab
            Which page asks, for the others to be told.

        Returns
        -------
        Labels
            All labels of the micrograph.

        Raises
        ------
        deepem.errors.NotFoundError
            There is no micrograph of this name.
        deepem.errors.ConfigError
            A coordinate is not finite or outside of the micrograph. Nothing is changed then.
        deepem.errors.FileFormatError, deepem.errors.ConventionError
            The micrograph or a file of its labels cannot be read.
        deepem.errors.OutputError
            They cannot be written. The same request may be sent again.
        """
        micrograph = self._project.open(name)
        if self._folder.is_symlink():
            check_inside(self._project, self._folder)
        with self._locks.writing(name):
            for _ in range(_N_ATTEMPTS):
                files = self._find_files(name)
                try:
                    old = self._read(name, files)
                except DeepEMError:
                    if files == self._find_files(name):
                        raise
                    continue
                new = apply_operations(old, operations, micrograph, complete=complete)
                if new.revision == old.revision:
                    return old
                if self._write(old, new, files):
                    break
            else:
                raise OutputError(
                    self._folder / PARTICLES / f"{name}.star",
                    "is changed by another program all the time; stop that program, then try again",
                )
        if self._publish is not None:
            self._publish({"type": "labels", "name": name, "revision": new.revision, "tab": tab})
        return new

    def counts(self) -> dict[str, LabelCounts]:
        """How much is labelled, of every micrograph that has labels, by name.

        Files are opened only where they have changed since the last call. One that cannot be read
        counts nothing, with a warning in the log; `get` says why.

        Raises
        ------
        deepem.errors.FileFormatError
            A folder of labels, or ``micrographs.json``, cannot be read.
        """
        micrographs = self._project.micrographs
        groups = {kind: folder.group() for kind, folder in self._kinds.items()}
        complete = self._flags.names()
        return {
            name: LabelCounts(
                self._count(name, PARTICLES, groups[PARTICLES].get(name, {})),
                self._count(name, NEGATIVES, groups[NEGATIVES].get(name, {})),
                name in complete and name in groups[PARTICLES],
            )
            for name in micrographs
            if any(name in group for group in groups.values())
        }

    def _count(self, name: str, kind: str, files: Files) -> int:
        n_labels = self._kinds[kind].count(files)
        if n_labels is None:
            try:
                n_labels = len(self.get(name).of(kind))
            except DeepEMError as error:
                logger.warning("%s", error)
                n_labels = 0
            self._kinds[kind].remember_count(files, n_labels)
        return n_labels

    def _find_files(self, name: str) -> dict[str, Files]:
        return {kind: folder.find(name) for kind, folder in self._kinds.items()}

    def _read(self, name: str, files: Mapping[str, Files]) -> Labels:
        """The labels in these files, from memory where none of them has changed."""
        complete = bool(files[PARTICLES]) and self._flags.has(name)
        pixel_size = self._project.settings.pixel_size_angstrom
        key = files, complete, self._project.file(name), pixel_size
        known_key, labels = self._kept.get(name, (None, None))
        if labels is None or known_key != key:
            particles, negatives = (self._kinds[kind].read(name, files[kind]) for kind in KINDS)
            labels = Labels(particles, negatives, complete)
            self._keep(name, key, labels)
        return labels

    def _keep(self, name: str, key: object, labels: Labels) -> None:
        self._kept[name] = key, labels
        while len(self._kept) > _N_KEPT:
            self._kept.popitem(last=False)

    def _write(self, old: Labels, new: Labels, files: Mapping[str, Files]) -> bool:
        """Write what differs; False where another program was faster, and all must be read again.

        Completeness is said last, and taken back first: a program that is killed between leaves
        labels that are not said to be all.
        """
        if not new.complete and self._flags.has(new.name):  # also where only the file was deleted
            self._set_complete(new.name, False)
        for kind in KINDS:
            is_wanted = bool(len(new.of(kind))) or (kind == PARTICLES and new.complete)
            is_same = _has_same_rows(old.of(kind), new.of(kind))
            if is_same and is_wanted == bool(files[kind]):
                continue
            picks = new.of(kind) if is_wanted else None
            if not self._kinds[kind].replace(old.of(kind), picks, files[kind]):
                return False
        if new.complete and not old.complete:
            self._set_complete(new.name, True)
        return True

    def _set_complete(self, name: str, complete: bool) -> None:
        with self._locks.writing(None):
            self._flags.set(name, complete)


def _has_same_rows(first: Picks, second: Picks) -> bool:
    return np.array_equal(count_steps(first), count_steps(second))
