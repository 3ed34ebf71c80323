"""The errors of DeepEM: one tree, so that ``except DeepEMError`` catches what we can explain.

Every message says what is wrong with which value in which file, what was expected, and what to
do. Each class also inherits the builtin a caller would expect (``ValueError``, ``OSError`` …).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class DeepEMError(Exception):
    """Anything that DeepEM can explain to its user."""

    def __reduce__(self) -> tuple[Any, ...]:
        # So that an error reaches this process from another, whatever its class is made from.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[DeepEMError], arguments: tuple[Any, ...], fields: dict[str, Any]
) -> DeepEMError:
    error = kind.__new__(kind)
    error.args = arguments
    error.__dict__.update(fields)
    return error


class FileFormatError(DeepEMError, ValueError):
    """A file is not what its name promises: empty, truncated, another format, bad values."""

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {problem}")


class MicrographError(DeepEMError, ValueError):
    """A micrograph can be read but cannot be used: constant, without finite pixels, too small."""


class ConventionError(DeepEMError, ValueError):
    """Things that must fit each other do not: scales, names, coordinates and images."""


class ConfigError(DeepEMError, ValueError):
    """An option has a value that cannot work."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        super().__init__(f"{field}: {problem}")


class TrainingDataError(DeepEMError, ValueError):
    """The labels are too few, or cannot be turned into training boxes."""


class CheckpointError(DeepEMError, ValueError):
    """A model or checkpoint file is corrupt, of another version, or of another training."""

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {problem}")


class OutputError(DeepEMError, OSError):
    """A file cannot be written: it exists already, no permission, no space."""

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {problem}")


class ProgramError(DeepEMError, RuntimeError):
    """Another program that was asked to pick is not here, or failed."""

    def __init__(self, program: str, problem: str) -> None:
        self.program = program
        super().__init__(f"{program}: {problem}")


class NotFoundError(DeepEMError, LookupError):
    """What was asked for by its name or number is not there."""


class ConflictError(DeepEMError, RuntimeError):
    """Something stands in the way that is there already, or at work."""


class BackendError(DeepEMError, RuntimeError):
    """Workers cannot be had, or an item has ended two of them."""


class MissingExtraError(DeepEMError, ImportError):
    """An optional package is needed for what was asked."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}'. "
            f"Install it with: pip install 'deepem[{extra}]'"
        )
