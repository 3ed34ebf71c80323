"""How a network is trained: what a user may change of the recipes ``paper`` and ``dense``."""

from __future__ import annotations

from dataclasses import dataclass

from deepem.errors import ConfigError

# 800 + 800 boxes in four orientations, batches of 50, 20 epochs
_PAPER_EPOCHS = 20
_PAPER_UPDATES = 2560

# Half an update for each label: more labels have more to say.
_UPDATES_PER_LABEL = 0.5
_FEWEST_UPDATES, _MOST_UPDATES = 400, 1500


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of gradient descent on boxes, recipe ``paper``.

    Parameters
    ----------
    epochs
        Passes over the boxes; None makes the 20 of the paper, or more where there are fewer boxes
        than in the paper, to reach its 2560 updates.
    batch_size
        Boxes for each update.
    learning_rate
        Of plain gradient descent on the squared error ``1 / (2 N) sum (t - y)^2``.
    seed
        Of the initial weights, the order of the boxes, the negatives and what is held out.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y.
    """

    epochs: int | None = None
    batch_size: int = 50
    learning_rate: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.epochs is not None and self.epochs < 1:
            raise ConfigError("epochs", f"must be at least 1, got {self.epochs}")
        if self.batch_size < 1:
            raise ConfigError("batch size", f"must be at least 1, got {self.batch_size}")
        if not self.learning_rate > 0:
            raise ConfigError("learning rate", f"must be positive, got {self.learning_rate:g}")
        if self.seed < 0:
            raise ConfigError("seed", f"must not be negative, got {self.seed}")

    def n_epochs(self, n_boxes: int) -> int:
        """Epochs for ``n_boxes`` training boxes, each in four orientations."""
        if self.epochs is not None:
            return self.epochs
        updates_per_epoch = -(-4 * n_boxes // self.batch_size)
        return max(_PAPER_EPOCHS, -(-_PAPER_UPDATES // updates_per_epoch))


@dataclass(frozen=True)
class DenseSettings:
    """Settings of gradient descent on crops of whole micrographs, recipe ``dense``.

    Parameters
    ----------
    updates
        Number of updates; None makes half as many as there are labels, 400 to 1500.
    batch_size
        Crops for each update.
    crop_px
        Side of a crop in pixels of the model.
    learning_rate
        Highest rate of the cycle of AdamW.
    seed
        Of the initial weights, the crops, and what is held out.

    Raises
    ------
    deepem.errors.ConfigError
        A value is out of range.
    """

    updates: int | None = None
    batch_size: int = 8
    crop_px: int = 96
    learning_rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.updates is not None and self.updates < 1:
            raise ConfigError("updates", f"must be at least 1, got {self.updates}")
        if self.batch_size < 1:
            raise ConfigError("batch size", f"must be at least 1, got {self.batch_size}")
        if not self.learning_rate > 0:
            raise ConfigError("learning rate", f"must be positive, got {self.learning_rate:g}")
        if self.seed < 0:
            raise ConfigError("seed", f"must not be negative, got {self.seed}")

    def n_updates(self, n_labels: int) -> int:
        """Number of updates for ``n_labels`` training labels."""
        if self.updates is not None:
            return self.updates
        wanted = round(_UPDATES_PER_LABEL * n_labels)
        return min(max(wanted, _FEWEST_UPDATES), _MOST_UPDATES)
