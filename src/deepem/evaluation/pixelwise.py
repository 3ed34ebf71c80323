"""CryoSegNet's protocol: particles and picks as discs, compared pixel by pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepem.core import Picks
from deepem.errors import ConfigError, ConventionError
from deepem.evaluation.annotated import pair_annotated

# Added above and below each ratio in CryoSegNet's code. It makes 0/0 a 1.
_SMOOTH_PX = 0.001


@dataclass(frozen=True, kw_only=True)
class PixelwiseRow:
    """The figures of one micrograph, counted in pixels.

    Parameters
    ----------
    micrograph
        Its name.
    n_picked_px
        Number of pixels in the discs of the picks. A pixel in two discs counts once.
    n_truth_px
        Number of pixels in the discs of the particles.
    n_common_px
        Number of pixels in both.
    """

    micrograph: str
    n_picked_px: int
    n_truth_px: int
    n_common_px: int

    @property
    def precision(self) -> float:
        """Fraction of the picked pixels that are of a particle; 1 without picks, as published."""
        return (self.n_common_px + _SMOOTH_PX) / (self.n_picked_px + _SMOOTH_PX)

    @property
    def recall(self) -> float:
        """Fraction of the particles' pixels that were picked."""
        return (self.n_common_px + _SMOOTH_PX) / (self.n_truth_px + _SMOOTH_PX)

    @property
    def dice(self) -> float:
        """Dice score, 2 common / (picked + truth), which is the F1 of the pixels."""
        n_px = self.n_picked_px + self.n_truth_px
        return (2 * self.n_common_px + _SMOOTH_PX) / (n_px + _SMOOTH_PX)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {
            "micrograph": self.micrograph,
            "n_picked_px": self.n_picked_px,
            "n_truth_px": self.n_truth_px,
            "n_common_px": self.n_common_px,
            "precision": self.precision,
            "recall": self.recall,
            "dice": self.dice,
        }


@dataclass(frozen=True, kw_only=True)
class PixelwiseFigures:
    """Pixelwise figures of several micrographs: their means, and what CryoSegNet's code prints.

    Parameters
    ----------
    diameter_px
        Diameter of the discs in unbinned pixels.
    per_micrograph
        The figures of each micrograph with particles, in the order of the truth.
    unpicked
        Those of which no picks were given; nothing was found there.
    left_out
        Micrographs that were left out, because no particles are known there.
    """

    diameter_px: float
    per_micrograph: tuple[PixelwiseRow, ...]
    unpicked: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Mean over the micrographs of their precision."""
        return fmean(row.precision for row in self.per_micrograph)

    @property
    def recall(self) -> float:
        """Mean over the micrographs of their recall."""
        return fmean(row.recall for row in self.per_micrograph)

    @property
    def dice(self) -> float:
        """Mean over the micrographs of their Dice score."""
        return fmean(row.dice for row in self.per_micrograph)

    @property
    def highest_precision(self) -> float:
        """Precision of the micrograph where it is highest."""
        return max(row.precision for row in self.per_micrograph)

    @property
    def highest_recall(self) -> float:
        """Recall of the micrograph where it is highest, which may be another one."""
        return max(row.recall for row in self.per_micrograph)

    @property
    def highest_f1(self) -> float:
        """F1 of the highest precision and the highest recall; above what any micrograph has."""
        p, r = self.highest_precision, self.highest_recall
        return 2 * p * r / (p + r)

    @property
    def highest_dice(self) -> float:
        """Dice score of the micrograph where it is highest."""
        return max(row.dice for row in self.per_micrograph)

    @property
    def n_left_out(self) -> int:
        """Number of micrographs left out, because no particles are known there."""
        return len(self.left_out)

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol's name, settings, both summaries and each micrograph for JSON."""
        return {
            "protocol": "pixelwise",
            "diameter_px": self.diameter_px,
            "precision": self.precision,
            "recall": self.recall,
            "dice": self.dice,
            "highest_precision": self.highest_precision,
            "highest_recall": self.highest_recall,
            "highest_f1": self.highest_f1,
            "highest_dice": self.highest_dice,
            "n_left_out": self.n_left_out,
            "left_out": list(self.left_out),
            "unpicked": list(self.unpicked),
            "per_micrograph": [row.to_dict() for row in self.per_micrograph],
        }


def evaluate_pixelwise(
    picks: Picks | Sequence[Picks],
    truth: Picks | Sequence[Picks],
    *,
    diameter_px: float,
    shape: tuple[int, int] | None = None,
) -> PixelwiseFigures:
    """Compare picks with known particles as CryoSegNet and CryoTransformer do: pixel by pixel.

    The figures are far from those of matched centres. Never put the two side by side.

    Parameters
    ----------
    picks
        Picks of one or more micrographs, as the picker gives them: there is no threshold here.
    truth
        The particles, matched with `picks` by the name of the micrograph.
    diameter_px
        Diameter of the particle in unbinned pixels, above 0: CryoPPP's column ``Diameter``.
    shape
        Size (y, x) of every micrograph in pixels; None takes it from the frame of the particles
        or of the picks.

    Returns
    -------
    PixelwiseFigures
        Means and highest values over micrographs, and the figures of each.

    Raises
    ------
    deepem.errors.ConfigError
        The diameter or the shape is not above 0.
    deepem.errors.ConventionError
        One micrograph comes twice, or none has particles; or the size of one is not known; or a
        position is not a finite number.

    Notes
    -----
    Read in github.com/jianlin-cheng/CryoSegNet, to which CryoTransformer's authors refer for
    their own figures (its issues 1 and 5):

    - ``utils/generate_masks_for_evaluation.py`` draws picks as filled discs of the particle's
      diameter on the full micrograph, and ``utils/precision_recall.py`` compares them with
      CryoPPP's disc masks. This is the protocol here. A pixel is in a disc if its centre is at
      most half a diameter away; theirs have whole pixels for the centre and the radius.
    - The means over micrographs are ours. Their code takes the *highest* precision, recall and
      Dice score of any micrograph and makes F1 of the first two: the ``highest_`` figures here.
      It also leaves out the first 20 micrographs that the file system lists.
    - ``utils/evaluation.py`` instead compares the network's own mask above 0.1, at 1024 x 1024
      pixels. There is no such mask of picks.
    - Their masks are JPEG pictures, in which every pixel that is not quite black counts as a
      particle's. That is not imitated; it changed precision and recall by 0.01 in a test.

    Examples
    --------
    >>> picks, truth = Picks("m", [10], [10]), Picks("m", [10, 30], [10, 30])
    >>> result = evaluate_pixelwise(picks, truth, diameter_px=2, shape=(40, 40))
    >>> round(result.precision, 3), round(result.recall, 3), round(result.dice, 3)
    (1.0, 0.5, 0.667)
    """
    if not (np.isfinite(diameter_px) and diameter_px > 0):
        raise ConfigError("diameter_px", f"must be above 0 px, got {diameter_px}")
    if shape is not None and min(shape) < 1:
        raise ConfigError("shape", f"must be 1 px or more along both axes (y, x), got {shape}")
    annotated = pair_annotated(picks, truth)
    return PixelwiseFigures(
        diameter_px=diameter_px,
        per_micrograph=tuple(
            _compare(found, particles, diameter_px, shape) for found, particles in annotated.pairs
        ),
        unpicked=annotated.unpicked,
        left_out=annotated.left_out,
    )


def _compare(
    picks: Picks, truth: Picks, diameter_px: float, shape: tuple[int, int] | None
) -> PixelwiseRow:
    frame = truth.frame or picks.frame
    size = frame.shape if shape is None and frame is not None else shape
    if size is None:
        raise ConventionError(
            f"the size of {truth.micrograph} is needed to draw discs, and is not known. Give its "
            "particles a frame, or shape=(y, x); on the command line, give --micrographs"
        )
    picked, particles = (_draw_discs(one, diameter_px, size) for one in (picks, truth))
    return PixelwiseRow(
        micrograph=truth.micrograph,
        n_picked_px=int(picked.sum()),
        n_truth_px=int(particles.sum()),
        n_common_px=int((picked & particles).sum()),
    )


def _draw_discs(picks: Picks, diameter_px: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mask of the pixels whose centre is at most half a diameter from a pick."""
    if not (np.isfinite(picks.x_px).all() and np.isfinite(picks.y_px).all()):
        raise ConventionError(
            f"{picks.micrograph} has positions that are not finite numbers; remove them first"
        )
    mask = np.zeros(shape, dtype=np.bool_)
    radius_px = diameter_px / 2
    for x, y in zip(picks.x_px, picks.y_px, strict=True):
        # Only the square around the disc; the part of it outside the micrograph is cut off.
        rows, columns = (
            np.arange(max(0, math.floor(at - radius_px)), min(n, math.ceil(at + radius_px) + 1))
            for at, n in ((y, shape[0]), (x, shape[1]))
        )
        if rows.size and columns.size:
            is_near = (rows[:, None] - y) ** 2 + (columns - x) ** 2 <= radius_px**2
            mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] |= is_near
    return mask
