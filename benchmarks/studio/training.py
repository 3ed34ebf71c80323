"""From pressing Train to the first picks on the screen, and to the final ones, in a browser."""

from __future__ import annotations

import re
import shutil
import sys
import time

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

import deepem
from deepem import Picks
from deepem.io import collect_picks
from speed.part import Result, Settings, table, verdict
from studio.server import StudioServer

_DIAMETER_PX = 63.0
_N_CLICKS = 10
_MATCH_PX = 20
_FIRST_S, _FINAL_S, _F1 = 20, 90, 0.97
_PATIENCE_MS = 1_200_000


def measure(settings: Settings) -> Result:
    """Train from ten labels on apoferritin, a few times; each draws other particles."""
    runs = [_measure_once(settings, seed) for seed in range(1 if settings.quick else 3)]
    return {"runs": runs}


def render(result: Result) -> list[str]:
    """A row a run."""
    columns = ["labels drawn", "first picks, s", "final picks, s", "F1 first", "F1 final"]
    rows = [
        [
            run["seed"],
            f"{run['first_s']:.1f}",
            f"{run['final_s']:.1f}",
            f"{run['first_f1']:.3f}",
            f"{run['final_f1']:.3f}",
        ]
        for run in result["runs"]
    ]
    worst = {key: max(run[key] for run in result["runs"]) for key in ("first_s", "final_s")}
    lowest = min(run["final_f1"] for run in result["runs"])
    return [
        f"Worst: first picks after {worst['first_s']:.1f} s "
        f"({verdict(worst['first_s'], _FIRST_S)}), final ones after {worst['final_s']:.1f} s "
        f"({verdict(worst['final_s'], _FINAL_S)}), their F1 {lowest:.3f} "
        f"({verdict(lowest, _F1, at_least=True)}).",
        "",
        *table(columns, rows),
    ]


def _measure_once(settings: Settings, seed: int) -> Result:
    data = settings.data / "apoferritin"
    if not data.is_dir():
        sys.exit(f"{data} is not there: this part needs the real micrographs")
    folder = settings.work / f"train_{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in data.glob("train/*.mrc"):
        shutil.copy(path, folder)
    name, labels = _draw_labels(settings, seed)
    with StudioServer(folder) as server, sync_playwright() as driver:
        server.client.patch("/api/project", json={"diameter_px": _DIAMETER_PX}).raise_for_status()
        server.client.post(
            f"/api/micrographs/{name}/labels",
            json={"operations": [_to_operation(x, y) for x, y in labels]},
        ).raise_for_status()
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(server.page_address)
        seconds = _train(page)
        browser.close()
    return {
        "seed": seed,
        **seconds,
        "first_f1": _measure_f1(settings, folder / "DeepEM/models/001/quick.deepem"),
        "final_f1": _measure_f1(settings, folder / "DeepEM/models/001/model.deepem"),
    }


def _draw_labels(settings: Settings, seed: int) -> tuple[str, list[tuple[float, float]]]:
    """Particles of the first micrograph by name, at random, which the edge does not cut."""
    path = min((settings.data / "apoferritin" / "train").glob("*.mrc"))
    micrograph = deepem.open_micrograph(path)
    truth = deepem.place_picks(deepem.read_picks(path.with_suffix(".box"))[0], micrograph)
    whole = np.flatnonzero(truth.edge_distance_px() >= _DIAMETER_PX / 2)
    chosen = truth.take(np.random.default_rng(seed).choice(whole, _N_CLICKS, replace=False))
    return path.stem, list(zip(chosen.x_px.tolist(), chosen.y_px.tolist(), strict=True))


def _to_operation(x_px: float, y_px: float) -> dict[str, object]:
    return {"op": "add", "kind": "particle", "x_px": x_px, "y_px": y_px}


def _train(page: Page) -> dict[str, float]:
    """Press Train as a user does, with the micrograph in view; watch the picks come."""
    page.get_by_test_id("scale-bar").wait_for()
    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train", exact=True).click()
    began = time.perf_counter()
    page.get_by_role("tab", name="Review").click()
    kept = page.get_by_test_id("kept-here")
    expect(kept).to_have_text(re.compile(r"^[1-9]"), timeout=_PATIENCE_MS)
    first = time.perf_counter() - began
    shown = page.get_by_role("combobox", name="Picks to review")
    expect(shown).to_have_value("001", timeout=_PATIENCE_MS)
    expect(kept).to_have_text(re.compile(r"^[1-9]"), timeout=_PATIENCE_MS)
    return {"first_s": first, "final_s": time.perf_counter() - began}


def _measure_f1(settings: Settings, model: object) -> float:
    """F1 on the test micrographs, at the model's threshold."""
    picker = deepem.Picker(str(model))
    test = settings.data / "apoferritin" / "test"
    truth = collect_picks(sorted(test.glob("*.box"))).by_name
    micrographs = [deepem.open_micrograph(path) for path in sorted(test.glob("*.mrc"))]
    picks: list[Picks] = [picker.pick(micrograph) for micrograph in micrographs]
    evaluation = deepem.evaluate(
        picks,
        [deepem.place_picks(truth[micrograph.name], micrograph) for micrograph in micrographs],
        max_distance_px=_MATCH_PX,
        edge_margin_px=_DIAMETER_PX / 2,
    )
    return float(evaluation.f1)
