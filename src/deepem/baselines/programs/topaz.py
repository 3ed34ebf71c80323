"""Topaz: its own commands ``preprocess``, ``train`` and ``extract``, in a Python of its own.

T. Bepler et al., Nat. Methods 16:1153, 2019, doi 10.1038/s41592-019-0575-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from scipy.special import expit

from deepem.baselines.particle_boxes import require_particles
from deepem.baselines.programs.command import (
    ProgramPicks,
    adopt,
    find_python,
    run_program,
    write_micrographs,
)
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError
from deepem.io import read_picks, write_picks

#: Names the Python that has the package ``topaz-em``.
TOPAZ_PYTHON = "DEEPEM_TOPAZ_PYTHON"
# A command of Topaz without the others, and with a seed, for which it has no option: it draws from
# numpy and torch, from a generator seeded with the number of the process, and from one without any
# seed. A torchvision that was built for another torch cannot register its operators; Topaz needs
# none of them, only its rotation of images.
_RUN = """
import argparse, importlib, os, sys
import numpy, torch
seed = int(sys.argv.pop(1))
numpy.random.seed(seed), torch.manual_seed(seed)
try:
    import torchvision
except ImportError:
    pass
except RuntimeError:
    register = torch.library.register_fake
    def register_known(name, *args, **kwargs):
        if name.startswith("torchvision::"):
            return lambda function: function
        return register(name, *args, **kwargs)
    torch.library.register_fake = register_known
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
name = sys.argv.pop(1)
if name == "train":
    os.getpid, make = lambda: seed, numpy.random.default_rng
    numpy.random.default_rng = lambda given=None: make(seed if given is None else given)
command = importlib.import_module("topaz.commands." + name)
command.main(command.add_arguments(argparse.ArgumentParser()).parse_args())
"""
_THRESHOLD = -25
# Topaz's default: pixels about a label that are a particle, after binning.
_LABEL_RADIUS = 3


@dataclass(frozen=True)
class TopazModel:
    """A network of Topaz, and the scale that it works at.

    Parameters
    ----------
    network
        Name of a pretrained network (``resnet16``, ``resnet16_u32``, ``resnet8``,
        ``resnet8_u32``), or the path of a trained one.
    factor
        Whole number by which micrographs are binned first, 1 or more.
    training_seconds
        Wall time of the training; 0 for a pretrained network.
    """

    network: str | Path
    factor: int
    training_seconds: float = 0.0


def pick_with_topaz(
    micrographs: Sequence[Micrograph],
    *,
    model: TopazModel,
    radius_px: float,
    threshold: float = _THRESHOLD,
    n_threads: int = 1,
) -> ProgramPicks:
    """Bin and normalise with ``topaz preprocess``, then pick with ``topaz extract``.

    Parameters
    ----------
    micrographs
        What to pick on.
    model
        The network and its binning, from `train_topaz` or pretrained.
    radius_px
        Radius within which two picks exclude each other, in unbinned pixels.
    threshold
        Log-likelihood ratio from which Topaz reports a pick. Its own default is -6; that here is
        far below, so that a curve over all thresholds is whole.
    n_threads
        Number of threads.

    Returns
    -------
    ProgramPicks
        The score is the probability of Topaz's log-likelihood ratio L, ``1 / (1 + exp(-L))``.
        Positions are whole pixels of the binned micrograph.

    Raises
    ------
    deepem.errors.ProgramError
        Topaz is not installed, or failed.
    ConfigError
        The factor, the radius or the number of threads is too small.
    """
    _require_at_least_one(factor=model.factor, n_threads=n_threads)
    if not radius_px >= model.factor:
        raise ConfigError(
            "radius_px",
            f"must be {model.factor} or more at a factor of {model.factor}, got {radius_px:g}",
        )
    python = find_python(TOPAZ_PYTHON, "topaz-em")
    with TemporaryDirectory(prefix="deepem-topaz-") as name:
        folder = Path(name)
        files, seconds = _preprocess(python, micrographs, folder, model.factor, n_threads)
        network = model.network.resolve() if isinstance(model.network, Path) else model.network
        extract = [
            *("extract", "-m", network, "-r", round(radius_px / model.factor)),
            *("-t", threshold, "-d", -1, "-j", n_threads, "-o", "picks.txt"),
        ]
        seconds += run_program("topaz extract", [python, "-c", _RUN, 0, *extract, *files], folder)
        found = {one.micrograph: one for one in read_picks(folder / "picks.txt", format="topaz")}
    picks = []
    for file, micrograph in zip(files, micrographs, strict=True):
        some = found.get(file.stem, Picks(file.stem))
        whole = replace(some, x_px=some.x_px * model.factor, y_px=some.y_px * model.factor)
        picks.append(adopt(whole, micrograph, expit(some.score)))
    return ProgramPicks(tuple(picks), seconds)


def train_topaz(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    path: str | Path,
    *,
    factor: int,
    n_updates: int,
    n_particles: float | None = None,
    network: str = "resnet8",
    units: int = 32,
    n_threads: int = 1,
    seed: int = 0,
) -> TopazModel:
    """Train a network with ``topaz train``, from its pretrained weights.

    Parameters
    ----------
    micrographs, picks
        Micrographs and the particles on each, in the same order.
    path
        Where the trained network is written; what is there is replaced.
    factor
        Whole number by which micrographs are binned first.
    n_updates
        Number of updates, of 256 crops each: about 2.3 s each on one core. The default training of
        Topaz is 10,000.
    n_particles
        Particles that are expected on a micrograph; None for the mean number of the picks.
    network, units
        Which network, as Topaz calls it; pretrained weights exist for ``resnet8`` and
        ``resnet16`` with 32 and 64 units.
    n_threads
        Number of threads.
    seed
        Of the crops, and of weights that are not pretrained.

    Raises
    ------
    deepem.errors.ProgramError
        Topaz is not installed, or failed.
    ConfigError
        A number is too small.
    TrainingDataError
        There is not a set of picks for each micrograph, or no pick at all.
    """
    _require_at_least_one(factor=factor, n_updates=n_updates, n_threads=n_threads)
    require_particles(micrographs, picks)
    python = find_python(TOPAZ_PYTHON, "topaz-em")
    if n_particles is None:
        n_particles = sum(map(len, picks)) / len(picks)
    with TemporaryDirectory(prefix="deepem-topaz-") as name:
        folder = Path(name)
        files, seconds = _preprocess(python, micrographs, folder, factor, n_threads)
        labels = [
            Picks(file.stem, some.x_px / factor, some.y_px / factor)
            for file, some in zip(files, picks, strict=True)
        ]
        write_picks(labels, folder / "labels.txt", format="topaz")
        train = [
            *("train", "--train-images", "binned", "--train-targets", "labels.txt"),
            *("-n", n_particles, "-r", _LABEL_RADIUS, "-m", network, "--units", units),
            *("--num-epochs", 1, "--epoch-size", n_updates, "-d", -1, "-j", n_threads),
            *("--save-prefix", "model", "-o", "curve.txt"),
        ]
        seconds += run_program("topaz train", [python, "-c", _RUN, seed, *train], folder)
        (trained,) = folder.glob("model_epoch*.sav")
        target = Path(path)
        target.write_bytes(trained.read_bytes())
    return TopazModel(target, factor, seconds)


def _preprocess(
    python: str, micrographs: Sequence[Micrograph], folder: Path, factor: int, n_threads: int
) -> tuple[list[Path], float]:
    """Binned and normalised micrographs in the folder ``binned``, and the seconds it took."""

    def widen(shape: tuple[int, int]) -> tuple[int, int]:
        # Topaz bins by dropping frequencies. Sample k then lies at pixel k times the factor, if the
        # binned sides are whole and even.
        ny, nx = (-(-side // (2 * factor)) * 2 * factor for side in shape)
        return ny, nx

    files = write_micrographs(micrographs, folder, widen=widen)
    (folder / "binned").mkdir()
    command = ["preprocess", "-s", factor, "-d", -1, "-j", n_threads, "-o", "binned"]
    seconds = run_program("topaz preprocess", [python, "-c", _RUN, 0, *command, *files], folder)
    return [folder / "binned" / file.name for file in files], seconds


def _require_at_least_one(**values: float) -> None:
    for field, value in values.items():
        if not value >= 1:
            raise ConfigError(field, f"must be 1 or more, got {value:g}")
