"""cryoSPARC's tables and result groups: what is read, what is refused, how files are joined."""

import os

import numpy as np
import pytest

from deepem.core import Listing
from deepem.errors import FileFormatError
from deepem.io.cryosparc_dataset import CryosparcResult, read_exposures
from deepem.io.cryosparc_table import read_cs

BLOB = [("uid", "<u8"), ("blob/path", "S20"), ("blob/idx", "<u4")]
LOCATION = [
    ("uid", "<u8"),
    ("location/micrograph_path", "S30"),
    ("location/center_x_frac", "<f4"),
]
EXPOSURE = [
    ("uid", "<u8"),
    ("micrograph_blob/path", "S40"),
    ("micrograph_blob/shape", "<u4", (2,)),
    ("micrograph_blob/psize_A", "<f4"),
    ("mscope_params/exp_group_id", "<u4"),
]
FIELDS = ["location/micrograph_path", "location/center_x_frac"]


@pytest.fixture
def save(tmp_path):
    """Write a .cs file as numpy does."""

    def save(name, rows, dtype):
        path = tmp_path / name
        with path.open("wb") as file:
            np.save(file, np.array(rows, dtype=dtype), allow_pickle=False)
        return path

    return save


@pytest.fixture
def write_group(tmp_path):
    """Write a .csg file like those of cryoSPARC 4.4."""

    def write_group(**files):
        lines = ["created: 2023-01-01 10:00:00.000000", "group:", "  name: particles"]
        lines += ["  title: All particles", "  type: particle", "results:"]
        for slot, (metafile, n_items) in files.items():
            lines += [f"  {slot}:", f"    metafile: '{metafile}'", f"    num_items: {n_items}"]
            lines += [f"    type: particle.{slot}"]
        path = tmp_path / "particles.csg"
        path.write_text("\n".join([*lines, "version: v4.4.1", ""]))
        return path

    return write_group


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_table_is_read_field_by_field(save):
    table = read_cs(save("a.cs", [(7, b"stack.mrc", 3), (8, b"", 4)], BLOB))
    assert table["uid"].tolist() == [7, 8]
    assert table["blob/path"].tolist() == [b"stack.mrc", b""]


def test_an_empty_table_is_no_error(save):
    assert len(read_cs(save("a.cs", [], BLOB))) == 0


@pytest.mark.filterwarnings("ignore:Stored array in format 2.0")
def test_a_header_of_hundreds_of_fields_is_read(save):
    fields = [("uid", "<u8"), *((f"alignments_class_{i}/a_long_name", "<f4") for i in range(1500))]
    table = read_cs(save("a.cs", np.zeros(2, fields), fields))
    assert len(table.dtype.names) == 1501


def test_a_header_from_python_2_is_read(tmp_path):
    header = b"{'descr': [('uid', '<u8')], 'fortran_order': False, 'shape': (2L,), }"
    header = header.ljust(117) + b"\n"
    path = tmp_path / "a.cs"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    path.write_bytes(content + np.array([5, 6], "<u8").tobytes())
    assert read_cs(path)["uid"].tolist() == [5, 6]


def test_python_objects_are_refused_and_never_loaded(tmp_path):
    trap, path = tmp_path / "trap", tmp_path / "a.cs"
    fields = [("uid", "<u8"), ("blob/path", "O"), ("ctf/type", "O")]
    with path.open("wb") as file:
        np.save(file, np.array([(1, Trap(trap), "x")], dtype=fields), allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"Python objects in blob/path, ctf/type.*'S'"):
        read_cs(path)
    assert not trap.exists()
    np.load(path, allow_pickle=True)  # the trap is a real one
    assert trap.exists()


@pytest.mark.parametrize("magic", [b"\x95CSDAT", b"\x94CSDAT"])
def test_the_compressed_form_is_named_with_the_cure(magic, tmp_path):
    path = tmp_path / "J3_particles.cs"
    path.write_bytes(magic + bytes(100))
    with pytest.raises(FileFormatError, match=r"compressed.*load\('J3_particles.cs'\)"):
        read_cs(path)


def test_a_file_cut_off_says_how_much_is_left(save):
    path = save("a.cs", np.zeros(10, BLOB), BLOB)
    path.write_bytes(path.read_bytes()[:-33])
    with pytest.raises(FileFormatError, match="cut off: it holds 8 of 10 rows; copy it again"):
        read_cs(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"data_particles\n", "not a .cs file of cryoSPARC: looks like a text file"),
        (b"\x00\x01\x02" * 50, "not a .cs file of cryoSPARC: check that the right file"),
        (b"\x93NUMPY", "damaged header"),
        (b"\x93NUMPY\x01\x00\x76\x00{'descr'", "damaged header"),
        (b"\x93NUMPY\x01\x00\x04\x00((((", "damaged header"),
        (b"\x93NUMPY\x07\x00\x76\x00" + b" " * 200, r"damaged header \(version 7.0"),
        (
            b"\x93NUMPY\x01\x00\x45\x00{'descr': [('uid', '<u8')], 'fortran_order': False,"
            b" 'shape': (-1,)}\n",
            "damaged header",
        ),
    ],
)
def test_other_files_are_named_for_what_they_are(content, sentence, tmp_path):
    path = tmp_path / "a.cs"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=sentence):
        read_cs(path)


@pytest.mark.parametrize("array", [np.zeros((3, 2)), np.zeros((2, 2), BLOB)])
def test_an_array_that_is_no_table_is_refused(array, tmp_path):
    path = tmp_path / "a.cs"
    with path.open("wb") as file:
        np.save(file, array)
    with pytest.raises(FileFormatError, match="plain array, not a table"):
        read_cs(path)


def test_a_missing_field_is_named_with_those_found(save):
    path = save("a.cs", [(7, b"stack.mrc", 3)], BLOB)
    sentence = (
        r"has no location/micrograph_path, location/center_x_frac, found uid, blob/path, blob/idx; "
        r".*\.csg"
    )
    with pytest.raises(FileFormatError, match=sentence):
        CryosparcResult(path).read(FIELDS)


def test_a_group_joins_its_files_by_uid_whatever_their_order(save, write_group):
    save("J9_particles.cs", [(3, b"c", 0), (1, b"a", 0), (2, b"b", 0)], BLOB)
    # One row more than the group: a particle that the 2D selection has dropped.
    rows = [(1, b"mic_a.mrc", 0.1), (9, b"mic_x.mrc", 0.9), (2, b"mic_b.mrc", 0.2),
            (3, b"mic_c.mrc", 0.3)]  # fmt: skip
    save("J9_passthrough_particles.cs", rows, LOCATION)
    path = write_group(blob=(">J9_particles.cs", 3), location=(">J9_passthrough_particles.cs", 3))
    columns = CryosparcResult(path).read([FIELDS[1], "blob/path"])
    assert columns["uid"].tolist() == [1, 2, 3]
    assert columns["blob/path"].tolist() == [b"a", b"b", b"c"]
    assert columns[FIELDS[1]].tolist() == pytest.approx([0.1, 0.2, 0.3])
    # Without a field of the other file, its rows still tell which particles are left.
    assert CryosparcResult(path).read(FIELDS)["uid"].tolist() == [1, 2, 3]


def test_files_of_a_group_that_are_not_needed_need_not_be_there(save, write_group):
    save("loc.cs", [(1, b"mic_a.mrc", 0.1)], LOCATION)
    path = write_group(blob=(">gone.cs", 1), location=(">loc.cs", 1))
    assert CryosparcResult(path).read(FIELDS)["uid"].tolist() == [1]
    with pytest.raises(FileFormatError, match=r"gone\.cs: does not exist"):
        CryosparcResult(path).read(["blob/path"])


def test_a_group_may_name_files_from_the_folder_of_the_project(save, write_group, tmp_path):
    (tmp_path / "J9").mkdir()
    save("J9/loc.cs", [(1, b"mic_a.mrc", 0.1)], LOCATION)
    path = write_group(location=("J9/loc.cs", 1))
    assert CryosparcResult(path).read(FIELDS)["uid"].tolist() == [1]


def test_files_of_two_results_are_not_joined(save, write_group):
    save("blob.cs", [(1, b"a", 0)], BLOB)
    save("loc.cs", [(2, b"mic_a.mrc", 0.1)], LOCATION)
    path = write_group(blob=(">blob.cs", 1), location=(">loc.cs", 1))
    with pytest.raises(FileFormatError, match=r"no uid is in all of loc\.cs, blob\.cs"):
        CryosparcResult(path).read([*FIELDS, "blob/path"])


def test_a_group_without_the_slot_names_those_it_has(save, write_group):
    save("blob.cs", [(1, b"a", 0)], BLOB)
    path = write_group(blob=(">blob.cs", 1), ctf=(">blob.cs", 1))
    with pytest.raises(FileFormatError, match=r"has no location/.*found blob/\*, ctf/\*"):
        CryosparcResult(path).read(FIELDS)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("results: [", "is not YAML"),
        ("just text", "it has no 'results'"),
        ("results: {}", "it has no 'results'"),
        ("results:\n  location: 5\n", "names no metafile for 'location'"),
        ("results: !!python/object/apply:os.getcwd []\n", "is not YAML"),
    ],
)
def test_a_file_that_is_no_group_is_refused(text, sentence, tmp_path):
    path = tmp_path / "a.csg"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=sentence):
        CryosparcResult(path)


def test_the_passthrough_file_beside_a_table_is_found(save):
    path = save("J9_particles.cs", [(3, b"c", 0), (1, b"a", 0)], BLOB)
    save("J9_passthrough_particles_excluded.cs", [(7, b"mic_x.mrc", 0.7)], LOCATION)
    rows = [(1, b"mic_a.mrc", 0.1), (3, b"mic_c.mrc", 0.3)]
    save("J9_passthrough_particles_selected.cs", rows, LOCATION)
    columns = CryosparcResult(path).read(["blob/path", *FIELDS])
    assert columns["uid"].tolist() == [3, 1]
    assert columns[FIELDS[0]].tolist() == [b"mic_c.mrc", b"mic_a.mrc"]


def test_exposures_are_listed_with_uid_group_and_pixel_size(save):
    rows = [(2**63 + 5, b"J2/motioncorrected/5_mic_1.mrc", (4092, 5760), 1.06, 3),
            (12, b"J2/motioncorrected/12_mic_2.mrc", (4092, 5760), 0, 3)]  # fmt: skip
    assert read_exposures(save("exposures.cs", rows, EXPOSURE)) == [
        (Listing("J2/motioncorrected/5_mic_1.mrc", uid=2**63 + 5, exposure_group=3), 1.06),
        (Listing("J2/motioncorrected/12_mic_2.mrc", uid=12, exposure_group=3), None),
    ]


def test_exposures_may_have_their_micrographs_in_the_passthrough_file(save):
    path = save("J4_exposures.cs", [(2, 0.5), (1, 0.7)], [("uid", "<u8"), ("ctf/df1_A", "<f4")])
    rows = [(1, b"J2/mic_1.mrc", (10, 20), 2, 3), (2, b"J2/mic_2.mrc", (10, 20), 2, 3)]
    save("J4_passthrough_exposures.cs", rows, EXPOSURE)
    assert [listing.uid for listing, _ in read_exposures(path)] == [1, 2]


def test_exported_exposures_have_the_paths_that_they_have_in_the_project(save):
    rows = [(4, b">J2/motioncorrected/4_mic.mrc", (10, 20), 2, 3)]
    ((listing, _),) = read_exposures(save("J5_micrographs_exported.cs", rows, EXPOSURE))
    assert listing.path == "J2/motioncorrected/4_mic.mrc"


def test_micrographs_without_dose_weighting_are_taken_where_there_are_no_others(save):
    fields = [("uid", "<u8"), ("micrograph_blob_non_dw/path", "<U20")]
    path = save("a.cs", [(4, "J2/mic_1.mrc")], fields)
    assert read_exposures(path) == [(Listing("J2/mic_1.mrc", uid=4), None)]


def test_movies_are_no_micrographs(save):
    path = save("a.cs", [(4, b"mic.tif")], [("uid", "<u8"), ("movie_blob/path", "S9")])
    with pytest.raises(FileFormatError, match="has no micrograph_blob/path, found uid, movie_blob"):
        read_exposures(path)
