"""From the diameter of a particle, or a preset, to the scale and the network to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from deepem.core import BOX_OVER_DIAMETER, Micrograph, Picks, find_diameter_px
from deepem.errors import ConfigError, ConventionError
from deepem.networks import (
    PRESETS,
    Activation,
    Design,
    NetworkDesign,
    ResidualDesign,
    Scale,
    choose_dense_scale,
    choose_scale,
    design_network,
    pixel_size_ratio,
)

NetworkName = Literal["residual", "deepem8"]


@dataclass(frozen=True)
class Plan:
    """What will be trained, and at which scale.

    Parameters
    ----------
    design
        The network.
    scale
        Diameter, binning and box, in unbinned pixels of ``pixel_size_angstrom``.
    pixel_size_angstrom
        Pixel size that the scale refers to, in Å; None where no micrograph knows its own.
    """

    design: Design
    scale: Scale
    pixel_size_angstrom: float | None

    @property
    def boxes_design(self) -> NetworkDesign:
        """The design, where it is one of a network of boxes."""
        if not isinstance(self.design, NetworkDesign):
            raise TypeError(f"{self.design} is not a network of boxes")
        return self.design

    def factor_for(self, micrograph: Micrograph) -> float:
        """Binning of one micrograph, where their pixel sizes differ."""
        if self.pixel_size_angstrom is None or micrograph.pixel_size_angstrom is None:
            return self.scale.factor
        return self.scale.factor * pixel_size_ratio(
            self.pixel_size_angstrom, micrograph.pixel_size_angstrom
        )

    def diameter_px(self, micrograph: Micrograph) -> float:
        """Particle diameter in unbinned pixels of one micrograph."""
        return self.scale.diameter_px * self.factor_for(micrograph) / self.scale.factor


def plan_training(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    diameter_px: float | None = None,
    diameter_angstrom: float | None = None,
    network: NetworkName | None = None,
    preset: str | None = None,
    design: Design | None = None,
    factor: float | None = None,
    box_size_px: float | None = None,
    n_pairs: int | None = None,
    activation: Activation | None = None,
) -> Plan:
    """Derive scale and network from as little as the user says.

    Parameters
    ----------
    micrographs, picks
        The labelled micrographs. The first micrograph's pixel size is the one that pixels in
        the other arguments refer to.
    diameter_px, diameter_angstrom
        Particle diameter, in one unit; by default two thirds of the labels' box.
    network
        ``residual``, which scores every pixel, or ``deepem8``, the paper's on boxes. By default
        the first, unless a preset, layers or an activation ask for the second.
    preset
        One of the paper's networks, instead of one designed for the diameter.
    design
        A network of one's own; that of boxes fixes the box in pixels of the model.
    factor
        Binning; by default what `choose_scale` or `choose_dense_scale` says, or the preset's
        pixel size.
    box_size_px
        Box in unbinned pixels; by default 1.5 diameters.
    n_pairs, activation
        As in `design_network`.

    Returns
    -------
    plan

    Raises
    ------
    deepem.errors.ConfigError
        Options contradict each other, or the diameter cannot be told.
    deepem.errors.ConventionError
        Some micrographs know their pixel size and others do not.
    """
    pixel_size = _common_pixel_size(micrographs)
    says_diameter = diameter_px is not None or diameter_angstrom is not None
    if preset is None or says_diameter:
        diameter = find_diameter_px(
            picks,
            diameter_px=diameter_px,
            diameter_angstrom=diameter_angstrom,
            pixel_size_angstrom=pixel_size,
        )
    name = _choose_network(network, preset, design, n_pairs, activation)
    activation = activation or "sigmoid"
    if preset is not None:
        if box_size_px is not None or n_pairs is not None:
            raise ConfigError(
                "preset", "fixes box and layers: leave out the box size and layer pairs"
            )
        chosen, scale = _fit_preset(preset, diameter if says_diameter else None, factor, pixel_size)
        return Plan(replace(chosen, activation=activation), scale, pixel_size)
    if isinstance(design, NetworkDesign):
        if factor is None:
            factor = max(1.0, BOX_OVER_DIAMETER * diameter // design.box_size)
        _require_positive(factor)
        return Plan(design, Scale(diameter, factor, design.box_size), pixel_size)
    if name == "residual":
        scale = choose_dense_scale(diameter, factor=factor, box_size_px=box_size_px)
        return Plan(design or ResidualDesign(), scale, pixel_size)
    n_pairs = 3 if n_pairs is None else n_pairs
    scale = choose_scale(diameter, factor=factor, box_size_px=box_size_px, n_pairs=n_pairs)
    chosen = design_network(scale.box_size, n_pairs=n_pairs, activation=activation)
    return Plan(chosen, scale, pixel_size)


def _choose_network(
    network: str | None,
    preset: str | None,
    design: Design | None,
    n_pairs: int | None,
    activation: str | None,
) -> str:
    if network is not None and network not in get_args(NetworkName):
        raise ConfigError("network", f"must be residual or deepem8, got '{network}'")
    asks_for_boxes = isinstance(design, NetworkDesign) or not (
        preset is None and n_pairs is None and activation is None
    )
    if asks_for_boxes and (network == "residual" or isinstance(design, ResidualDesign)):
        raise ConfigError(
            "network",
            "residual has neither preset, layers nor activation to choose. Leave those out, or "
            "take deepem8.",
        )
    if network == "deepem8" and isinstance(design, ResidualDesign):
        raise ConfigError(
            "network", "the layers given are of a residual network: take residual, or leave it out"
        )
    return network or ("deepem8" if asks_for_boxes else "residual")


def _require_positive(factor: float) -> None:
    if not factor > 0:
        raise ConfigError("bin", f"must be positive, got {factor:g}")


def _fit_preset(
    name: str, diameter_px: float | None, factor: float | None, pixel_size_angstrom: float | None
) -> tuple[NetworkDesign, Scale]:
    """Network of a preset, and the scale that brings the micrographs to its pixel size."""
    if name not in PRESETS:
        raise ConfigError("preset", f"'{name}' is not known. Known: {', '.join(PRESETS)}.")
    if factor is not None:
        _require_positive(factor)
    preset = PRESETS[name]
    if factor is None:
        ratio = preset.pixel_size_angstrom / pixel_size_angstrom if pixel_size_angstrom else 1.0
        factor = float(max(1, round(ratio)))
    box_px = preset.design.box_size * factor
    if diameter_px is None:
        diameter_px = box_px / BOX_OVER_DIAMETER
    if diameter_px > box_px:
        raise ConfigError(
            "preset",
            f"its box of {box_px:.0f} px is smaller than the particle ({diameter_px:.0f} px). "
            "Bin more with --bin (factor=), or leave the preset out.",
        )
    return preset.design, Scale(diameter_px, factor, preset.design.box_size)


def _common_pixel_size(micrographs: Sequence[Micrograph]) -> float | None:
    known = [m for m in micrographs if m.pixel_size_angstrom is not None]
    if known and len(known) < len(micrographs):
        unknown = next(m for m in micrographs if m.pixel_size_angstrom is None)
        raise ConventionError(
            f"{unknown.label}: has no pixel size in its header, and {known[0].label} has. "
            "Say it for all with --pixel-size (pixel_size_angstrom=)."
        )
    return known[0].pixel_size_angstrom if known else None
