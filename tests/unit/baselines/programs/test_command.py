"""What goes to programs and what comes back, without any program but a shell and this Python."""

import sys

import numpy as np
import pytest

from deepem.baselines.programs import (
    TopazModel,
    pick_with_apple,
    pick_with_relion_blobs,
    pick_with_relion_templates,
    pick_with_topaz,
    train_topaz,
)
from deepem.baselines.programs.command import (
    adopt,
    find_program,
    find_python,
    run_program,
    write_micrographs,
)
from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, ProgramError, TrainingDataError
from deepem.io import open_micrograph

PIXELS = np.arange(20, dtype=np.uint16).reshape(4, 5)


def test_micrographs_are_written_as_numbers_that_no_program_mistakes(tmp_path):
    micrographs = [
        Micrograph.from_array(PIXELS + n, name="a b", pixel_size_angstrom=2) for n in (0, 9)
    ]
    files = write_micrographs(micrographs, tmp_path)
    assert [file.name for file in files] == ["mic_0000.mrc", "mic_0001.mrc"]
    for file, added in zip(files, (0, 9), strict=True):
        read = open_micrograph(file)
        assert read.pixels().dtype == np.float32
        assert read.pixel_size_angstrom is None
        np.testing.assert_array_equal(read.pixels(), PIXELS + added)


def test_micrographs_go_on_as_mirror_images_where_a_program_wants_more(tmp_path):
    (file,) = write_micrographs(
        [Micrograph.from_array(PIXELS)], tmp_path, widen=lambda shape: (shape[0] + 2, shape[1] + 1)
    )
    pixels = open_micrograph(file).pixels()
    np.testing.assert_array_equal(pixels[:4, :5], PIXELS)
    np.testing.assert_array_equal(pixels[4:, :5], PIXELS[[3, 2]])
    np.testing.assert_array_equal(pixels[:4, 5], PIXELS[:, 4])


def test_picks_become_those_of_the_micrograph_best_first_without_the_mirror_images():
    micrograph = Micrograph.from_array(PIXELS, name="mine", pixel_size_angstrom=2)
    found = Picks("mic_0000", [0, 4.5, 4.75, 2, 1], [3.5, 0, 0, 3.75, 1], box_size_px=7)
    picks = adopt(found, micrograph, np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert (picks.micrograph, picks.frame, picks.box_size_px) == ("mine", micrograph.frame, None)
    assert picks.score.tolist() == [0.5, 0.2, 0.1]
    assert picks.x_px.tolist() == [1, 4.5, 0]


def test_a_program_that_fails_says_why(tmp_path):
    command = [sys.executable, "-c", "import sys; print('out of ice'); sys.exit(3)"]
    with pytest.raises(
        ProgramError, match="fridge: ended with code 3 and printed: out of ice"
    ) as got:
        run_program("fridge", command, tmp_path)
    assert got.value.program == "fridge"


def test_a_program_runs_in_its_folder_and_its_time_is_taken(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(0.2); open('done', 'w')"]
    assert 0.2 <= run_program("sleeper", command, tmp_path) < 20
    assert (tmp_path / "done").exists()


def test_a_program_that_is_not_there_is_named_with_the_cure(monkeypatch, tmp_path):
    micrographs = [Micrograph.from_array(np.eye(100, dtype=np.float32))]
    picks = [Picks("one", [50], [50])]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DEEPEM_TOPAZ_PYTHON", raising=False)
    monkeypatch.setenv("DEEPEM_ASPIRE_PYTHON", "/nowhere/python")
    with pytest.raises(ProgramError, match=r"nothing: is not installed. Buy it"):
        find_program("nothing", "Buy it")
    with pytest.raises(ProgramError, match=r"relion_autopick: is not installed. Install RELION"):
        pick_with_relion_blobs(micrographs, diameter_px=20)
    with pytest.raises(ProgramError, match=r"relion_autopick: is not installed"):
        pick_with_relion_templates(micrographs, micrographs, picks, diameter_px=20)
    with pytest.raises(
        ProgramError, match=r"topaz-em: is not known here.* set DEEPEM_TOPAZ_PYTHON"
    ):
        pick_with_topaz(micrographs, model=TopazModel("resnet8", 2), radius_px=10)
    with pytest.raises(ProgramError, match=r"topaz-em"):
        train_topaz(micrographs, picks, tmp_path / "m.sav", factor=2, n_updates=1)
    with pytest.raises(ProgramError, match="aspire: DEEPEM_ASPIRE_PYTHON names '/nowhere/python'"):
        pick_with_apple(micrographs, diameter_px=20)


def test_a_python_is_found_by_its_variable(monkeypatch):
    monkeypatch.setenv("DEEPEM_SOME_PYTHON", sys.executable)
    assert find_python("DEEPEM_SOME_PYTHON", "some") == sys.executable


@pytest.mark.parametrize(
    ("call", "error", "cure"),
    [
        (
            lambda m, p: pick_with_relion_blobs(m, diameter_px=20, min_diameter_px=30),
            ConfigError,
            "min_diameter_px: must be above 0 and at most the largest diameter of 22 px, got 30",
        ),
        (
            lambda m, p: pick_with_relion_templates(m, m, p, diameter_px=20, grey_scale=0),
            ConfigError,
            "grey_scale: must be greater than 0, got 0",
        ),
        (
            lambda m, p: pick_with_relion_templates(m, m, [], diameter_px=20),
            TrainingDataError,
            "give a set of picks for each micrograph",
        ),
        (
            lambda m, p: pick_with_topaz(m, model=TopazModel("resnet8", 0), radius_px=10),
            ConfigError,
            "factor: must be 1 or more, got 0",
        ),
        (
            lambda m, p: pick_with_topaz(m, model=TopazModel("resnet8", 4), radius_px=3),
            ConfigError,
            "radius_px: must be 4 or more at a factor of 4, got 3",
        ),
        (
            lambda m, p: train_topaz(m, p, "m.sav", factor=2, n_updates=0),
            ConfigError,
            "n_updates: must be 1 or more, got 0",
        ),
        (lambda m, p: pick_with_apple(m, diameter_px=4), ConfigError, "needs 12 px or more, got 4"),
    ],
)
def test_what_no_program_can_do_is_refused_with_the_cure(call, error, cure):
    micrographs = [Micrograph.from_array(np.eye(100, dtype=np.float32))]
    with pytest.raises(error, match=cure):
        call(micrographs, [Picks("one", [50], [50])])
