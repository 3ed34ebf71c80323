"""Shows a training on the terminal: the plan, the boxes, a bar with error and accuracy."""

from __future__ import annotations

import math

from rich.progress import Progress, TaskID

from deepem.cli.console import Failures, count, print_note
from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.training import Epoch, Plan, TrainingEvents


class TrainingProgress(TrainingEvents):
    """Draws on a progress display; a micrograph that fails is told to ``failures``."""

    def __init__(self, progress: Progress, failures: Failures) -> None:
        self._progress = progress
        self._failures = failures
        self._task: TaskID | None = None
        self._stage = "Training"

    def planned(self, plan: Plan, n_train: int, n_valid: int) -> None:
        """Print sizes and network."""
        scale = plan.scale
        diameter = f"{scale.diameter_px:.0f} px"
        if plan.pixel_size_angstrom is not None:
            diameter += f" ({scale.diameter_px * plan.pixel_size_angstrom:.0f} Å)"
        print_note(f"Micrographs: {n_train} to learn from, {n_valid} to validate on")
        print_note(
            f"Particle diameter {diameter}, box {scale.box_size_px} px, "
            f"binned {scale.factor:g} times to {scale.box_size} px"
        )
        print_note(f"Network: {plan.design.describe()}")

    def began(self, stage: str) -> None:
        """Start a new bar."""
        self._stage, self._task = stage, None

    def sampled(self, n_particles: int, n_negatives: int | None, n_held_out: int) -> None:
        """Print what is learnt from."""
        if n_negatives is None:
            print_note(f"{self._stage}: {count(n_particles, 'particle')}, all else is none")
        else:
            print_note(
                f"Boxes: {n_particles} particles, {n_negatives} non-particles, "
                f"{n_held_out} held out"
            )

    def trained(self, epoch: Epoch) -> None:
        """Move the bar; print every tenth where there is no bar, and the last."""
        figures = f"error {epoch.error:.4f}, accuracy {epoch.accuracy:.1%}"
        if not math.isnan(epoch.valid_accuracy):
            figures += f", held out {epoch.valid_accuracy:.1%}"
        if self._task is None:
            self._task = self._progress.add_task(self._stage, total=epoch.n_epochs, detail="")
        self._progress.update(self._task, completed=epoch.number, detail=figures)
        is_tenth = epoch.number % max(1, epoch.n_epochs // 10) == 0
        if epoch.number == epoch.n_epochs or (self._progress.disable and is_tenth):
            print_note(f"{self._stage}, step {epoch.number} of {epoch.n_epochs}: {figures}")

    def failed(self, micrograph: Micrograph, error: DeepEMError) -> None:
        """Go on without it."""
        self._failures.add(error)
