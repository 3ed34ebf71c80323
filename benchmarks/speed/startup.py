"""Starting up: ``deepem pick`` of one small micrograph beside loading torch."""

from __future__ import annotations

import bench_startup
from speed.part import Result, Settings, table, verdict

_N_ROUNDS = 9


def measure(settings: Settings) -> Result:
    """Seconds of every command in every round."""
    return {"times": bench_startup.time_commands(1 if settings.quick else _N_ROUNDS)}


def render(result: Result) -> list[str]:
    """The table of starting up."""
    rows = []
    for name, middle, fastest, ratio in bench_startup.summarise(result["times"]):
        wanted = verdict(ratio, bench_startup.WANTED_RATIO) if " pick" in name else ""
        rows.append((f"`{name}`", f"{middle:.2f}", f"{fastest:.2f}", f"{ratio:.2f}", wanted))
    return table(("command", "seconds", "fastest", "/ import torch", "wanted"), rows)
