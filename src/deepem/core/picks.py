"""The particles of one micrograph: centres, scores and the figures that selection needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepem.core.frame import Frame
from deepem.core.listing import Listing


def _column(values: ArrayLike | None, n: int) -> NDArray[np.float64]:
    if values is None:
        return np.full(n, np.nan)
    return np.array(values, dtype=np.float64).reshape(-1)


@dataclass(frozen=True, eq=False)
class Picks:
    """Particle centres on one micrograph. Nothing found is an empty ``Picks``, never None.

    Parameters
    ----------
    micrograph
        Name of the micrograph (file name without folder and extension).
    x_px, y_px
        Centres, shape ``(n,)``, in unbinned pixels, 0-based, pixel centres at integers, ``x``
        along columns and ``y`` along rows.
    score
        Figure of merit, shape ``(n,)``, in (0, 1) for our own picks; NaN where not known.
    std
        Standard deviation of the box around each pick, shape ``(n,)``, in units of the
        micrograph's own standard deviation; NaN where not known.
    junk
        Whether each pick lies in carbon, ice or another place without particles, shape ``(n,)``;
        False where nobody looked.
    box_size_px
        Side of the square box in unbinned pixels; None where not known.
    frame
        Frame of the micrograph; None where only the coordinates are known.
    listing
        How RELION or cryoSPARC lists the micrograph; None where not known.

    Raises
    ------
    ValueError
        The columns have different lengths.
    """

    micrograph: str
    x_px: NDArray[np.float64]
    y_px: NDArray[np.float64]
    score: NDArray[np.float64]
    std: NDArray[np.float64]
    junk: NDArray[np.bool_]
    box_size_px: int | None = None
    frame: Frame | None = None
    listing: Listing | None = None

    def __init__(
        self,
        micrograph: str,
        x_px: ArrayLike = (),
        y_px: ArrayLike = (),
        *,
        score: ArrayLike | None = None,
        std: ArrayLike | None = None,
        junk: ArrayLike | None = None,
        box_size_px: int | None = None,
        frame: Frame | None = None,
        listing: Listing | None = None,
    ) -> None:
        x = np.array(x_px, dtype=np.float64).reshape(-1)
        columns: dict[str, NDArray[Any]] = {"x_px": x, "y_px": _column(y_px, x.size)}
        columns |= {"score": _column(score, x.size), "std": _column(std, x.size)}
        is_junk = np.zeros(x.size, dtype=bool) if junk is None else np.array(junk, dtype=bool)
        columns["junk"] = is_junk.reshape(-1)
        lengths = {name: column.size for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"the columns of picks must be equally long, got {lengths}")
        for name, column in columns.items():
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        object.__setattr__(self, "micrograph", micrograph)
        object.__setattr__(self, "box_size_px", box_size_px)
        object.__setattr__(self, "frame", frame)
        object.__setattr__(self, "listing", listing)

    def __len__(self) -> int:
        return self.x_px.size

    def __repr__(self) -> str:
        return f"Picks({self.micrograph!r}, n={len(self)}, box_size_px={self.box_size_px})"

    def take(self, index: NDArray[Any]) -> Picks:
        """The picks at ``index`` (integers, or a boolean mask), in that order."""
        return replace(
            self,
            x_px=self.x_px[index],
            y_px=self.y_px[index],
            score=self.score[index],
            std=self.std[index],
            junk=self.junk[index],
        )

    def with_score(self, score: ArrayLike) -> Picks:
        """The same picks with other scores, shape ``(n,)``."""
        return replace(self, score=_column(score, len(self)))

    def by_score(self) -> Picks:
        """The same picks, best score first; equal scores by row, then column; unknown ones last."""
        return self.take(np.lexsort((self.x_px, self.y_px, -self.score)))

    def edge_distance_px(self) -> NDArray[np.float64]:
        """Distance from each centre to the nearest edge pixel, shape ``(n,)``; negative outside.

        Raises
        ------
        ValueError
            The frame is not known.
        """
        if self.frame is None:
            raise ValueError(f"picks of {self.micrograph} have no frame, so no edge")
        ny, nx = self.frame.shape
        horizontal = np.minimum(self.x_px, nx - 1 - self.x_px)
        vertical = np.minimum(self.y_px, ny - 1 - self.y_px)
        return np.minimum(horizontal, vertical)
