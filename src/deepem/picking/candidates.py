"""From a network and a prepared image to candidates: every local maximum of the score."""

from __future__ import annotations

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.networks import Network
from deepem.picking.peaks import find_peaks
from deepem.picking.score_map import scan
from deepem.preprocessing import PreparedImage

_POSITION_DECIMALS = 1


def find_candidates(
    network: Network,
    image: PreparedImage,
    micrograph: Micrograph,
    *,
    box_size: int,
    min_distance_px: float,
    fast: bool = False,
) -> Picks:
    """Score a prepared micrograph and keep every local maximum, best first.

    Parameters
    ----------
    network
        The network.
    image
        The prepared micrograph, with the margin of ``box_size``.
    micrograph
        The micrograph that it was made from.
    box_size
        Side of the model's box in pixels of the image.
    min_distance_px
        Least distance between two candidates in unbinned pixels.
    fast
        As in `deepem.picking.scan`.

    Returns
    -------
    candidates
        With the network's own scores, not calibrated, and the standard deviation of their boxes.
    """
    score_map = scan(network, image, box_size=box_size, fast=fast)
    peaks = find_peaks(score_map.scores, min_distance=min_distance_px / score_map.frame.step_px[0])
    x_px, y_px = score_map.frame.to_px(peaks.column, peaks.row)
    at = (np.rint(peaks.row).astype(int), np.rint(peaks.column).astype(int))
    candidates = Picks(
        micrograph.name,
        # Rounded to what tiles and thread counts leave untouched.
        np.round(x_px, _POSITION_DECIMALS),
        np.round(y_px, _POSITION_DECIMALS),
        score=peaks.score,
        std=score_map.std[at],
        box_size_px=2 * round(box_size * image.frame.step_px[0] / 2),
        frame=micrograph.frame,
        listing=micrograph.find_listing(),
    )
    # Boxes reach half a model pixel beyond the edge; a centre out there is nobody's particle.
    return candidates.take(candidates.edge_distance_px() >= 0)
