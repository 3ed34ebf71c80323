"""Dark blobs of about the particle's size, by the Laplacian of Gaussians: nothing is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepem.baselines.particle_boxes import choose_factor, find_candidates, require_particles
from deepem.baselines.scores import squash
from deepem.core import BOX_OVER_DIAMETER, Micrograph, Picks
from deepem.errors import ConfigError
from deepem.evaluation import evaluate
from deepem.preprocessing import prepare

# Sizes are tried in steps of about this ratio; a blob answers to a wide range of sizes.
_STEP = 1.2
# Blobs that are tried, and how near they must be, in diameters.
_SIZES = (0.6, 0.75, 0.9, 1.0, 1.2, 1.35, 1.5, 1.8)
_MATCH_OVER_DIAMETER = 0.3
_SMALLEST_OVER_DIAMETER, _LARGEST_OVER_DIAMETER = 0.8, 1.2


@dataclass(frozen=True)
class LogPicker:
    """Sizes of the blobs to look for.

    Parameters
    ----------
    diameter_px
        Diameter of the particle in unbinned pixels; picks are at least 0.8 of it apart.
    min_diameter_px, max_diameter_px
        Smallest and largest blob in unbinned pixels; None for 0.8 and 1.2 diameters.

    Raises
    ------
    ConfigError
        A diameter is not positive, or the smallest is larger than the largest.
    """

    diameter_px: float
    min_diameter_px: float | None = None
    max_diameter_px: float | None = None

    def __post_init__(self) -> None:
        choose_factor(self.diameter_px)
        smallest, largest = self._range_px()
        if not 0 < smallest <= largest:
            raise ConfigError(
                "min_diameter_px",
                f"must be above 0 and at most the largest diameter of {largest:g} px, got "
                f"{smallest:g}",
            )

    @classmethod
    def from_particles(
        cls, micrographs: Sequence[Micrograph], picks: Sequence[Picks], *, diameter_px: float
    ) -> LogPicker:
        """Choose the size of the blobs by what it finds: one of 0.6 to 1.8 diameters.

        Parameters
        ----------
        micrographs, picks
            Micrographs and the particles on each, in the same order; the average precision on them
            decides.
        diameter_px
            Diameter of the particle in unbinned pixels.

        Raises
        ------
        ConfigError
            The diameter is not positive, or too small.
        TrainingDataError
            There is not a set of picks for each micrograph, or no pick at all.
        deepem.errors.MicrographError
            A micrograph is constant, is not finite, or is smaller than the box.

        Notes
        -----
        Hollow particles, such as apoferritin, are found at sizes above their own.
        """
        require_particles(micrographs, picks)
        sizes_px = [size * diameter_px for size in _SIZES]
        pickers = [cls(diameter_px, size_px, size_px) for size_px in sizes_px]
        precisions = [
            evaluate(
                [picker.scan(micrograph) for micrograph in micrographs],
                picks,
                max_distance_px=_MATCH_OVER_DIAMETER * diameter_px,
                edge_margin_px=diameter_px / 2,
            ).average_precision
            for picker in pickers
        ]
        return pickers[int(np.argmax(np.nan_to_num(precisions)))]

    def scan(self, micrograph: Micrograph) -> Picks:
        """Every candidate of a micrograph, best first, whatever its score.

        Parameters
        ----------
        micrograph
            Particles are darker than what is around them.

        Returns
        -------
        Picks
            Local maxima of the response R, at least 0.8 diameters apart. The score is
            ``(1 + R / (1 + abs(R))) / 2``, in (0, 1).

        Raises
        ------
        deepem.errors.MicrographError
            The micrograph is constant, is not finite, or is smaller than the box.

        Notes
        -----
        R is the highest of σ² ∇²(G_σ * image) over sizes σ, in standard deviations of the
        micrograph. A disc of diameter d has its highest R at its centre, at σ = d / √8.

        References
        ----------
        T. Lindeberg, "Feature detection with automatic scale selection", Int. J. Comput. Vis.
        30:79, 1998, doi 10.1023/A:1008045108935.
        """
        smallest, largest = self._range_px()
        factor = choose_factor(self.diameter_px)
        box_size = round(BOX_OVER_DIAMETER * max(self.diameter_px, largest) / factor)
        image = prepare(micrograph, factor=factor, box_size=box_size)
        step = image.frame.step_px[0]
        n_sizes = 1 + int(np.ceil(np.log(largest / smallest) / np.log(_STEP) - 1e-9))
        response = np.full(image.pixels.shape, -np.inf, dtype=np.float32)
        for diameter_px in np.geomspace(smallest, largest, n_sizes):
            sigma = diameter_px / step / np.sqrt(8)
            blobs = sigma**2 * ndimage.gaussian_laplace(image.pixels, sigma, mode="reflect")
            np.maximum(response, blobs, out=response)
        margin = box_size // 2
        picks = find_candidates(
            response[margin:-margin, margin:-margin],
            image.frame,
            micrograph,
            margin=margin,
            diameter_px=self.diameter_px,
        )
        return picks.with_score(squash(picks.score))

    def _range_px(self) -> tuple[float, float]:
        smallest, largest = self.min_diameter_px, self.max_diameter_px
        return (
            _SMALLEST_OVER_DIAMETER * self.diameter_px if smallest is None else smallest,
            _LARGEST_OVER_DIAMETER * self.diameter_px if largest is None else largest,
        )
