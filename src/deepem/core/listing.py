"""What other programs know a micrograph by, which coordinates need to find it again there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listing:
    """How RELION or cryoSPARC lists a micrograph.

    Parameters
    ----------
    path
        The name in their list, such as ``MotionCorr/job002/movies/mic_0001.mrc``: relative to
        the project's folder, and compared letter by letter.
    uid
        cryoSPARC's number of the micrograph; None where not known.
    exposure_group
        cryoSPARC's number of its exposure group; None where not known.
    """

    path: str
    uid: int | None = None
    exposure_group: int | None = None
