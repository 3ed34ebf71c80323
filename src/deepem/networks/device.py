"""Where networks are computed: the processor or a graphics card, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch

from deepem.errors import ConfigError

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
DEVICE_NAMES: tuple[str, ...] = get_args(DeviceName)


@dataclass(frozen=True)
class Device:
    """A device of this machine.

    Parameters
    ----------
    name
        As torch calls it: ``cpu``, ``cuda`` or ``mps``.
    reason
        Why this one, in a few words.
    """

    name: str
    reason: str


def choose_device(name: str = "auto") -> Device:
    """Choose where to compute.

    Parameters
    ----------
    name
        ``cpu``, ``cuda`` (NVIDIA and AMD cards), ``mps`` (Apple's), or ``auto``: a card where
        torch can use one, else the processor.

    Returns
    -------
    device

    Raises
    ------
    deepem.errors.ConfigError
        There is no such device, or this torch cannot use it.

    Notes
    -----
    Cards compute in single precision, as processors do: the short numbers that they prefer
    (TF32) are switched off, because they would move picks.
    """
    if name not in DEVICE_NAMES:
        raise ConfigError("device", f"is '{name}'; choose from {', '.join(DEVICE_NAMES)}")
    missing = {"cuda": _explain_no_cuda(), "mps": _explain_no_mps()}
    if name == "cpu":
        return Device("cpu", "as asked for")
    if name != "auto":
        if missing[name] is not None:
            raise ConfigError("device", f"'{name}' cannot be used: {missing[name]}; use cpu")
        return _prepare(name, "as asked for")
    for card, problem in missing.items():
        if problem is None:
            return _prepare(card, "found by itself")
    return Device("cpu", missing["cuda"] or "no graphics card")


def has_bfloat16(name: str) -> bool:
    """Whether a device computes in bfloat16 faster than in single precision."""
    if name == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return name == "cuda" and bool(torch.cuda.is_bf16_supported())


def check_bfloat16(name: str) -> None:
    """Refuse to compute in bfloat16 where that would take longer.

    Raises
    ------
    deepem.errors.ConfigError
        The device has none.
    """
    if not has_bfloat16(name):
        raise ConfigError("fast", f"this {name} has no bfloat16; leave it out")


def _prepare(name: str, reason: str) -> Device:
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        reason = f"{torch.cuda.get_device_name()}, {reason}"
    return Device(name, reason)


def _explain_no_cuda() -> str | None:
    if torch.version.cuda is None and torch.version.hip is None:
        reason = "this torch is built for processors alone"
        if _NVIDIA_DRIVER.exists():
            reason += ", though there is an NVIDIA card: install one with CUDA (pytorch.org)"
        return reason
    if not torch.cuda.is_available():
        return "no graphics card, or its driver does not fit this torch (nvidia-smi tells)"
    return None


def _explain_no_mps() -> str | None:
    return None if torch.backends.mps.is_available() else "no graphics processor of Apple's"
