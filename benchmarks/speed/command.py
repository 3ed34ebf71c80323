"""The command ``deepem pick`` over many files: micrographs a second, and memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deepem.cluster import keep_freed_memory
from deepem.networks import load_model
from deepem.networks.device import has_bfloat16
from speed.inputs import copy_apoferritin, link_many, simulate, train_briefly, warm
from speed.part import Result, Settings, table, verdict
from speed.processes import MemoryWatch, OthersWatch, wait_until_idle
from speed.yardstick import time_yardstick

N_FILES, N_FILES_QUICK = 200, 24
_N_ROUNDS = 2
_FEW = 50
_WANTED_SPEEDUP = 1.7
_WANTED_RATE, _WANTED_SECONDS, _WANTED_RATIO, _WANTED_MB = 2.0, 0.1, 2.0, 1000.0


def run_pick(
    files: list[Path],
    model: Path,
    *,
    n_workers: int | None = None,
    n_threads: int = 2,
    fast: bool = False,
    look_s: float = 0.2,
) -> Result:
    """Run the command once: when each micrograph was done, and what memory it took.

    Parameters
    ----------
    files
        The micrographs, all in one folder.
    model
        The model.
    n_workers, n_threads, fast
        Its options; None leaves an option out.
    look_s
        How often to look at the memory.
    """
    out = files[0].parent.with_name("picks")
    command = [str(Path(sys.executable).with_name("deepem")), "pick", *map(str, files)]
    command += ["--model", str(model), "--out", str(out), "--overwrite", "--device", "cpu"]
    command += ["--threads", str(n_threads)]
    if n_workers is not None:
        command += ["--workers", str(n_workers)]
    command += ["--fast"] * fast
    # All modules are compiled once, as where they are installed.
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(model.with_name("compiled"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ends = []
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        with (
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            ) as process,
            MemoryWatch(process.pid, seconds=look_s) as watch,
        ):
            assert process.stdout is not None  # noqa: S101
            for line in process.stdout:
                if line.startswith("mic_"):
                    ends.append(time.perf_counter())
            process.wait()
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            sys.exit(errors.read())
    few = ends[min(_FEW, len(ends)) - 1]
    return {
        "n": len(ends),
        "seconds": seconds,
        "first_s": ends[0] - start,
        "rate": (len(ends) - 1) / (ends[-1] - ends[0]),
        "memory": watch.peak(),
        "memory_of_few": watch.peak(until=few),
    }


def measure(settings: Settings) -> Result:
    """One worker of one thread against two, over the same files, in turn."""
    keep_freed_memory()  # the yardstick too does without getting the same memory again and again
    n = N_FILES_QUICK if settings.quick else N_FILES
    ways = (False, True) if has_bfloat16("cpu") else (False,)
    cases = []
    if settings.data.exists():
        files, model = copy_apoferritin(settings)
        cases += [("1240 x 1200", 63, files, model, fast) for fast in ways]
    for size, diameter_px in ((1024, 130),) if settings.quick else ((4096, 130), (4096, 200)):
        files, model = simulate(settings, size, diameter_px), train_briefly(settings, diameter_px)
        cases += [(f"{size} x {size}", diameter_px, files, model, fast) for fast in ways]
    return {
        "rows": [_measure_case(*case, n=n, wait=not settings.quick) for case in cases],
        "files": n,
    }


def _measure_case(
    size: str, diameter_px: int, files: list[Path], model: Path, fast: bool, *, n: int, wait: bool
) -> Result:
    diameter = f"{diameter_px} --fast" if fast else str(diameter_px)
    runs: dict[str, list[Result]] = {"1": [], "2": []}
    yardsticks: dict[str, list[float]] = {"1": [], "2": []}
    factor = load_model(model).header.scale.factor
    warm(files)
    with tempfile.TemporaryDirectory(dir=files[0].parent) as name:
        links = link_many(files, n, Path(name) / "mics")
        run_pick(links[:2], model)  # compiles all modules
        if wait:
            wait_until_idle()
        for _ in range(1 if fast else _N_ROUNDS):
            for n_workers in (1, 2):
                key = str(n_workers)
                yardsticks[key] += [time_yardstick(p, factor, n_workers) for p in links[:11]][1:]
                with OthersWatch() as others:
                    run = run_pick(
                        links, model, n_workers=n_workers, n_threads=n_workers, fast=fast
                    )
                run["others"] = others.share
                yardsticks[key] += [time_yardstick(p, factor, n_workers) for p in links[:10]]
                runs[key].append(run)
                print(size, diameter, n_workers, run, flush=True)
    middle = {key: statistics.median(values) for key, values in yardsticks.items()}
    return {"size": size, "diameter": diameter, "runs": runs, "yardstick": middle}


def render(result: Result) -> list[str]:
    """The table of rates and the table of memory."""
    rates, memory = [], []
    for row in result["rows"]:
        speedup = statistics.mean(
            two["rate"] / one["rate"]
            for one, two in zip(row["runs"]["1"], row["runs"]["2"], strict=True)
        )
        for key, runs in row["runs"].items():
            rate = statistics.mean(run["rate"] for run in runs)
            ratio = 1 / rate / row["yardstick"][key]
            wanted = []
            if key == "2" and row["size"].startswith("4096"):
                wanted = [
                    f"rate {verdict(rate, _WANTED_RATE, at_least=True)}",
                    f"ratio {verdict(ratio, _WANTED_RATIO)}",
                ]
            elif row["size"].startswith("1240"):
                wanted = [f"seconds each {verdict(1 / rate, _WANTED_SECONDS)}"]
            if key == "2":
                wanted.append(f"gain {verdict(speedup, _WANTED_SPEEDUP, at_least=True)}")
            place = (row["size"], row["diameter"], key)
            rates.append(
                (
                    *place,
                    ", ".join(f"{run['rate']:.2f}" for run in runs),
                    f"{1 / rate:.3f}",
                    ", ".join(f"{run['n'] / run['seconds']:.2f}" for run in runs),
                    f"{min(run['first_s'] for run in runs):.1f}",
                    f"{ratio:.2f}",
                    f"{speedup:.2f}" if key == "2" else "",
                    ", ".join(f"{100 * run['others']:.0f}" for run in runs),
                    "; ".join(wanted),
                )
            )
            largest = max(run["memory"]["largest_mb"] for run in runs)
            peaks = [(run["memory_of_few"], run["memory"]) for run in runs]
            pss, rss = (
                tuple(max(pair[i][kind] for pair in peaks) for i in (0, 1))
                for kind in ("pss_mb", "rss_mb")
            )
            limit = verdict(largest, _WANTED_MB) if row["size"].startswith("4096") else ""
            memory.append((*place, f"{largest:.0f}", *(f"{mb:.0f}" for mb in (*pss, *rss)), limit))
    head = (
        *("size", "diameter", "workers", "micrographs/s", "seconds each", "with start-up"),
        *("first after, s", "each / yardstick", "gain of two", "others, %", "wanted"),
    )
    lines = table(head, rates)
    lines += [
        f"Peak memory in MB. The sums are over all processes, up to the {_FEW}th micrograph and up "
        "to the last: PSS counts what processes share once, RSS for each of them.",
        "",
    ]
    head = (
        *("size", "diameter", "workers", "largest process", f"PSS, {_FEW} files", "PSS, all"),
        *(f"RSS, {_FEW} files", "RSS, all", "wanted, a process"),
    )
    return lines + table(head, memory)
