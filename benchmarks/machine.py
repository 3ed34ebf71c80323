"""Where and when figures were measured: the head of every results page."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

import torch

import deepem


def print_head(title: str, command: str) -> None:
    """Print a Markdown title, the command, and machine, date, versions and commit."""
    print(f"# {title}\n")
    print(f"Measured with `{command}` on {date.today():%Y-%m-%d}, commit {read_commit()}.")
    print(
        f"Machine: {count_cores()} cores of {read_processor()}, no GPU, shared with "
        f"others, so times vary. Python {platform.python_version()}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, DeepEM {deepem.__version__}.\n"
    )


def count_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def read_commit() -> str:
    """The commit that is checked out, marked if files differ from it."""
    root = Path(__file__).resolve().parents[1]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def read_processor() -> str:
    """What the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "an unknown processor"
