"""A model at work on one micrograph: prepare, scan, find peaks, select."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.networks import Model, load_model
from deepem.picking.peaks import find_peaks
from deepem.picking.scan import scan
from deepem.picking.selection import Selection, select
from deepem.preprocessing import prepare

logger = logging.getLogger("deepem.picking")

# Closer than this share of a diameter two particles overlap; the rest is the network's error.
_MIN_DISTANCE_OVER_DIAMETER = 0.8
# Half a diameter for the particle to be whole, less what picks are off their particle.
_EDGE_MARGIN_OVER_DIAMETER = 0.4
_SAME_CAMERA_RATIO = 1.5
# Scores are rounded to what tiles and thread counts leave untouched.
_SCORE_DECIMALS, _POSITION_DECIMALS = 5, 1


class Picker:
    """Picks particles on micrographs with a trained model.

    Parameters
    ----------
    model
        A model, or the path of a ``.deepem`` file.
    threshold
        Lowest score to keep, in [0, 1]; by default the model's. 0 keeps every candidate: the
        other two selections then apply only where they are given.
    std_range
        Lowest and highest standard deviation of a pick's box, in units of the micrograph's; by
        default the model's.
    edge_margin_px
        Least distance between a pick and the edge; by default 0.4 diameters: particles that the
        edge cuts are left out.
    min_distance_px
        Least distance between two picks; by default 0.8 diameters.

    Raises
    ------
    deepem.errors.CheckpointError
        The model file cannot be read.
    deepem.errors.ConfigError
        A value is out of range.

    Notes
    -----
    Distances are in unbinned pixels of the micrograph that is picked.
    """

    def __init__(
        self,
        model: Model | str | Path,
        *,
        threshold: float | None = None,
        std_range: tuple[float, float] | None = None,
        edge_margin_px: float | None = None,
        min_distance_px: float | None = None,
    ) -> None:
        self.model = model if isinstance(model, Model) else load_model(model)
        header = self.model.header
        self._threshold = header.threshold if threshold is None else threshold
        keeps_everything = self._threshold == 0
        self._std_range = std_range or (None if keeps_everything else header.std_range)
        self._edge_margin_px = (
            0.0 if keeps_everything and edge_margin_px is None else edge_margin_px
        )
        self._min_distance_px = min_distance_px
        self._has_warned_of_scale = False
        if min_distance_px is not None and not min_distance_px > 0:
            raise ConfigError("minimum distance", f"must be positive, got {min_distance_px:g} px")
        self.selection_for(1.0)  # a bad value is an error now, not at the first micrograph

    def selection_for(self, diameter_px: float) -> Selection:
        """What is kept on a micrograph where the particle has this diameter in pixels."""
        margin = self._edge_margin_px
        if margin is None:
            margin = _EDGE_MARGIN_OVER_DIAMETER * diameter_px
        return Selection(
            threshold=self._threshold, std_range=self._std_range, edge_margin_px=margin
        )

    def diameter_px(self, micrograph: Micrograph) -> float:
        """Diameter of the particle in unbinned pixels of a micrograph."""
        scale = self.model.header.scale
        return scale.diameter_px * self.model.factor_for(micrograph) / scale.factor

    def scan(self, micrograph: Micrograph) -> Picks:
        """Every candidate of a micrograph, best first, whatever its score.

        Returns
        -------
        candidates
            Local maxima of the score, at least the minimum distance apart; move thresholds with
            `deepem.select`, without scanning again.

        Raises
        ------
        deepem.errors.MicrographError
            The micrograph is constant, not finite, or smaller than a box.
        deepem.errors.ConventionError
            The micrograph cannot be brought to the model's scale.
        """
        self._warn_of_unknown_scale(micrograph)
        design, scale = self.model.network.design, self.model.header.scale
        factor = self.model.factor_for(micrograph)
        diameter_px = self.diameter_px(micrograph)
        image = prepare(
            micrograph,
            factor=factor,
            box_size=design.box_size,
            workers=torch.get_num_threads(),
        )
        score_map = scan(self.model.network, image)
        min_distance_px = self._min_distance_px or _MIN_DISTANCE_OVER_DIAMETER * diameter_px
        peaks = find_peaks(
            score_map.scores, min_distance=min_distance_px / score_map.frame.step_px[0]
        )
        x_px, y_px = score_map.frame.to_px(peaks.column, peaks.row)
        at = (np.rint(peaks.row).astype(int), np.rint(peaks.column).astype(int))
        candidates = Picks(
            micrograph.name,
            np.round(x_px, _POSITION_DECIMALS),
            np.round(y_px, _POSITION_DECIMALS),
            score=np.round(peaks.score, _SCORE_DECIMALS),
            std=score_map.std[at],
            box_size_px=2 * round(scale.box_size * factor / 2),
            frame=micrograph.frame,
            listing=micrograph.find_listing(),
        )
        # Boxes reach half a model pixel beyond the edge; a centre out there is nobody's particle.
        return candidates.take(candidates.edge_distance_px() >= 0)

    def pick(self, micrograph: Micrograph) -> Picks:
        """The particles of a micrograph, best first: `scan`, then the selection."""
        return select(self.scan(micrograph), self.selection_for(self.diameter_px(micrograph)))

    def _warn_of_unknown_scale(self, micrograph: Micrograph) -> None:
        """Without pixel sizes, another size of image is the only sign of another scale."""
        header = self.model.header
        if header.pixel_size_angstrom is not None or self._has_warned_of_scale:
            return
        here, trained = max(micrograph.shape), max(header.micrograph_shape)
        if max(here, trained) > _SAME_CAMERA_RATIO * min(here, trained):
            self._has_warned_of_scale = True
            logger.warning(
                "%s: %d x %d px, but the model was trained on micrographs of %d x %d px without a "
                "pixel size. If their pixel sizes differ, the picks are wrong: train again with "
                "--pixel-size (pixel_size_angstrom=), and pick with it too",
                micrograph.label, *micrograph.shape[::-1], *header.micrograph_shape[::-1],
            )  # fmt: skip
