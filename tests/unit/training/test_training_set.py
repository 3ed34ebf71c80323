"""A training set keeps every verdict, survives editing and moving, and says what is in it."""

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepem.core import Micrograph, Picks
from deepem.errors import ConfigError, ConventionError, FileFormatError, OutputError
from deepem.io import MicrographFile, open_micrograph, read_picks, write_mrc, write_picks
from deepem.training.training_set import Changes, TrainingSet, label_files, merge_labels
from deepem.training.training_set.content import hash_pixels

SHAPE = (90, 140)  # (ny, nx): not square
DIAMETER = 12.0


def write_image(folder, name, *, seed=None, shape=SHAPE, suffix=".mrc", **options):
    seed = sum(name.encode()) if seed is None else seed
    pixels = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return write_mrc(folder / f"{name}{suffix}", pixels, **options)


def places(picks):
    return sorted(zip(picks.x_px.tolist(), picks.y_px.tolist(), strict=True))


@pytest.fixture
def project(tmp_path):
    """Micrographs in a folder of their own, beside that of the set."""
    folder = tmp_path / "project"
    for name in ("mic_1", "mic_2", "mic_10"):
        write_image(folder / "mics", name, pixel_size_angstrom=1.5)
    return folder


def make_set(project, *, order=("mic_1", "mic_2"), folder="set"):
    labels = TrainingSet.create(project / folder, diameter_px=DIAMETER)
    for name in order:
        x = 20 if name == "mic_1" else 30
        labels.add(
            project / "mics" / f"{name}.mrc",
            Picks(name, [x, 130.25], [15.5, 80]),
            Picks(name, [70], [40]),
            complete=name == "mic_1",
        )
    labels.save()
    return labels


def test_what_was_saved_is_loaded(project):
    make_set(project)
    labels = TrainingSet.load(project / "set")
    assert labels.names == ["mic_1", "mic_2"]
    assert labels.diameter_px == DIAMETER
    assert labels.diameter_angstrom is None
    one, other = labels.micrographs()
    assert one.path == project / "mics" / "mic_1.mrc"
    assert one.pixel_size_angstrom == other.pixel_size_angstrom == 1.5
    # x beyond the height and far from the middle: an axis swapped anywhere would show
    assert [places(picks) for picks in labels.picks()] == [
        [(20, 15.5), (130.25, 80)],
        [(30, 15.5), (130.25, 80)],
    ]
    assert [places(picks) for picks in labels.negatives()] == [[(70, 40)]] * 2
    for picks in (*labels.picks(), *labels.negatives()):
        assert picks.frame == one.frame
    assert labels.complete() == [True, False]
    assert labels.failures() == {}


def test_the_manifest_is_for_people_and_holds_no_dates_or_copies(project):
    labels = make_set(project)
    labels.record_round(
        Changes(n_particles_added=4, n_negatives_added=2, n_negatives_removed=1),
        model="m.deepem",
        model_fingerprint="abc",
        error_before=0.5,
    )
    labels.finish_round(error_after=0.25)
    labels.save()
    manifest = json.loads((project / "set" / "training_set.json").read_text())
    assert manifest["format_version"] == 1
    assert manifest["diameter_px"] == DIAMETER
    assert manifest["micrographs"][1] == {
        "name": "mic_2",
        "path": "../mics/mic_2.mrc",
        "slice_index": None,
        "pixel_size_angstrom": None,
        "width_px": 140,
        "height_px": 90,
        "fingerprint": hash_pixels(open_micrograph(project / "mics" / "mic_2.mrc")),
        "complete": False,
    }
    assert manifest["history"] == [
        {
            "number": 1,
            "n_particles": 4,
            "n_negatives": 2,
            "n_corrected": 1,
            "model": "m.deepem",
            "model_fingerprint": "abc",
            "error_before": 0.5,
            "error_after": 0.25,
        }
    ]
    files = sorted(
        p.relative_to(project / "set").as_posix() for p in Path(project / "set").rglob("*")
    )
    assert files == [
        "negatives", "negatives/mic_1.star", "negatives/mic_2.star",
        "particles", "particles/mic_1.star", "particles/mic_2.star", "training_set.json",
    ]  # fmt: skip
    assert TrainingSet.load(project / "set").history == labels.history
    assert labels.to_record() == {
        "name": "set",
        "fingerprint": labels.fingerprint(),
        "round": 1,
        "n_particles": 4,
        "n_negatives": 2,
    }


def test_a_micrograph_without_any_particle_is_a_label(project):
    labels = TrainingSet.create(project / "set", diameter_px=DIAMETER)
    assert not labels.add(project / "mics" / "mic_1.mrc", complete=True)
    labels.save()
    loaded = TrainingSet.load(project / "set")
    assert [len(picks) for picks in loaded.picks()] == [0]
    assert loaded.complete() == [True]
    assert loaded.picks()[0].frame.shape == SHAPE


def test_a_set_needs_one_diameter_and_a_place_of_its_own(project):
    for options in ({}, {"diameter_px": 10, "diameter_angstrom": 15}):
        with pytest.raises(ConfigError, match="diameter_px or diameter_angstrom, one of them"):
            TrainingSet.create(project / "other", **options)
    with pytest.raises(ConfigError, match="must be positive, got -1"):
        TrainingSet.create(project / "other", diameter_px=-1)
    make_set(project)
    with pytest.raises(OutputError, match=r"go on with it \(TrainingSet.load\)"):
        TrainingSet.create(project / "set", diameter_px=10)


def test_a_diameter_in_angstrom_follows_the_pixel_size(project):
    labels = TrainingSet.create(project / "set", diameter_angstrom=18)
    (known,) = [open_micrograph(project / "mics" / "mic_1.mrc")]
    assert labels.diameter_px_on(known) == 12
    write_image(project, "bare")
    with pytest.raises(ConventionError, match=r"18 Å needs\. Open it with .*--pixel-size"):
        labels.add(project / "bare.mrc")
    assert labels.names == []
    stated = open_micrograph(project / "bare.mrc", pixel_size_angstrom=2)
    labels.add(stated, Picks("bare", [50], [60]))
    labels.save()
    (micrograph,) = TrainingSet.load(project / "set").micrographs()
    assert micrograph.pixel_size_angstrom == 2


def test_a_pixel_size_of_the_header_is_not_stated(project):
    labels = TrainingSet.create(project / "set", diameter_px=DIAMETER)
    labels.add(open_micrograph(project / "mics" / "mic_1.mrc"))
    labels.add(MicrographFile(project / "mics" / "mic_2.mrc", pixel_size_angstrom=1.6))
    labels.save()
    manifest = json.loads((project / "set" / "training_set.json").read_text())
    assert [item["pixel_size_angstrom"] for item in manifest["micrographs"]] == [None, 1.6]


def test_slices_of_a_stack_stay_apart(tmp_path, project):
    import mrcfile

    pixels = np.random.default_rng(5).standard_normal((3, 40, 60)).astype(np.float32)
    with mrcfile.new(tmp_path / "stack.mrcs") as file:
        file.set_data(pixels)
        file.set_image_stack()
    labels = TrainingSet.create(tmp_path / "set", diameter_px=8)
    second = MicrographFile.of(f"2@{tmp_path / 'stack.mrcs'}")
    third = open_micrograph(f"3@{tmp_path / 'stack.mrcs'}")
    labels.add(second, Picks("stack_000002", [50], [5]))
    labels.add(third, Picks("stack_000003", [10], [35]))
    labels.save()
    loaded = TrainingSet.load(tmp_path / "set")
    assert loaded.names == ["stack_000002", "stack_000003"]
    for index, micrograph in enumerate(loaded.micrographs(), start=1):
        np.testing.assert_array_equal(micrograph.pixels(), pixels[index])
    assert [places(picks) for picks in loaded.picks()] == [[(50, 5)], [(10, 35)]]


def test_what_belongs_to_another_micrograph_is_refused(project):
    labels = make_set(project)
    before = labels.fingerprint()
    with pytest.raises(ConventionError, match=r"coordinates of mic_2 .*mic_1.mrc; give its own"):
        labels.add(project / "mics" / "mic_1.mrc", Picks("mic_2", [50], [60]))
    with pytest.raises(ConventionError, match=r"in memory only.*write_mrc"):
        labels.add(Micrograph.from_array(np.zeros(SHAPE), name="x"))
    with pytest.raises(ConventionError, match="1 of 1 coordinates are outside"):
        labels.add(project / "mics" / "mic_1.mrc", Picks("mic_1", [5000], [60]))
    with pytest.raises(FileFormatError, match=r"nowhere.mrc: does not exist"):
        labels.add(project / "nowhere.mrc")
    assert labels.fingerprint() == before


def test_another_micrograph_of_the_same_name_is_refused(project):
    labels = make_set(project)
    twin = write_image(project / "grid2", "mic_1", seed=99)
    with pytest.raises(ConventionError, match=r"Rename one of them; or, .*reprocessed=True"):
        labels.add(twin)
    before = labels.fingerprint()
    labels.add(twin, reprocessed=True)
    assert labels.fingerprint() != before
    assert labels.micrographs()[0].path == twin
    assert len(labels.picks()[0]) == 2
    smaller = write_image(project / "grid3", "mic_1", shape=(80, 140))
    with pytest.raises(ConventionError, match="140 x 80 px"):
        labels.add(smaller, reprocessed=True)


def test_what_was_said_of_completeness_stays_until_something_else_is_said(project):
    labels = make_set(project)
    labels.add(project / "mics" / "mic_1.mrc", Picks("mic_1", [50], [60]))
    labels.add(project / "mics" / "mic_2.mrc", complete=True)
    labels.add(project / "mics" / "mic_10.mrc")
    labels.save()
    assert TrainingSet.load(project / "set").complete() == [True, None, True]


# --- merging ---


def test_the_newest_verdict_counts():
    old = Picks("m", [20, 60], [30, 30]), Picks("m", [100], [30])
    new = Picks("m", [103.9, 64], [30, 30]), Picks("m", [23.9], [30])
    merged = merge_labels(*old, *new, diameter_px=12)
    assert places(merged.particles) == [(60, 30), (103.9, 30)]  # 64 is the one at 60
    assert places(merged.negatives) == [(23.9, 30)]
    assert merged.changes == Changes(
        n_particles_added=1,
        n_negatives_added=1,
        n_particles_removed=1,
        n_negatives_removed=1,
        n_particles_known=1,
    )
    assert merged.changes.n_corrected == 2


def test_the_limits_of_the_rules():
    none = Picks("m")
    old = Picks("m", [50], [50])
    at_half = merge_labels(old, none, Picks("m", [56], [50]), none, diameter_px=12)
    assert len(at_half.particles) == 2
    below_half = merge_labels(old, none, Picks("m", [55.99], [50]), none, diameter_px=12)
    assert places(below_half.particles) == [(50, 50)]
    at_third = merge_labels(old, none, none, Picks("m", [54], [50]), diameter_px=12)
    assert len(at_third.particles) == 0
    beyond_third = merge_labels(old, none, none, Picks("m", [54.01], [50]), diameter_px=12)
    assert len(beyond_third.particles) == len(beyond_third.negatives) == 1


def test_a_false_place_beside_a_true_one_moves_a_label():
    old = Picks("m", [50], [50])
    merged = merge_labels(
        old, Picks("m"), Picks("m", [53], [50]), Picks("m", [50], [50]), diameter_px=12
    )
    assert places(merged.particles) == [(53, 50)]
    assert len(merged.negatives) == 0
    assert merged.changes.n_contradicting == 1


def test_crowded_new_labels_are_all_kept_but_not_twice():
    new = Picks("m", [10, 13, 10], [40, 40, 40])
    merged = merge_labels(Picks("m"), Picks("m"), new, Picks("m"), diameter_px=12)
    assert places(merged.particles) == [(10, 40), (13, 40)]


POINTS = st.lists(
    st.tuples(st.floats(0, 60, allow_nan=False), st.floats(0, 40, allow_nan=False)), max_size=8
)


def as_picks(points):
    return Picks("m", [x for x, _ in points], [y for _, y in points])


def distances(one, other):
    dx = one.x_px[:, None] - other.x_px
    return np.hypot(dx, one.y_px[:, None] - other.y_px)


@given(POINTS, POINTS, POINTS, POINTS)
def test_merging_keeps_its_promises(old_true, old_false, new_true, new_false):
    start = merge_labels(
        Picks("m"), Picks("m"), as_picks(old_true), as_picks(old_false), diameter_px=12
    )
    old = start.particles, start.negatives
    particles, negatives = as_picks(new_true), as_picks(new_false)
    merged = merge_labels(*old, particles, negatives, diameter_px=12)
    # No place is both.
    assert (distances(merged.particles, merged.negatives) > 12 / 3).all()
    # Each new particle is there, or one nearer than half a diameter.
    near = distances(particles, merged.particles)
    assert all(row.size and row.min() < 6 + 0.01 for row in near)
    # Nothing comes from nowhere, and the numbers add up.
    assert set(places(merged.particles)) <= {
        *places(old[0]), *((round(x, 3), round(y, 3)) for x, y in places(particles))
    }  # fmt: skip
    changes = merged.changes
    for kind, before, after in (
        ("particles", old[0], merged.particles),
        ("negatives", old[1], merged.negatives),
    ):
        added = getattr(changes, f"n_{kind}_added") - getattr(changes, f"n_{kind}_removed")
        assert len(after) == len(before) + added
    # The same again changes nothing.
    again = merge_labels(merged.particles, merged.negatives, particles, negatives, diameter_px=12)
    assert not again.changes
    assert places(again.particles) == places(merged.particles)
    assert places(again.negatives) == places(merged.negatives)


# --- editing by hand ---


def test_a_file_of_any_format_stands_for_ours(project):
    make_set(project)
    folder = project / "set" / "particles"
    (folder / "mic_1.star").unlink()
    # Corner and size: the centre is at 111 + 10 // 2, 70 + 10 // 2.
    (folder / "mic_1.box").write_text("111\t70\t10\t10\n")
    labels = TrainingSet.load(project / "set")
    assert places(labels.picks()[0]) == [(116, 75)]
    labels.add(project / "mics" / "mic_1.mrc", Picks("mic_1", [30], [20]))
    labels.save()
    assert sorted(p.name for p in folder.iterdir()) == [
        "mic_1.box.replaced",
        "mic_1.star",
        "mic_2.star",
    ]
    assert places(TrainingSet.load(project / "set").picks()[0]) == [(30, 20), (116, 75)]


def test_names_that_pickers_make_are_understood(project):
    make_set(project)
    folder = project / "set" / "particles"
    (folder / "mic_2.star").unlink()
    write_picks(Picks("mic_2", [99], [11]), folder / "mic_2_manualpick.star")
    assert places(TrainingSet.load(project / "set").picks()[1]) == [(99, 11)]


def test_a_deleted_file_is_no_label(project):
    make_set(project)
    (project / "set" / "particles" / "mic_1.star").unlink()
    labels = TrainingSet.load(project / "set")
    assert [len(picks) for picks in labels.picks()] == [0, 2]
    assert labels.complete() == [None, False]  # it holds particles that are labelled no more
    (project / "set" / "negatives" / "mic_1.star").unlink()
    labels = TrainingSet.load(project / "set")
    assert [micrograph.name for micrograph in labels.micrographs()] == ["mic_2"]
    assert labels.failures() == {}


def test_a_file_that_is_not_in_the_manifest_is_said(project, caplog):
    make_set(project)
    folder = project / "set" / "particles"
    write_picks(Picks("mic_3", [9], [9]), folder / "mic_3.star")
    (folder / "notes.md").write_text("mine")
    with caplog.at_level(logging.WARNING):
        labels = TrainingSet.load(project / "set")
    (message,) = caplog.messages
    assert "mic_3.star: no micrograph has this name, so it is not used. Name the file" in message
    assert len(labels.picks()) == 2


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (
            lambda f: (f / "mic_1.star").write_text("data_\nloop_\n_rlnCoordinateX\n1\n"),
            "mic_1.star",
        ),
        (
            lambda f: (f / "mic_1.box").write_text("1\t1\t10\t10\n"),
            "different coordinates in two files.* Delete the older of .*mic_1.box and .*mic_1.star",
        ),
        (
            lambda f: (f / "mic_1.star").write_text(
                "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n"
                "_rlnMicrographName\n5 5 mic_2.mrc\n"
            ),
            "holds coordinates of mic_2, and its name says mic_1; give each micrograph a file",
        ),
        (
            lambda f: write_picks(Picks("mic_1", [900], [5]), f / "mic_1.star", overwrite=True),
            "1 of 1 coordinates are outside the image",
        ),
    ],
)
def test_a_file_that_cannot_be_used_costs_one_micrograph(project, spoil, problem):
    make_set(project)
    spoil(project / "set" / "particles")
    labels = TrainingSet.load(project / "set")
    assert [micrograph.name for micrograph in labels.micrographs()] == ["mic_2"]
    assert len(labels.picks()) == len(labels.negatives()) == len(labels.complete()) == 1
    ((name, error),) = labels.failures().items()
    assert name == "mic_1"
    with pytest.raises(type(error), match=problem):
        raise error
    assert labels.fingerprint()  # the set can still be named


def test_a_broken_file_is_not_written_over(project):
    make_set(project)
    file = project / "set" / "particles" / "mic_1.star"
    file.write_text("a note to myself")
    labels = TrainingSet.load(project / "set")
    with pytest.raises(FileFormatError, match=r"mic_1\.star"):
        labels.add(project / "mics" / "mic_1.mrc", Picks("mic_1", [50], [60]))
    labels.save()
    assert file.read_text() == "a note to myself"


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda m: "{", r"is not JSON: .* in line 1, column 2; mend it there"),
        (lambda m: json.dumps(m | {"format_version": 2}), "reads up to 1; update with: pip"),
        (lambda m: json.dumps(m | {"diameter": 3}), "diameter: .*not permitted.*3"),
        (lambda m: json.dumps(m | {"diameter_px": None}), "give one of diameter_px and"),
        (
            lambda m: json.dumps(m | {"diameter_px": -3}),
            r"diameter_px: .*greater than 0 \(found -3",
        ),
        (
            lambda m: json.dumps(m | {"micrographs": m["micrographs"] + m["micrographs"][:1]}),
            "mic_1 is there twice; take one out",
        ),
        (
            lambda m: json.dumps(m | {"micrographs": [m["micrographs"][0] | {"name": "../up"}]}),
            r"micrographs\.0\.name: .*found '\.\./up'",
        ),
        (lambda m: "[]", "the file: "),
    ],
)
def test_a_damaged_manifest_says_where(project, edit, problem):
    make_set(project)
    path = project / "set" / "training_set.json"
    path.write_text(edit(json.loads(path.read_text())))
    with pytest.raises(FileFormatError, match=problem) as caught:
        TrainingSet.load(project / "set")
    assert str(path) in str(caught.value)


def test_a_folder_without_a_manifest_is_no_set(tmp_path):
    with pytest.raises(FileFormatError, match=r"make one with TrainingSet.create"):
        TrainingSet.load(tmp_path)


# --- where micrographs are ---


def test_a_set_moves_with_its_micrographs(project, tmp_path):
    before = make_set(project).fingerprint()
    moved = tmp_path / "elsewhere" / "deep"
    shutil.move(project, moved)
    labels = TrainingSet.load(moved / "set")
    assert [m.path for m in labels.micrographs()] == [
        moved / "mics" / "mic_1.mrc",
        moved / "mics" / "mic_2.mrc",
    ]
    assert labels.fingerprint() == before


def test_a_set_that_moves_alone_finds_its_micrographs_where_it_is_told(project, tmp_path):
    make_set(project)
    shutil.move(project / "set", tmp_path / "a" / "b")
    labels = TrainingSet.load(tmp_path / "a" / "b")
    with pytest.raises(FileFormatError, match="is not there"):
        labels.micrographs()
    labels = TrainingSet.load(tmp_path / "a" / "b", search=[project / "mics"])
    assert len(labels.micrographs()) == 2
    labels.save()
    assert len(TrainingSet.load(tmp_path / "a" / "b").micrographs()) == 2


def test_a_set_behind_a_link_finds_its_micrographs(project, tmp_path):
    make_set(project)
    (tmp_path / "away" / "deeper").mkdir(parents=True)
    (tmp_path / "away" / "deeper" / "link").symlink_to(project / "set")
    assert len(TrainingSet.load(tmp_path / "away" / "deeper" / "link").micrographs()) == 2


def test_a_missing_micrograph_is_named_and_the_others_serve(project):
    make_set(project)
    gone = project / "mics" / "mic_1.mrc"
    gone.unlink()
    labels = TrainingSet.load(project / "set")
    assert [picks.micrograph for picks in labels.picks()] == ["mic_2"]
    text = str(labels.failures()["mic_1"])
    assert f"looked for {gone}" in text
    assert "put it back, say its folder (search= of TrainingSet.load), or take it out" in text
    labels.save()  # forgets nothing
    assert TrainingSet.load(project / "set").names == ["mic_1", "mic_2"]


def test_another_image_in_its_place_is_noticed(project):
    make_set(project)
    file = project / "mics" / "mic_1.mrc"
    copy = project / "backup" / "mic_1.mrc"
    copy.parent.mkdir()
    shutil.copy(file, copy)
    file.unlink()
    write_image(file.parent, "mic_1", seed=77)
    labels = TrainingSet.load(project / "set")
    assert len(labels.micrographs()) == 1
    assert "is not the image that was labelled as mic_1" in str(labels.failures()["mic_1"])
    labels = TrainingSet.load(project / "set", search=[copy.parent])
    assert labels.micrographs()[0].path == copy


def test_a_renamed_micrograph_keeps_its_labels(project):
    make_set(project)
    (project / "mics" / "mic_1.mrc").rename(project / "mics" / "other.mrc")
    path = project / "set" / "training_set.json"
    path.write_text(path.read_text().replace("mic_1.mrc", "other.mrc"))
    labels = TrainingSet.load(project / "set")
    assert [m.name for m in labels.micrographs()] == ["mic_1", "mic_2"]
    assert labels.picks()[0].micrograph == "mic_1"


# --- fingerprints ---


def test_the_fingerprint_is_of_what_is_learnt_from(project):
    labels = make_set(project)
    same = make_set(project, order=("mic_2", "mic_1"), folder="deep/er/set")
    assert (
        same.fingerprint() == labels.fingerprint() == TrainingSet.load(labels.folder).fingerprint()
    )
    labels.record_round(Changes(), model="m")
    assert same.fingerprint() == labels.fingerprint()

    file = project / "deep" / "er" / "set" / "particles" / "mic_1.star"
    (picks,) = read_picks(file)
    scored = Picks("mic_1", picks.x_px[::-1], picks.y_px[::-1], score=[0.1, 0.2])
    file.unlink()
    write_picks(scored, file.parent / "mic_1_cryolo.star", format="cryolo")  # wrong name: no label
    assert TrainingSet.load(same.folder).fingerprint() != labels.fingerprint()
    (file.parent / "mic_1_cryolo.star").rename(file)
    assert TrainingSet.load(same.folder).fingerprint() == labels.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        lambda s, mics: s.add(mics / "mic_1.mrc", Picks("mic_1", [50], [60])),
        lambda s, mics: s.add(mics / "mic_1.mrc", None, Picks("mic_1", [50], [60])),
        lambda s, mics: s.add(mics / "mic_2.mrc", complete=True),
        lambda s, mics: s.add(mics / "mic_10.mrc"),
        lambda s, mics: s.add(MicrographFile(mics / "mic_1.mrc", pixel_size_angstrom=3)),
    ],
)
def test_the_fingerprint_changes_with_what_is_learnt(project, change):
    labels = make_set(project)
    before = labels.fingerprint()
    change(labels, project / "mics")
    assert labels.fingerprint() != before
    labels.save()
    assert TrainingSet.load(labels.folder).fingerprint() == labels.fingerprint()


@given(st.permutations(range(6)), st.lists(st.floats(0, 80), min_size=6, max_size=6))
def test_the_order_of_labels_does_not_matter(order, y):
    from deepem.training.training_set.content import hash_labels
    from deepem.training.training_set.manifest import Entry

    entry = Entry(name="m", path="m.mrc", width_px=9, height_px=9, fingerprint="f")
    x = np.arange(6) * 20.0
    one, other = Picks("m", x, y), Picks("m", x[list(order)], np.array(y)[list(order)])
    hashes = {hash_labels((1, None), [(entry, picks, None)]) for picks in (one, other)}
    assert len(hashes) == 1


def test_pixels_have_the_same_hash_in_every_file(tmp_path):
    import tifffile

    pixels = np.random.default_rng(1).integers(0, 999, (50, 70)).astype(np.int16)
    write_mrc(tmp_path / "a.mrc", pixels)
    write_mrc(tmp_path / "b.mrc", pixels.astype(np.float32), pixel_size_angstrom=2)
    tifffile.imwrite(tmp_path / "c.tif", pixels[::-1])  # TIFF begins with the top row
    hashes = {hash_pixels(open_micrograph(tmp_path / n)) for n in ("a.mrc", "b.mrc", "c.tif")}
    assert len(hashes) == 1
    assert hash_pixels(Micrograph.from_array(pixels[:, ::-1])) not in hashes
    assert hash_pixels(Micrograph.from_array(pixels[:3])) not in hashes


# --- saving ---


def test_a_failure_in_the_middle_leaves_the_old_set(project, monkeypatch):
    labels = make_set(project)
    before = labels.fingerprint()
    labels.add(project / "mics" / "mic_1.mrc", None, Picks("mic_1", [20], [15.5]))
    labels.add(project / "mics" / "mic_10.mrc", Picks("mic_10", [20], [15.5]))
    after = labels.fingerprint()
    calls = []

    def fail_at_third(picks, path, **options):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return write_picks(picks, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(label_files, "write_picks", fail_at_third)
        with pytest.raises(OutputError, match=r"No space left .* can still be read. Make room"):
            labels.save()
    assert TrainingSet.load(project / "set").fingerprint() == before
    assert not list((project / "set").glob(".*"))

    replace_file = Path.replace

    def fail_at_manifest(source, target):
        if Path(target).name == "training_set.json":
            raise OSError(5, "Input/output error")
        return replace_file(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail_at_manifest)
        with pytest.raises(OutputError, match="Input/output error"):
            labels.save()
    assert TrainingSet.load(project / "set").names == ["mic_1", "mic_2"]

    labels.save()
    assert TrainingSet.load(project / "set").fingerprint() == after


def test_only_what_changed_is_written(project):
    labels = make_set(project)
    files = sorted((project / "set").rglob("*.star"))
    before = {file: file.stat().st_ino for file in files}
    labels.add(project / "mics" / "mic_1.mrc", Picks("mic_1", [20], [15.5]))  # known
    labels.add(project / "mics" / "mic_2.mrc", Picks("mic_2", [60], [20]))
    labels.save()
    changed = [
        file.parent.name + "/" + file.name for file in files if file.stat().st_ino != before[file]
    ]
    assert changed == ["negatives/mic_2.star", "particles/mic_2.star"]


def test_rounds_are_numbered(project):
    labels = make_set(project)
    with pytest.raises(ConfigError, match="record_round makes one"):
        labels.finish_round(error_after=0.1)
    with pytest.raises(ConfigError, match="error_before: must be in 0 … 1, got 95"):
        labels.record_round(Changes(), error_before=95)
    labels.record_round(Changes(n_particles_added=3))
    labels.record_round(Changes(), error_before=0.3, error_after=0.2)
    assert [(done.number, done.n_particles, done.error_after) for done in labels.history] == [
        (1, 3, None),
        (2, 0, 0.2),
    ]
