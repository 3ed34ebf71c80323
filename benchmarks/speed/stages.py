"""Where the time of a micrograph goes, stage by stage, and the memory of picking one."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

import deepem.picking.candidates as candidates_module
import deepem.picking.file_picker as file_module
import deepem.picking.picker as picker_module
from deepem.cluster import keep_freed_memory
from deepem.io import MicrographFile
from deepem.networks.device import has_bfloat16
from deepem.picking import Picker
from deepem.picking.file_picker import FilePicker
from speed.command import run_pick
from speed.inputs import copy_apoferritin, link_many, simulate, train_briefly, warm
from speed.part import Result, Settings, table, verdict
from speed.processes import OthersWatch, wait_until_idle
from speed.yardstick import time_yardstick

#: Where each stage is called; all but the last two are part of `Picker.scan`.
_CALLS: dict[str, tuple[Any, str]] = {
    "prepare": (picker_module, "prepare"),
    "scan": (candidates_module, "scan"),
    "peaks": (candidates_module, "find_peaks"),
    "junk": (picker_module, "find_junk"),
    "all of it": (Picker, "scan"),
    "checksum": (file_module.FileContent, "of"),
    "write": (FilePicker, "_write"),
}
_WITHIN = ("prepare", "scan", "peaks", "junk")
STAGES = (*_WITHIN, "rest of scan", "checksum", "write", "rest")
_WANTED_RATIO = 2.0
_WANTED_SECONDS = {"1240 x 1200": 0.1}
_WANTED_MB = {"4096": 1000.0, "8192": 2000.0}


def measure(settings: Settings) -> Result:
    """Stages of all sizes and diameters, with one and two threads, and the memory of each."""
    cases = [(size, 130) for size in (1024, 2048, 4096, 8192)]
    cases += [(4096, diameter) for diameter in (64, 100, 200, 300)]
    if settings.quick:
        cases = [(1024, 130)]
    ways = (False, True) if has_bfloat16("cpu") else (False,)
    rows, wait = [], not settings.quick
    for size, diameter_px in cases:
        files = simulate(settings, size, diameter_px, 2 if size > 4096 else 3)
        model = train_briefly(settings, diameter_px)
        n_rounds = 3 if settings.quick else 6 if size > 4096 else 12
        for fast in ways[: 2 if diameter_px in (130, 200) else 1]:
            rows += _measure_case(
                str(size), diameter_px, files, model, n_rounds, fast=fast, wait=wait
            )
    if settings.data.exists():
        files, model = copy_apoferritin(settings)
        for fast in ways:
            rows += _measure_case("1240 x 1200", 63, files, model, 24, fast=fast, wait=wait)
    return {"rows": rows}


def measure_on_card(settings: Settings) -> Result:
    """The same at 4096 on a graphics card, where torch can use one."""
    if not torch.cuda.is_available():
        return {"rows": []}
    rows = []
    for diameter_px in (130, 200):
        files = simulate(settings, 4096, diameter_px, 3)
        model = train_briefly(settings, diameter_px)
        row = time_stages(files, model, n_threads=1, n_rounds=12, device="cuda")
        rows.append({"size": "4096", "diameter": str(diameter_px), "threads": 1, **row})
    return {"rows": rows, "card": torch.cuda.get_device_name()}


def time_stages(
    files: list[Path],
    model: Path,
    *,
    n_threads: int,
    n_rounds: int,
    device: str = "cpu",
    fast: bool = False,
) -> Result:
    """Median seconds of each stage, of the whole and of the yardstick, measured in turn."""
    keep_freed_memory()  # as the command does
    torch.set_num_threads(n_threads)
    warm(files)
    seconds: dict[str, list[float]] = {}
    n_candidates = 0
    with tempfile.TemporaryDirectory() as folder:
        picker = Picker(model, device=device, fast=fast)
        factor = picker.model.header.scale.factor
        pick_one = FilePicker(picker, Path(folder), overwrite=True)
        for number in range(n_rounds + 1):
            file = files[number % len(files)]
            os.utime(file)  # so that the checksum of before is not used again
            yardstick = time_yardstick(file, factor, n_threads)
            with _clocks(device) as clock:
                start = time.perf_counter()
                picked = pick_one(MicrographFile(file))
                whole = time.perf_counter() - start
            if picked.error is not None:
                raise picked.error
            if picked.candidate_scores is not None:
                n_candidates = max(n_candidates, len(picked.candidate_scores))
            clock["rest of scan"] = clock["all of it"] - sum(clock[name] for name in _WITHIN)
            outside = clock["all of it"] + clock["checksum"] + clock["write"]
            clock |= {"rest": whole - outside, "whole": whole, "yardstick": yardstick}
            clock["ratio"] = whole / yardstick
            if number:  # the first one warms up
                for name, value in clock.items():
                    seconds.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {"seconds": medians, "picks": len(picked.picks or ()), "candidates": n_candidates}


@contextmanager
def _clocks(device: str) -> Iterator[dict[str, float]]:
    """Seconds of every call of a stage, added up, while a block runs."""
    clock = dict.fromkeys(_CALLS, 0.0)

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            output = function(*args, **kwargs)
            if device == "cuda":
                torch.cuda.synchronize()
            clock[name] += time.perf_counter() - start
            return output

        return call

    with ExitStack() as patches:
        for name, (owner, attribute) in _CALLS.items():
            replacement = timed(name, getattr(owner, attribute))
            patches.enter_context(patch.object(owner, attribute, replacement))
        yield clock


def _measure_case(
    size: str,
    diameter_px: int,
    files: list[Path],
    model: Path,
    n_rounds: int,
    *,
    fast: bool,
    wait: bool,
) -> list[Result]:
    diameter = f"{diameter_px} --fast" if fast else str(diameter_px)
    rows = []
    for n_threads in (1, 2):
        if wait:
            wait_until_idle()
        with OthersWatch() as others:
            row = time_stages(files, model, n_threads=n_threads, n_rounds=n_rounds, fast=fast)
        row["others"] = others.share
        row |= {"size": size, "diameter": diameter, "threads": n_threads}
        with tempfile.TemporaryDirectory(dir=files[0].parent) as name:
            links = link_many(files, 4, Path(name) / "mics")
            run = run_pick(
                links, model, n_workers=n_threads, n_threads=n_threads, fast=fast, look_s=0.02
            )
        rows.append(row | {"memory": run["memory"]})
        print(_row(rows[-1]), flush=True)
    return rows


def render(result: Result) -> list[str]:
    """The table of stages and the table of memory."""
    rows = result["rows"]
    stages = [_row(row) for row in rows]
    head = ("size", "diameter", "threads", *STAGES, "whole", "yardstick", "ratio")
    lines = table((*head, "others, %", "wanted"), stages)
    memory = []
    for row in rows:
        found, limit = row["memory"], _WANTED_MB.get(row["size"])
        largest = found["largest_mb"]
        memory.append(
            (
                row["size"],
                row["diameter"],
                row["threads"],
                f"{largest:.0f}",
                f"{found['pss_mb']:.0f}",
                "" if limit is None else verdict(largest, limit),
            )
        )
    lines += [
        "Peak memory in MB of `deepem pick` on four such files, as many workers as threads: the "
        "largest process (its highest resident set, in which pages of the file that it reads "
        "count), and the sum over all processes (PSS, in which shared pages count once).",
        "",
    ]
    head = ("size", "diameter", "workers", "largest process", "all processes", "wanted, a process")
    return lines + table(head, memory)


def render_card(result: Result) -> list[str]:
    """The table of stages on a graphics card."""
    if not result["rows"]:
        return ["No GPU here: not measured.", ""]
    head = ("size", "diameter", "threads", *STAGES, "whole", "yardstick", "ratio")
    rows = [_row(row)[:-2] for row in result["rows"]]
    return [f"On {result['card']}; the yardstick is the processor's.", "", *table(head, rows)]


def _row(row: Result) -> tuple[str, ...]:
    seconds = row["seconds"]
    size, wanted = row["size"], ""
    if size == "4096":
        wanted = verdict(seconds["ratio"], _WANTED_RATIO)
    elif size in _WANTED_SECONDS:
        wanted = f"whole {verdict(seconds['whole'], _WANTED_SECONDS[size])}"
    milliseconds = [f"{1000 * seconds[name]:.1f}" for name in (*STAGES, "whole", "yardstick")]
    ratio = f"{seconds['ratio']:.2f}"
    others = f"{100 * row.get('others', 0):.0f}"
    return (size, row["diameter"], str(row["threads"]), *milliseconds, ratio, others, wanted)
