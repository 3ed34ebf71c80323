"""Take the pictures of docs/how-to/studio.md: DeepEM Studio at work on simulated micrographs.

Needs the extra ``studio``, playwright and Chromium; takes some minutes. Look at the pictures
afterwards: the script can tell that the page came that far, not that it looks right.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from deepem.core import Picks
from deepem.io import collect_picks, write_picks

OUT = Path(__file__).parent
DEEPEM = Path(sys.executable).with_name("deepem")
SIMULATION = (
    "--phantom apoferritin --n 5 --nuisances some --particles 70 --size 1440 1120 "
    "--pixel-size 1.6 --snr 0.08 --solvent-noise 0.3 --seed 11"
)
HEIGHT_PX, WIDTH_PX = 1120, 1440
DIAMETER_PX = 78
PATIENCE_MS = 30_000
TRAINING_MS = 600_000
N_CLICKS = 10

Place = tuple[float, float]


def main() -> None:
    """Simulate, serve, drive the page from the first click to the export."""
    with tempfile.TemporaryDirectory() as temporary:
        simulated, session = Path(temporary) / "simulated", Path(temporary) / "apoferritin"
        subprocess.run([DEEPEM, "simulate", simulated, *SIMULATION.split()], check=True)  # noqa: S603
        session.mkdir()
        for path in simulated.glob("*.mrc"):
            shutil.copy(path, session)
        truth = collect_picks(sorted(simulated.glob("*.box"))).by_name
        with serve(session) as url, open_page(url) as page:
            label(page, truth["mic_0001"])
            train(page)
            review(page, truth, url)
            look_at_gallery(page)
            compare(page, write_mirrored(truth, Path(temporary) / "mirrored"))
            hand_over(page, session)


@contextmanager
def serve(folder: Path) -> Generator[str]:
    """Run the studio of a folder; gives the address with its token."""
    log = folder.with_name("studio.txt")
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603
            [DEEPEM, "studio", folder, "--no-browser"],
            stderr=file,
            env={**os.environ, "COLUMNS": "500"},
        )
    try:
        while not (found := re.search(r"http://\S+token=\S+", log.read_text())):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.1)
        yield found.group()
    finally:
        for job in folder.glob("DeepEM/jobs/*"):
            (job / "cancel").touch()
        process.terminate()
        process.wait()


@contextmanager
def open_page(url: str) -> Generator[Page]:
    """The page in Chromium without a screen, the first steps closed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))))
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1)
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.goto(url)
        page.get_by_role("button", name="Close the first steps").click()
        expect(page.get_by_test_id("scale-bar")).to_be_visible()
        page.wait_for_timeout(2000)  # the micrograph glides into its place
        yield page
        browser.close()


def take(page: Page, name: str) -> None:
    """Write what the page shows."""
    page.wait_for_timeout(1500)  # the last tiles and boxes come
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shrink(picture).save(OUT / f"studio-{name}.png", optimize=True)


def shrink(picture: Image.Image, n_greys: int = 18) -> Image.Image:
    """Give it a palette: few greys, since noise takes the room, and colours however rare."""
    pixels = np.asarray(picture)
    is_colour = np.ptp(pixels.astype(int), axis=2) > 8
    greys = np.repeat(np.linspace(0, 255, n_greys).round().astype(np.uint8)[:, None], 3, axis=1)
    colours, counts = np.unique(pixels[is_colour], axis=0, return_counts=True)
    frequent = colours[np.argsort(-counts)[:96]]
    rare = Image.fromarray(np.unique(colours // 12 * 12 + 6, axis=0)[None]).quantize(139)
    table = np.concatenate([frequent, np.array(rare.getpalette(), dtype=np.uint8).reshape(-1, 3)])
    palette = Image.new("P", (1, 1))
    palette.putpalette(table.tobytes())
    coloured = Image.fromarray(pixels[is_colour][None])
    coloured = coloured.quantize(palette=palette, dither=Image.Dither.NONE)
    indices = np.rint(pixels.mean(axis=2) / 255 * (n_greys - 1)).astype(np.uint8)
    indices[is_colour] = np.asarray(coloured)[0] + n_greys
    small = Image.fromarray(indices, "P")
    small.putpalette(np.concatenate([greys, table]).tobytes())
    return small


def to_screen(page: Page, place: Place) -> Place:
    """Where a place of the micrograph is in the window."""
    point = page.evaluate("([x, y]) => deepemStudio.toScreen(x, y)", list(place))
    return point["x"], point["y"]


def drag(page: Page, start: Place, end: Place) -> None:
    """Drag from one place of the micrograph to another."""
    page.mouse.move(*to_screen(page, start))
    page.mouse.down()
    page.mouse.move(*to_screen(page, end), steps=5)
    page.mouse.up()


def open_micrograph(page: Page, name: str) -> None:
    """Choose a micrograph in the list."""
    rows = page.get_by_role("listbox", name="Micrographs")
    rows.get_by_role("option", name=name).click()
    expect(page.get_by_test_id("view")).to_have_attribute("aria-label", re.compile(name))
    page.wait_for_timeout(500)


def choose_apart(particles: Picks, n: int) -> list[Place]:
    """Particles to click: whole, and apart from one another."""
    chosen: list[Place] = []
    for index in np.random.default_rng(2).permutation(len(particles)):
        x, y = float(particles.x_px[index]), float(particles.y_px[index])
        inside = 80 < x < WIDTH_PX - 80 and 80 < y < HEIGHT_PX - 80
        if inside and all(np.hypot(x - other[0], y - other[1]) > 100 for other in chosen):
            chosen.append((x, y))
    return chosen[:n]


def measure(page: Page, place: Place) -> None:
    """Drag the ruler across a particle."""
    page.get_by_role("toolbar", name="Tools").get_by_role("button", name="Measure").click()
    x, y = place
    half = 0.36 * DIAMETER_PX
    drag(page, (x - half, y + half), (x + half, y - half))


def label(page: Page, particles: Picks) -> None:
    """Measure a particle, click ten, and measure once more for the picture."""
    *clicked, last = choose_apart(particles, N_CLICKS + 1)
    measure(page, clicked[0])
    page.get_by_role("button", name="Use as diameter").click()
    field = page.get_by_role("textbox", name="Diameter (Å)")
    expect(field).to_have_value(re.compile(r"^12\d"))  # it is measured before it is typed
    field.fill("125")
    field.press("Enter")
    page.get_by_role("button", name="Add particles").click()
    for n, place in enumerate(clicked, 1):
        page.mouse.click(*to_screen(page, place))
        expect(page.get_by_test_id("n-particles")).to_have_text(str(n))
    expect(page.get_by_text("All labels are saved")).to_be_visible()
    measure(page, last)
    page.wait_for_timeout(6000)  # messages go
    take(page, "label")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select and pan").click()


def train(page: Page) -> None:
    """Learn; the picture is of the first picks, while better ones are on their way."""
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("First picks are shown")).to_be_visible(timeout=TRAINING_MS)
    page.wait_for_timeout(4000)
    take(page, "train")
    page.get_by_role("button", name="Train", exact=True).wait_for(timeout=TRAINING_MS)


def ask(url: str, path: str) -> dict[str, Any]:
    """What the server says of something."""
    address = urlsplit(url)
    token = parse_qs(address.query)["token"][0]
    request = urllib.request.Request(  # noqa: S310
        f"{address.scheme}://{address.netloc}/api{path}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return dict(json.load(answer))


def review(page: Page, truth: dict[str, Picks], url: str) -> None:
    """Reject what is no particle, and look at the reason of a pick that was left out."""
    name = "mic_0004"
    page.get_by_role("tab", name="Review").click()
    open_micrograph(page, name)
    expect(page.get_by_test_id("kept-here")).to_have_text(re.compile(r"^\d+$"))
    picks = ask(url, f"/picks/001/micrographs/{name}")
    selection = next(s for s in ask(url, "/picks")["sets"] if s["id"] == "001")["selection"]
    at = np.column_stack([picks["x_px"], picks["y_px"]])
    particles = np.column_stack([truth[name].x_px, truth[name].y_px])
    to_particle = np.linalg.norm(at[:, None] - particles, axis=2).min(axis=1)
    kept = np.array(picks["score"]) >= selection["threshold"]
    fails = np.array(picks["fails"])
    wrong = kept & (fails == 0) & (to_particle > DIAMETER_PX / 3)
    junk = kept & (fails == 1)
    page.mouse.move(*to_screen(page, (WIDTH_PX / 2, HEIGHT_PX / 2)))
    for place in at[wrong][:4]:
        page.mouse.click(*to_screen(page, tuple(place)))
    expect(page.get_by_text("All labels are saved")).to_be_visible()
    for place in at[junk][:1]:
        page.mouse.move(*to_screen(page, tuple(place)))
    take(page, "review")


def look_at_gallery(page: Page) -> None:
    """Boxes of all micrographs, the doubtful ones first."""
    page.get_by_role("button", name="Gallery of boxes").click()
    page.get_by_label("Order of the boxes").select_option("nearest")
    boxes = page.get_by_role("listbox", name="Boxes of picks").get_by_role("option")
    expect(boxes.first).to_be_visible()
    page.wait_for_timeout(2000)
    take(page, "gallery")
    page.get_by_role("button", name="Close the gallery").click()


def write_mirrored(truth: dict[str, Picks], folder: Path) -> list[Path]:
    """Coordinates as a program would write them that counts y from below."""
    folder.mkdir()
    files = []
    for name, picks in truth.items():
        mirrored = Picks(micrograph=name, x_px=picks.x_px, y_px=HEIGHT_PX - 1 - picks.y_px)
        files.append(folder / f"{name}.star")
        write_picks(mirrored, files[-1], format="star")
    return files


def compare(page: Page, files: Sequence[Path]) -> None:
    """Import mirrored coordinates, and ask the images about them."""
    open_micrograph(page, "mic_0002")
    page.get_by_role("tab", name="Compare").click()
    page.get_by_text("Import picks of another program").click()
    page.get_by_label("Coordinate files from this computer").set_input_files(files)
    page.get_by_label("Title of the imported picks").fill("Another program")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Imported “Another program”")).to_be_visible()
    page.get_by_text("Import picks of another program").click()
    page.get_by_label("Set A").select_option(label="Another program")
    page.get_by_role("button", name="Check A").click()
    picture = page.get_by_role("button", name=re.compile("Mean images")).first
    expect(picture).to_be_visible()
    page.wait_for_timeout(6000)
    picture.scroll_into_view_if_needed()
    take(page, "compare")


def hand_over(page: Page, session: Path) -> None:
    """Export the trained network's picks for RELION and cryoSPARC."""
    open_micrograph(page, "mic_0004")
    page.get_by_role("tab", name="Hand over").click()
    page.get_by_role("checkbox", name=re.compile("cryoSPARC")).check()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("button", name=re.compile("[Dd]ownload")).first).to_be_visible()
    page.wait_for_timeout(6000)
    # The folder is a temporary one of this machine: a name that is nobody's is shown.
    page.locator(".panel li").first.evaluate(
        "(item, [shown, name]) => { item.innerHTML = item.innerHTML.replaceAll(shown, name); }",
        [str(session), f"/data/{session.name}"],
    )
    take(page, "handover")


if __name__ == "__main__":
    main()
