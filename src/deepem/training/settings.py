"""How a network is trained: recipe ``paper``, and what a user may change of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

#: Updates in the paper: 800 + 800 boxes in four orientations, batches of 50, 20 epochs.
PAPER_UPDATES = 2560


class TrainingSettings(BaseModel):
    """Settings of gradient descent.

    Attributes
    ----------
    epochs
        Passes over the boxes; None makes at least 20, and as many as give the 2560 updates of the
        paper where there are fewer boxes than in the paper.
    batch_size
        Boxes for each update.
    learning_rate
        Of plain gradient descent on the squared error ``1 / (2 N) sum (t - y)^2``.
    seed
        Of the initial weights, the order of the boxes, the negatives and what is held out.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int | None = Field(default=None, ge=1)
    batch_size: int = Field(default=50, ge=1)
    learning_rate: float = Field(default=1.0, gt=0)
    seed: int = Field(default=0, ge=0)

    def n_epochs(self, n_boxes: int) -> int:
        """Epochs for ``n_boxes`` training boxes, each in four orientations."""
        if self.epochs is not None:
            return self.epochs
        updates_per_epoch = -(-4 * n_boxes // self.batch_size)
        return max(20, -(-PAPER_UPDATES // updates_per_epoch))
