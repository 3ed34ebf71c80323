"""The learning cycle at the command line: train, pick, refine, edit the set, train again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepem.cli.training_progress import TrainingProgress
from deepem.networks import load_model

Deepem = Callable[..., Any]
QUICK = ("--epochs", 2)


@pytest.fixture(scope="session")
def first(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of few labels, and the training set ``first.set`` beside it."""
    from deepem.io import open_micrograph, place_picks, read_picks
    from deepem.networks import save_model
    from deepem.training import TrainingSet, train

    folder = tmp_path_factory.mktemp("first")
    labels = TrainingSet.create(folder / "first.set", diameter_angstrom=123)
    for name in ("mic_0001", "mic_0002"):
        micrograph = open_micrograph(simulated / f"{name}.mrc")
        (particles,) = read_picks(simulated / f"{name}.box")
        labels.add(micrograph, place_picks(particles, micrograph), complete=True)
    labels.save()
    model = train(
        labels.micrographs(),
        labels.picks(),
        network="deepem8",
        diameter_angstrom=123,
        epochs=3,
        training_set=labels.to_record(),
    )
    return save_model(model, folder / "first.deepem")


@pytest.fixture
def place(first: Path, simulated: Path, tmp_path: Path) -> Path:
    """The model and its set, and three new micrographs with verified coordinates."""
    for name in ("mic_0003", "mic_0004", "mic_0005"):
        for suffix, folder in ((".mrc", "new"), (".box", "verified")):
            (tmp_path / folder).mkdir(exist_ok=True)
            shutil.copy(simulated / f"{name}{suffix}", tmp_path / folder)
    shutil.copy(first, tmp_path)
    shutil.copytree(first.parent / "first.set", tmp_path / "first.set")
    manifest = tmp_path / "first.set" / "training_set.json"
    content = json.loads(manifest.read_text())
    for entry in content["micrographs"]:  # the set is elsewhere now
        entry["path"] = str(simulated / f"{entry['name']}.mrc")
    manifest.write_text(json.dumps(content))
    return tmp_path


@pytest.fixture
def refine(deepem: Deepem, place: Path) -> Deepem:
    """Refine the first model; more options may follow."""

    def run(*options: object, model: str = "first.deepem", quick: bool = True) -> Any:
        defaults: tuple[object, ...] = ()
        for option, value in (
            ("--verified", place / "verified"),
            ("--set", place / "first.set"),
            ("--out", place / "second.deepem"),
        ):
            if option not in options:
                defaults += (option, value)
        steps = QUICK if quick else ()
        return deepem("refine", place / model, place / "new", *steps, *defaults, *options)

    return run


def test_the_story(refine: Deepem, deepem: Deepem, place: Path) -> None:
    """Pick, mark false ones, refine; edit the set by hand; train from it."""
    ended = deepem("pick", place / "new", "--model", place / "first.deepem", "--out", place / "p")
    assert ended.code == 0
    (place / "false").mkdir()
    (place / "false" / "mic_0003.box").write_text("5 7 46 46\n")

    ended = refine("--false", place / "false")
    assert (ended.code, ended.out) == (0, "")
    for said in (
        "Old model:",
        "first.set, round 1: 36 particles and",
        "Error (1 − F2) on 1 micrograph not learnt from: before 0.",
        "deepem pick … --model",
    ):
        assert said in ended.err
    record = load_model(place / "second.deepem").header.training
    assert record["parent"] == load_model(place / "first.deepem").fingerprint()
    assert record["parent_name"] == "first.deepem"
    assert record["training_set"]["name"] == "first.set"
    assert record["seed"] == 0
    assert len(record["micrographs"]) == 4

    folder = place / "first.set"
    content = json.loads((folder / "training_set.json").read_text())
    assert [entry["name"] for entry in content["micrographs"]] == [
        f"mic_000{number}" for number in range(1, 6)
    ]
    (done,) = content["history"]
    assert (done["model"], done["n_particles"]) == ("first.deepem", 36)
    assert done["error_after"] is not None
    assert not list(folder.rglob("*.mrc"))  # no copies of pixels

    # One micrograph is taken out, another is boxed anew in another program.
    for kind in ("particles", "negatives"):
        (folder / kind / "mic_0001.star").unlink(missing_ok=True)
    (folder / "particles" / "mic_0002.star").unlink()
    shutil.copy(place / "verified" / "mic_0003.box", folder / "particles" / "mic_0002.box")
    ended = deepem("train", folder, "--network", "deepem8", *QUICK, "--out", place / "t.deepem")
    assert ended.code == 0
    edited = load_model(place / "t.deepem").header.training
    assert edited["micrographs"] == ["mic_0002", "mic_0003", "mic_0004", "mic_0005"]
    assert edited["training_set"]["fingerprint"] != record["training_set"]["fingerprint"]
    assert edited["training_set"]["round"] == 1
    assert "parent" not in edited


def test_a_new_set_says_what_is_not_in_it(refine: Deepem, place: Path, simulated: Path) -> None:
    ended = refine(
        "--set", place / "other", "--valid", simulated / "mic_0006.mrc", "--labels", "some"
    )
    assert ended.code == 0
    assert "other is a new training set. What first.deepem learnt before is not in it" in ended.err
    assert "Old model: 0 false picks" in ended.err  # nobody knows of the others
    assert "on 1 micrograph not learnt from: before" in ended.err
    content = json.loads((place / "other" / "training_set.json").read_text())
    assert [entry["complete"] for entry in content["micrographs"]] == [False, False, False]
    assert content["diameter_angstrom"] == pytest.approx(123)


def test_a_micrograph_with_false_ones_only(refine: Deepem, place: Path) -> None:
    """Its particles are not known, so that the other picks are not false."""
    (place / "false").mkdir()
    (place / "verified" / "mic_0005.box").rename(place / "false" / "mic_0005.box")
    ended = refine("--false", place / "false")
    assert ended.code == 0
    content = json.loads((place / "first.set" / "training_set.json").read_text())
    assert {e["name"]: e["complete"] for e in content["micrographs"]} == {
        "mic_0001": True, "mic_0002": True, "mic_0003": True, "mic_0004": True, "mic_0005": False,
    }  # fmt: skip
    text = (place / "first.set" / "negatives" / "mic_0005.star").read_text()
    assert text.count("\n") >= 12


def test_one_bad_micrograph_does_not_stop_the_others(refine: Deepem, place: Path) -> None:
    (place / "new" / "mic_0003.mrc").write_bytes(b"")
    ended = refine()
    assert ended.code == 3
    assert "mic_0003.mrc: is empty" in ended.err
    assert (place / "second.deepem").exists()


@pytest.mark.parametrize(
    ("options", "code", "cure"),
    [
        (("--out", "new"), 2, "new.deepem"),
        (("--valid-picks", "boxes"), 2, "--valid"),
        (("--updates", 5), 2, "--updates: are for the residual network; give epochs"),
        (("--verified", "gone"), 1, "gone: does not exist"),
    ],
)
def test_what_cannot_work_is_told_before_the_work(
    options: tuple[object, ...], code: int, cure: str, refine: Deepem, place: Path
) -> None:
    before = {path: path.read_bytes() for path in (place / "first.set").rglob("*.*")}
    ended = refine(*options, quick="--updates" not in options)
    assert ended.code == code
    assert cure in ended.err
    assert not (place / "second.deepem").exists()
    assert {path: path.read_bytes() for path in before} == before


def test_a_model_that_is_not_there(refine: Deepem) -> None:
    ended = refine(model="gone.deepem")
    assert ended.code == 1
    assert "there is no such model file" in ended.err


def test_an_existing_model_is_kept_unless_told(refine: Deepem, place: Path) -> None:
    (place / "second.deepem").write_text("mine")
    ended = refine()
    assert ended.code == 1
    assert "--overwrite" in ended.err
    assert (place / "second.deepem").read_text() == "mine"


def test_a_manifest_that_was_spoilt_says_where(refine: Deepem, place: Path) -> None:
    (place / "first.set" / "training_set.json").write_text('{"format_version": 1,\n"x" 3}')
    ended = refine()
    assert ended.code == 1
    assert "is not JSON" in ended.err
    assert "line 2" in ended.err


def test_interrupted_leaves_the_set(
    refine: Deepem, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: object, epoch: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingProgress, "trained", interrupt)
    ended = refine()
    assert ended.code == 130
    assert "Run the same command again" in ended.err
    assert not (place / "second.deepem").exists()
    content = json.loads((place / "first.set" / "training_set.json").read_text())
    assert content["history"] == []


@pytest.fixture
def train(deepem: Deepem, place: Path, simulated: Path) -> Deepem:
    """Train from the simulated micrographs."""

    def run(*options: object) -> Any:
        return deepem(
            "train", place / "new", "--picks", place / "verified", "--network", "deepem8", *QUICK,
            "--out", place / "m.deepem", *options,
        )  # fmt: skip

    return run


def test_train_in_cycles(train: Deepem, place: Path) -> None:
    ended = train("--cycles", 3, "--target-error", 0)
    assert ended.code == 0
    for said in (
        "First training, on 1 micrograph: error",
        "Cycle 1, 1 micrograph more",
        "Ended: there are no micrographs left to learn from",
        "Warning: the error is",
        f"Labels kept in the training set {place / 'm.set'}",
    ):
        assert said in ended.err
    content = json.loads((place / "m.set" / "training_set.json").read_text())
    assert len(content["micrographs"]) == 2
    assert len(content["history"]) == 2
    assert load_model(place / "m.deepem").header.training["training_set"]["name"] == "m.set"

    ended = train("--cycles", 1, "--overwrite")
    assert ended.code == 1
    assert "holds a training set already" in ended.err


def test_train_keeps_its_labels_as_a_set(train: Deepem, place: Path) -> None:
    assert train("--set", place / "labels", "--labels", "all").code == 0
    content = json.loads((place / "labels" / "training_set.json").read_text())
    assert [entry["complete"] for entry in content["micrographs"]] == [True, True, True]
    record = load_model(place / "m.deepem").header.training["training_set"]
    assert (record["name"], record["n_particles"], record["round"]) == ("labels", 36, 0)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (("--target-error", 0.1), "--target-error: is where --cycles ends"),
        (("--cycles", 0), "--cycles: must be at least 1"),
        (("--cycles", 1, "--labels", "some"), "Leave out --labels some"),
        (("--cycles", 1, "--target-error", 2), "--target-error: must be in 0 … 1"),
        (("--network", "residual"), "--epochs: are for the network of boxes"),
        (("--network", "residual", "--preset", "klh"), "--network: residual has neither preset"),
        (("--updates", 3), "--updates: are for the residual network"),
        (("--beta", 0), "--beta: must be above 0"),
    ],
)
def test_options_of_train_that_cannot_work(
    options: tuple[object, ...], cure: str, train: Deepem, place: Path
) -> None:
    ended = train(*options)
    assert ended.code == 2
    assert cure in ended.err
    assert not list(place.glob("m.deepem*"))


def test_a_training_set_has_its_own_labels(deepem: Deepem, place: Path) -> None:
    ended = deepem(
        "train", place / "first.set", "--picks", place / "verified", "--out", place / "m.deepem"
    )
    assert ended.code == 2
    assert "Leave --picks out" in ended.err
    ended = deepem("train", place / "new", "--out", place / "m.deepem")
    assert ended.code == 2
    assert "without them MICROGRAPHS is a training set's folder" in ended.err
