"""How the coordinates of a file relate to the image: binned, swapped, flipped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepem.core.picks import Picks


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """What brings the coordinates of a file to the pixels of the micrograph.

    The steps are always taken in one order: scale, swap, flip. The default changes nothing.

    Parameters
    ----------
    swap_xy
        Whether x and y are exchanged.
    flip_x
        Whether columns are counted from the other side: ``x`` becomes ``nx - 1 - x``.
    flip_y
        Whether rows are counted from the other side: ``y`` becomes ``ny - 1 - y``.
    scale
        Coordinates are multiplied by this: 2 where they belong to an image that was binned 2
        times, 0.5 where they belong to one with twice as many pixels along each side. Pixel 0
        stays in place, as in RELION and MotionCor2.

    Raises
    ------
    ValueError
        The scale is not positive.
    """

    swap_xy: bool = False
    flip_x: bool = False
    flip_y: bool = False
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"the scale of coordinates must be positive, got {self.scale}")

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes."""
        return self == Orientation()

    def apply(self, picks: Picks, shape: tuple[int, int]) -> Picks:
        """The same picks in pixels of the micrograph.

        Parameters
        ----------
        picks
            Coordinates as in the file.
        shape
            Shape ``(ny, nx)`` of the micrograph in unbinned pixels.

        Returns
        -------
        Picks
            In the same order, with everything else that is known of them; the box is scaled to
            the nearest whole pixel, at least 1.
        """
        ny, nx = shape
        x_px, y_px = picks.x_px * self.scale, picks.y_px * self.scale
        if self.swap_xy:
            x_px, y_px = y_px, x_px
        if self.flip_x:
            x_px = nx - 1 - x_px
        if self.flip_y:
            y_px = ny - 1 - y_px
        box_size_px = picks.box_size_px
        if box_size_px is not None:
            box_size_px = max(1, round(box_size_px * self.scale))
        return replace(picks, x_px=x_px, y_px=y_px, box_size_px=box_size_px)

    def inverse(self) -> Orientation:
        """What undoes the swap and the flips, for orientations of scale 1.

        Apply it with the shape that the image has in the file's own axes: ``(nx, ny)`` of the
        micrograph if x and y are swapped, else ``(ny, nx)``.

        Raises
        ------
        ValueError
            The scale is not 1.
        """
        if self.scale != 1:
            raise ValueError(f"only orientations of scale 1 have an inverse, got {self.scale:g}")
        if not self.swap_xy:
            return self
        # Undone, the flips come before the swap, and what was along x then lies along y.
        return replace(self, flip_x=self.flip_y, flip_y=self.flip_x)

    def options(self) -> str:
        """The options of a command that say this, such as ``--swap-xy --flip-y``; else empty."""
        words = [f"--binned-by {self.scale:.6g}"] if self.scale != 1 else []
        words += ["--swap-xy"] if self.swap_xy else []
        words += ["--flip-x"] if self.flip_x else []
        words += ["--flip-y"] if self.flip_y else []
        return " ".join(words)
