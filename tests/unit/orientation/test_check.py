"""Misread coordinates are found out by the images, and nothing else is."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Micrograph, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, MicrographError
from deepem.orientation import OrientationCheck, Verdict, check_orientation
from deepem.orientation.evidence import Chance, draw_shifts, respond, to_deviations
from deepem.simulation import Scene, make_phantom, simulate_dataset

TURNS = [
    Orientation(swap_xy=swap, flip_x=flip_x, flip_y=flip_y)
    for swap, flip_x, flip_y in product((False, True), repeat=3)
]
RESCALED = [Orientation(scale=2), Orientation(scale=0.25), Orientation(flip_y=True, scale=0.5)]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Three small micrographs, neither square nor equal in contrast."""
    return list(
        simulate_dataset(
            make_phantom("ribosome"),
            3,
            n_particles=20,
            pixel_size_angstrom=8,
            shape=(320, 460),
            snr=0.05,
            seed=3,
        )
    )


def misread(picks: Picks, shape: tuple[int, int], reading: Orientation) -> Picks:
    """The same picks as a file would hold them that has to be read in the given way."""
    turned = replace(reading, scale=1.0).inverse()
    in_file = turned.apply(picks, shape[::-1] if reading.swap_xy else shape)
    return Orientation(scale=1 / reading.scale).apply(in_file, shape)


def check_misread(
    micrographs: Sequence[Micrograph], truth: Sequence[Picks], reading: Orientation
) -> OrientationCheck:
    pairs = zip(micrographs, truth, strict=True)
    return check_orientation(micrographs, [misread(p, m.shape, reading) for m, p in pairs])


@pytest.mark.parametrize("reading", TURNS + RESCALED, ids=lambda reading: reading.options())
def test_every_misreading_is_found(scenes, reading):
    check = check_misread([scenes[0].micrograph], [scenes[0].truth], reading)
    assert check.best == reading
    assert check.verdict is (Verdict.FITS if reading.is_identity else Verdict.OTHER_FITS)
    assert check.offset_px is None
    assert check.exceptions == {}
    assert check.evidence > 10
    assert reading.options() in check.summary()


def test_faint_particles_and_their_negative(scenes):
    (scene,) = simulate_dataset(
        make_phantom("ribosome"), 1, n_particles=25, pixel_size_angstrom=8, shape=(500, 400),
        snr=0.01, seed=1,
    )  # fmt: skip
    reading = Orientation(flip_x=True)
    positive = check_misread([scene.micrograph], [scene.truth], reading)
    negative = Micrograph.from_array(-scene.micrograph.pixels())
    assert positive.best == reading
    assert check_misread([negative], [scene.truth], reading).evidence == pytest.approx(
        positive.evidence, rel=0.05
    )


def test_random_places_say_nothing(scenes):
    rng = np.random.default_rng(0)
    micrograph = scenes[0].micrograph
    ny, nx = micrograph.shape
    for seed, n_picks in enumerate([3, 5, 10, 30, 100] * 5):
        places = Picks("m", rng.uniform(0, nx - 1, n_picks), rng.uniform(0, ny - 1, n_picks))
        check = check_orientation([micrograph], [places], seed=seed)
        assert check.verdict is Verdict.CANNOT_TELL, check.summary()
        assert check.best.is_identity
        assert "cannot tell" in check.summary()


def test_a_strong_gradient_and_a_bright_edge_say_nothing():
    rng = np.random.default_rng(0)
    ny, nx = 400, 500
    y, x = np.mgrid[:ny, :nx]
    pixels = rng.normal(size=(ny, nx)) + 0.05 * x + 10 * (x + y > 700)
    corner = Picks("m", rng.uniform(0, nx / 2, 100), rng.uniform(0, ny / 2, 100))
    check = check_orientation([Micrograph.from_array(pixels)], [corner])
    assert check.verdict is Verdict.CANNOT_TELL


def test_two_picks_and_none_say_nothing(scenes):
    scene = scenes[0]
    two = scene.truth.take(np.arange(2))
    for picks in (two, two.take(np.arange(0))):
        check = check_orientation([scene.micrograph], [picks])
        assert check.verdict is Verdict.CANNOT_TELL
        assert check.n_picks == len(picks)
        assert check.summary()


def test_what_falls_outside_is_impossible(scenes):
    scene = scenes[0]
    inside = scene.truth.take(scene.truth.x_px > 330)
    check = check_orientation([scene.micrograph], [inside])
    swapped = next(h for h in check.hypotheses if h.orientation == Orientation(swap_xy=True))
    assert swapped.evidence is None
    assert swapped.inside_fraction == 0


@pytest.mark.parametrize("reading", [Orientation(), Orientation(flip_y=True)])
def test_corners_of_boxes_are_told_from_centres(scenes, reading):
    half_px = scenes[0].truth.box_size_px / 2
    corners = [
        replace(s.truth, x_px=s.truth.x_px - half_px, y_px=s.truth.y_px - half_px) for s in scenes
    ]
    check = check_misread([s.micrograph for s in scenes], corners, reading)
    assert check.verdict is Verdict.OTHER_FITS
    assert check.best == reading
    np.testing.assert_allclose(check.offset_px, half_px, atol=3)
    assert "corners of boxes" in check.summary()


def test_a_small_offset_fits_but_is_reported(scenes):
    diameter_px = scenes[0].truth.box_size_px / 1.5
    moved = [replace(s.truth, x_px=s.truth.x_px + 0.4 * diameter_px) for s in scenes]
    check = check_orientation([s.micrograph for s in scenes], moved)
    assert check.verdict is Verdict.FITS
    np.testing.assert_allclose(check.offset_px, (-0.4 * diameter_px, 0), atol=3)
    assert "off centre" in check.summary()


def test_one_flipped_micrograph_among_others_is_named(scenes):
    picks = [scene.truth for scene in scenes]
    picks[1] = Orientation(flip_y=True).apply(picks[1], scenes[1].micrograph.shape)
    check = check_orientation([s.micrograph for s in scenes], picks)
    assert check.verdict is Verdict.FITS
    assert check.exceptions == {"mic_0002": Orientation(flip_y=True)}
    assert "mic_0002 (--flip-y)" in check.summary()


def test_what_cannot_be_used_is_left_out_and_named(scenes):
    scene = scenes[0]
    constant = Micrograph.from_array(np.ones(scene.micrograph.shape), name="blank")
    picks = [replace(scene.truth, micrograph="blank"), scene.truth]
    check = check_orientation([constant, scene.micrograph], picks)
    assert check.verdict is Verdict.FITS
    assert (check.n_micrographs, check.n_picks) == (1, len(scene.truth))
    assert ["blank" in str(error) for error in check.failures] == [True]
    with pytest.raises(MicrographError, match="blank"):
        check_orientation([constant], picks[:1])


def test_numbers_are_limited_and_repeatable(scenes):
    micrographs = [s.micrograph for s in scenes]
    truth = [s.truth for s in scenes]
    first = check_orientation(micrographs, truth, max_picks=30, max_micrographs=2, seed=4)
    again = check_orientation(micrographs, truth, max_picks=30, max_micrographs=2, seed=4)
    assert (first.n_picks, first.n_micrographs) == (30, 2)
    assert first == again


def test_positions_that_are_no_numbers_are_left_out(scenes):
    truth = scenes[0].truth
    x_px = truth.x_px.copy()
    x_px[0] = np.nan
    check = check_orientation([scenes[0].micrograph], [replace(truth, x_px=x_px)])
    assert check.verdict is Verdict.FITS
    assert check.n_picks == len(truth) - 1


def test_settings_that_cannot_work(scenes):
    micrographs, picks = [scenes[0].micrograph], [scenes[0].truth]
    with pytest.raises(ConventionError, match="1 micrographs and 0 sets"):
        check_orientation(micrographs, [])
    with pytest.raises(ConfigError, match="diameter_px"):
        check_orientation(micrographs, picks, diameter_px=0)
    with pytest.raises(ConfigError, match="scales"):
        check_orientation(micrographs, picks, scales=(2, -1))
    with pytest.raises(ConfigError, match="max_picks"):
        check_orientation(micrographs, picks, max_picks=0)


def test_a_given_diameter_serves_as_well(scenes):
    check = check_orientation([scenes[0].micrograph], [scenes[0].truth], diameter_px=33)
    assert check.verdict is Verdict.FITS


def test_chance_is_what_unrelated_patterns_give():
    rng = np.random.default_rng(0)
    responses = respond(Micrograph.from_array(rng.normal(size=(300, 400))), (8, 16, 32))
    places = responses.to_fractions(rng.uniform(0, 399, 40), rng.uniform(0, 299, 40))
    chance = Chance.from_sums(responses.add_up(places, draw_shifts(500, rng)))
    energy = chance.energy(responses.add_up(places, draw_shifts(2000, rng))) * chance.tail
    assert energy.mean() == pytest.approx(3, rel=0.15)
    assert energy.std() == pytest.approx(np.sqrt(6), rel=0.25)


def test_shifted_patterns_wrap_around():
    responses = respond(Micrograph.from_array(np.random.default_rng(0).normal(size=(64, 96))), (8,))
    x_px, y_px = np.array([90.0, 5.0]), np.array([60.0, 10.0])
    shifted = responses.add_up(responses.to_fractions(x_px, y_px), np.float32([[0.25, 0.5]]))
    moved = responses.to_fractions((x_px + 24) % 96, (y_px + 32) % 64)
    np.testing.assert_allclose(shifted, responses.add_up(moved, np.zeros((1, 2), np.float32)))


def test_deviations_are_close_to_those_of_a_normal_variable():
    deviations = to_deviations(np.array([0, 6, 46.0, 1e6]), 6)
    assert deviations[0] == deviations[1] == 0
    assert 5 < deviations[2] < 5.5  # the exact figure is 5.4
    assert deviations[3] == pytest.approx(1000, rel=0.01)


@pytest.mark.parametrize(
    ("path", "readings"),
    [
        ("apoferritin/train/May08_03_05_02", TURNS),
        ("beta_galactosidase/test/Falcon_2012_06_12-14_33_35_0", TURNS[2:5] + RESCALED[:1]),
        ("klh/processed/KLH_003", TURNS[:2] + RESCALED[1:]),
    ],
)
def test_real_labels(shared_data: Path, path: str, readings: list[Orientation]) -> None:
    from deepem.io import open_micrograph, read_picks

    micrograph = open_micrograph(shared_data / f"{path}.mrc")
    (truth,) = read_picks(shared_data / f"{path}.box")
    for reading in readings:
        check = check_misread([micrograph], [truth], reading)
        assert check.best == reading, check.summary()
        assert check.verdict is not Verdict.CANNOT_TELL
