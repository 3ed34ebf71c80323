"""``micrographs.json``: which micrographs are labelled completely."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deepem.errors import FileFormatError
from deepem.io import write_atomically
from deepem.io.inputs import read_text
from deepem.studio.labels.label_index import Stamp, take_stamp

_COMPLETE = "complete"


class CompleteFlags:
    """Reads and writes the file; what others have written in it stays.

    Parameters
    ----------
    path
        The file; a missing one says nothing of any micrograph.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[Stamp | None, dict[str, Any]] = None, {}

    def names(self) -> frozenset[str]:
        """Names of the micrographs that are said to be complete, of this folder or not.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is damaged.
        """
        return frozenset(name for name, entry in self._read().items() if _is_complete(entry))

    def has(self, name: str) -> bool:
        """Whether a micrograph is said to be complete; raises as `names` does."""
        return _is_complete(self._read().get(name))

    def set(self, name: str, complete: bool) -> None:
        """Say whether a micrograph is complete; only one writer may do so at a time.

        Raises
        ------
        deepem.errors.FileFormatError
            The file is damaged.
        deepem.errors.OutputError
            It cannot be written.
        """
        content = dict(self._read())
        known = content.get(name)
        entry = dict(known) if isinstance(known, dict) else {}
        if _is_complete(entry) == complete:
            return
        if complete:
            entry[_COMPLETE] = True
        else:
            del entry[_COMPLETE]
        if entry:
            content[name] = entry
        else:
            content.pop(name, None)
        with write_atomically(self._path, overwrite=True) as file:
            json.dump(dict(sorted(content.items())), file, indent=1, ensure_ascii=False)
            file.write("\n")

    def _read(self) -> dict[str, Any]:
        stamp = take_stamp(self._path)
        if stamp is None:
            return {}
        known_stamp, content = self._known  # as one, because another thread may read
        if stamp != known_stamp:
            try:
                content = json.loads(read_text(self._path))
            except json.JSONDecodeError as error:
                raise FileFormatError(
                    self._path,
                    f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}; mend "
                    "it, or delete it and mark complete micrographs again",
                ) from error
            if not isinstance(content, dict):
                raise FileFormatError(
                    self._path,
                    'must hold an object such as {"mic_0001": {"complete": true}}; mend it, or '
                    "delete it and mark complete micrographs again",
                )
            self._known = stamp, content
        return content


def _is_complete(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get(_COMPLETE) is True
