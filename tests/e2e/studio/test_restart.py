"""A server that is killed while it trains: a new one, and a new page, go on with everything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from deepem.io import write_mrc
from deepem.simulation import make_phantom, simulate_dataset

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Place = tuple[float, float]

_PIXEL_SIZE_ANGSTROM = 15
_RIBOSOME = make_phantom("ribosome")
_N_CLICKS = 6
_TRAINING_MS = 300_000


class _Studio(Protocol):
    url: str

    def kill(self) -> None: ...


StartStudio = Callable[[Path], _Studio]
OpenPage = Callable[[str], Page]


@pytest.fixture
def places() -> list[Place]:
    """Where particles are that are clicked; filled with the folder."""
    return []


@pytest.fixture
def folder(tmp_path: Path, places: list[Place]) -> Path:
    """Three small micrographs of ribosomes."""
    path = tmp_path / "session"
    path.mkdir()
    scenes = list(
        simulate_dataset(
            _RIBOSOME,
            3,
            n_particles=16,
            pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM,
            seed=0,
            shape=(240, 310),
            snr=0.5,
        )
    )
    for scene in scenes:
        pixels = scene.micrograph.pixels().astype(np.float32)
        file = path / f"{scene.micrograph.name}.mrc"
        write_mrc(file, pixels, pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM)
    truth = scenes[0].truth
    places += zip(truth.x_px[:_N_CLICKS].tolist(), truth.y_px[:_N_CLICKS].tolist(), strict=True)
    return path


@pytest.fixture
def studio(folder: Path, start_studio: StartStudio) -> _Studio:
    """The server that is going to be killed."""
    return start_studio(folder)


@pytest.fixture
def page(studio: _Studio, open_page: OpenPage, places: list[Place]) -> Page:
    """A page of it, in which the diameter is set and six particles are clicked."""
    page = open_page(studio.url)
    page.get_by_role("button", name="Close the first steps").click()
    diameter = page.get_by_role("textbox", name="Diameter (Å)")
    diameter.fill(str(_RIBOSOME.diameter_angstrom))
    diameter.press("Enter")
    expect(page.get_by_test_id("scale-bar")).to_be_visible()
    page.keyboard.press("a")
    for place in places:
        at = page.evaluate("([x, y]) => deepemStudio.toScreen(x, y)", list(place))
        page.mouse.click(at["x"], at["y"])
    expect(page.get_by_test_id("n-particles")).to_have_text(str(_N_CLICKS))
    expect(page.get_by_text("All labels are saved")).to_be_visible()
    return page


def _train(page: Page, *, n_updates: int) -> None:
    """Press Train; the request asks for so many updates, which the page leaves to the training."""

    def ask(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        asked: dict[str, Any] = json.loads(route.request.post_data or "")
        asked["options"]["updates"] = n_updates
        route.continue_(post_data=json.dumps(asked))

    page.route("**/api/jobs", ask)
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    stage = page.get_by_role("tabpanel").locator(".job-stage")
    expect(stage).to_contain_text("Learning", timeout=_TRAINING_MS)


def _kill_and_restart(
    page: Page, studio: _Studio, folder: Path, start_studio: StartStudio, open_page: OpenPage
) -> Page:
    """Close the page, kill the server in the middle of the job, and open a page of a new one."""
    page.context.close()
    studio.kill()
    assert _read_state(folder) == "running"
    again = open_page(start_studio(folder).url)
    expect(again.get_by_test_id("n-particles")).to_have_text(str(_N_CLICKS))
    again.get_by_role("tab", name="Train").click()
    return again


def _read_state(folder: Path) -> str:
    status = json.loads((folder / "DeepEM" / "jobs" / "0001" / "state.json").read_bytes())
    return str(status["state"])


def test_a_training_goes_on_and_its_picks_are_shown(
    page: Page, studio: _Studio, folder: Path, start_studio: StartStudio, open_page: OpenPage
) -> None:
    _train(page, n_updates=60)
    again = _kill_and_restart(page, studio, folder, start_studio, open_page)
    last = again.get_by_role("region", name="Last training")
    expect(last).to_contain_text("is done", timeout=_TRAINING_MS)
    expect(again.locator(".job-list li")).to_have_count(1)
    expect(again.locator(".job-list li")).to_contain_text("done")

    # Its picks take the place of the first ones by themselves.
    again.get_by_role("tab", name="Review").click()
    expect(again.get_by_label("Picks to review")).to_have_value("001")
    expect(again.get_by_test_id("kept-here")).to_have_text(re.compile(r"^[1-9]"))
    assert again.evaluate("deepemStudio.state().n_drawn") > 0


def test_a_training_of_the_server_before_can_be_cancelled(
    page: Page, studio: _Studio, folder: Path, start_studio: StartStudio, open_page: OpenPage
) -> None:
    _train(page, n_updates=5000)
    again = _kill_and_restart(page, studio, folder, start_studio, open_page)
    assert _read_state(folder) == "running"
    again.get_by_role("button", name="Cancel").click()
    expect(again.locator(".job-list li")).to_contain_text("cancelled")
    expect(again.get_by_role("button", name="Train", exact=True)).to_be_enabled()
    assert _read_state(folder) == "cancelled"
