"""``deepem evaluate --protocol``: CryoPPP's folders, the means, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepem.core import Picks
from deepem.io import open_micrograph, place_picks, read_picks, write_picks

Deepem = Callable[..., Any]


@pytest.fixture
def cryoppp(simulated: Path, tmp_path: Path) -> Path:
    """An entry of CryoPPP as it is downloaded: micrographs, and labels counted from below."""
    entry = tmp_path / "10017"
    labels = entry / "ground_truth" / "particle_coordinates"
    (entry / "micrographs").mkdir(parents=True)
    labels.mkdir(parents=True)
    for path in sorted(simulated.glob("*.mrc"))[:3]:
        shutil.copy(path, entry / "micrographs")
        (found,) = read_picks(path.with_suffix(".star"))
        rows = "".join(f"{x},{256 - y},31\n" for x, y in zip(found.x_px, found.y_px, strict=True))
        (labels / f"{path.stem}.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n" + rows)
    return entry


@pytest.fixture
def picks(simulated: Path, tmp_path: Path) -> Path:
    """Half of the first micrograph's particles, all of the second's twice, none of the third's."""
    folder = tmp_path / "picks"
    folder.mkdir()
    (one,) = read_picks(simulated / "mic_0001.star")
    (two,) = read_picks(simulated / "mic_0002.star")
    x, y = np.tile(two.x_px, 2), np.tile(two.y_px, 2)
    write_picks(one.take(np.arange(6)), folder / "mic_0001.star")
    write_picks(Picks("mic_0002", x, y), folder / "mic_0002.star")
    return folder


def run(deepem: Deepem, cryoppp: Path, picks: Path, protocol: str, *options: object) -> Any:
    truth = cryoppp / "ground_truth" / "particle_coordinates"
    return deepem(
        "evaluate", picks, "--truth", truth, "--micrographs", cryoppp / "micrographs",
        "--protocol", protocol, "--diameter-px", 31, *options,
    )  # fmt: skip


def test_means_over_the_micrographs_of_an_entry(deepem: Deepem, cryoppp: Path, picks: Path) -> None:
    ended = run(deepem, cryoppp, picks, "cryoppp")
    assert ended.code == 0
    assert [line.split("\t") for line in ended.out.splitlines()] == [
        ["micrograph", "picks", "particles", "precision", "recall", "F1"],
        ["mic_0001", "6", "12", "1.0000", "0.5000", "0.6667"],
        ["mic_0002", "24", "12", "0.5000", "1.0000", "0.6667"],
        ["mic_0003", "0", "12", "0.0000", "0.0000", "0.0000"],
        ["mean", "30", "36", "0.5000", "0.5000", "0.4444"],
    ]
    assert "Protocol cryoppp: centres matched one to one within 15.5 px" in ended.err
    assert "No picks for the particles of mic_0003: nothing counts as found there" in ended.err


def test_only_the_micrographs_given_count(deepem: Deepem, cryoppp: Path, picks: Path) -> None:
    boxes = cryoppp.parent / "boxes"
    truth = cryoppp / "ground_truth" / "particle_coordinates"
    micrographs = cryoppp / "micrographs"
    assert (
        deepem("convert", truth, "--to", "box", "--out", boxes, "--micrographs", micrographs).code
        == 0
    )
    (picks / "mic_0001.star").unlink()
    (micrographs / "mic_0003.mrc").unlink()
    ended = deepem(
        "evaluate", picks, "--truth", boxes, "--micrographs", micrographs, "--protocol", "cryoppp",
        "--diameter-px", 31, "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    assert [row["micrograph"] for row in facts["per_micrograph"]] == ["mic_0001", "mic_0002"]
    assert facts["unpicked"] == ["mic_0001"]
    assert facts["f1"] == pytest.approx((0 + 2 / 3) / 2)
    assert "Not among the micrographs: mic_0003: left out" in ended.err


def test_picks_where_nothing_is_known_are_left_out(
    deepem: Deepem, cryoppp: Path, picks: Path
) -> None:
    (cryoppp / "ground_truth" / "particle_coordinates" / "mic_0001.csv").unlink()
    facts = json.loads(run(deepem, cryoppp, picks, "cryoppp", "--json").out)
    assert (facts["n_left_out"], facts["left_out"]) == (1, ["mic_0001"])
    assert len(facts["per_micrograph"]) == 2


def test_pixelwise_names_itself_and_warns(deepem: Deepem, cryoppp: Path, picks: Path) -> None:
    ended = run(deepem, cryoppp, picks, "pixelwise")
    assert ended.code == 0
    header, *_, two, _, mean, highest = [line.split("\t") for line in ended.out.splitlines()]
    assert header[-4:] == ["precision", "recall", "F1", "Dice"]
    # A second pick of every particle costs nothing here.
    assert two[0] == "mic_0002"
    assert two[1] == two[2]
    assert two[3:] == ["1.0000"] * 4
    assert mean[0] == "mean"
    assert float(mean[4]) < 0.6
    assert highest == ["highest", *mean[1:3], "1.0000", "1.0000", "1.0000", "1.0000"]
    assert "CryoSegNet's" in ended.err
    assert "never put them side by side" in ended.err.replace("\n", " ")
    facts = json.loads(run(deepem, cryoppp, picks, "pixelwise", "--json").out)
    assert facts["protocol"] == "pixelwise"
    assert facts["highest_f1"] == 1


def test_pixelwise_needs_the_size(deepem: Deepem, simulated: Path, picks: Path) -> None:
    ended = deepem(
        "evaluate", picks, "--truth", simulated, "--protocol", "pixelwise", "--diameter-px", 31,
        "--picks-format", "star",
    )  # fmt: skip
    assert (ended.code, ended.out) == (1, "")
    assert "give --micrographs" in ended.err


@pytest.mark.parametrize(
    "option", [("--threshold", 0.5), ("--max-distance", 9), ("--edge-margin", 9)]
)
def test_what_a_protocol_has_no_room_for_is_refused(
    option: tuple[str, float], deepem: Deepem, cryoppp: Path, picks: Path
) -> None:
    ended = run(deepem, cryoppp, picks, "cryoppp", *option)
    assert (ended.code, ended.out) == (2, "")
    assert f"{option[0]}: is not part of --protocol cryoppp" in ended.err
    assert "--protocol centres" in ended.err


def test_a_report_is_refused_too(
    deepem: Deepem, cryoppp: Path, picks: Path, tmp_path: Path
) -> None:
    ended = run(deepem, cryoppp, picks, "pixelwise", "--report", tmp_path / "r.html")
    assert ended.code == 2
    assert "--report: is not part of --protocol pixelwise" in ended.err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("protocol", ["cryoppp", "pixelwise"])
def test_real_labels_of_cryoppp(
    protocol: str, deepem: Deepem, shared_data: Path, tmp_path: Path
) -> None:
    """EMPIAR-10017: every third label dropped, the others moved by a few pixels."""
    images = shared_data / "beta_galactosidase" / "test"
    labels = tmp_path / "ground_truth" / "particle_coordinates"
    picks = tmp_path / "picks"
    labels.mkdir(parents=True)
    picks.mkdir()
    n_truth = []
    for path in sorted(images.glob("*.mrc"))[:2]:
        truth = place_picks(read_picks(path.with_suffix(".box"))[0], open_micrograph(path))
        write_picks(truth, labels / f"{path.stem}.csv", format="cryoppp")
        kept = truth.take(np.arange(len(truth)) % 3 > 0)
        moved = Picks(truth.micrograph, kept.x_px + 3, kept.y_px - 4)
        write_picks(moved, picks / f"{path.stem}.star")
        n_truth.append(len(truth))
    ended = deepem(
        "evaluate", picks, "--truth", labels, "--micrographs", images, "--protocol", protocol,
        "--diameter-px", 54, "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    assert len(facts["per_micrograph"]) == 2
    if protocol == "cryoppp":
        # Moved by 5 px of the 27 allowed, nearly every pick finds a particle.
        assert [row["n_truth"] for row in facts["per_micrograph"]] == n_truth
        assert facts["precision"] > 0.97
        assert facts["recall"] == pytest.approx(2 / 3, abs=0.02)
    else:
        # Two discs of 54 px, 5 px apart, share 88 %; dropped particles lie under neighbours.
        assert 0.85 < facts["precision"] < 1
        assert 0.55 < facts["recall"] < 0.85
