"""What is handed over is what was picked, in every format; or nothing is."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deepem.core import Listing, Picks
from deepem.errors import ConfigError, ConventionError, NotFoundError
from deepem.io import PICK_FORMATS, convert_picks, read_picks, write_mrc, write_picks
from deepem.io.formats.relion import list_coordinate_files
from deepem.studio.exports.relion_project import find_relion_project
from deepem.studio.exports.store import ExportStore
from deepem.studio.exports.zip_stream import stream_zip
from deepem.studio.labels.operations import Operation
from deepem.studio.project import Project

# Off centre, between pixels, near a corner and near the middle of a micrograph of 320 x 240.
X_PX, Y_PX = [31.25, 300.75, 160.5, 12.0], [17.5, 30.25, 119.0, 222.0]
# How far a coordinate may be off that a format has kept.
_WHOLE = 0.5
_TOLERANCE_PX = {
    "box": _WHOLE,
    "eman2": _WHOLE,
    "topaz": _WHOLE,
    "cryosparc": 1e-3,
    "csv": 1e-3,
    "tsv": 1e-3,
}
_FRACTION_PX = 1e-3


def pick(name: str, n: int = 4) -> Picks:
    return Picks(name, X_PX[:n], Y_PX[:n], score=[0.9, 0.8, 0.7, 0.6][:n], box_size_px=60)


def sort_by_x(picks: Picks) -> NDArray[np.float64]:
    places = np.column_stack([picks.x_px, picks.y_px])
    return places[np.argsort(places[:, 0])]


@pytest.fixture
def store(project: Project) -> ExportStore:
    return ExportStore(project)


@pytest.mark.parametrize("known", PICK_FORMATS, ids=lambda known: known.name)
def test_coordinates_come_back_from_every_format(known, store, project):
    project.update(diameter_px=40)
    export = store.make("001", ["mic_0", "mic_2"], pick, [known.name])
    folder = project.folder / export.folder / known.name
    assert (export.n_micrographs, export.n_particles) == (2, 8)
    assert export.files
    paths = [project.folder / export.folder / file for file in export.files]
    assert sorted(paths) == sorted(path for path in folder.rglob("*") if path.is_file())
    readable = [path for path in paths if path.name not in ("project.json", "picks.csg")]
    if known.name == "relion":
        readable = [folder / "autopick.star"]
    found = {
        picks.micrograph: picks
        for path in readable
        for picks in read_picks(path, format=known.name, find_shape=lambda name: (240, 320))
    }
    assert set(found) == {"mic_0", "mic_2"}
    for picks in found.values():
        np.testing.assert_allclose(
            sort_by_x(picks),
            sort_by_x(pick(picks.micrograph)),
            atol=_TOLERANCE_PX.get(known.name, _FRACTION_PX),
        )


def test_several_formats_at_once_have_a_folder_each(store, project):
    export = store.make("001", ["mic_0"], pick, ["relion", "eman2", "relion"])
    assert export.formats == ("relion", "eman2")
    assert {Path(file).parts[0] for file in export.files} == {"relion", "eman2"}
    assert len(export.next_steps) == 2
    assert store.find(export.id)[0] == export
    assert export.folder == "DeepEM/exports/001"


def test_exports_are_never_written_over(store, project):
    first = store.make("001", ["mic_0"], pick, ["star"])
    path = project.folder / first.folder / first.files[0]
    before = path.read_bytes()
    second = store.make("001", ["mic_0"], lambda name: pick(name, 2), ["star"])
    assert (first.id, second.id) == ("001", "002")
    assert path.read_bytes() == before
    assert [export.id for export in store.list_all()] == ["002", "001"]


def test_one_format_that_fails_leaves_nothing(store, project):
    with pytest.raises(ConfigError, match=r"box cannot be written.*set it first") as caught:
        store.make(
            "labels", ["mic_0"], lambda name: replace(pick(name), box_size_px=None), ["star", "box"]
        )
    assert caught.value.field == "diameter"
    assert list(project.exports_dir.iterdir()) == []
    assert store.list_all() == []


def test_cryosparc_needs_a_pixel_size(folder):
    write_mrc(folder / "mic_9.mrc", np.random.default_rng(0).normal(size=(50, 80)).astype("f4"))
    project = Project(folder)
    store = ExportStore(project)
    picks = Picks("mic_9", [30.5], [20.0])
    with pytest.raises(ConfigError, match="cryosparc cannot be written: the pixel size of mic_9"):
        store.make("001", ["mic_9"], lambda name: picks, ["cryosparc"])
    project.update(pixel_size_angstrom=1.5)
    assert store.make("001", ["mic_9"], lambda name: picks, ["cryosparc"]).n_particles == 1


def test_labels_get_boxes_from_the_diameter(store, project):
    project.update(diameter_angstrom=100)  # 40 px
    export = store.make(
        "labels", ["mic_0"], lambda name: replace(pick(name), box_size_px=None), ["box"]
    )
    (picks,) = read_picks(project.folder / export.folder / export.files[0])
    assert picks.box_size_px == 60


def test_relion_finds_its_micrographs_and_files(tmp_path, monkeypatch):
    root = tmp_path / "relion"
    movies = root / "MotionCorr/job002/movies"
    movies.mkdir(parents=True)
    (root / "default_pipeline.star").touch()
    write_mrc(movies / "mic_1.mrc", np.random.default_rng(0).normal(size=(240, 320)).astype("f4"))
    project = Project(movies)
    export = ExportStore(project).make("001", ["mic_1"], pick, ["relion"])
    listed = project.folder / export.folder / "relion/autopick.star"
    monkeypatch.chdir(root)  # where RELION runs
    ((listing, file),) = list_coordinate_files(listed.relative_to(root)) or []
    assert listing == Listing("MotionCorr/job002/movies/mic_1.mrc")
    assert file == listed.relative_to(root).with_name("movies") / "mic_1_autopick.star"
    assert file.is_file()
    assert f" {file}\n" in listed.read_text()  # not found by luck, but named so
    (text,) = export.next_steps
    assert "Input coordinates: MotionCorr/job002/movies/DeepEM/exports/001/relion" in text
    assert "No RELION project" not in text


def test_a_relion_project_that_links_to_the_micrographs(tmp_path):
    data, root = tmp_path / "data" / "grid", tmp_path / "relion"
    data.mkdir(parents=True)
    root.mkdir()
    write_mrc(data / "mic_1.mrc", np.random.default_rng(0).normal(size=(240, 320)).astype("f4"))
    (root / "raw").symlink_to(data.parent)
    project = Project(data)
    found = find_relion_project(project.folder, str(root))
    assert found.name(project.file("mic_1")) == Listing("raw/grid/mic_1.mrc")
    alone = find_relion_project(project.folder)
    assert alone.name(project.file("mic_1")) == Listing("mic_1.mrc")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(ConfigError, match="Link them there, or choose another folder"):
        find_relion_project(project.folder, str(elsewhere))
    with pytest.raises(ConfigError, match="is not a folder"):
        find_relion_project(project.folder, "relion")


def test_names_and_uids_come_from_a_list(store, project):
    lines = ["CtfFind/mic_0.mrc 1", "CtfFind/mic_1.mrc 1"]
    star = project.folder / "micrographs.star"
    star.write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnMicrographPixelSize #2\n1 2.5\n\n"
        "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n"
        + "\n".join(lines)
        + "\n"
    )
    export = store.make("001", ["mic_1"], pick, ["particles"], micrograph_list="micrographs.star")
    (picks,) = read_picks(project.folder / export.folder / export.files[0])
    assert picks.listing == Listing("CtfFind/mic_1.mrc")
    with pytest.raises(ConventionError, match="has no micrograph for mic_2"):
        store.make("001", ["mic_2"], pick, ["particles"], micrograph_list="micrographs.star")
    with pytest.raises(NotFoundError):
        store.make("001", ["mic_1"], pick, ["particles"], micrograph_list="other.star")


def test_cryosparc_gets_its_uids_from_its_exposures(store, project):
    exposures = project.folder / "exposures.cs"
    table = np.zeros(
        2,
        [
            ("uid", "<u8"),
            ("micrograph_blob/path", "S40"),
            ("micrograph_blob/shape", "<u4", (2,)),
            ("micrograph_blob/psize_A", "<f4"),
        ],
    )
    table["uid"] = [101, 102]
    table["micrograph_blob/path"] = [b"J1/motioncorrected/007_mic_0.mrc", b"J1/x/mic_1.mrc"]
    table["micrograph_blob/shape"] = (240, 320)
    table["micrograph_blob/psize_A"] = 2.5
    with exposures.open("wb") as file:
        np.save(file, table)
    export = store.make("1", ["mic_1"], pick, ["cryosparc"], micrograph_list="exposures.cs")
    path = project.folder / export.folder / "cryosparc" / "picks.cs"
    (picks,) = read_picks(path)
    assert picks.listing == Listing("J1/x/mic_1.mrc", uid=102, exposure_group=0)
    assert "own numbers" not in export.next_steps[0]
    plain = store.make("1", ["mic_1"], pick, ["cryosparc"])
    assert "only its exported exposures have" in plain.next_steps[0]


def test_what_cannot_be_exported_is_refused(store, project):
    with pytest.raises(ConfigError, match="choose at least one"):
        store.make("001", ["mic_0"], pick, [])
    with pytest.raises(ConfigError, match="pick or label some first"):
        store.make("001", [], pick, ["star"])
    with pytest.raises(ConfigError, match="'word' is not a coordinate format"):
        store.make("001", ["mic_0"], pick, ["word"])
    with pytest.raises(NotFoundError):
        store.make("001", ["mic_77"], pick, ["star"])
    with pytest.raises(NotFoundError, match="there is no export '5'"):
        store.find("5")
    assert not project.exports_dir.exists() or not list(project.exports_dir.iterdir())


def test_names_that_eman2_cannot_tell_apart(folder):
    for name in ("a__1.mrc", "a__2.mrc"):
        write_mrc(folder / name, np.random.default_rng(0).normal(size=(240, 320)).astype("f4"))
    project = Project(folder)
    with pytest.raises(ConventionError, match="a__1 and a__2 have the same name there"):
        ExportStore(project).make("001", ["a__1", "a__2"], pick, ["star", "eman2"])
    assert list(project.exports_dir.iterdir()) == []


def test_what_a_killed_server_left_is_removed_by_the_next(store, project):
    kept = store.make("001", ["mic_0"], pick, ["star"])
    left = project.exports_dir / "002"
    left.mkdir()
    (left / ".begun").touch()
    (left / "half.star").touch()
    foreign = project.exports_dir / "mine"
    foreign.mkdir()
    assert [export.id for export in ExportStore(project).list_all()] == [kept.id]
    assert not left.exists()
    assert foreign.exists()


def test_a_damaged_record_does_not_hide_the_others(store, project, caplog):
    store.make("001", ["mic_0"], pick, ["star"])
    second = store.make("001", ["mic_0"], pick, ["star"])
    record = project.exports_dir / "001" / "export.json"
    record.write_text(record.read_text().replace("star/mic_0.star", "../../mic_0.star"))
    assert [export.id for export in store.list_all()] == [second.id]
    assert "is damaged" in caplog.text


def test_empty_micrographs_are_handed_over_as_empty(store, project):
    some = {"mic_0": pick("mic_0"), "mic_1": Picks("mic_1")}
    export = store.make("001", list(some), some.__getitem__, ["star", "relion"])
    folder = project.folder / export.folder
    assert len(read_picks(folder / "star/mic_1.star")[0]) == 0
    assert [one.micrograph for one in read_picks(folder / "relion/autopick.star")] == ["mic_0"]


def test_the_archive_holds_the_files(store, project):
    export = store.make("001", ["mic_0", "mic_1"], pick, ["star", "cryosparc"])
    folder = project.folder / export.folder
    archive = zipfile.ZipFile(
        io.BytesIO(
            b"".join(stream_zip([folder / name for name in export.files], relative_to=folder))
        )
    )
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == sorted(f"001/{name}" for name in export.files)
    for name in export.files:
        assert archive.read(f"001/{name}") == (folder / name).read_bytes()


def test_an_archive_is_sent_in_small_parts(tmp_path):
    path = tmp_path / "export" / "large.bin"
    path.parent.mkdir()
    path.write_bytes(np.random.default_rng(0).bytes(5_000_000))
    parts = list(stream_zip([path], relative_to=path.parent))
    assert max(map(len, parts)) < 1_000_000
    assert sum(map(len, parts)) > 5_000_000


def test_eman2_merges_an_export_as_the_next_steps_say(store, project, tmp_path):
    export = store.make("001", ["mic_0"], pick, ["eman2"])
    own = tmp_path / "eman2"
    write_picks(Picks("mic_0"), own / "info" / "mic_0_info.json")
    (own / "info" / "mic_0_info.json").write_text('{"ctf": [1, 2]}')
    convert_picks(project.folder / export.folder / "eman2" / "info", own, to="eman2")
    text = (own / "info" / "mic_0_info.json").read_text()
    assert '"ctf": [1, 2]' in text
    assert len(read_picks(own / "info" / "mic_0_info.json")[0]) == 4
    assert f"deepem convert {project.folder / export.folder}/eman2/info" in export.next_steps[0]


def test_every_format_has_next_steps(store, project):
    project.update(diameter_px=40)
    names = [known.name for known in PICK_FORMATS]
    export = store.make("001", ["mic_0"], pick, names)
    assert len(export.next_steps) == len(names)
    for name, text in zip(names, export.next_steps, strict=True):
        assert str(project.folder / export.folder / name) in text or name == "relion"
        assert "{" not in text


def test_the_page_exports_labels_and_fetches_them(app, client, project):
    app.state.labels.apply("mic_1", [Operation("add", "particle", 300.75, 30.25)])
    question = {"picks": "labels", "formats": ["relion", "cryosparc"], "micrographs": None}
    answer = client.post("/api/exports", json=question)
    assert answer.status_code == 201
    export = answer.json()
    assert (export["n_micrographs"], export["n_particles"]) == (1, 1)
    assert client.get("/api/exports").json()["exports"] == [export]
    sent = client.get(f"/api/exports/{export['id']}/zip")
    assert sent.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(sent.content))
    assert f"{export['id']}/relion/mic_1_autopick.star" in archive.namelist()
    assert client.get("/api/exports/../zip").status_code == 404
    assert client.get("/api/exports/077/zip").status_code == 404
    chosen = client.post("/api/exports", json=question | {"micrographs": ["mic_1"]})
    assert chosen.json()["n_particles"] == 1
    for wrong in (
        {"formats": []},
        {"formats": ["nothing"]},
        {"project_root": "/etc/passwd"},
        {"micrographs": ["mic_0", "mic_1"]},  # without labels, which is not to be without particles
    ):
        refused = client.post("/api/exports", json=question | wrong)
        assert refused.status_code == 422
        assert refused.json()["error"]["message"]
    assert client.post("/api/exports", json=question | {"picks": "9"}).status_code == 404


def test_no_link_in_an_export_leads_out_of_the_project(app, client, project, tmp_path):
    app.state.labels.apply("mic_1", [Operation("add", "particle", 300.75, 30.25)])
    question = {"picks": "labels", "formats": ["csv"], "micrographs": None}
    export = client.post("/api/exports", json=question).json()
    secret = tmp_path.parent / f"{tmp_path.name}-secret.txt"
    secret.write_text("not for everybody")
    assert not secret.is_relative_to(project.folder)
    file = project.folder / export["folder"] / export["files"][0]
    file.unlink()
    file.symlink_to(secret)
    refused = client.get(f"/api/exports/{export['id']}/zip")
    assert refused.status_code == 422
    assert "outside of" in refused.json()["error"]["message"]
