"""``deepem tune``: the search from the command line, interrupted and gone on with."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepem.cli.tuning_progress import TuningProgress
from deepem.networks import load_model
from deepem.training import Epoch
from deepem.training.search_space import Candidate

Deepem = Callable[..., Any]


@pytest.fixture
def tune(
    deepem: Deepem, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Deepem:
    """Search with two trials of six epochs; more options may follow."""
    options = Candidate.options

    def few(self: Candidate, *, n_labels: int, share: float) -> dict[str, Any]:
        return options(self, n_labels=n_labels, share=0.5) | {"epochs": 6}

    monkeypatch.setattr(Candidate, "options", few)

    def run(*more: object) -> Any:
        out = () if "--out" in more else ("--out", tmp_path / "m.deepem")
        return deepem(
            "tune", simulated, "--picks", simulated, "--trials", 2, "--network", "deepem8",
            *out, *more,
        )  # fmt: skip

    return run


def _rows(table: Path) -> list[dict[str, str]]:
    lines = [x for x in table.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


def test_writes_a_model_and_a_table(tune: Deepem, simulated: Path, tmp_path: Path) -> None:
    test = simulated / "mic_0006.mrc"
    ended = tune("--test", test)
    assert (ended.code, ended.out) == (0, "")
    for said in ("Trial 0 (", "Trial 1 (", "The default settings, trained in full"):
        assert said in ended.err
    assert "On the test micrographs: precision" in ended.err
    assert f"deepem pick … --model {tmp_path / 'm.deepem'}" in ended.err
    record = load_model(tmp_path / "m.deepem").header.training
    assert record["tuning"]["trials"] == 2
    assert "mic_0006" not in record["micrographs"] + record["validation_micrographs"]
    assert {row["trial"] for row in _rows(tmp_path / "m.tsv")} == {"0", "1"}
    again = tune("--test", test)
    assert again.code == 1
    assert "--overwrite" in again.err


def test_interrupted_and_gone_on_with(
    tune: Deepem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: TuningProgress, epoch: Epoch) -> None:
        if self.n_ended == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TuningProgress, "trained", stop)
        ended = tune()
    assert ended.code == 130
    assert "The same command with --resume" in ended.err
    assert not (tmp_path / "m.deepem").exists()
    assert len(_rows(tmp_path / "m.tsv")) == 1
    refused = tune()
    assert refused.code == 1
    assert "holds a search. Go on with it: --resume; start again: --overwrite" in refused.err
    resumed = tune("--resume")
    assert resumed.code == 0
    assert "Trial 0 (" not in resumed.err
    assert (tmp_path / "m.deepem").exists()


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--out", "m.model"), "ends in .deepem"),
        (("--valid-picks", "boxes"), "with --valid"),
        (("--share", "0"), "--share: must be above 0"),
        (("--trials", "0"), "--trials"),
        (("--network", "unet"), "residual"),
    ],
)
def test_wrong_usage(options: tuple[str, ...], cure: str, tune: Deepem) -> None:
    ended = tune(*options)
    assert ended.code == 2
    assert cure in ended.err
