"""ASPIRE's APPLE picker, through its public class, in a Python of its own.

A. Heimowitz, J. Andén and A. Singer, J. Struct. Biol. 204:215, 2018, doi
10.1016/j.jsb.2018.08.012.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from deepem.baselines.programs.command import (
    ProgramPicks,
    adopt,
    find_python,
    run_program,
    write_micrographs,
)
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError

#: Names the Python that has the package ``aspire``.
ASPIRE_PYTHON = "DEEPEM_ASPIRE_PYTHON"
_SMALLEST_DIAMETER_PX = 12
# APPLE counts its windows as if all micrographs had 4000 x 4000 pixels; given as numbers, its
# shares of windows (3 and 30 %) stay what they are on others.
_RUN = """
import json, sys
from pathlib import Path
from aspire.apple.apple import Apple

size = int(sys.argv[2])
margins = {f"mrc_margin_{side}": 1 for side in ("left", "right", "top", "bottom")}
found = []
for file, side in json.loads(sys.argv[1]):
    query = Apple(size).query_image_size
    n_windows = 4 * side**2 / query**2
    apple = Apple(
        size, None, tau1=int(0.03 * n_windows), tau2=int(0.3 * n_windows),
        container_size=max(size, 450), **margins
    )
    found.append(apple.process_micrograph_centers(file).tolist())
Path("centres.json").write_text(json.dumps(found))
"""


def pick_with_apple(micrographs: Sequence[Micrograph], *, diameter_px: float) -> ProgramPicks:
    """Pick with APPLE, which learns from each micrograph alone.

    Parameters
    ----------
    micrographs
        Particles are dark.
    diameter_px
        Diameter of the particle in unbinned pixels, 12 or more.

    Returns
    -------
    ProgramPicks
        APPLE has no scores: all are 1. It takes square micrographs alone, so that others are
        continued by their mirror images; a pixel all round is left out.

    Raises
    ------
    deepem.errors.ProgramError
        ASPIRE is not installed, or failed, as it does on micrographs that are small for the
        particle.
    ConfigError
        The diameter is too small.
    """
    if not diameter_px >= _SMALLEST_DIAMETER_PX:
        raise ConfigError(
            "diameter_px", f"APPLE needs {_SMALLEST_DIAMETER_PX} px or more, got {diameter_px:g}"
        )
    python = find_python(ASPIRE_PYTHON, "aspire")
    with TemporaryDirectory(prefix="deepem-aspire-") as name:
        folder = Path(name)
        written = write_micrographs(micrographs, folder, widen=_square)
        files = [
            (file.name, max(micrograph.shape))
            for file, micrograph in zip(written, micrographs, strict=True)
        ]
        command = [python, "-c", _RUN, json.dumps(files), round(diameter_px)]
        seconds = run_program("aspire", command, folder)
        found = json.loads((folder / "centres.json").read_text())
    picks = []
    for centres, micrograph in zip(found, micrographs, strict=True):
        x_px, y_px = np.array(centres, dtype=np.float64).reshape(-1, 2).T
        some = Picks(micrograph.name, x_px, y_px)
        picks.append(adopt(some, micrograph, np.ones(len(some))))
    return ProgramPicks(tuple(picks), seconds)


def _square(shape: tuple[int, int]) -> tuple[int, int]:
    return max(shape), max(shape)
