"""What ``--fast`` changes: picks and figures in bfloat16 beside those in single precision."""

from __future__ import annotations

import numpy as np

from deepem import Picker, evaluate, train
from deepem.networks.device import has_bfloat16
from real_data import load
from speed.part import Result, Settings, table

#: Folder of a set, diameter of its particles and how far a pick may be off, in unbinned pixels.
_SETS = (("apoferritin", 63, 20), ("beta_galactosidase", 54, 15))
_SAME_PX = 3  # two picks nearer than this are the same
_QUICK_UPDATES = 60


def measure(settings: Settings) -> Result:
    """Pick the test micrographs of real sets both ways, with the default network fully trained."""
    rows = []
    for name, diameter_px, max_distance_px in _SETS if has_bfloat16("cpu") else ():
        micrographs, labels = load(f"{name}/train")
        valid, valid_labels = load(f"{name}/valid")
        model = train(
            micrographs,
            labels,
            complete=True,
            valid_micrographs=valid,
            valid_picks=valid_labels,
            diameter_px=diameter_px,
            updates=_QUICK_UPDATES if settings.quick else None,
        )
        test, truth = load(f"{name}/test")
        ways = []
        for fast in (False, True):
            picker = Picker(model, fast=fast)
            ways.append([picker.pick(micrograph) for micrograph in test])
        exact, short = ways
        same = evaluate(short, exact, max_distance_px=_SAME_PX)
        limits = {"max_distance_px": max_distance_px, "edge_margin_px": diameter_px / 2}
        f1, f1_fast = (evaluate(way, truth, **limits).f1 for way in ways)
        moved = []
        for one, other in zip(exact, short, strict=True):
            x_px, y_px = (
                np.subtract.outer(a, b) for a, b in ((one.x_px, other.x_px), (one.y_px, other.y_px))
            )
            distance_px = np.hypot(x_px, y_px)
            nearest = distance_px.argmin(axis=1)
            is_same = distance_px.min(axis=1) < _SAME_PX
            moved.append(np.abs(one.score - other.score[nearest])[is_same])
        rows.append(
            {
                "set": name,
                "n": sum(map(len, exact)),
                "n_fast": sum(map(len, short)),
                "n_same": same.n_true_positive,
                "moved": [float(np.mean(np.concatenate(moved))), float(max(map(np.max, moved)))],
                "f1": f1,
                "f1_fast": f1_fast,
            }
        )
    return {"rows": rows}


def render(result: Result) -> list[str]:
    """The table of what ``--fast`` changes."""
    if not result["rows"]:
        return ["This processor has no bfloat16: not measured.", ""]
    rows = [
        (
            row["set"], row["n"], row["n_fast"], row["n_same"],
            *(f"{value:.4f}" for value in (*row["moved"], row["f1"], row["f1_fast"])),
        )
        for row in result["rows"]
    ]  # fmt: skip
    columns = (
        "picks",
        "picks, --fast",
        "the same",
        "scores moved, mean",
        "at most",
        "F1",
        "F1, --fast",
    )
    return table(("set", *columns), rows)
