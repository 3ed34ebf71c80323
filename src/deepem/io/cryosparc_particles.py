"""Picks as particles of cryoSPARC: the columns of its slots location and pick_stats."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from deepem.core import Frame, Picks
from deepem.errors import ConfigError, ConventionError
from deepem.io.cryosparc_table import Table

PATH, SHAPE = "location/micrograph_path", "location/micrograph_shape"
X_FRACTION, Y_FRACTION = "location/center_x_frac", "location/center_y_frac"
MICROGRAPH_UID, EXPOSURE_GROUP = "location/micrograph_uid", "location/exp_group_id"
PIXEL_SIZE, MIN_DISTANCE = "location/micrograph_psize_A", "location/min_dist_A"
SCORE, POWER = "pick_stats/ncc_score", "pick_stats/power"

# The least distance between our picks is 0.8 diameters, and a box is 1.5 diameters.
_MIN_DISTANCE_OVER_BOX = 0.8 / 1.5
_ROWS_AT_ONCE = 100_000


def to_cryosparc(picks: Sequence[Picks]) -> Table:
    """The picks of many micrographs as one table, one row for each pick.

    Positions are fractions of the micrograph, x of its width and y of its height, rows as stored
    in the MRC file; ``location/micrograph_shape`` is ``[ny, nx]``.

    - ``ncc_score`` is the score, and ``power`` the variance of the pick's box, that of the
      micrograph being 1, or the score where the variance is not known. What is not known at all
      is 0, as Inspect Picks needs numbers.
    - ``uid`` looks random, differs in every row, and is the same whenever the same picks are
      converted.
    - ``micrograph_uid`` and ``exp_group_id`` are those of the listing. Without one, they are a
      hash of the micrograph's path, and 0.
    - ``min_dist_A`` is 0.8 diameters, a box being 1.5 diameters; 0 where no box is known.

    Parameters
    ----------
    picks
        The picks of each micrograph.

    Raises
    ------
    ConventionError
        The shape of a micrograph is not known.
    ConfigError
        The pixel size of a micrograph is not known.
    """
    dtype = find_row_type(picks)
    return np.concatenate([np.empty(0, dtype), *make_tables(picks, dtype)])


def find_row_type(picks: Sequence[Picks]) -> np.dtype[np.void]:
    """Layout of the table that holds these picks; the longest path sets its width.

    Raises
    ------
    ConventionError, ConfigError
        As `to_cryosparc`.
    """
    width = 1
    for one in picks:
        if len(one):
            require_frame(one)
            width = max(width, len(_find_path(one)))
    return np.dtype(
        [
            ("uid", "<u8"),
            (MICROGRAPH_UID, "<u8"),
            (EXPOSURE_GROUP, "<u4"),
            (PATH, f"S{width}"),
            (SHAPE, "<u4", (2,)),
            (PIXEL_SIZE, "<f4"),
            (X_FRACTION, "<f4"),
            (Y_FRACTION, "<f4"),
            (MIN_DISTANCE, "<f4"),
            (SCORE, "<f4"),
            (POWER, "<f4"),
            ("pick_stats/template_idx", "<u4"),
            ("pick_stats/angle_rad", "<f4"),
        ]
    )


def make_tables(picks: Sequence[Picks], dtype: np.dtype[np.void]) -> Iterator[Table]:
    """The table of `to_cryosparc` in parts, because that of millions of picks is gigabytes."""
    seed = np.uint64(_hash_picks(picks))
    first_row = n_rows = 0
    part: list[Picks] = []
    for number, one in enumerate(picks, start=1):
        part.append(one)
        n_rows += len(one)
        if n_rows >= _ROWS_AT_ONCE or number == len(picks):
            table = np.zeros(n_rows, dtype)
            # A counter never repeats, and neither does what is made of it one to one.
            table["uid"] = _mix(seed + np.arange(first_row, first_row + n_rows, dtype=np.uint64))
            _fill(table, part)
            yield table
            first_row, n_rows, part = first_row + n_rows, 0, []


def _fill(table: Table, picks: Sequence[Picks]) -> None:
    start = 0
    for one in picks:
        if not len(one):
            continue
        rows = table[start : start + len(one)]
        start += len(one)
        frame, pixel_size = require_frame(one)
        listing, path = one.listing, _find_path(one)
        known_uid = None if listing is None else listing.uid
        rows[MICROGRAPH_UID] = _hash(path) if known_uid is None else known_uid
        rows[EXPOSURE_GROUP] = 0 if listing is None else listing.exposure_group or 0
        rows[PATH] = path
        rows[SHAPE] = frame.shape
        rows[PIXEL_SIZE] = pixel_size
        rows[X_FRACTION] = one.x_px / frame.shape[1]
        rows[Y_FRACTION] = one.y_px / frame.shape[0]
        rows[MIN_DISTANCE] = _MIN_DISTANCE_OVER_BOX * (one.box_size_px or 0) * pixel_size
        rows[SCORE] = np.where(np.isfinite(one.score), one.score, 0)
        rows[POWER] = np.where(np.isfinite(one.std), one.std**2, rows[SCORE])


def require_frame(picks: Picks) -> tuple[Frame, float]:
    """Frame and pixel size of the micrograph, without which there are no fractions.

    Raises
    ------
    ConventionError, ConfigError
        As `to_cryosparc`.
    """
    frame = picks.frame
    if frame is None:
        raise ConventionError(
            "cryoSPARC keeps positions as fractions of the micrograph, but the size of "
            f"{picks.micrograph} is not known; name the micrographs (--micrographs)"
        )
    if frame.pixel_size_angstrom is None:
        raise ConfigError(
            "pixel_size_angstrom",
            f"is not known for {picks.micrograph}, but cryoSPARC needs it; give it (--pixel-size)",
        )
    return frame, frame.pixel_size_angstrom


def _find_path(picks: Picks) -> bytes:
    path = f"{picks.micrograph}.mrc" if picks.listing is None else picks.listing.path
    return path.encode("utf-8", errors="surrogateescape")


def _hash(*parts: bytes) -> int:
    """A number of 64 bits that is the same on every machine and in every run."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return int.from_bytes(digest.digest(), "little")


def _hash_picks(picks: Sequence[Picks]) -> int:
    contents = ((_find_path(one), one.x_px.tobytes(), one.y_px.tobytes()) for one in picks)
    return _hash(*(_hash(*content).to_bytes(8, "little") for content in contents))


def _mix(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers that look random, one to one.

    The last steps of SplitMix64 (Steele, Lea and Flood, 2014, doi:10.1145/2660193.2660195).
    """
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))
