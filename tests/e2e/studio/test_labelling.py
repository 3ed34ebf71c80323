"""The viewer and its tools in the browser: what is clicked is what is on disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from deepem.core import Picks
from deepem.io import collect_picks, write_mrc

pytestmark = [pytest.mark.web, pytest.mark.timeout(300)]

Place = tuple[float, float]

# Odd sides: levels of the pyramid end with half pixels, and nothing may shift by them.
_SHAPE = (1203, 1501)
_DOT_RADIUS_PX = 9
_DOTS: tuple[Place, ...] = ((200, 150), (1401, 101), (751, 602), (99, 1101), (1402, 1103))
# Screen pixels of a whole micrograph are two of its own: a click cannot be finer.
_CLICK_PX = 2.5


class _Studio(Protocol):
    url: str


StartStudio = Callable[[Path], _Studio]
OpenPage = Callable[[str], Page]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two micrographs with five dark dots each."""
    path = tmp_path / "session"
    path.mkdir()
    rng = np.random.default_rng(3)
    rows, columns = np.indices(_SHAPE)
    for name in ("mic_0", "mic_1"):
        pixels = rng.normal(size=_SHAPE).astype(np.float32)
        for x, y in _DOTS:
            pixels[np.hypot(columns - x, rows - y) <= _DOT_RADIUS_PX] = -25
        write_mrc(path / f"{name}.mrc", pixels, pixel_size_angstrom=2.0)
    return path


@pytest.fixture
def url(folder: Path, start_studio: StartStudio) -> str:
    return start_studio(folder).url


@pytest.fixture
def page(url: str, open_page: OpenPage) -> Page:
    page = open_page(url)
    page.get_by_role("button", name="Close the first steps").click()
    field = page.get_by_role("textbox", name="Diameter (Å)")
    field.fill("80")
    field.press("Enter")
    _wait_for_view(page)
    return page


def _wait_for_view(page: Page) -> None:
    expect(page.get_by_test_id("scale-bar")).to_be_visible()


def _to_screen(page: Page, place: Place) -> Place:
    point = page.evaluate("([x, y]) => deepemStudio.toScreen(x, y)", list(place))
    return point["x"], point["y"]


def _click(page: Page, place: Place, button: str = "left") -> None:
    page.mouse.click(*_to_screen(page, place), button=button)  # type: ignore[arg-type]


def _drag(page: Page, start: Place, end: Place) -> None:
    page.mouse.move(*_to_screen(page, start))
    page.mouse.down()
    page.mouse.move(*_to_screen(page, end), steps=6)
    page.mouse.up()


def _particles(page: Page) -> Locator:
    return page.get_by_test_id("n-particles")


def _expect_saved(page: Page) -> None:
    expect(page.get_by_text("All labels are saved")).to_be_visible()


def _read(folder: Path, kind: str = "particles") -> list[Place]:
    files = sorted((folder / "DeepEM" / "labels" / kind).glob("*.star"))
    found: dict[str, Picks] = collect_picks(files).by_name if files else {}
    picks = found.get("mic_0")
    return [] if picks is None else list(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))


def _assert_near(found: list[Place], expected: list[Place], tolerance_px: float) -> None:
    assert len(found) == len(expected)
    for x, y in expected:
        assert min(np.hypot(x - fx, y - fy) for fx, fy in found) <= tolerance_px


def test_what_is_clicked_is_on_disk_and_comes_back(page: Page, folder: Path) -> None:
    page.keyboard.press("a")
    for place in _DOTS:
        _click(page, place)
    page.keyboard.press("n")
    _click(page, (600, 300))
    expect(_particles(page)).to_have_text("5")
    expect(page.get_by_test_id("n-negatives")).to_have_text("1")
    _expect_saved(page)
    _assert_near(_read(folder), list(_DOTS), _CLICK_PX)
    _assert_near(_read(folder, "negatives"), [(600, 300)], _CLICK_PX)

    page.reload()
    expect(_particles(page)).to_have_text("5")
    expect(page.get_by_test_id("n-negatives")).to_have_text("1")


def test_moving_deleting_erasing_and_undoing(page: Page, folder: Path) -> None:
    page.keyboard.press("a")
    for place in _DOTS:
        _click(page, place)
    _drag(page, _DOTS[0], (400, 400))
    _expect_saved(page)
    moved = [(400.0, 400.0), *_DOTS[1:]]
    _assert_near(_read(folder), moved, 2 * _CLICK_PX)

    _click(page, _DOTS[1], button="right")
    expect(_particles(page)).to_have_text("4")
    page.keyboard.press("e")
    _drag(page, (50, 1101), (1450, 1103))  # over the two lowest
    expect(_particles(page)).to_have_text("2")
    _expect_saved(page)
    _assert_near(_read(folder), [moved[0], moved[2]], 2 * _CLICK_PX)

    # A stroke is one step; everything can be undone, and done again.
    for n in ("4", "5", "5", "4"):
        page.keyboard.press("Control+z")
        expect(_particles(page)).to_have_text(n)
    for _ in range(4):
        page.keyboard.press("Control+Shift+z")
    expect(_particles(page)).to_have_text("2")
    _expect_saved(page)
    _assert_near(_read(folder), [moved[0], moved[2]], 2 * _CLICK_PX)


def test_dragging_beside_labels_pans_and_adds_nothing(page: Page) -> None:
    page.keyboard.press("a")
    before = _to_screen(page, _DOTS[2])
    _drag(page, (500, 500), (700, 600))
    after = _to_screen(page, _DOTS[2])
    assert np.hypot(after[0] - before[0], after[1] - before[1]) > 50
    expect(_particles(page)).to_have_text("0")


def _find_dot(page: Page, place: Place) -> tuple[Place, Place]:
    """Where a dot is seen, and where the page says that it is, in screen pixels."""
    x, y = _to_screen(page, place)
    radius = int(1.6 * _DOT_RADIUS_PX * page.evaluate("deepemStudio.state().screen_px_per_px") + 4)
    grey = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    left, top = int(x) - radius, int(y) - radius
    rows, columns = np.nonzero(grey[top : top + 2 * radius, left : left + 2 * radius] < 60)
    assert len(rows) > 0
    # Centres of the screen's pixels lie half a pixel in.
    return (left + columns.mean() + 0.5, top + rows.mean() + 0.5), (x, y)


def test_marks_lie_on_what_they_mark_at_every_zoom(page: Page) -> None:
    page.keyboard.press("h")  # the micrograph alone
    for n_steps in range(4):
        for place in _DOTS if n_steps == 0 else _DOTS[2:3]:
            page.mouse.move(5, 400)
            page.wait_for_timeout(1200)  # tiles of this level come
            seen, said = _find_dot(page, place)
            assert np.hypot(seen[0] - said[0], seen[1] - said[1]) < 1, (n_steps, place)
        page.mouse.move(*_to_screen(page, _DOTS[2]))
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(500)  # it glides


def test_labels_of_one_window_appear_in_the_other(
    page: Page, url: str, open_page: OpenPage
) -> None:
    other = open_page(url)
    _wait_for_view(other)
    page.keyboard.press("a")
    _click(page, _DOTS[0])
    _click(page, _DOTS[1])
    expect(_particles(other)).to_have_text("2")
    page.keyboard.press("Control+z")
    expect(_particles(other)).to_have_text("1")


def test_without_connection_nothing_is_lost(page: Page, folder: Path) -> None:
    page.keyboard.press("a")
    _click(page, _DOTS[0])
    _expect_saved(page)
    page.context.set_offline(True)
    _click(page, _DOTS[1])
    _click(page, _DOTS[2])
    alert = page.get_by_role("alert").filter(has_text="not saved")
    expect(alert).to_contain_text("2 changes")
    expect(_particles(page)).to_have_text("3")
    assert len(_read(folder)) == 1

    page.context.set_offline(False)
    alert.get_by_role("button", name="Try again").click()
    _expect_saved(page)
    _assert_near(_read(folder), list(_DOTS[:3]), _CLICK_PX)


def test_a_micrograph_said_to_be_empty_is_so_until_it_has_a_particle(page: Page) -> None:
    empty = page.get_by_role("checkbox", name="This micrograph is empty")
    complete = page.get_by_role("checkbox", name="All particles labelled")
    row = page.get_by_role("listbox", name="Micrographs").get_by_role("option", name="mic_0")
    empty.check()
    expect(row).to_contain_text("empty")
    page.keyboard.press("a")
    _click(page, _DOTS[0])
    expect(empty).not_to_be_checked()
    expect(complete).not_to_be_checked()
    complete.check()
    expect(row).to_contain_text("all labelled")


def test_the_list_is_worked_with_keys(page: Page) -> None:
    rows = page.get_by_role("listbox", name="Micrographs")
    expect(rows.get_by_role("option", selected=True)).to_contain_text("mic_0")
    page.get_by_test_id("view").focus()
    page.keyboard.press("ArrowDown")
    expect(rows.get_by_role("option", selected=True)).to_contain_text("mic_1")
    page.keyboard.press("ArrowUp")
    expect(rows.get_by_role("option", selected=True)).to_contain_text("mic_0")
    page.get_by_role("searchbox", name="Find a micrograph").fill("_1")
    expect(page.get_by_test_id("list-total")).to_have_text("1 of 2")


def test_clicks_before_the_labels_have_come_are_kept(page: Page, folder: Path) -> None:
    """On a slow line the micrograph is there before its labels."""
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/api/micrographs/mic_0/labels", hold_first)
    page.reload()
    _wait_for_view(page)
    page.get_by_role("toolbar").get_by_role("button", name="Add particles").click()
    assert [route.request.method for route in held] == ["GET"]
    for place in _DOTS[:3]:
        _click(page, place)
    expect(_particles(page)).to_have_text("3")
    held[0].continue_()
    _expect_saved(page)
    expect(_particles(page)).to_have_text("3")
    _assert_near(_read(folder), list(_DOTS[:3]), _CLICK_PX)
