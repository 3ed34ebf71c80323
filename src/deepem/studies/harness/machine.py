"""On what a figure was measured: processor, threads, versions, and the very source."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import deepem


def describe_machine() -> str:
    """Cores, processor and versions, in a line."""
    try:
        n_cores = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux knows
        n_cores = os.cpu_count() or 1
    return (
        f"{n_cores} cores of {processor_name()}, Python {platform.python_version()}, "
        f"numpy {version('numpy')}, torch {version('torch')}"
    )


def processor_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "an unknown processor"


@cache
def fingerprint_source() -> str:
    """Twelve hex digits of a hash of DeepEM's own files: tells two states of a checkout apart.

    The studies themselves are left out: what they mean is in their version.
    """
    root = Path(deepem.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(("cli/", "studies/")):
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
