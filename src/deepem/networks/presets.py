"""What a network looks like: the authors' presets, and the rule that designs one for any box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from deepem.errors import ConfigError

Activation = Literal["sigmoid", "relu"]

# The authors' networks keep these shares of the side at their first, second … convolution,
# within the 70 to 90 % of their rule.
_KEPT_SHARE = (0.87, 0.80, 0.75, 0.75)
_MAPS = (6, 12, 12, 12)
_SMALLEST_BOX, _LARGEST_BOX = 12, 1024


@dataclass(frozen=True)
class NetworkDesign:
    """Shape of a DeepEM network: convolution and pooling in turn, then one fully connected output.

    Parameters
    ----------
    box_size
        Side of the input box in pixels of the model's scale.
    kernels
        Side of the kernels of each convolution.
    pools
        Side of the cells of each mean pooling; must divide what the convolution leaves.
    maps
        Number of feature maps of each convolution.
    activation
        After each convolution: ``sigmoid`` (the paper's) or ``relu``.

    Raises
    ------
    deepem.errors.ConfigError
        The layers do not fit each other; the message names the first that does not.

    References
    ----------
    Zhu, Ouyang, Mao (2017) BMC Bioinformatics 18:348, doi 10.1186/s12859-017-1757-y.
    """

    box_size: int
    kernels: tuple[int, ...]
    pools: tuple[int, ...]
    maps: tuple[int, ...] = _MAPS[:3]
    activation: Activation = "sigmoid"

    def __post_init__(self) -> None:
        """Check that every layer fits the one before it."""
        if not self.kernels or not len(self.kernels) == len(self.pools) == len(self.maps):
            raise ConfigError(
                "kernels, pools, maps",
                f"give one of each a layer, got {self.kernels}, {self.pools}, {self.maps}",
            )
        if self.activation not in get_args(Activation):
            raise ConfigError("activation", f"must be sigmoid or relu, got '{self.activation}'")
        if min(*self.kernels, *self.pools, *self.maps) < 1:
            raise ConfigError("kernels, pools, maps", "must all be at least 1")
        side = self.box_size
        for layer, (kernel, pool) in enumerate(zip(self.kernels, self.pools, strict=True)):
            left = side - kernel + 1
            if left < pool or left % pool:
                raise ConfigError(
                    "kernels, pools",
                    f"convolution {2 * layer + 1} with a kernel of {kernel} leaves {left} of "
                    f"{side} pixels, which cells of {pool} do not divide. "
                    "Leave both out and let the box size choose them.",
                )
            side = left // pool

    def describe(self) -> str:
        """The network in a line."""
        kernels, pools, maps = (
            "/".join(map(str, numbers)) for numbers in (self.kernels, self.pools, self.maps)
        )
        return (
            f"{2 * len(self.kernels) + 2} layers, kernels {kernels}, pools {pools}, "
            f"feature maps {maps}, {self.activation}"
        )

    @property
    def stride(self) -> int:
        """Product of the pools: the natural distance between boxes of the dense scan."""
        return self.steps[0]

    @property
    def steps(self) -> tuple[int, ...]:
        """Distances between boxes that the dense scan offers, from the stride down to 1 pixel."""
        steps = [1]
        for pool in self.pools:
            steps.append(steps[-1] * pool)
        return tuple(sorted(set(steps), reverse=True))

    @property
    def last_side(self) -> int:
        """Side of the maps that the fully connected layer sees."""
        side = self.box_size
        for kernel, pool in zip(self.kernels, self.pools, strict=True):
            side = (side - kernel + 1) // pool
        return side


def design_network(
    box_size: int, *, n_pairs: int = 3, activation: Activation = "sigmoid"
) -> NetworkDesign:
    """Choose kernels and pools for a box, by the paper's rule.

    Each convolution leaves 70 to 90 % of its input's side, each pooling half, and every division
    is exact. Among the legal choices the one closest to the shares of the authors' networks wins.

    Parameters
    ----------
    box_size
        Side of the input box in pixels of the model's scale.
    n_pairs
        Number of convolution and pooling pairs, 1 to 4. Three make the paper's eight layers, two
        its six.
    activation
        As in `NetworkDesign`.

    Returns
    -------
    design

    Raises
    ------
    deepem.errors.ConfigError
        No choice is legal; the message names the nearest boxes that are.
    """
    _check_n_pairs(n_pairs)
    kernels = _choose_kernels(box_size, n_pairs)
    if kernels is None:
        below = next((b for b in range(box_size, 0, -1) if _choose_kernels(b, n_pairs)), None)
        above = nearest_legal_box(max(box_size, _SMALLEST_BOX), n_pairs=n_pairs)
        nearest = " or ".join(str(b) for b in (below, above) if b)
        raise ConfigError(
            "box size",
            f"{box_size} px cannot be divided into {n_pairs} convolutions and poolings. "
            f"The nearest that can: {nearest} px.",
        )
    return NetworkDesign(
        box_size=box_size,
        kernels=kernels,
        pools=(2,) * n_pairs,
        maps=_MAPS[:n_pairs],
        activation=activation,
    )


def nearest_legal_box(box_size: float, *, n_pairs: int = 3) -> int:
    """Smallest legal box of at least ``box_size`` pixels, at least 12."""
    _check_n_pairs(n_pairs)
    first = max(_SMALLEST_BOX, int(-(-box_size // 1)))
    for box in range(first, _LARGEST_BOX + 1):
        if _choose_kernels(box, n_pairs):
            return box
    raise ConfigError("box size", f"must be at most {_LARGEST_BOX} px, got {box_size:g}. Bin more.")


def _check_n_pairs(n_pairs: int) -> None:
    if not 1 <= n_pairs <= len(_KEPT_SHARE):
        raise ConfigError("layer pairs", f"must be 1 to {len(_KEPT_SHARE)}, got {n_pairs}")


def _choose_kernels(box_size: int, n_pairs: int) -> tuple[int, ...] | None:
    best: tuple[float, tuple[int, ...]] | None = None
    for sides in _legal_sides(box_size, n_pairs):
        inputs = (box_size, *(side // 2 for side in sides[:-1]))
        shares = [left / before for left, before in zip(sides, inputs, strict=True)]
        miss = sum((a - b) ** 2 for a, b in zip(shares, _KEPT_SHARE, strict=False))
        kernels = tuple(before - left + 1 for left, before in zip(sides, inputs, strict=True))
        if best is None or (miss, kernels) < best:
            best = (miss, kernels)
    return best[1] if best else None


def _legal_sides(side: int, n_pairs: int) -> list[tuple[int, ...]]:
    """Sides that the convolutions can leave, one tuple for each legal design."""
    if n_pairs == 0:
        return [()]
    return [
        (left, *rest)
        for left in range(2, side, 2)
        if 0.7 <= left / side <= 0.9
        for rest in _legal_sides(left // 2, n_pairs - 1)
    ]


@dataclass(frozen=True)
class Preset:
    """A network of the paper and the scale it was made for.

    Parameters
    ----------
    design
        The network; its box is in pixels of ``pixel_size_angstrom``.
    pixel_size_angstrom
        Size of a pixel that the network sees, in Å.
    """

    design: NetworkDesign
    pixel_size_angstrom: float


PRESETS: dict[str, Preset] = {
    # kernels of klh and 19s: the authors' released settings
    "klh": Preset(NetworkDesign(272, kernels=(51, 21, 10), pools=(3, 2, 2)), 2.2),
    "19s": Preset(NetworkDesign(160, kernels=(20, 10, 4), pools=(3, 2, 2)), 1.96),
    # the paper prints the boxes of these two, not their kernels
    "26s": Preset(design_network(150), 3.44),
    "inflammasome": Preset(design_network(112), 3.44),
}
