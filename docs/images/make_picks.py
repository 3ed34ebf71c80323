"""Draw docs/images/picks.png from the result of ``make demo``."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import deepem

DEMO = Path("deepem-demo")
OUT = Path(__file__).with_name("picks.png")


def main() -> None:
    """Draw the first picked micrograph twice, without and with its picks."""
    path = sorted((DEMO / "picks").glob("*.star"))[0]
    micrograph = deepem.open_micrograph(DEMO / "micrographs" / f"{path.stem}.mrc")
    picture = deepem.take_picture(micrograph, longest_side=200)
    picks = deepem.read_picks(path)[0]
    column, row = picture.frame.from_px(picks.x_px, picks.y_px)
    figure = Figure(figsize=(8, 4), dpi=100)
    FigureCanvasAgg(figure)
    for index, with_picks in enumerate((False, True)):
        axes = figure.add_axes((index / 2 + 0.005, 0.01, 0.49, 0.98))
        axes.imshow(picture.pixels, cmap="gray", vmin=-2.8, vmax=2.8, interpolation="bicubic")
        axes.set_axis_off()
        if with_picks:
            axes.scatter(
                column, row, s=190, facecolors="none", edgecolors="#e69f00", linewidths=1.5
            )
    figure.savefig(OUT)
    # A palette is a third of the size and looks the same.
    Image.open(OUT).convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(OUT, optimize=True)


if __name__ == "__main__":
    main()
