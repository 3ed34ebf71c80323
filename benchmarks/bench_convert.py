"""Time and memory of converting the coordinates of many micrographs.

The yardstick of each row is copying the input files with `shutil` in the same run: what any
program has to do that reads and writes as many files.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from deepem import Picks, write_mrc, write_picks
from deepem.core import Frame, Listing
from machine import print_head

SHAPE = (4092, 5760)
# From, to, and whether the micrographs are named (cryoSPARC's fractions need their size).
CASES = (
    ("star", "box", False),
    ("star", "particles", False),
    ("star", "cryosparc", True),
    ("particles", "star", False),
    ("particles", "relion", True),
    ("cryosparc", "eman2", False),
    ("csv", "topaz", False),
)


def make_micrographs(folder: Path, n_micrographs: int) -> Path:
    """Micrographs whose pixels nobody reads: headers, and files with a hole for the rest."""
    template = write_mrc(folder / "template.mrc", np.zeros((2, 2), "i1"), pixel_size_angstrom=0.83)
    header = bytearray(template.read_bytes()[:1024])
    ny, nx = SHAPE
    header[0:12] = np.array([nx, ny, 1], "<i4").tobytes()
    header[28:40] = np.array([nx, ny, 1], "<i4").tobytes()
    header[40:52] = np.array([nx * 0.83, ny * 0.83, 0.83], "<f4").tobytes()
    mics = folder / "mics"
    mics.mkdir()
    for number in range(n_micrographs):
        with (mics / f"mic_{number:06d}.mrc").open("wb") as file:
            file.write(header)
            file.truncate(1024 + ny * nx)
    return mics


def make_picks(n_micrographs: int, n_picks: int) -> list[Picks]:
    rng = np.random.default_rng(0)
    ny, nx = SHAPE
    return [
        Picks(
            f"mic_{number:06d}",
            rng.uniform(0, nx - 1, n_picks),
            rng.uniform(0, ny - 1, n_picks),
            score=rng.uniform(size=n_picks),
            box_size_px=256,
            frame=Frame(SHAPE, pixel_size_angstrom=0.83),
            listing=Listing(f"MotionCorr/job002/movies/mic_{number:06d}.mrc", uid=number + 1),
        )
        for number in range(n_micrographs)
    ]


def write_inputs(picks: list[Picks], folder: Path, name: str) -> Path:
    if name == "star":
        for one in picks:
            write_picks(one, folder / name / f"{one.micrograph}_autopick.star")
        return folder / name
    files = {"particles": "particles.star", "cryosparc": "picks.cs", "csv": "picks.csv"}
    return write_picks(picks, folder / name / files[name], format=name)


def read_memory_mb(pid: int) -> float:
    """Memory of a process and those that it started, shared pages counted once."""
    total = 0.0
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        total += sum(read_memory_mb(int(child)) for child in children)
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return total
    return total + sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command."""
    start, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        peak = max(peak, read_memory_mb(process.pid))
        time.sleep(0.1)
    if process.returncode:
        sys.exit(process.stderr.read().decode() if process.stderr else "failed")
    return time.perf_counter() - start, peak


def time_copy(source: Path, target: Path) -> float:
    start = time.perf_counter()
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir()
        shutil.copy(source, target)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--micrographs", type=int, default=20_000)
    parser.add_argument("--picks", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    print_head(
        "Converting coordinates",
        f"python benchmarks/bench_convert.py --micrographs {arguments.micrographs} "
        f"--picks {arguments.picks} --workers {arguments.workers}",
    )
    n_picks = arguments.micrographs * arguments.picks
    print(
        f"`deepem convert`, {arguments.micrographs} micrographs with {arguments.picks} picks each "
        f"({n_picks:,}), {arguments.workers} processes. Seconds of the whole command; memory is "
        "the peak of all its processes together. Wanted for 10 million picks: under 180 s and "
        "4 GB.\n"
    )
    print("| from | to | seconds | copying the input, s | ratio | picks/s | peak memory, MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mics = make_micrographs(folder, arguments.micrographs)
        picks = make_picks(arguments.micrographs, arguments.picks)
        inputs: dict[str, Path] = {}
        for source, target, needs_micrographs in CASES:
            if source not in inputs:
                inputs[source] = write_inputs(picks, folder, source)
            out = folder / "out"
            command = [str(Path(sys.executable).with_name("deepem")), "convert"]
            command += [str(inputs[source]), "--to", target, "--out", str(out), "--box-size", "256"]
            command += ["--workers", str(arguments.workers)]
            command += ["--micrographs", str(mics)] if needs_micrographs else []
            copied = time_copy(inputs[source], folder / "copy")
            seconds, peak = run(command)
            print(
                f"| {source} | {target} | {seconds:.1f} | {copied:.1f} | {seconds / copied:.0f} | "
                f"{n_picks / seconds:,.0f} | {peak:.0f} |",
                flush=True,
            )
            shutil.rmtree(out)
            shutil.rmtree(folder / "copy")
        compare_readers(inputs["particles"])


def compare_readers(path: Path) -> None:
    """Read the largest STAR file with starfile and with DeepEM."""
    print("\nReading the STAR file of all particles, without writing anything:\n")
    print("| reader | seconds | peak memory, MB |")
    print("|---|---|---|")
    for name, code in (
        ("starfile", f"import starfile; starfile.read({str(path)!r}, always_dict=True)"),
        ("deepem", f"import deepem; deepem.read_picks({str(path)!r})"),
    ):
        seconds, peak = run([sys.executable, "-c", code])
        print(f"| {name} | {seconds:.1f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
