"""``deepem demo``: the whole road on simulated micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepem.cli.console import Failures, check_writable, make_progress, print_note, use_threads
from deepem.cli.options import Seed, Threads

if TYPE_CHECKING:
    from rich.progress import TaskID


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write into.")] = Path(
        "deepem-demo"
    ),
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Simulate, train, pick, evaluate and report, in a minute.

    Needs no data of yours. Files of an earlier demo in the folder are replaced.
    """
    from deepem import demo
    from deepem.cli.training_progress import TrainingProgress

    use_threads(threads)
    check_writable(out / "report.html", overwrite=True)
    with make_progress() as progress:
        stages: list[TaskID] = []
        result = demo.run_demo(
            out,
            seed=seed,
            on_stage=lambda name, n_steps: stages.append(
                progress.add_task(name, total=n_steps, detail="")
            ),
            on_step=lambda: progress.advance(stages[-1]),
            events=TrainingProgress(progress, Failures()),
        )
    figures = result.evaluation
    print_note(
        f"Unseen micrographs: precision {figures.precision:.3f}, recall {figures.recall:.3f}, "
        f"F1 {figures.f1:.3f}, average precision {figures.average_precision:.3f}"
    )
    print_note(f"Open {result.report} in a browser.")
