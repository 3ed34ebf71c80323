"""The panels of the page: review, gallery, comparison, help, without any training."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from deepem.core import Picks
from deepem.io import collect_picks, write_mrc, write_picks

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

_NAMES = ("mic_0", "mic_1", "mic_2")
_SCORES = np.linspace(0.05, 0.95, 10)
_DIAMETER_PX = 40


class _Studio(Protocol):
    url: str


StartStudio = Callable[[Path], _Studio]
OpenPage = Callable[[str], Page]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three micrographs of noise, 640 x 480 pixels."""
    path = tmp_path / "session"
    path.mkdir()
    rng = np.random.default_rng(5)
    for name in _NAMES:
        pixels = rng.normal(size=(480, 640)).astype(np.float32)
        write_mrc(path / f"{name}.mrc", pixels, pixel_size_angstrom=2.0)
    return path


@pytest.fixture
def picks(tmp_path: Path) -> list[Path]:
    """Ten picks of each, 60 pixels apart, with scores from 0.05 to 0.95."""
    files = []
    for name in _NAMES:
        file = tmp_path / "other" / f"{name}.star"
        file.parent.mkdir(exist_ok=True)
        write_picks(_make_picks(name, range(10)), file, format="star")
        files.append(file)
    return files


def _make_picks(name: str, which: range) -> Picks:
    chosen = list(which)
    return Picks(
        micrograph=name,
        x_px=40.0 + 60.0 * np.array(chosen),
        y_px=np.full(len(chosen), 200.0),
        score=_SCORES[chosen],
    )


@pytest.fixture
def page(folder: Path, start_studio: StartStudio, open_page: OpenPage) -> Page:
    """The page of these micrographs, the diameter set, the first steps closed."""
    page = open_page(start_studio(folder).url)
    page.get_by_role("button", name="Close the first steps").click()
    field = page.get_by_role("textbox", name="Diameter (Å)")
    field.fill(str(2 * _DIAMETER_PX))
    field.press("Enter")
    return page


def _import(page: Page, files: list[Path], title: str) -> None:
    page.get_by_role("tab", name="Compare").click()
    page.get_by_text("Import picks of another program").click()
    page.get_by_label("Coordinate files from this computer").set_input_files(files)
    page.get_by_label("Title of the imported picks").fill(title)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(f"Imported “{title}”")).to_be_visible()


def _review(page: Page) -> None:
    page.get_by_role("tab", name="Review").click()
    page.get_by_label("Picks to review").select_option(index=1)
    expect(page.get_by_test_id("kept-all")).to_have_text("30")


def _boxes(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Boxes of picks").get_by_role("option")


def _expect_saved(page: Page, *, n_rejected: int, n_accepted: int) -> None:
    """Wait until that many boxes are marked, and the server has their labels."""
    expect(page.get_by_role("option", name=re.compile("rejected$"))).to_have_count(n_rejected)
    expect(page.get_by_role("option", name=re.compile("accepted$"))).to_have_count(n_accepted)
    expect(page.get_by_text("All labels are saved")).to_be_visible()


def _count(labels: Path) -> int:
    return sum(map(len, collect_picks(labels).by_name.values())) if any(labels.glob("*")) else 0


def test_threshold_counts_here_and_everywhere(page: Page, picks: list[Path]) -> None:
    _import(page, picks, "Others")
    _review(page)
    number = page.get_by_role("spinbutton", name="Threshold (number)")
    number.fill("0.5")
    n_kept = int((_SCORES >= 0.5).sum())
    expect(page.get_by_test_id("kept-here")).to_have_text(str(n_kept))
    expect(page.get_by_test_id("kept-all")).to_have_text(str(3 * n_kept))

    slider = page.get_by_role("slider", name="Threshold")
    slider.press("End")
    expect(number).to_have_value(re.compile(r"0\.95"))
    expect(page.get_by_test_id("kept-all")).to_have_text("3")

    # What is set is kept, and there when the page comes again.
    number.fill("0.5")
    expect(page.get_by_test_id("kept-all")).to_have_text(str(3 * n_kept))
    page.wait_for_timeout(1000)
    page.reload()
    expect(page.get_by_test_id("kept-all")).to_have_text(str(3 * n_kept))
    page.get_by_role("button", name="Back to all picks").click()
    expect(page.get_by_test_id("kept-all")).to_have_text("30")
    expect(page.get_by_text("their scores are not probabilities")).to_be_visible()


def _click_pick(page: Page, number: int) -> None:
    point = page.evaluate("([x, y]) => deepemStudio.toScreen(x, y)", [40 + 60 * number, 200])
    page.mouse.click(point["x"], point["y"])


def test_clicks_accept_what_is_below_and_the_counts_follow(page: Page, picks: list[Path]) -> None:
    _import(page, picks, "Others")
    _review(page)
    page.get_by_role("spinbutton", name="Threshold (number)").fill("0.5")
    expect(page.get_by_test_id("kept-here")).to_have_text("5")
    corrected = page.get_by_test_id("corrected-here")
    expect(corrected).to_have_text("5")

    _click_pick(page, 9)
    expect(corrected).to_have_text("4")
    _click_pick(page, 0)  # no mark is there yet: nothing happens
    page.get_by_label("Show what is below, dotted").check()
    _click_pick(page, 1)
    expect(corrected).to_have_text("5")
    _click_pick(page, 2)
    expect(corrected).to_have_text("6")
    _click_pick(page, 2)
    expect(corrected).to_have_text("5")
    expect(page.get_by_test_id("kept-here")).to_have_text("5")
    expect(page.get_by_text("All labels are saved")).to_be_visible()
    assert page.evaluate("deepemStudio.state().n_particles") == 1
    assert page.evaluate("deepemStudio.state().n_negatives") == 1


def test_gallery_is_worked_with_the_keyboard(page: Page, picks: list[Path], folder: Path) -> None:
    _import(page, picks, "Others")
    _review(page)
    page.get_by_role("button", name="Gallery of boxes").click()
    expect(_boxes(page)).to_have_count(30)
    expect(_boxes(page).first).to_have_accessible_name(re.compile(r"score 0\.05$"))
    labels = folder / "DeepEM" / "labels"

    grid = page.get_by_role("listbox", name="Boxes of picks")
    expect(grid).to_be_focused()
    grid.press("ArrowRight")
    grid.press("x")
    expect(_boxes(page).first).to_have_accessible_name(re.compile("rejected$"))
    grid.press("Shift+ArrowRight")
    grid.press("Shift+ArrowRight")
    expect(grid.get_by_role("option", selected=True)).to_have_count(3)
    grid.press("x")
    _expect_saved(page, n_rejected=3, n_accepted=0)
    assert (_count(labels / "negatives"), _count(labels / "particles")) == (3, 0)

    grid.press("Space")
    _expect_saved(page, n_rejected=0, n_accepted=3)
    assert (_count(labels / "negatives"), _count(labels / "particles")) == (0, 3)

    grid.press("Space")
    _expect_saved(page, n_rejected=0, n_accepted=0)
    assert (_count(labels / "negatives"), _count(labels / "particles")) == (0, 0)


def test_gallery_is_worked_with_the_mouse(page: Page, picks: list[Path], folder: Path) -> None:
    _import(page, picks, "Others")
    _review(page)
    page.get_by_role("button", name="Gallery of boxes").click()
    page.get_by_label("Order of the boxes").select_option("highest")
    expect(_boxes(page).first).to_have_accessible_name(re.compile(r"score 0\.95$"))

    _boxes(page).nth(1).click()
    expect(_boxes(page).nth(1)).to_have_accessible_name(re.compile("rejected$"))

    # A box drawn over the first row selects what it touches.
    first, third = _boxes(page).nth(0).bounding_box(), _boxes(page).nth(2).bounding_box()
    assert first is not None
    assert third is not None
    page.mouse.move(first["x"] + 20, first["y"] + 20)
    page.mouse.down()
    page.mouse.move(third["x"] + 20, third["y"] + 40, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Reject 3 boxes").click()
    _expect_saved(page, n_rejected=3, n_accepted=0)

    # A double click goes to the pick, and leaves its label as it was.
    _boxes(page).nth(1).dblclick()
    expect(_boxes(page)).to_have_count(0)
    expect(page.get_by_text("All labels are saved")).to_be_visible()
    assert _count(folder / "DeepEM" / "labels" / "negatives") == 3


def test_comparison_shows_the_worst_micrograph_first(
    page: Page, picks: list[Path], tmp_path: Path
) -> None:
    _import(page, picks, "Whole")
    part = []
    for name, n in zip(_NAMES, (10, 4, 8), strict=True):
        part.append(tmp_path / "part" / f"{name}.star")
        part[-1].parent.mkdir(exist_ok=True)
        write_picks(_make_picks(name, range(n)), part[-1], format="star")
    page.reload()
    _import(page, part, "Part")
    page.get_by_label("Set A").select_option(label="Whole")
    page.get_by_label("Set B").select_option(label="Part")
    expect(page.get_by_text("22 of 30 picks are in both")).to_be_visible()
    links = page.locator("table .micrograph-link")
    expect(links).to_have_text(["mic_1", "mic_2", "mic_0"])
    links.first.click()
    expect(links.first).to_have_attribute("aria-current", "true")

    # The same on both sides makes no sense: the other side gives way.
    page.get_by_label("Set A").select_option(label="Part")
    expect(page.get_by_label("Set B").locator("option:checked")).to_have_text("Whole")
    expect(page.get_by_text("22 of 30 picks are in both")).to_be_visible()


def test_help_and_first_steps(page: Page) -> None:
    page.reload()
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    page.keyboard.press("?")
    help_sheet = page.get_by_role("dialog", name="Help")
    expect(help_sheet.get_by_text("Undo")).to_be_visible()
    page.keyboard.press("Escape")
    # The browser hides a sheet before it tells the page: only then is it gone, and «?» opens it.
    expect(page.locator("dialog.help")).to_have_count(0)

    page.keyboard.press("?")
    help_sheet.get_by_role("button", name="Show the first steps again").click()
    steps = page.get_by_role("region", name="First steps")
    expect(steps).to_contain_text("1 of 5")
    expect(steps).to_contain_text("✓ done")  # the diameter is set
    steps.get_by_role("button", name="Next").click()
    steps.get_by_role("button", name="Add particles").click()
    tool = page.get_by_role("toolbar", name="Tools").get_by_role("button", name="Add particles")
    expect(tool).to_have_attribute("aria-pressed", "true")


def test_what_is_missing_is_said_before_training(page: Page) -> None:
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_disabled()
    missing = page.get_by_role("list", name="What is missing")
    expect(missing).to_contain_text("Click at least 5 particles")
    expect(missing).not_to_contain_text("diameter")
