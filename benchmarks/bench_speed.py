"""How fast picking is: per stage, per size, as a command, beside Topaz, per backend, on a card.

Each part is measured alone and kept in a folder; ``page`` puts together what is kept there.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

from machine import count_cores, read_commit, read_processor
from real_data import DATA
from speed import against_topaz, backends, command, klh, large_run, short_numbers, stages, startup
from speed.page import write_page
from speed.part import Part, Settings
from speed.processes import OthersWatch, wait_until_idle

PARTS = {
    "stages": Part("Stages of one micrograph", stages.measure, stages.render),
    "command": Part("The whole command, over many files", command.measure, command.render),
    "fast": Part("What --fast changes", short_numbers.measure, short_numbers.render),
    "topaz": Part("Beside Topaz", against_topaz.measure, against_topaz.render),
    "backends": Part("Backends", backends.measure, backends.render),
    "startup": Part("Starting up", startup.measure, startup.render),
    "klh": Part("The paper's KLH network, unbinned", klh.measure, klh.render),
    "gpu": Part("On a graphics card", stages.measure_on_card, stages.render_card),
    "large": Part("Parts of a very large run", large_run.measure, large_run.render),
}


def measure(name: str, settings: Settings, results: Path) -> None:
    """Measure a part and keep it."""
    commit = read_commit()
    if not settings.quick:
        wait_until_idle()
    with OthersWatch() as others:
        result = PARTS[name].measure(settings)
    head = {
        "command": f"python benchmarks/bench_speed.py {name}",
        "date": f"{date.today():%Y-%m-%d}",
        "commit": commit,
        "machine": f"{count_cores()} cores of {read_processor()}, torch {version('torch')}",
        "others": others.share,
        "quick": settings.quick,
    }
    results.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"head": head, "result": result}, indent=1)
    (results / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print("\n".join(PARTS[name].render(result)))
    print(f"Others used {100 * others.share:.1f} % of the processors.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "page"], help="what to measure, or the page of it")
    parser.add_argument("--results", type=Path, default=Path("speed-results"), help="kept here")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real micrographs")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--out", type=Path, help="where the page goes; else it is printed")
    arguments = parser.parse_args()
    if arguments.part != "page":
        settings = Settings(arguments.results, arguments.data, arguments.quick)
        measure(arguments.part, settings, arguments.results)
        return
    kept = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in arguments.results.glob("*.json")
    }
    page = write_page(PARTS, kept)
    if arguments.out is None:
        sys.stdout.write(page)
    else:
        arguments.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
