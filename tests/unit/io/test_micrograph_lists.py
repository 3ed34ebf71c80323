"""Lists of micrographs give what their programs know: names, pixel sizes, where the files are."""

import numpy as np
import pytest

from deepem.errors import ConventionError, FileFormatError
from deepem.io import find_micrographs, open_micrograph, write_mrc

RELION_31 = """
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographOriginalPixelSize #3
_rlnVoltage #4
_rlnSphericalAberration #5
_rlnAmplitudeContrast #6
_rlnMicrographPixelSize #7
opticsGroup1 1 0.53 300 2.7 0.1 1.06
opticsGroup2 2 0.53 300 2.7 0.1 0.83


# version 30001

data_micrographs

loop_
_rlnMicrographName #1
_rlnOpticsGroup #2
_rlnCtfMaxResolution #3
MotionCorr/job002/movies/b.mrc 2 3.5
MotionCorr/job002/movies/a.mrc 1 4.5

"""
RELION_30 = """
data_

loop_
_rlnMicrographName #1
_rlnDetectorPixelSize #2
_rlnMagnification #3
Micrographs/a.mrc 14.000000 103704.000000
"""


@pytest.fixture
def project(tmp_path):
    """A RELION project: two micrographs of 5 rows of 7 pixels, without a pixel size in them."""
    folder = tmp_path / "project" / "MotionCorr" / "job002" / "movies"
    for name, value in (("a", 1), ("b", 2)):
        write_mrc(folder / f"{name}.mrc", np.full((5, 7), value, np.float32))
    return tmp_path / "project"


def save(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_relion_3_1_gives_order_names_and_the_pixel_size_of_the_optics_group(project, monkeypatch):
    save(project / "CtfFind/job003/micrographs_ctf.star", RELION_31)
    monkeypatch.chdir(project)
    files = find_micrographs("CtfFind/job003/micrographs_ctf.star")
    assert [file.name for file in files] == ["b", "a"]
    assert [file.pixel_size_angstrom for file in files] == [0.83, 1.06]
    micrograph = open_micrograph(files[0])
    assert micrograph.pixel_size_angstrom == 0.83
    assert micrograph.listing.path == "MotionCorr/job002/movies/b.mrc"
    assert micrograph.pixels()[0, 0] == 2
    assert open_micrograph(files[0], pixel_size_angstrom=2).pixel_size_angstrom == 2


def test_files_are_found_from_outside_of_the_project(project, monkeypatch, tmp_path):
    path = save(project / "CtfFind/job003/micrographs_ctf.star", RELION_31)
    monkeypatch.chdir(tmp_path)
    assert open_micrograph(find_micrographs(path)[1]).pixels()[0, 0] == 1


def test_relion_3_0_gives_the_pixel_size_by_the_magnification(tmp_path):
    (file,) = find_micrographs(save(tmp_path / "micrographs_ctf.star", RELION_30))
    assert file.pixel_size_angstrom == pytest.approx(1.35, abs=1e-4)


def test_particles_name_each_micrograph_once(tmp_path):
    text = RELION_30 + "Micrographs/a.mrc 14 103704\nMicrographs/c.mrc 14 103704\n"
    files = find_micrographs(save(tmp_path / "particles.star", text))
    assert [file.name for file in files] == ["a", "c"]


def test_a_missing_micrograph_fails_alone_when_it_is_opened(project):
    text = RELION_31.replace("movies/a.mrc", "movies/gone.mrc")
    files = find_micrographs(save(project / "list.star", text))
    assert open_micrograph(files[0]).shape == (5, 7)
    with pytest.raises(FileFormatError, match=r"movies/gone.mrc: does not exist; check the name"):
        open_micrograph(files[1])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("data_\nloop_\n_rlnCoordinateX #1\n1\n", "not a list of micrographs.*give the micro"),
        ("a.mrc\nb.mrc\n", "is not a STAR file: it has no line that begins with data_"),
        (RELION_31.replace("0.1 1.06", "0.1 one"), "line 14, column rlnMicrographPixelSize: 'one'"),
    ],
)
def test_what_is_no_list_is_explained(text, sentence, tmp_path):
    with pytest.raises(FileFormatError, match=sentence):
        find_micrographs(save(tmp_path / "list.star", text))


def test_two_micrographs_of_one_name_in_two_folders_are_an_error_that_names_both(tmp_path):
    text = RELION_31.replace("movies/b.mrc", "session2/a.mrc")
    with pytest.raises(ConventionError, match=r"same name.*session2/a.mrc and .*movies/a.mrc"):
        find_micrographs(save(tmp_path / "list.star", text))


@pytest.fixture
def stack(tmp_path, build_mrc):
    """Three slices of 5 x 7 pixels, filled with 1, 2 and 3."""
    path = tmp_path / "stack.mrcs"
    pixels = np.repeat(np.arange(1, 4, dtype=np.float32), 5 * 7).reshape(15, 7)
    data = bytearray(build_mrc(pixels, 2, n_samples=(7, 5, 3), cell=(14.0, 10.0, 6.0)))
    data[4:12] = np.array([5, 3], "<i4").tobytes()  # ny, nz
    path.write_bytes(bytes(data))
    return path


def test_a_stack_stands_for_its_slices(stack):
    files = find_micrographs(stack)
    assert [file.name for file in files] == ["stack_000001", "stack_000002", "stack_000003"]
    micrographs = [open_micrograph(file) for file in files]
    assert [micrograph.pixels()[4, 6] for micrograph in micrographs] == [1, 2, 3]
    assert {micrograph.shape for micrograph in micrographs} == {(5, 7)}
    assert {micrograph.name for micrograph in micrographs} == {file.name for file in files}
    assert micrographs[0].pixel_size_angstrom == 2


def test_a_slice_is_named_as_in_relion(stack):
    micrograph = open_micrograph(f"000002@{stack}")
    assert (micrograph.name, micrograph.pixels().mean()) == ("stack_000002", 2)
    assert micrograph.label == f"{stack} (stack_000002)"
    with pytest.raises(FileFormatError, match="has 3 slices, so there is none with number 4"):
        open_micrograph(f"4@{stack}")
    with pytest.raises(FileFormatError, match=r"3 slices.*or name a slice \(1@stack.mrcs\)"):
        open_micrograph(stack)
