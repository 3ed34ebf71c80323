"""Curves are kept with a result, and drawn into the report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.errors import FileFormatError
from deepem.studies import (
    Cell,
    Column,
    Measured,
    Plot,
    Sources,
    Study,
    read_results,
    run_study,
    write_report,
)
from deepem.studies.harness.drawing import draw_against, draw_threshold_curves
from deepem.studies.methods.measurement import measure_curve

STUDY = Study(
    name="curved",
    title="Curved",
    about="Nothing was measured.",
    version=1,
    needs=(),
    make_cells=lambda quick, n: [
        {"snr": snr, "method": m, "seed": seed}
        for snr in (0.1, 0.01)
        for m in ("network", "template")
        for seed in range(n)
    ],
    measure=lambda cell, sources: Measured(
        {"f1": float(cell["snr"]), "threshold": 0.5},
        {name: np.linspace(0.9, 0.1, 5) for name in ("threshold", "precision", "recall", "f2")},
    ),
    group_by=("snr", "method"),
    columns=(Column("f1", "F1"),),
    plots=(
        Plot(
            "levels",
            "F1 over the ratio.",
            partial(
                draw_against, x="snr", ys=[("f1", "F1")], line=["method"], x_title="SNR", log_x=True
            ),
        ),
        Plot(
            "curves",
            "Curves.",
            partial(draw_threshold_curves, label=lambda result: str(result.cell["method"])),
        ),
    ),
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    assert all(one.error is None for one in run_study(STUDY, Sources(), tmp_path))
    return tmp_path


def test_arrays_come_back_with_their_figures(results: Path) -> None:
    for one in read_results(STUDY, results):
        np.testing.assert_array_equal(one.arrays["f2"], np.linspace(0.9, 0.1, 5))
        assert one.figures == {"f1": one.cell["snr"], "threshold": 0.5}


def test_damaged_arrays_are_named(results: Path) -> None:
    path = next((results / "curved").glob("*.npz"))
    path.write_bytes(b"PK\x03\x04 no arrays")
    with pytest.raises(FileFormatError, match=path.stem):
        read_results(STUDY, results)


def test_the_page_shows_the_plots_and_they_are_pictures(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    page = write_report(STUDY, results, out).markdown.read_text(encoding="utf-8")
    for name in ("levels", "curves"):
        assert f"](figures/curved-{name}.svg)" in page
        picture = out / "figures" / f"curved-{name}.svg"
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")  # noqa: S314 (our own)
        before = picture.read_bytes()
        write_report(STUDY, results, out)
        assert picture.read_bytes() == before


def test_a_quick_run_is_not_drawn(tmp_path: Path) -> None:
    list(run_study(STUDY, Sources(), tmp_path, quick=True))
    page = write_report(STUDY, tmp_path, tmp_path).markdown.read_text(encoding="utf-8")
    assert "figures/" not in page
    assert not (tmp_path / "figures").exists()


def test_a_line_without_the_figure_is_left_out(results: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    cell: Cell = {"snr": 0.1, "method": "timed", "seed": 0}
    found = read_results(STUDY, results)
    timed = replace(found[0], cell=cell, figures={"seconds": 1.0})
    ys = [("f1", "F1"), ("seconds", "s")]
    draw_against(figure, [*found, timed], x="snr", ys=ys, line=["method"], x_title="SNR")
    left, right = figure.axes
    assert left.get_legend_handles_labels()[1] in (["network", "template"], ["template", "network"])
    assert right.get_legend_handles_labels()[1] == ["timed"]


def test_a_curve_has_what_the_evaluation_says() -> None:
    frame = Frame(shape=(200, 200))
    truth = Picks("m", [50, 100, 150], [50, 100, 150], frame=frame)
    candidates = Picks("m", [50, 100, 30], [50, 100, 120], score=[0.9, 0.5, 0.7], frame=frame)
    curve = measure_curve([candidates], [truth], match_px=5, diameter_px=10)
    np.testing.assert_allclose(curve["threshold"], [0.9, 0.7, 0.5])
    np.testing.assert_allclose(curve["precision"], [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(curve["recall"], [1 / 3, 1 / 3, 2 / 3])
    np.testing.assert_allclose(curve["f2"][2], 2 / 3)
    nothing = measure_curve([Picks("m", frame=frame)], [truth], match_px=5, diameter_px=10)
    assert all(len(values) == 0 for values in nothing.values())
