"""A small model, trained in a second, and simulated micrographs to pick."""

import logging

import pytest

from deepem.simulation import make_phantom, simulate_dataset
from deepem.training import train

RIBOSOME = make_phantom("ribosome")


def _simulate(n, *, seed, n_particles=16, shape=(240, 310)):
    """Simulate micrographs that are easy to pick: a particle is 17 px wide, a box 27 px."""
    return list(
        simulate_dataset(
            RIBOSOME,
            n,
            n_particles=n_particles,
            pixel_size_angstrom=15,
            seed=seed,
            shape=shape,
            snr=0.5,
        )
    )


@pytest.fixture(scope="session")
def simulate():
    return _simulate


@pytest.fixture(scope="session")
def model():
    scenes = _simulate(6, seed=0)
    logging.getLogger("deepem.training").setLevel(logging.ERROR)  # few particles, we know
    try:
        return train(
            [scene.micrograph for scene in scenes[:5]],
            [scene.truth for scene in scenes[:5]],
            diameter_angstrom=RIBOSOME.diameter_angstrom,
            valid_micrographs=[scenes[5].micrograph],
            valid_picks=[scenes[5].truth],
            network="deepem8",
            epochs=10,
            batch_size=10,
        )
    finally:
        logging.getLogger("deepem.training").setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def scene():
    """Return a micrograph that the model has not seen."""
    return _simulate(1, seed=1)[0]
