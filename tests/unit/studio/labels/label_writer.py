"""A program that changes labels until it is killed, for the tests: says each change it has made.

Run as ``python label_writer.py FOLDER WRITER FIRST``: changes number FIRST, FIRST + 1 … of the
writer are made, and the number of each is written to stdout when its labels are on disk.
"""

from __future__ import annotations

import random
import sys

from deepem.studio.labels import LabelStore, Operation
from deepem.studio.project import Project

NAMES = ("mic_0", "mic_1", "mic_2")
_N_PLACES = 12


def make_change(writer: int, number: int) -> tuple[str, list[Operation]]:
    """The micrograph and the operations of a change; each writer has places of its own."""
    rng = random.Random(f"{writer} {number}")  # noqa: S311
    kind = rng.choice(["particle", "negative"])
    operations = [
        Operation(
            rng.choice(["add", "add", "remove"]),  # type: ignore[arg-type]
            kind,  # type: ignore[arg-type]
            10.25 + rng.randrange(_N_PLACES),
            10.25 + writer,
        )
        for _ in range(rng.randint(1, 3))
    ]
    return rng.choice(NAMES), operations


def main() -> None:
    """Change labels until killed."""
    folder, writer, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    store = LabelStore(Project(folder))
    while True:
        store.apply(*make_change(writer, number))
        print(number, flush=True)  # noqa: T201
        number += 1


if __name__ == "__main__":
    main()
