"""Classical template matching: a few templates in every rotation, by normalised correlation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepem.baselines.class_averages import average_classes
from deepem.baselines.correlation import centre_grey, correlate_templates, make_mask
from deepem.baselines.particle_boxes import (
    choose_factor,
    cut_boxes,
    find_candidates,
    require_particles,
)
from deepem.baselines.views import spread_views
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.preprocessing import prepare
from deepem.simulation import Optics, Projectable, apply_ctf

# More particles make no better averages, only later ones.
_MAX_PARTICLES = 1000
# Averages of fewer are mostly noise.
_PARTICLES_PER_TEMPLATE = 10


@dataclass(frozen=True, eq=False)
class TemplatePicker:
    """Templates, and how micrographs are prepared for them.

    Parameters
    ----------
    templates
        Views of the particle, each of weighted mean 0, shape ``(k, n, n)`` with n odd, their
        centres at pixel ``n // 2``, in pixels that are ``factor`` times those of the micrograph.
    mask
        Weight of each pixel, from 0 to 1, round, shape ``(n, n)``.
    diameter_px
        Diameter of the particle in unbinned pixels.
    factor
        Binning: size of a pixel of the templates in unbinned pixels.
    n_rotations
        Rotations of each template in the plane, even over the full turn.
    """

    templates: NDArray[np.float32]
    mask: NDArray[np.float32]
    diameter_px: float
    factor: float
    n_rotations: int = 36

    @classmethod
    def from_particles(
        cls,
        micrographs: Sequence[Micrograph],
        picks: Sequence[Picks],
        *,
        diameter_px: float,
        factor: float | None = None,
        n_templates: int = 3,
        n_rotations: int = 36,
        seed: int = 0,
    ) -> TemplatePicker:
        """Average particles into templates, those together that look alike when they are turned.

        Parameters
        ----------
        micrographs, picks
            Micrographs and the particles on each, in the same order; of more than 1000 particles,
            1000 drawn at random are used.
        diameter_px
            Diameter of the particle in unbinned pixels.
        factor
            Binning; None for the largest whole number that leaves a box of 1.5 diameters at least
            40 pixels.
        n_templates
            Number of templates at most; fewer where there are less than ten particles for each.
        n_rotations
            Rotations of each template in the plane, even over the full turn.
        seed
            Draws the particles that the classes start from.

        Raises
        ------
        ConfigError
            The diameter or the factor is not positive, or too large for the other; or a number is
            less than 1.
        TrainingDataError
            There is not a set of picks for each micrograph, or no pick at all.
        deepem.errors.MicrographError
            A micrograph is constant, is not finite, or is smaller than the box.
        """
        factor = choose_factor(diameter_px, factor)
        _require_counts(n_templates=n_templates, n_rotations=n_rotations)
        require_particles(micrographs, picks)
        rng = np.random.default_rng(seed)
        mask = make_mask(diameter_px / factor)
        stacks = []
        for micrograph, some in zip(micrographs, picks, strict=True):
            image = prepare(micrograph, factor=factor, box_size=len(mask))
            stacks.append(cut_boxes(image.pixels, some, image.frame, len(mask)))
        boxes = np.concatenate(stacks)
        if len(boxes) > _MAX_PARTICLES:
            boxes = boxes[rng.choice(len(boxes), size=_MAX_PARTICLES, replace=False)]
        n_classes = max(1, min(n_templates, len(boxes) // _PARTICLES_PER_TEMPLATE))
        averages = average_classes(boxes, mask, n_classes=n_classes, rng=rng)
        templates = np.stack([centre_grey(average, mask) for average in averages])
        return cls(templates, mask, float(diameter_px), factor, n_rotations)

    @classmethod
    def from_specimen(
        cls,
        specimen: Projectable,
        *,
        pixel_size_angstrom: float,
        n_views: int = 20,
        n_rotations: int = 36,
        diameter_px: float | None = None,
        factor: float | None = None,
        optics: Optics | None = None,
    ) -> TemplatePicker:
        """Project a particle whose density is known.

        Parameters
        ----------
        specimen
            The particle.
        pixel_size_angstrom
            Size of an unbinned pixel of the micrographs in Å.
        n_views
            Directions from which the particle is projected, even over the whole sphere.
        n_rotations
            Rotations of each view in the plane, even over the full turn.
        diameter_px
            Diameter of the mask in unbinned pixels; None for the particle's own.
        factor
            Binning; None as in `from_particles`.
        optics
            The microscope, with a focus that is typical of the micrographs; None for projections
            that are only inverted, so that density is dark.

        Raises
        ------
        ConfigError
            As in `from_particles`, or the pixel size is not positive.
        """
        if not pixel_size_angstrom > 0:
            raise ConfigError(
                "pixel_size_angstrom", f"must be greater than 0 Å, got {pixel_size_angstrom:g}"
            )
        if diameter_px is None:
            diameter_px = specimen.diameter_angstrom / pixel_size_angstrom
        factor = choose_factor(diameter_px, factor)
        _require_counts(n_views=n_views, n_rotations=n_rotations)
        mask = make_mask(diameter_px / factor)
        middle = len(mask) // 2
        # Twice the mask, so that what the CTF spreads over an edge stays outside of it.
        rim = 2 * middle
        inside = slice(rim - middle, rim + middle + 1)
        coarse_angstrom = pixel_size_angstrom * factor
        templates = []
        for view in spread_views(n_views):
            density = specimen.project(
                view, pixel_size_angstrom=coarse_angstrom, box_size_px=2 * rim
            )
            contrast = (
                -density
                if optics is None
                else apply_ctf(density, optics, pixel_size_angstrom=coarse_angstrom)
            )
            templates.append(centre_grey(contrast[inside, inside], mask))
        return cls(np.stack(templates), mask, float(diameter_px), factor, n_rotations)

    def scan(self, micrograph: Micrograph) -> Picks:
        """Every candidate of a micrograph, best first, whatever its score.

        Parameters
        ----------
        micrograph
            At the scale of the micrographs that the templates come from.

        Returns
        -------
        Picks
            Local maxima of the highest correlation coefficient over templates and rotations, at
            least 0.8 diameters apart. The score is ``(1 + correlation) / 2``, from 0 to 1.

        Raises
        ------
        deepem.errors.MicrographError
            The micrograph is constant, is not finite, or is smaller than the box.
        """
        image = prepare(micrograph, factor=self.factor, box_size=len(self.mask))
        picks = find_candidates(
            correlate_templates(image.pixels, self.mask, self._rotate()),
            image.frame,
            micrograph,
            margin=len(self.mask) // 2,
            diameter_px=self.diameter_px,
        )
        return picks.with_score((1 + picks.score) / 2)

    def _rotate(self) -> Iterator[NDArray[np.float32]]:
        """Every template in every rotation."""
        for angle_deg in 360 * np.arange(self.n_rotations) / self.n_rotations:
            turned = ndimage.rotate(
                self.templates, angle_deg, axes=(1, 2), reshape=False, order=1, mode="nearest"
            )
            for template in turned:
                yield centre_grey(template, self.mask)


def _require_counts(**counts: int) -> None:
    for field, count in counts.items():
        if count < 1:
            raise ConfigError(field, f"must be 1 or more, got {count}")
