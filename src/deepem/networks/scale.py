"""The scale a model works at: everything that follows from the particle's diameter."""

from __future__ import annotations

from dataclasses import dataclass

from deepem.core import BOX_OVER_DIAMETER
from deepem.errors import ConfigError
from deepem.networks.presets import nearest_legal_box

# Smaller boxes lose the particle, larger ones only cost time.
_SMALLEST_DEFAULT_BOX = 40
_SMALLEST_DIAMETER_PX = 8
# A network that scores pixels sees enough of a particle this many pixels across.
_SMALLEST_DENSE_DIAMETER = 13
_SAME_PIXEL_SIZE = 0.005


@dataclass(frozen=True)
class Scale:
    """Sizes in pixels of the micrograph, and the binning at which the network sees them.

    Parameters
    ----------
    diameter_px
        Longest extent of the particle in unbinned pixels.
    factor
        Binning: size of a pixel of the model in unbinned pixels.
    box_size
        Side of the network's box in pixels of the model.
    """

    diameter_px: float
    factor: float
    box_size: int

    @property
    def box_size_px(self) -> int:
        """Side of the box in unbinned pixels, even, as EMAN2 and RELION like it."""
        return 2 * round(self.box_size * self.factor / 2)


def choose_scale(
    diameter_px: float,
    *,
    factor: float | None = None,
    box_size_px: float | None = None,
    n_pairs: int = 3,
) -> Scale:
    """Choose binning and box for a particle.

    Parameters
    ----------
    diameter_px
        Longest extent of the particle in unbinned pixels.
    factor
        Binning; by default the largest whole one that leaves the box at least 40 pixels.
    box_size_px
        Side of the box in unbinned pixels; by default 1.5 diameters. It becomes the next box
        that the network's layers can divide.
    n_pairs
        Number of convolution and pooling pairs of the network.

    Returns
    -------
    scale

    Raises
    ------
    deepem.errors.ConfigError
        The diameter is below 8 pixels, or the box or binning does not work with it.
    """
    wanted_px = _check_sizes(diameter_px, factor, box_size_px)
    if factor is None:
        factor = max(1, wanted_px // _SMALLEST_DEFAULT_BOX)
    box_size = nearest_legal_box(round(wanted_px / factor, 6), n_pairs=n_pairs)
    return Scale(float(diameter_px), float(factor), box_size)


def choose_dense_scale(
    diameter_px: float, *, factor: float | None = None, box_size_px: float | None = None
) -> Scale:
    """Choose binning and box for a network that scores every pixel.

    Parameters
    ----------
    diameter_px
        Longest extent of the particle in unbinned pixels.
    factor
        Binning; by default the largest whole one that leaves the particle at least 13 pixels.
    box_size_px
        Side in unbinned pixels of the box that is written with the picks and whose standard
        deviation is looked at; by default 1.5 diameters. It becomes an odd number of pixels of
        the model, so that its centre is a pixel. What the network sees does not depend on it.

    Returns
    -------
    scale

    Raises
    ------
    deepem.errors.ConfigError
        As `choose_scale`.
    """
    wanted_px = _check_sizes(diameter_px, factor, box_size_px)
    if factor is None:
        factor = max(1, diameter_px // _SMALLEST_DENSE_DIAMETER)
    box_size = max(_SMALLEST_DIAMETER_PX + 1, 2 * round((wanted_px / factor - 1) / 2) + 1)
    return Scale(float(diameter_px), float(factor), box_size)


def pixel_size_ratio(reference_angstrom: float, here_angstrom: float) -> float:
    """How many pixels here span one pixel of the reference; exactly 1 where they hardly differ.

    Half a percent is a matter of calibration; resampling for it would only cost time.
    """
    ratio = reference_angstrom / here_angstrom
    return 1.0 if abs(ratio - 1) < _SAME_PIXEL_SIZE else ratio


def _check_sizes(diameter_px: float, factor: float | None, box_size_px: float | None) -> float:
    """Refuse what cannot work; returns the box wanted in unbinned pixels."""
    if not diameter_px >= _SMALLEST_DIAMETER_PX:
        raise ConfigError(
            "particle diameter",
            f"{diameter_px:.3g} px is too small to recognise anything; {_SMALLEST_DIAMETER_PX} px "
            "are the least. Check the unit: --diameter (diameter_angstrom=) is in Å, --diameter-px "
            "(diameter_px=) in unbinned pixels.",
        )
    if factor is not None and not factor > 0:
        raise ConfigError("bin", f"must be positive, got {factor:g}")
    wanted_px = diameter_px * BOX_OVER_DIAMETER if box_size_px is None else box_size_px
    if wanted_px < diameter_px:
        raise ConfigError(
            "box size",
            f"{wanted_px:g} px is smaller than the particle ({diameter_px:g} px). "
            f"Use about {BOX_OVER_DIAMETER * diameter_px:.0f} px.",
        )
    return wanted_px
