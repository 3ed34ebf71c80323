"""The scientist's whole loop in one window, on real micrographs."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

import deepem
from deepem.core import Picks
from deepem.evaluation import match_picks
from deepem.io import collect_picks

pytestmark = [pytest.mark.web, pytest.mark.timeout(1200)]

Place = tuple[float, float]

_DIAMETER_PX = 63
_MATCH_PX = 20
# Two trainings, while other tests may have the second core.
_TRAINING_MS = 500_000


class Studio(Protocol):
    """A server that runs."""

    url: str


@dataclass
class View:
    """The micrograph as it is on the screen: where a place of it is."""

    page: Page
    scale: NDArray[np.float64]
    origin: NDArray[np.float64]

    @classmethod
    def of(cls, page: Page) -> View:
        """Ask the page, which says what lies under the pointer, at two points."""
        box = page.get_by_test_id("view").bounding_box()
        assert box is not None
        on_screen = np.array([[0.3, 0.2], [0.7, 0.8]]) * [box["width"], box["height"]]
        on_screen += [box["x"], box["y"]]
        places = np.array([cls._place_at(page, *point) for point in on_screen])
        scale = (on_screen[1] - on_screen[0]) / (places[1] - places[0])
        return cls(page, scale, on_screen[0] - scale * places[0])

    @staticmethod
    def _place_at(page: Page, x: float, y: float) -> tuple[float, float]:
        page.mouse.move(x, y)
        place = page.locator(".place")
        expect(place).to_have_text(re.compile(r"x -?\d+"))
        found = re.search(r"x (-?\d+)\D+y (-?\d+)", place.inner_text().replace("−", "-"))
        assert found is not None
        return float(found[1]), float(found[2])

    def click(self, place_px: Sequence[float]) -> None:
        """Click a place of the micrograph."""
        self.page.mouse.click(*self._to_screen(place_px))

    def drag(self, start_px: Sequence[float], end_px: Sequence[float]) -> None:
        """Drag from one place to another."""
        self.page.mouse.move(*self._to_screen(start_px))
        self.page.mouse.down()
        self.page.mouse.move(*self._to_screen(end_px), steps=5)
        self.page.mouse.up()

    def _to_screen(self, place_px: Sequence[float]) -> tuple[float, float]:
        x, y = self.origin + self.scale * np.asarray(place_px, dtype=float)
        return float(x), float(y)


def _count(labels: Path) -> int:
    return sum(map(len, collect_picks(labels).by_name.values())) if any(labels.glob("*")) else 0


def _find_truth(folder: Path) -> dict[str, Picks]:
    return collect_picks(sorted(folder.glob("*.box"))).by_name


def _choose_apart(particles: Picks, n: int, *, shape: tuple[int, int]) -> list[Place]:
    """Particles to click: at random, whole, apart from one another."""
    chosen: list[Place] = []
    for index in np.random.default_rng(0).permutation(len(particles)):
        place = float(particles.x_px[index]), float(particles.y_px[index])
        inside = all(60 < at < side - 60 for at, side in zip(place, shape[::-1], strict=True))
        if inside and all(np.hypot(place[0] - x, place[1] - y) > 70 for x, y in chosen):
            chosen.append(place)
    assert len(chosen) >= n
    return chosen[:n]


def _train(page: Page) -> None:
    """Press Train and wait for its end; the page must follow by itself."""
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("button", name="Training …").wait_for()
    page.get_by_role("button", name="Train", exact=True).wait_for(timeout=_TRAINING_MS)


def _n_kept(page: Page) -> int:
    kept = page.get_by_test_id("kept-all")
    expect(kept).to_have_text(re.compile(r"\d"))
    return int(re.sub(r"\D", "", kept.inner_text()))


def test_from_an_empty_folder_to_coordinates(
    shared_data: Path,
    tmp_path: Path,
    start_studio: Callable[[Path], Studio],
    open_page: Callable[[str], Page],
) -> None:
    data = shared_data / "apoferritin"
    folder = tmp_path / "session"
    folder.mkdir()
    page = open_page(start_studio(folder).url)
    page.get_by_role("button", name="Close").or_(
        page.get_by_role("button", name="Begin")
    ).first.click()
    expect(page.get_by_text("There are no micrographs in this folder.")).to_be_visible()

    # Micrographs come from the microscope.
    for part in ("train", "test"):
        for path in data.joinpath(part).glob("*.mrc"):
            shutil.copy(path, folder)
    page.reload()
    expect(page.get_by_test_id("list-total")).to_have_text("9 micrographs")
    truth = _find_truth(data / "train")
    name = min(truth)
    shape = deepem.open_micrograph(folder / f"{name}.mrc").shape
    _open(page, name)

    # The diameter, with the ruler.
    view = View.of(page)
    clicked = _choose_apart(truth[name], 10, shape=shape)
    x, y = clicked[0]
    page.get_by_role("toolbar", name="Tools").get_by_role("button", name="Measure").click()
    view.drag((x - _DIAMETER_PX / 2, y), (x + _DIAMETER_PX / 2, y))
    page.get_by_role("button", name="Use as diameter").click()
    diameter = page.get_by_role("textbox", name="Diameter (px)")
    expect(diameter).to_have_value(re.compile(r"^6[1-5]"))

    # Ten particles.
    page.get_by_role("button", name="Add particles").click()
    for place in clicked:
        view.click(place)
    expect(page.get_by_test_id("n-particles")).to_have_text("10")

    # Learn; first picks come while it does.
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("tab", name="Review").click()
    expect(page.get_by_test_id("kept-here")).to_have_text(
        re.compile(r"^[1-9]\d*$"), timeout=_TRAINING_MS
    )
    assert list((folder / "DeepEM" / "picks").iterdir()) == [
        folder / "DeepEM" / "picks" / "001-quick"
    ]
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).wait_for(timeout=_TRAINING_MS)

    # The threshold: lower keeps more, over all micrographs, at once.
    page.get_by_role("tab", name="Review").click()
    threshold = page.get_by_role("spinbutton", name="Threshold (number)")
    before = float(threshold.input_value())
    n_before, kept = _n_kept(page), page.get_by_test_id("kept-all")
    said_before = kept.inner_text()
    threshold.fill("0.3")
    expect(kept).not_to_have_text(said_before)
    assert _n_kept(page) > n_before
    threshold.fill(str(before))
    expect(kept).to_have_text(said_before)

    # Correct five.
    mistakes = _find_mistakes(folder, truth)[:5]
    assert len(mistakes) == 5
    _correct(page, mistakes)
    n_wrong = sum(verdict == "wrong" for _, verdict, _ in mistakes)
    labels = folder / "DeepEM" / "labels"
    assert _count(labels / "negatives") == n_wrong
    assert _count(labels / "particles") == 15 - n_wrong

    _train(page)
    page.get_by_role("button", name="Pick all 9 micrographs").click()
    newest = page.locator(".job-list li").first
    expect(newest).to_contain_text(re.compile(r"Pick.*done", re.DOTALL), timeout=_TRAINING_MS)

    # Hand over, and judge.
    page.get_by_role("tab", name="Hand over").click()
    page.get_by_role("button", name="Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("[Dd]ownload")).first.click()
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    archive.extractall(tmp_path / "handed")
    figures = _evaluate(tmp_path / "handed", data / "test")
    assert figures.f1 >= 0.97


def _find_mistakes(folder: Path, truth: dict[str, Picks]) -> list[tuple[str, str, Place]]:
    """What a person would see: picks where no particle is, and particles without a pick."""
    picker = deepem.Picker(folder / "DeepEM" / "models" / "001" / "model.deepem")
    found = []
    for name, particles in sorted(truth.items()):
        micrograph = deepem.open_micrograph(folder / f"{name}.mrc")
        particles = deepem.place_picks(particles, micrograph)
        matching = match_picks(
            picker.pick(micrograph),
            particles,
            max_distance_px=_MATCH_PX,
            edge_margin_px=_DIAMETER_PX,
        )
        for verdict, picks in (
            ("wrong", matching.picks.take(matching.is_false_positive)),
            ("missed", particles.take(matching.is_missed)),
        ):
            places = zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True)
            found += [(name, verdict, place) for place in places]
    return found


def _correct(page: Page, mistakes: Sequence[tuple[str, str, Place]]) -> None:
    """Click wrong picks away, and missed particles on."""
    for name, verdict, place in mistakes:
        _open(page, name)
        tool = "Select and pan" if verdict == "wrong" else "Add particles"
        page.get_by_role("button", name=tool).click()
        View.of(page).click(place)
    expect(page.get_by_text("All labels are saved")).to_be_visible()


def _open(page: Page, name: str) -> None:
    page.get_by_role("searchbox", name="Find a micrograph").fill(name)
    page.get_by_role("listbox", name="Micrographs").get_by_role("option").first.click()
    expect(page.get_by_test_id("view")).to_have_attribute("aria-label", re.compile(name))


def _evaluate(handed: Path, test: Path) -> deepem.evaluation.Evaluation:
    """F1 of what RELION would read, on micrographs whose particles nobody clicked."""
    micrographs = [deepem.open_micrograph(path) for path in sorted(test.glob("*.mrc"))]
    picks = collect_picks(sorted(handed.rglob("*_autopick.star"))).by_name
    truth = _find_truth(test)
    return deepem.evaluate(
        [deepem.place_picks(picks[m.name], m) for m in micrographs],
        [deepem.place_picks(truth[m.name], m) for m in micrographs],
        max_distance_px=_MATCH_PX,
        edge_margin_px=_DIAMETER_PX / 2,
    )
