"""cryoSPARC particles: fractions of [ny, nx] become pixels and back, uids, and power."""

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Frame, Listing, Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError, OutputError
from deepem.io import read_picks, write_picks
from deepem.io.cryosparc_particles import to_cryosparc

# As cryoSPARC 4 writes them.
LOCATION = [
    ("uid", "<u8"),
    ("location/micrograph_uid", "<u8"),
    ("location/exp_group_id", "<u4"),
    ("location/micrograph_path", "S60"),
    ("location/micrograph_shape", "<u4", (2,)),
    ("location/micrograph_psize_A", "<f4"),
    ("location/center_x_frac", "<f4"),
    ("location/center_y_frac", "<f4"),
    ("location/min_dist_A", "<f4"),
]
PICK_STATS = [
    ("pick_stats/ncc_score", "<f4"),
    ("pick_stats/power", "<f4"),
    ("pick_stats/template_idx", "<u4"),
    ("pick_stats/angle_rad", "<f4"),
]
# A K3: more columns than rows.
NY, NX = 4092, 5760
MIC_1 = b"J2/motioncorrected/015762140416835289736_mic_1_patch_aligned_doseweighted.mrc"[-60:]
FRAME = Frame((NY, NX), 1.06)
LISTING = Listing("J2/motioncorrected/5_mic_1.mrc", uid=15762140416835289736, exposure_group=2)


@pytest.fixture
def save(tmp_path):
    def save(rows, dtype, name="particles.cs"):
        path = tmp_path / name
        with path.open("wb") as file:
            np.save(file, np.array(rows, dtype=dtype), allow_pickle=False)
        return path

    return save


def row(uid, path, x, y, *scores, micrograph_uid=11, group=3, shape=(NY, NX)):
    return (uid, micrograph_uid, group, path, shape, 1.06, x, y, 100, *scores)


def test_x_is_a_fraction_of_the_columns_and_y_of_the_rows(save):
    path = save(
        [
            row(1, b"J2/m/a.mrc", 0.75, 0.125, 0.5, 3, 0, 0),
            row(2, b"J2/m/b.mrc", 0.5, 0.5, 0.25, 3, 0, 0, micrograph_uid=2**63 + 1),
            row(3, b"J2/m/a.mrc", 0, 0.25, 0, 3, 0, 0),
        ],
        LOCATION + PICK_STATS,
    )
    first, second = read_picks(path)
    assert first.micrograph == "a"
    assert first.x_px.tolist() == [0.75 * NX, 0]  # 4320, beyond the last of the 4092 rows
    assert first.y_px.tolist() == [0.125 * NY, 0.25 * NY]
    assert first.score.tolist() == [0.5, 0]
    assert first.frame == FRAME
    assert first.box_size_px is None
    assert first.listing == Listing("J2/m/a.mrc", uid=11, exposure_group=3)
    assert second.listing == Listing("J2/m/b.mrc", uid=2**63 + 1, exposure_group=3)


def test_the_number_before_the_name_stays_in_the_name(save):
    (picks,) = read_picks(save([row(1, MIC_1, 0.5, 0.5)], LOCATION))
    assert picks.micrograph == MIC_1.decode().rsplit("/")[-1].removesuffix(".mrc")
    assert np.isnan(picks.score).all()


def test_exported_particles_have_the_paths_that_they_have_in_the_project(save):
    (picks,) = read_picks(save([row(1, b">J2/m/a.mrc", 0.5, 0.5)], LOCATION))
    assert picks.listing.path == "J2/m/a.mrc"


def test_particles_picked_by_hand_have_no_score(save):
    rows = [row(i, b"a.mrc", 0.5, 0.5, 0, 0, 0, 0) for i in range(3)]
    (picks,) = read_picks(save(rows, LOCATION + PICK_STATS))
    assert np.isnan(picks.score).all()


def test_an_old_file_without_pixel_size_and_uid_is_read(save):
    fields = [LOCATION[0], ("location/micrograph_path", "<U20"), LOCATION[4], *LOCATION[6:8]]
    (picks,) = read_picks(save([(1, "J2/m/a.mrc", (10, 20), 0.5, 0.5)], fields))
    assert picks.frame == Frame((10, 20))
    assert picks.listing == Listing("J2/m/a.mrc")


def test_a_group_with_locations_in_a_passthrough_file_is_read(save, tmp_path):
    location = [row(2, b"b.mrc", 0.5, 0.5), row(1, b"a.mrc", 0.25, 0.5), row(9, b"x.mrc", 0, 0)]
    save(location, LOCATION, "J9_passthrough_particles.cs")
    save([(1, 0.1, 0, 0, 0), (2, 0.2, 0, 0, 0)], [LOCATION[0], *PICK_STATS], "J9_particles.cs")
    path = tmp_path / "J9_particles.csg"
    path.write_text(
        "results:\n"
        "  location: {metafile: '>J9_passthrough_particles.cs', num_items: 2}\n"
        "  pick_stats: {metafile: '>J9_particles.cs', num_items: 2}\n"
    )
    found = {picks.micrograph: picks for picks in read_picks(path)}
    assert list(found) == ["b", "a"]
    assert found["a"].x_px.tolist() == [0.25 * NX]
    assert found["a"].score.tolist() == pytest.approx([0.1])
    assert found["b"].score.tolist() == pytest.approx([0.2])


def test_no_particles_are_no_micrographs(save):
    assert read_picks(save([], LOCATION)) == []


def test_a_shape_of_nothing_is_refused(save):
    path = save([row(1, b"a.mrc", 0.5, 0.5, shape=(0, 0))], LOCATION)
    with pytest.raises(FileFormatError, match="micrograph_shape that is not two numbers above 0"):
        read_picks(path)


def test_micrographs_with_the_same_name_in_two_folders_are_refused(save):
    path = save([row(1, b"J2/a.mrc", 0.5, 0.5), row(2, b"J3/a.mrc", 0.5, 0.5)], LOCATION)
    with pytest.raises(FileFormatError, match=r"alike: J2/a\.mrc and J3/a\.mrc"):
        read_picks(path)


def test_what_is_written_has_the_fields_of_cryosparc(tmp_path):
    picks = Picks(
        "5_mic_1", [4320, 0], [511.5, 1023], score=[0.5, np.nan], std=[1.5, np.nan],
        box_size_px=150, frame=FRAME, listing=LISTING,
    )  # fmt: skip
    path = write_picks(picks, tmp_path / "picks.cs")
    table = np.load(path, allow_pickle=False)
    expected = {name: tuple(kind) for name, *kind in LOCATION + PICK_STATS}
    expected["location/micrograph_path"] = ("|S30",)  # the longest path
    assert {name: tuple(kind) for name, *kind in table.dtype.descr} == expected
    assert table["location/micrograph_path"].tolist() == [LISTING.path.encode()] * 2
    assert table["location/micrograph_shape"].tolist() == [[NY, NX]] * 2
    assert table["location/micrograph_psize_A"][0] == np.float32(1.06)
    assert table["location/micrograph_uid"].tolist() == [LISTING.uid] * 2
    assert table["location/exp_group_id"].tolist() == [2, 2]
    assert table["location/center_x_frac"].tolist() == [0.75, 0]
    assert table["location/center_y_frac"].tolist() == [0.125, 0.25]
    assert table["location/min_dist_A"][0] == pytest.approx(80 * 1.06)  # 0.8 of 100 pixels
    assert table["pick_stats/ncc_score"].tolist() == [0.5, 0]
    assert table["pick_stats/power"].tolist() == [2.25, 0]


def test_power_is_the_score_where_nothing_else_is_known():
    table = to_cryosparc([Picks("a", [1], [1], score=[0.5], frame=FRAME)])
    assert table["pick_stats/power"].tolist() == [0.5]
    assert table["location/min_dist_A"].tolist() == [0]


def test_the_group_beside_the_table_describes_it(tmp_path):
    write_picks(Picks("a", [1, 2], [1, 2], frame=FRAME), tmp_path / "mine.csg")
    group = yaml.safe_load((tmp_path / "mine.csg").read_text())
    assert group["group"]["type"] == "particle"
    assert group["results"] == {
        slot: {"metafile": ">mine.cs", "num_items": 2, "type": f"particle.{slot}"}
        for slot in ("location", "pick_stats")
    }
    (picks,) = read_picks(tmp_path / "mine.csg")
    assert len(picks) == 2


def test_neither_file_is_replaced_unasked(tmp_path):
    picks = Picks("a", [1], [1], frame=FRAME)
    (tmp_path / "picks.csg").write_text("mine")
    with pytest.raises(OutputError, match=r"picks\.csg: exists already"):
        write_picks(picks, tmp_path / "picks.cs")
    assert [file.name for file in tmp_path.iterdir()] == ["picks.csg"]
    write_picks(picks, tmp_path / "picks.cs", overwrite=True)
    assert len(read_picks(tmp_path / "picks.csg")) == 1


def test_uids_are_unique_and_the_same_every_time():
    two = [Picks(name, [1, 1, 5], [1, 1, 5], frame=FRAME) for name in ("a", "b")]
    uids = to_cryosparc(two)["uid"]
    assert len(np.unique(uids)) == 6
    np.testing.assert_array_equal(to_cryosparc(two)["uid"], uids)
    moved = [Picks("a", [1, 1, 5.1], [1, 1, 5], frame=FRAME), two[1]]
    assert not np.isin(to_cryosparc(moved)["uid"], uids).any()


def test_a_large_table_is_the_same_when_written_in_parts(tmp_path, monkeypatch):
    x_px = np.arange(3.0)
    many = [Picks(f"mic_{i}", x_px[: i % 3], x_px[: i % 3], frame=FRAME) for i in range(11)]
    whole = to_cryosparc(many)
    monkeypatch.setattr("deepem.io.cryosparc_particles._ROWS_AT_ONCE", 4)
    path = write_picks(many, tmp_path / "picks.cs")
    np.testing.assert_array_equal(np.load(path), whole)
    assert len(np.unique(whole["uid"])) == len(whole) == 10


def test_the_micrograph_has_one_uid_even_without_a_list():
    first, second, again = (Picks(name, [1], [1], frame=FRAME) for name in "aba")
    table = to_cryosparc([first, second, again])
    uids = table["location/micrograph_uid"]
    assert uids[0] == uids[2] != uids[1]
    assert table["location/micrograph_path"].tolist() == [b"a.mrc", b"b.mrc", b"a.mrc"]


def test_without_the_size_of_the_micrograph_the_cure_is_given(tmp_path):
    with pytest.raises(ConventionError, match=r"size of mic is not known.*--micrographs"):
        write_picks(Picks("mic", [1], [2]), tmp_path / "picks.cs")
    with pytest.raises(ConfigError, match=r"pixel_size_angstrom: .*for mic.*--pixel-size"):
        write_picks(Picks("mic", [1], [2], frame=Frame((10, 20))), tmp_path / "picks.cs")
    assert not list(tmp_path.iterdir())


def test_a_micrograph_without_picks_needs_nothing(tmp_path):
    path = write_picks([Picks("mic"), Picks("a", [1], [1], frame=FRAME)], tmp_path / "picks.cs")
    assert [picks.micrograph for picks in read_picks(path)] == ["a"]
    path = write_picks(Picks("mic"), tmp_path / "none.cs")
    assert read_picks(path) == []
    assert read_picks(tmp_path / "none.csg") == []


def test_cryosparc_tools_reads_what_is_written(tmp_path):
    dataset = pytest.importorskip("cryosparc.dataset")
    picks = Picks("a", [4320, 10.5], [511.5, 7], score=[0.5, 1], frame=FRAME, listing=LISTING)
    path = write_picks(picks, tmp_path / "picks.cs")
    loaded = dataset.Dataset.load(path)
    assert list(loaded["location/micrograph_path"]) == [LISTING.path] * 2
    assert loaded["location/center_x_frac"][0] == 0.75
    assert loaded["location/micrograph_uid"][0] == LISTING.uid
    loaded.save(tmp_path / "again.cs")
    (again,) = read_picks(tmp_path / "again.cs")
    np.testing.assert_allclose(again.x_px, picks.x_px, atol=1e-3)
    loaded.save(tmp_path / "compressed.cs", format=dataset.CSDAT_FORMAT)
    with pytest.raises(FileFormatError, match="compressed form"):
        read_picks(tmp_path / "compressed.cs")


positions = st.floats(-100, 20_000)
centres = st.lists(st.tuples(positions, positions, st.floats(0.01, 1)), min_size=1, max_size=5)


@given(
    contents=st.lists(centres, min_size=1, max_size=4),
    ny=st.integers(100, 12_000),
    nx=st.integers(100, 12_000),
    pixel_size=st.floats(0.2, 10),
)
def test_what_is_written_is_read_back(contents, ny, nx, pixel_size, tmp_path_factory):
    frame = Frame((ny, nx), round(pixel_size, 3))
    written = []
    for number, rows in enumerate(contents):
        x_px, y_px, score = np.array(rows).T
        listing = Listing(f"J1/m/mic_{number}.mrc", uid=2**64 - 1 - number, exposure_group=number)
        name = f"mic_{number}"
        written.append(Picks(name, x_px, y_px, score=score, frame=frame, listing=listing))
    path = tmp_path_factory.getbasetemp() / "identity.cs"
    write_picks(written, path, overwrite=True)
    for one, again in zip(written, read_picks(path), strict=True):
        assert (again.micrograph, again.listing, again.frame) == (
            one.micrograph,
            one.listing,
            frame,
        )
        # A fraction is a float32, so a position is good to 1 in 2^24.
        np.testing.assert_allclose(again.x_px, one.x_px, rtol=2**-23, atol=1e-30)
        np.testing.assert_allclose(again.y_px, one.y_px, rtol=2**-23, atol=1e-30)
        np.testing.assert_allclose(again.score, one.score, rtol=2**-23)


def test_many_micrographs_in_any_order_are_told_apart(save):
    generator = np.random.default_rng(1)
    number = generator.integers(0, 300, 250_000)
    table = np.zeros(len(number), LOCATION)
    table["uid"] = np.arange(len(number))
    names = np.array([f"J1/m/mic_{i:05d}.mrc".encode() for i in range(300)])
    table["location/micrograph_path"] = names[number]
    table["location/micrograph_shape"] = (1000, 2000)
    table["location/center_x_frac"] = number / 512
    found = read_picks(save(table, LOCATION))
    assert len(found) == 300
    assert [picks.micrograph for picks in found][:2] == [f"mic_{i:05d}" for i in number[:2]]
    for picks in found:
        assert (picks.x_px == int(picks.micrograph[-5:]) / 512 * 2000).all()
    assert sum(map(len, found)) == len(number)
