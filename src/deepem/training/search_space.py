"""What a search for better settings may change, and how a drawn point becomes a training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, get_args

from deepem.networks import Activation, Design, NetworkDesign, ResidualDesign
from deepem.training.legal_designs import LEAST_SHARE, MOST_SHARE, nearest_legal_design
from deepem.training.plan import NetworkName, Plan
from deepem.training.settings import DenseSettings, TrainingSettings

NETWORKS: tuple[NetworkName, ...] = get_args(NetworkName)

# Pixels of the model that the particle spans.
_DENSE_PARTICLE_PX = (9.0, 26.0)
_BOXES_PARTICLE_PX = (16.0, 54.0)
_BOX_OVER_DIAMETER = (1.2, 2.0)
_PAIRS = (2, 4)
_MAPS = (4, 24)
_DENSE_MAPS = (8, 16, 24, 32)
_STEMS = (5, 7, 9)
_DILATIONS = {
    "standard": (1, 2, 4, 8, 4, 2, 1),
    "short": (1, 2, 4, 2, 1),
    "near": (1, 2, 4, 4, 4, 2, 1),
    "rising": (1, 1, 2, 2, 4, 8),
    "wide": (1, 2, 4, 8, 16, 8, 4, 2, 1),
}
_DENSE_RATES = (1e-3, 3e-2)
_BOXES_RATES = (0.03, 3.0)
# Updates or epochs over the usual number.
_LENGTHS = (0.5, 2.0)
_DEFAULT_SHARES = (0.87, 0.80, 0.75, 0.75)
_DEFAULT_MAPS = (6, 12, 12, 12)


class Drawer(Protocol):
    """What draws the values: a trial of Optuna."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number of a range."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        """A whole number of a range."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of several."""


@dataclass(frozen=True)
class Candidate:
    """Settings to train with.

    Parameters
    ----------
    network
        Which of the networks.
    design
        Its shape.
    factor
        Binning.
    learning_rate
        Of gradient descent.
    length
        Updates or epochs over the usual number.
    is_default
        Whether these are the settings that training takes when nobody says anything.
    """

    network: NetworkName
    design: Design
    factor: float
    learning_rate: float
    length: float = 1.0
    is_default: bool = False

    def options(self, *, n_labels: int, share: float) -> dict[str, Any]:
        """Arguments of `deepem.train`.

        Parameters
        ----------
        n_labels
            Number of particles that will be learnt from, about.
        share
            Share of the whole training that is done, above 0, up to 1.
        """
        options: dict[str, Any] = {
            "network": self.network,
            "design": self.design,
            "factor": self.factor,
            "learning_rate": self.learning_rate,
        }
        share *= self.length
        if self.is_default and share == 1:
            return options
        if self.network == "residual":
            return options | {"updates": max(1, round(share * DenseSettings().n_updates(n_labels)))}
        n_epochs = TrainingSettings().n_epochs(2 * n_labels)  # as many non-particles
        return options | {"epochs": max(1, round(share * n_epochs))}

    def describe(self) -> dict[str, Any]:
        """The settings by their names, for a table."""
        design = self.design
        described: dict[str, Any] = {"network": self.network, "bin": self.factor}
        if isinstance(design, NetworkDesign):
            described |= {
                "box_px": 2 * round(design.box_size * self.factor / 2),
                "layers": 2 * len(design.kernels) + 2,
                "kernels": _join(design.kernels),
                "pools": _join(design.pools),
                "maps": _join(design.maps),
                "activation": design.activation,
            }
        else:
            described |= {
                "maps": str(design.maps),
                "dilations": _join(design.dilations),
                "stem": design.stem,
            }
        return described | {
            "learning_rate": float(f"{self.learning_rate:.4g}"),
            "length": round(self.length, 3),
        }


def draw_candidate(
    drawer: Drawer, *, networks: Sequence[NetworkName], diameter_px: float
) -> Candidate:
    """Draw settings.

    Parameters
    ----------
    drawer
        A trial of Optuna.
    networks
        The networks among which one is drawn.
    diameter_px
        Particle diameter in unbinned pixels, which bounds the binning: nothing is enlarged.

    Returns
    -------
    candidate
        Every one can be trained: kernels, pools and box fit each other.
    """
    network: NetworkName = networks[0]
    if len(networks) > 1:
        network = drawer.suggest_categorical("network", list(networks))
    draw = _draw_residual if network == "residual" else _draw_boxes
    return draw(drawer, diameter_px)


def default_candidate(plan: Plan) -> Candidate:
    """The settings that training takes by itself, from its own plan."""
    if isinstance(plan.design, ResidualDesign):
        rate = DenseSettings.learning_rate
        return Candidate("residual", plan.design, plan.scale.factor, rate, is_default=True)
    rate = TrainingSettings.learning_rate
    return Candidate("deepem8", plan.design, plan.scale.factor, rate, is_default=True)


def default_point(plan: Plan, *, networks: Sequence[NetworkName]) -> dict[str, Any]:
    """Where the default settings lie in the search space, for the search to learn from them.

    Values outside of the space are moved to its border.
    """
    scale, design = plan.scale, plan.design
    particle = scale.diameter_px / scale.factor
    if isinstance(design, ResidualDesign):
        network, values = "residual", {
            "particle": _clip(particle, _limits(_DENSE_PARTICLE_PX, scale.diameter_px)),
            "maps": design.maps,
            "dilations": "standard",
            "stem": design.stem,
            "learning_rate": DenseSettings.learning_rate,
        }  # fmt: skip
    else:
        n_pairs = len(design.kernels)
        box_over_diameter = design.box_size * scale.factor / scale.diameter_px
        network, values = "deepem8", {
            "particle": _clip(particle, _limits(_BOXES_PARTICLE_PX, scale.diameter_px)),
            "box_over_diameter": _clip(box_over_diameter, _BOX_OVER_DIAMETER),
            "pairs": n_pairs,
            "activation": design.activation,
            "learning_rate": TrainingSettings.learning_rate,
        }  # fmt: skip
        for layer in range(n_pairs):
            values[f"share{layer + 1}"] = _DEFAULT_SHARES[layer]
            values[f"pool{layer + 1}"] = design.pools[layer]
            values[f"maps{layer + 1}"] = _DEFAULT_MAPS[layer]
    point = {f"{network}.{name}": value for name, value in values.items()}
    point[f"{network}.length"] = 1.0
    if len(networks) > 1:
        point["network"] = network
    return point


def _draw_residual(drawer: Drawer, diameter_px: float) -> Candidate:
    factor = _draw_factor(drawer, "residual.particle", _DENSE_PARTICLE_PX, diameter_px)
    design = ResidualDesign(
        maps=drawer.suggest_categorical("residual.maps", list(_DENSE_MAPS)),
        dilations=_DILATIONS[drawer.suggest_categorical("residual.dilations", list(_DILATIONS))],
        stem=drawer.suggest_categorical("residual.stem", list(_STEMS)),
    )
    rate = drawer.suggest_float("residual.learning_rate", *_DENSE_RATES, log=True)
    length = drawer.suggest_float("residual.length", *_LENGTHS, log=True)
    return Candidate("residual", design, factor, rate, length)


def _draw_boxes(drawer: Drawer, diameter_px: float) -> Candidate:
    factor = _draw_factor(drawer, "deepem8.particle", _BOXES_PARTICLE_PX, diameter_px)
    box_over_diameter = drawer.suggest_float("deepem8.box_over_diameter", *_BOX_OVER_DIAMETER)
    layers = range(1, drawer.suggest_int("deepem8.pairs", *_PAIRS) + 1)
    design = nearest_legal_design(
        box_over_diameter * diameter_px / factor,
        shares=[
            drawer.suggest_float(f"deepem8.share{layer}", LEAST_SHARE, MOST_SHARE)
            for layer in layers
        ],
        pools=[drawer.suggest_categorical(f"deepem8.pool{layer}", [2, 3]) for layer in layers],
        maps=[drawer.suggest_int(f"deepem8.maps{layer}", *_MAPS, step=2) for layer in layers],
        activation=drawer.suggest_categorical("deepem8.activation", list(get_args(Activation))),
    )
    rate = drawer.suggest_float("deepem8.learning_rate", *_BOXES_RATES, log=True)
    length = drawer.suggest_float("deepem8.length", *_LENGTHS, log=True)
    return Candidate("deepem8", design, factor, rate, length)


def _draw_factor(
    drawer: Drawer, name: str, particle_px: tuple[float, float], diameter_px: float
) -> float:
    """Binning, to a tenth, at which the particle spans about the drawn number of pixels."""
    drawn = drawer.suggest_float(name, *_limits(particle_px, diameter_px), log=True)
    return max(1.0, round(diameter_px / drawn, 1))


def _limits(particle_px: tuple[float, float], diameter_px: float) -> tuple[float, float]:
    """Pixels that the particle may span: never more than it has."""
    return min(particle_px[0], diameter_px), min(particle_px[1], diameter_px)


def _clip(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])


def _join(numbers: Sequence[int]) -> str:
    return "/".join(map(str, numbers))
