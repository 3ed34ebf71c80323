"""What a way of reading coordinates means, in words for people."""

from __future__ import annotations

from deepem.core import Orientation

_AS_THEY_ARE = "as they are"
# By swap_xy, flip_x and flip_y.
_READERS = {
    (False, False, False): "RELION, cryoSPARC, EMAN2, crYOLO and Topaz read them so",
    (False, False, True): "made on a mirrored image, or counted as CryoPPP counts",
    (False, True, False): "made on an image mirrored left to right",
    (False, True, True): "made on an image turned by half",
    (True, False, False): "made by a script that took x for y",
    (True, False, True): "made on an image turned by a quarter",
    (True, True, False): "made on an image turned by a quarter",
    (True, True, True): "made by a script that took x for y, on an image turned by half",
}


def name_orientation(orientation: Orientation) -> str:
    """A way of reading coordinates in a few words, such as ``rows from the other side``."""
    words = []
    if orientation.scale > 1:
        words.append(f"for an image binned {orientation.scale:.3g} times")
    elif orientation.scale < 1:
        words.append(f"for an image with {1 / orientation.scale:.3g} times as many pixels a side")
    if orientation.swap_xy:
        words.append("x and y exchanged")
    sides = ["columns"] * orientation.flip_x + ["rows"] * orientation.flip_y
    if sides:
        words.append(f"{' and '.join(sides)} from the other side")
    return ", ".join(words) or _AS_THEY_ARE


def name_boxes(n_boxes: int) -> str:
    """How many boxes a mean image is the mean of, in words; none has a reason."""
    if n_boxes == 0:
        return "no box could be cut inside of an image"
    return f"{n_boxes} box{'' if n_boxes == 1 else 'es'}"


def name_readers(orientation: Orientation) -> str:
    """Which programs read coordinates in this way, or by which accident they became so."""
    if orientation.scale != 1:
        return "made on an image of another size"
    return _READERS[orientation.swap_xy, orientation.flip_x, orientation.flip_y]
