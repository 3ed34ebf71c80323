"""All pictures of a project: tiles, boxes and thumbnails by the names of its micrographs."""

from __future__ import annotations

from collections.abc import Sequence

from deepem.studio.display.boxes import Box, Sprite, render_boxes
from deepem.studio.display.look import Look
from deepem.studio.display.pyramid import Pyramid
from deepem.studio.display.pyramid_cache import PyramidCache
from deepem.studio.display.thumbnails import Thumbnails
from deepem.studio.display.tiles import render_tile
from deepem.studio.project import Project


class Display:
    """Makes the pictures that the page shows, as JPEG; safe to use from several threads.

    All of it raises `NotFoundError` for a micrograph or tile that there is not, and
    `FileFormatError` for a file that cannot be read.

    Parameters
    ----------
    project
        Whose micrographs are shown; thumbnails are kept in its ``cache_dir/thumbnails``.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._pyramids = PyramidCache()
        self._thumbnails = Thumbnails(project.cache_dir / "thumbnails")

    def make_tile(self, name: str, level: int, column: int, row: int, look: Look) -> bytes:
        """A tile of a level; see `render_tile`."""
        return render_tile(self._find_pyramid(name), level, column, row, look)

    def make_thumbnail(self, name: str) -> bytes:
        """The thumbnail of a micrograph; see `Thumbnails`."""
        return self._thumbnails.get(self._project.open(name))

    def make_boxes(self, boxes: Sequence[Box], sprite: Sprite) -> bytes:
        """Boxes in one picture; see `render_boxes`."""
        return render_boxes(boxes, sprite, self._find_pyramid)

    def _find_pyramid(self, name: str) -> Pyramid:
        return self._pyramids.get(self._project.open(name))
