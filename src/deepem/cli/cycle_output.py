"""What the learning cycle says on the terminal: changes of the training set, errors, what next."""

from __future__ import annotations

import math
from pathlib import Path

from deepem.cli.console import count, print_note, print_warning
from deepem.training import Cycle, Refinement, TrainedInCycles
from deepem.training.mistakes import MeasuredError
from deepem.training.training_set import Changes


def describe_changes(changes: Changes) -> str:
    """What was added, and what a newer verdict took out."""
    text = (
        f"{count(changes.n_particles_added, 'particle')} and "
        f"{count(changes.n_negatives_added, 'false place')} added"
    )
    if changes.n_corrected:
        text += f", {count(changes.n_corrected, 'label')} taken out that now count as the opposite"
    n_known = changes.n_particles_known + changes.n_negatives_known
    if n_known:
        text += f", {n_known} known before"
    return text


def describe_error(error: MeasuredError) -> str:
    """``0.120 (precision 0.900, recall 0.870)``."""
    precision = "none" if math.isnan(error.precision) else f"{error.precision:.3f}"
    return f"{error.error:.3f} (precision {precision}, recall {error.recall:.3f})"


def say_refinement(done: Refinement, training_set: Path) -> None:
    """Print what was wrong, what it changed, and the error before and after."""
    print_note(
        f"Old model: {count(done.n_false, 'false pick')} and "
        f"{count(done.n_missed, 'missed particle')} on the new micrographs"
    )
    print_note(f"Training set {training_set}, round {done.round.number}: "
               f"{describe_changes(done.changes)}")  # fmt: skip
    before, after = done.error_before, done.error_after
    if before is not None and after is not None:
        where = count(len(done.measured_on), "micrograph")
        print_note(
            f"Error (1 − F2) on {where} not learnt from: before {describe_error(before)}, "
            f"after {describe_error(after)}"
        )
        if done.is_worse:
            print_warning(
                "the new model has the larger error: keep the old one, or verify more micrographs"
            )
        return
    if before is not None:
        print_note(
            f"Error (1 − F2) of the old model on the new micrographs: {describe_error(before)}"
        )
    print_note(
        "The error of the new model is not measured: that needs a micrograph with all its "
        "particles that is not learnt from. Name some with --valid, or verify two or more"
    )


def say_cycle(cycle: Cycle) -> None:
    """Print what one turn of ``deepem train --cycles`` did."""
    learnt = count(len(cycle.learnt), "micrograph")
    if cycle.refinement is None:
        print_note(f"First training, on {learnt}: error {describe_error(cycle.error)}")
        return
    done = cycle.refinement
    print_note(
        f"Cycle {cycle.number}, {learnt} more, {done.n_false} false and {done.n_missed} missed "
        f"there: {describe_changes(done.changes)}; error {describe_error(cycle.error)}"
    )


def say_end(done: TrainedInCycles, target_error: float | None) -> None:
    """Print why the cycle ended, and with which model."""
    n_held_out = count(len(done.held_out), "micrograph")
    why = {
        "target": f"the error on {n_held_out} held out is below {target_error}",
        "cycles": "all cycles are done",
        "micrographs": "there are no micrographs left to learn from",
    }[done.reason]
    print_note(f"Ended: {why}")
    if target_error is not None and done.reason != "target":
        print_warning(
            f"the error is {done.best.error.error:.3f}, not below {target_error:g}: label more "
            "micrographs, or allow more cycles"
        )
    if done.best is not done.cycles[-1]:
        print_note(f"The best model is that of cycle {done.best.number}; it is the one written")
