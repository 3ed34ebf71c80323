"""Simulated micrographs that are learned in a second, and boxes to train on."""

from itertools import islice

import numpy as np
import pytest

from deepem.simulation import make_phantom, simulate_dataset
from deepem.training.samples import Samples

RIBOSOME = make_phantom("ribosome")


def _simulate(n, *, seed=0, n_particles=16, shape=(240, 310), first=0):
    """Simulate micrographs that are easy to pick: a particle is 17 px wide, a box 27 px."""
    scenes = simulate_dataset(
        RIBOSOME,
        first + n,
        n_particles=n_particles,
        pixel_size_angstrom=15,
        seed=seed,
        shape=shape,
        snr=0.5,
    )
    return list(islice(scenes, first, None))


@pytest.fixture(scope="session")
def simulate():
    return _simulate


@pytest.fixture(scope="session")
def diameter_angstrom():
    return RIBOSOME.diameter_angstrom


@pytest.fixture
def make_samples():
    """Boxes of noise, those of the particles with a dark middle."""

    def make(n, *, box_size=28, seed=0):
        rng = np.random.default_rng(seed)
        boxes = rng.standard_normal((n, box_size, box_size)).astype(np.float32)
        targets = (np.arange(n) % 2).astype(np.float32)
        boxes[targets == 1, 8:20, 8:20] -= 2
        return Samples(boxes, targets)

    return make
