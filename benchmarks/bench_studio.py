"""How fast the studio's server answers, and what memory it takes.

Each part is measured alone and kept in a folder; ``page`` puts together what is kept there.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from machine import count_cores, read_commit, read_processor
from real_data import DATA
from speed.part import Part, Result, Settings
from speed.processes import OthersWatch, wait_until_idle
from studio import many, tiles, training

PARTS = {
    "tiles": Part("Tiles of a very large micrograph", tiles.measure, tiles.render),
    "many": Part("Thousands of micrographs", many.measure, many.render),
    "train": Part("From Train to picks", training.measure, training.render),
}
_ABOUT = {
    "tiles": (
        "A simulated micrograph as the page asks for it, one request after the other: the first "
        "tile, at the coarsest level, for which everything is made; then 40 tiles of all levels "
        "with each filter. «Worst» has in it the first tile of each level and filter, for which "
        "the contrast is found. «Processor» is the time that the server's process took, which "
        "others on the machine hardly change. The file is in the system's memory of files (page "
        "cache)."
    ),
    "many": (
        "What a user does first in a large project, in this order, one request after the other."
    ),
    "train": (
        "Ten particles of one apoferritin micrograph (EMPIAR-10146) are labelled, Train is pressed "
        "in headless Chromium on the same machine, with four more micrographs in the folder, and "
        "the time is taken when picks of the micrograph in view are on the page. F1 is that of "
        "the models at their thresholds on four micrographs that are not in the folder."
    ),
}
_HEAD = """\
# Studio: the server

Measured with `python benchmarks/bench_studio.py PART` and put together with `python
benchmarks/bench_studio.py page`. Requests go through HTTP to `deepem studio` in a process of its
own. «Highest» is the largest resident set so far (VmHWM), in which mapped pages of files count,
though the system can take them back.
"""


def measure(name: str, settings: Settings) -> Result:
    """Measure a part and keep it."""
    if not settings.quick:
        wait_until_idle()
    with OthersWatch() as others:
        result = PARTS[name].measure(settings)
    head = (
        f"`python benchmarks/bench_studio.py {name}`, {date.today():%Y-%m-%d}, commit "
        f"{read_commit()}; {count_cores()} cores of {read_processor()}; others used "
        f"{100 * others.share:.1f} % of the processors."
        + (" **Quick run: shows only that it runs.**" if settings.quick else "")
    )
    kept = {"head": head, "result": result}
    path = settings.work / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return kept


def write_page(folder: Path) -> str:
    """The page of those parts that are kept in a folder."""
    lines = [_HEAD]
    for name in PARTS:
        path = folder / f"{name}.json"
        if path.exists():
            lines += write_part(name, json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines).rstrip() + "\n"


def write_part(name: str, kept: Result) -> list[str]:
    """Lines of Markdown of a part."""
    part = PARTS[name]
    return [
        f"## {part.title}",
        "",
        _ABOUT[name],
        "",
        kept["head"],
        "",
        *part.render(kept["result"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "page"], help="what to measure, or the page of it")
    parser.add_argument("--results", type=Path, default=Path("studio-results"), help="kept here")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of real micrographs")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--out", type=Path, help="where the page goes; else it is printed")
    arguments = parser.parse_args()
    if arguments.part != "page":
        settings = Settings(arguments.results, arguments.data, arguments.quick)
        print("\n".join(write_part(arguments.part, measure(arguments.part, settings))))
    elif arguments.out is None:
        sys.stdout.write(write_page(arguments.results))
    else:
        arguments.out.write_text(write_page(arguments.results), encoding="utf-8")


if __name__ == "__main__":
    main()
