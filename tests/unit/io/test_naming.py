"""A micrograph is found by what programs make of its name, and never another one."""

import pytest

from deepem.io.naming import (
    NameIndex,
    find_name,
    strip_pick_name,
    strip_processing,
    strip_relion_job,
)

UID = "003849109345713648593_"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mic_1.mrc", "mic_1"),
        ("MotionCorr/job002/movies/mic_1.MRC", "mic_1"),
        ("mic.0001", "mic.0001"),  # what follows a dot may belong to the name
        ("mic.0001.mrc", "mic.0001"),
        ("000003@Extract/job007/stack.mrcs", "stack_000003"),
        (r"D:\data\mic_1.tif", "mic_1"),
        ("who@lab.mrc", "lab"),
        ("", ""),
    ],
)
def test_the_name_is_without_folder_and_extension(text, name):
    assert find_name(text) == name


@pytest.mark.parametrize(
    ("name", "core"),
    [
        (f"{UID}mic_1_patch_aligned_doseweighted", "mic_1"),
        ("mic_1_DW", "mic_1"),
        ("mic_1_fractions_DW", "mic_1"),
        ("mic_1", "mic_1"),
        ("20240311_mic_1", "20240311_mic_1"),  # a date is no number of cryoSPARC
        ("mic_DWARF", "mic_DWARF"),
    ],
)
def test_marks_of_processing_are_taken_off(name, core):
    assert strip_processing(name) == core


def test_the_job_is_taken_off_a_path_in_a_project():
    assert strip_relion_job("MotionCorr/job002/movies/a.mrc") == "movies/a.mrc"
    assert strip_relion_job("movies/job002/a.mrc") == "a.mrc"
    assert strip_relion_job("movies/session/a.mrc") == "movies/session/a.mrc"


def test_equal_names_come_first():
    index = NameIndex(["a", "a_DW", "a_picks"])
    assert index.find("a").name == "a"
    assert index.find("a_DW").name == "a_DW"
    assert index.find("a_picks").name == "a_picks"
    assert index.find("a_autopick").name == "a"
    assert index.find("a").rule == ""


@pytest.mark.parametrize(
    ("micrograph", "given"),
    [
        ("mic_1", f"{UID}mic_1"),
        (f"{UID}mic_1", "mic_1"),
        (f"{UID}mic_1_patch_aligned", "mic_1_DW_autopick"),
        ("mic_1", "mic_1_DW"),
        ("mic_1_DW", "mic_1"),
    ],
)
def test_another_motion_correction_of_the_same_exposure_is_found_and_said(micrograph, given):
    match = NameIndex([micrograph, "mic_10", "mic_1_2"]).find(given)
    assert match.name == micrograph
    assert "_DW" in match.rule


@pytest.mark.parametrize("given", ["mic_10", "mic", "mic_1_3", "1", "mic_1x_DW", "xmic_1"])
def test_similar_names_never_match(given):
    index = NameIndex(["mic_1", "mic_1_2"])
    assert index.find(given) is None
    assert index.explain(given) == "no micrograph has this name"


def test_two_candidates_are_no_match_and_both_are_named():
    index = NameIndex(["mic_1_DW", "mic_1_noDW"])
    assert index.find("mic_1") is None
    assert index.explain("mic_1_autopick") == (
        "could be mic_1_DW or mic_1_noDW; rename it to say which"
    )


@pytest.mark.parametrize("ending", ["_autopick", "_automatch", "_info", "_topazpicks"])
def test_what_pickers_append_is_taken_off(ending):
    assert strip_pick_name("mic_1" + ending) == "mic_1"


def test_eman2_leaves_out_what_follows_two_underscores():
    index = NameIndex(["mic__1", "other__1", "other__2", "mic_1"])
    assert index.find("mic_info").name == "mic__1"
    assert index.find("mic_info").rule == "as EMAN2 names it"
    assert index.find("mic_1_info").name == "mic_1"
    assert index.find("other_info") is None
    assert "other__1 or other__2" in index.explain("other_info")
    assert index.find("mic__3") is None
