"""What a training reports while it runs, for progress bars and logs."""

from __future__ import annotations

from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.networks import Model
from deepem.training.loop import Epoch
from deepem.training.plan import Plan


class TrainingEvents:
    """Does nothing at each event; override what you want to see."""

    def planned(self, plan: Plan, n_train: int, n_valid: int) -> None:
        """Scale and network are chosen, and how many micrographs train and validate."""

    def began(self, stage: str) -> None:
        """A stage of the training begins, said in a few words."""

    def sampled(self, n_particles: int, n_negatives: int | None, n_held_out: int) -> None:
        """What is learnt from: particles, and non-particles, or None where all else is none."""

    def updated(self, n_done: int, n_updates: int, error: float) -> None:
        """Ten more updates of the residual network are done, of how many, with this mean error.

        `trained` follows after every fifty, and has more figures.
        """

    def trained(self, epoch: Epoch) -> None:
        """One epoch is over, or fifty updates of the residual network."""

    def first_model(self, model: Model) -> None:
        """A first model, from the labels alone, which can pick already; the training goes on.

        There is one where labels are few and no model is given to start from. Its scores rank by
        likeness to the labels; they are no probabilities.
        """

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        """A micrograph cannot be used. Raises; return instead to go on without it."""
        raise error
