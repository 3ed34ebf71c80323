"""A model at work on one micrograph: prepare, scan, find peaks, select."""

from __future__ import annotations

import hashlib
import logging
from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.networks import Model, Network, ResidualNetwork, load_model
from deepem.networks.device import check_bfloat16, choose_device
from deepem.picking.candidates import find_candidates
from deepem.picking.limits import describe_limits
from deepem.picking.selection import EDGE_MARGIN_OVER_DIAMETER, Selection, Verdict, judge
from deepem.preprocessing import JunkMask, PreparedImage, find_junk, prepare

logger = logging.getLogger("deepem.picking")

# Closer than this share of a diameter two particles overlap; the rest is the network's error.
_MIN_DISTANCE_OVER_DIAMETER = 0.8
_SAME_CAMERA_RATIO = 1.5
# To be raised with every change that moves candidates or their scores.
_PROCEDURE = "1"
# Scores are rounded to what tiles and thread counts leave untouched.
_SCORE_DECIMALS = 5


class Picker:
    """Picks particles on micrographs with a trained model.

    Parameters
    ----------
    model
        A model, or the path of a ``.deepem`` file.
    threshold
        Lowest score to keep, in [0, 1]; by default the model's. 0 keeps every candidate: the
        other selections then apply only where they are given, and junk is kept.
    std_range
        Lowest and highest standard deviation of a pick's box, in units of the micrograph's; by
        default the model's.
    edge_margin_px
        Least distance between a pick and the edge; by default 0.4 diameters: particles that the
        edge cuts are left out.
    min_distance_px
        Least distance between two picks; by default the model's: 0.8 diameters for a network of
        boxes, half a diameter for one that scores pixels, which tells neighbours apart.
    keep_junk
        Do not look for carbon, ice and aggregates, and keep picks on them.
    device
        Where the network is computed: ``cpu``, ``cuda``, ``mps``, or ``auto``; see
        `deepem.networks.device.choose_device`.
    fast
        Compute a residual network in bfloat16, numbers of 16 bits: half the time where the device
        has them. Scores move by 0.02 at most, and up to three picks of a thousand differ
        (docs/results/speed.md).

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
        keep_junk: bool = False,
        device: str = "cpu",
        fast: bool = False,
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
        self._keep_junk, self._allow_junk = keep_junk, keep_junk or keeps_everything
        self._has_warned_of_scale = False
        self._device, self._fast = device, fast
        if fast and not isinstance(self.model.network, ResidualNetwork):
            raise ConfigError("fast", "a network of boxes has no fast way; leave it out")
        if min_distance_px is not None and not min_distance_px > 0:
            raise ConfigError("minimum distance", f"must be positive, got {min_distance_px:g} px")
        self.selection_for(1.0)  # a bad value is an error now, not at the first micrograph

    @property
    def threshold(self) -> float:
        """Lowest score that is kept."""
        return self._threshold

    def selection_for(self, diameter_px: float) -> Selection:
        """What is kept on a micrograph where the particle has this diameter in pixels."""
        margin = self._edge_margin_px
        if margin is None:
            margin = EDGE_MARGIN_OVER_DIAMETER * diameter_px
        return Selection(
            threshold=self._threshold,
            std_range=self._std_range,
            edge_margin_px=margin,
            allow_junk=self._allow_junk,
        )

    def describe_scan(self) -> dict[str, str]:
        """What candidates depend on beside the micrograph: name and value of each setting.

        The same texts mean the same candidates; a new version of the procedure has others.
        """
        distance = self._min_distance_px
        return {
            "procedure": _PROCEDURE,
            "model": self._fingerprint,
            "numbers": "bfloat16" if self._fast else "single precision",
            "least distance": "the model's" if distance is None else f"{distance:g} px",
            "junk": "not looked for" if self._keep_junk else "looked for",
        }

    def describe_selection(self) -> dict[str, str]:
        """What `selection_for` depends on beside the diameter: name and value of each setting."""
        margin = self._edge_margin_px
        default_margin = f"{EDGE_MARGIN_OVER_DIAMETER:g} diameters"
        return {
            **describe_limits(self._threshold, self._std_range),
            "edge margin": default_margin if margin is None else f"{margin:g} px",
            "picks in junk": "kept" if self._allow_junk else "left out",
        }

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
        header, scale = self.model.header, self.model.header.scale
        factor = self.model.factor_for(micrograph)
        image = prepare(
            micrograph,
            factor=factor,
            box_size=scale.box_size,
            workers=torch.get_num_threads(),
        )
        min_distance_px = self._min_distance_px
        if min_distance_px is None:
            default_px = header.min_distance_px or _MIN_DISTANCE_OVER_DIAMETER * scale.diameter_px
            min_distance_px = default_px * factor / scale.factor
        candidates = find_candidates(
            self._network,
            image,
            micrograph,
            box_size=scale.box_size,
            min_distance_px=min_distance_px,
            fast=self._fast,
        )
        score, junk = candidates.score, candidates.junk
        if header.calibration is not None:
            score = header.calibration(score)
        if not self._keep_junk:
            junk = self._find_junk(image).is_junk(candidates.x_px, candidates.y_px)
        return replace(candidates, score=np.round(score, _SCORE_DECIMALS), junk=junk)

    def pick(self, micrograph: Micrograph) -> Picks:
        """The particles of a micrograph, best first: `scan`, then the selection."""
        return self.judge(micrograph).kept

    def judge(self, micrograph: Micrograph) -> Verdict:
        """The particles of a micrograph, and what was left out with the reasons, best first."""
        return judge(self.scan(micrograph), self.selection_for(self.diameter_px(micrograph)))

    def __getstate__(self) -> dict[str, object]:
        """Without the network on its device: another machine may have another."""
        return {name: value for name, value in vars(self).items() if name != "_network"}

    @cached_property
    def _network(self) -> Network:
        device = choose_device(self._device).name
        if self._fast:
            check_bfloat16(device)
        # A copy, so that the model stays where it was.
        return self.model.network if device == "cpu" else deepcopy(self.model.network).to(device)

    @cached_property
    def _fingerprint(self) -> str:
        """Of all of the model that moves candidates: weights, scale, calibration."""
        rest = {"scale", "pixel_size_angstrom", "calibration", "min_distance_px"}
        header = self.model.header.model_dump_json(include=rest)
        digest = hashlib.sha256(f"{self.model.fingerprint()} {header}".encode())
        return digest.hexdigest()[:16]

    def _find_junk(self, image: PreparedImage) -> JunkMask:
        """The junk of a prepared image, of which the mirrored margin is no part."""
        scale = self.model.header.scale
        margin = scale.box_size // 2
        inside = image.pixels[margin:-margin, margin:-margin]
        frame = image.frame.subgrid(inside.shape, origin=(margin, margin), step=1)
        return find_junk(inside, scale.diameter_px / scale.factor, frame=frame)

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
