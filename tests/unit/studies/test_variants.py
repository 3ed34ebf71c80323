"""The authors' way of normalising, box by box."""

from __future__ import annotations

import numpy as np
import torch

from deepem.networks import DeepEM8, dense_scores, design_network
from deepem.studies.variants import score_normalised_boxes


def test_every_box_is_normalised_on_its_own() -> None:
    """A network that sees normalised boxes does not notice brightness and contrast."""
    network = DeepEM8(design_network(40), generator=torch.Generator().manual_seed(0))
    rng = np.random.default_rng(0)
    image = rng.normal(size=(70, 90)).astype(np.float32)
    scores = score_normalised_boxes(network, image, step=4)
    ramp = np.linspace(1, 5, 90, dtype=np.float32)
    np.testing.assert_allclose(
        score_normalised_boxes(network, 3 * image + 7, step=4), scores, atol=1e-5
    )
    assert abs(score_normalised_boxes(network, ramp * image, step=4) - scores).max() < 0.1

    assert scores.shape == dense_scores(network, image, step=4).shape
    box = image[8:48, 20:60]
    normalised = torch.from_numpy((box - box.mean()) / box.std())[None]
    with torch.inference_mode():
        turned = [network(torch.rot90(normalised, k, dims=(-2, -1))) for k in range(4)]
    np.testing.assert_allclose(scores[2, 5], torch.stack(turned).mean(), atol=1e-6)
