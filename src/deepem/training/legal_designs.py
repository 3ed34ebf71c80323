"""The legal network of boxes that is nearest to a wanted one: kernels chosen by shares."""

from __future__ import annotations

from collections.abc import Sequence

from deepem.networks import Activation, NetworkDesign

# A convolution leaves 70 to 90 % of its input's side: the paper's rule.
LEAST_SHARE, MOST_SHARE = 0.7, 0.9

# How far the box may move, relative to its size, to become one that the layers can divide.
_BOX_SLACK = 0.2
# Being off by this share of the box is as bad as a convolution that is off by as much.
_BOX_WEIGHT = 4.0
_FEWEST_PAIRS = 1


def nearest_legal_design(
    box_size: float,
    *,
    shares: Sequence[float],
    pools: Sequence[int],
    maps: Sequence[int],
    activation: Activation = "sigmoid",
) -> NetworkDesign:
    """Choose kernels so that each convolution keeps about the wanted share of its input's side.

    Parameters
    ----------
    box_size
        Side of the box wanted, in pixels of the model, 12 or more.
    shares
        Share of its input's side that each convolution leaves, 0.7 to 0.9.
    pools
        Side of the cells of each pooling, 2 or more.
    maps
        Number of feature maps of each convolution.
    activation
        As in `deepem.networks.NetworkDesign`.

    Returns
    -------
    design
        Its box is within a fifth of the one wanted, each convolution leaves 70 to 90 %, and every
        division is exact. Where that cannot be had, the last pools above 2 become 2; where it
        still cannot, the last layers are left out.

    Raises
    ------
    ValueError
        The box is too small for one convolution.
    """
    for own_pools in _ever_simpler(tuple(pools)):
        found = _nearest(box_size, tuple(shares), own_pools)
        if found is not None:
            box, sides = found
            inputs = (box, *(side // pool for side, pool in zip(sides, own_pools, strict=True)))
            return NetworkDesign(
                box_size=box,
                kernels=tuple(a - b + 1 for a, b in zip(inputs, sides, strict=False)),
                pools=own_pools,
                maps=tuple(maps[: len(own_pools)]),
                activation=activation,
            )
    raise ValueError(f"a box of {box_size:g} px is too small for a convolution")


def _ever_simpler(pools: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The pools wanted, then with the last ones made 2, then with fewer layers."""
    choices = [pools]
    for layer in reversed(range(len(pools))):
        if choices[-1][layer] > 2:
            choices.append((*choices[-1][:layer], 2, *choices[-1][layer + 1 :]))
    choices += [choices[-1][:n] for n in range(len(pools) - 1, _FEWEST_PAIRS - 1, -1)]
    return choices


def _nearest(
    wanted: float, shares: tuple[float, ...], pools: tuple[int, ...]
) -> tuple[int, tuple[int, ...]] | None:
    """Box, and the sides that its convolutions leave."""
    best: tuple[float, int, tuple[int, ...]] | None = None
    for box in range(round((1 - _BOX_SLACK) * wanted), round((1 + _BOX_SLACK) * wanted) + 1):
        box_miss = _BOX_WEIGHT * (box / wanted - 1) ** 2
        if best is not None and box_miss >= best[0]:
            continue
        for miss, sides in _legal_sides(box, shares, pools):
            if best is None or (box_miss + miss, box, sides) < best:
                best = (box_miss + miss, box, sides)
    return best[1:] if best is not None else None


def _legal_sides(
    side: int, shares: tuple[float, ...], pools: tuple[int, ...]
) -> list[tuple[float, tuple[int, ...]]]:
    """Every legal choice of sides, with its squared distance from the shares wanted."""
    if not pools:
        return [(0.0, ())]
    return [
        (miss + (left / side - shares[0]) ** 2, (left, *rest))
        for left in range(pools[0], side, pools[0])
        if LEAST_SHARE <= left / side <= MOST_SHARE
        for miss, rest in _legal_sides(left // pools[0], shares[1:], pools[1:])
    ]
