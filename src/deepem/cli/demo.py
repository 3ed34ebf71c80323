"""``deepem demo``: the whole road on simulated micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import make_progress, print_note, use_threads
from deepem.cli.options import Seed, Threads


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")] = Path(
        "deepem-demo"
    ),
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Simulate, train, pick, evaluate and write a report, in about a minute.

    Needs no data of yours. Files in the folder are replaced.
    """
    from deepem import demo
    from deepem.cli.training_progress import TrainingProgress

    use_threads(threads)
    with make_progress() as progress:
        stage = progress.add_task("Simulating", total=None, detail="")

        def begin(name: str, n_steps: int) -> None:
            nonlocal stage
            stage = progress.add_task(name, total=n_steps, detail="")

        result = demo.run_demo(
            out,
            seed=seed,
            on_stage=begin,
            on_step=lambda: progress.advance(stage),
            events=TrainingProgress(progress),
        )
    figures = result.evaluation
    print_note(
        f"Unseen micrographs: precision {figures.precision:.3f}, recall {figures.recall:.3f}, "
        f"F1 {figures.f1:.3f}, average precision {figures.average_precision:.3f}"
    )
    print_note(f"Open {result.report} in a browser.")
