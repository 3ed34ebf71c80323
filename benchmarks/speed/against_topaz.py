"""The same files picked by Topaz's pretrained pipeline: ``topaz preprocess``, ``topaz extract``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from deepem import open_micrograph, write_mrc
from deepem.baselines.programs.topaz import TopazModel, pick_with_topaz
from speed.command import run_pick
from speed.inputs import copy_apoferritin, link_many, simulate, train_briefly
from speed.part import Result, Settings, table, verdict

# Topaz's pretrained network, its default; it wants particles of about this many pixels.
_NETWORK, _DIAMETER_PX = "resnet16", 21
# Topaz's own default, which finds fewer candidates than the studies ask for.
_THRESHOLD = -6
_N_SUSTAINED = 100
_WANTED = 20.0


def measure(settings: Settings) -> Result:
    """Topaz on some files and on one of them, and ours on them, and on them again and again."""
    cases = []
    if settings.data.exists():
        files, model = copy_apoferritin(settings)
        cases.append(("1240 x 1200", 63, files[-4:], model))
    if not settings.quick:
        cases.append(
            ("4096 x 4096", 130, simulate(settings, 4096, 130, 3)[1:], train_briefly(settings, 130))
        )
    return {"rows": [_measure_case(*case) for case in cases]}


def _measure_case(size: str, diameter_px: int, sources: list[Path], model: Path) -> Result:
    factor = round(diameter_px / _DIAMETER_PX)
    with tempfile.TemporaryDirectory(dir=model.parent) as name:
        folder = Path(name) / "mics"
        folder.mkdir()
        files = [_write_float(path, folder / f"mic_{n}.mrc") for n, path in enumerate(sources)]
        micrographs = [open_micrograph(file) for file in files]
        topaz = {
            n: pick_with_topaz(
                micrographs[:n],
                model=TopazModel(_NETWORK, factor),
                radius_px=diameter_px / 2,
                threshold=_THRESHOLD,
                n_threads=2,
            ).seconds
            for n in (1, len(files))
        }
        ours = run_pick(files, model, n_threads=2)
        links = link_many(files, _N_SUSTAINED, Path(name) / "many" / "mics")
        sustained = run_pick(links, model, n_threads=2)
    row = {"size": size, "diameter": diameter_px, "factor": factor, "n": len(files)}
    row |= {"topaz_one_s": topaz[1], "topaz_s": topaz[len(files)], "ours_s": ours["seconds"]}
    row["rate"] = sustained["rate"]
    print(row, flush=True)
    return row


def _write_float(source: Path, target: Path) -> Path:
    micrograph = open_micrograph(source)
    return write_mrc(
        target,
        np.array(micrograph.pixels(), dtype=np.float32),
        pixel_size_angstrom=micrograph.pixel_size_angstrom,
    )


def render(result: Result) -> list[str]:
    """The table beside Topaz."""
    rows = []
    for row in result["rows"]:
        each = (row["topaz_s"] - row["topaz_one_s"]) / (row["n"] - 1)
        sustained, whole = each * row["rate"], row["topaz_s"] / row["ours_s"]
        rows.append(
            (
                *(row["size"], row["diameter"], row["factor"], row["n"]),
                *(f"{row['topaz_s']:.1f}", f"{each:.2f}", f"{row['ours_s']:.2f}"),
                *(f"{1 / row['rate']:.3f}", f"{sustained:.1f}", f"{whole:.1f}"),
                verdict(sustained, _WANTED, at_least=True),
            )
        )
    head = (
        *("size", "diameter", "Topaz's -s", "files", "Topaz, s", "each more, s"),
        *("DeepEM, the same files, s", "each, sustained, s", "ratio, start-up aside"),
        *("ratio of the whole commands", "wanted, start-up aside"),
    )
    return table(head, rows)
