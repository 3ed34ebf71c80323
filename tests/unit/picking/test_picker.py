"""Picks are where the particles are, and move with the image and its scale."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from deepem.core import Frame, Micrograph, Picks
from deepem.errors import CheckpointError, ConfigError, ConventionError, MicrographError
from deepem.networks import DeepEM8, Model, save_model
from deepem.picking import Picker, Selection, select
from deepem.preprocessing import fourier_crop


@pytest.fixture(scope="session")
def picker(model):
    return Picker(model)


@pytest.fixture(scope="session")
def candidates(picker, scene):
    return picker.scan(scene.micrograph)


@pytest.fixture(scope="session")
def symmetric_picker(model):
    """Return a picker with mirror-symmetric kernels, to which mirror images are alike."""
    network = DeepEM8(model.network.design)
    network.load_state_dict(model.network.state_dict())
    with torch.no_grad():
        for weights in [*network.kernels, network.output_weights]:
            weights += weights.flip(-1).clone()
            weights /= 2
    return Picker(Model(network, model.header))


def with_pixels(micrograph, pixels, pixel_size=None):
    return Micrograph.from_array(
        np.ascontiguousarray(pixels),
        name=micrograph.name,
        pixel_size_angstrom=pixel_size or micrograph.pixel_size_angstrom,
    )


def assert_same(picks, expected, *, atol=0.101, score_atol=2e-5):
    """Check that picks are equal in whatever order, positions to their rounding.

    Tops of the background are so flat that rounding moves them, so they are left out.
    """
    picks, expected = (select(p, Selection(threshold=0.3)) for p in (picks, expected))
    assert len(picks) == len(expected) >= 5
    distance, index = cKDTree(np.column_stack([picks.x_px, picks.y_px])).query(
        np.column_stack([expected.x_px, expected.y_px])
    )
    assert distance.max() <= atol * np.sqrt(2)
    assert np.median(distance) <= 0.1  # positions are rounded to 0.1 px
    assert sorted(index) == list(range(len(picks)))
    np.testing.assert_allclose(picks.score[index], expected.score, atol=score_atol)
    # Where a peak lies midway between two boxes, either may give the deviation.
    np.testing.assert_allclose(picks.std[index], expected.std, atol=max(5e-3, score_atol))


def test_every_particle_is_found_in_its_place_and_little_else(picker, scene):
    picks = picker.pick(scene.micrograph)
    truth = scene.truth
    distance = np.hypot(
        picks.x_px[:, None] - truth.x_px[None], picks.y_px[:, None] - truth.y_px[None]
    )
    assert distance.min(axis=0).max() < 3
    assert abs(np.mean(picks.x_px[distance.argmin(axis=0)] - truth.x_px)) < 0.5
    assert abs(np.mean(picks.y_px[distance.argmin(axis=0)] - truth.y_px)) < 0.5
    assert len(truth) <= len(picks) <= len(truth) + 1


def test_candidates_are_ranked_and_carry_what_selection_needs(candidates, scene, model):
    assert candidates.micrograph == scene.micrograph.name
    assert candidates.frame == scene.micrograph.frame
    assert candidates.box_size_px == model.header.scale.box_size_px == 28 - 2 * (27 % 4 == 1)
    assert (np.diff(candidates.score) <= 0).all()
    assert ((candidates.score >= 0) & (candidates.score <= 1)).all()
    assert (candidates.std > 0).all()
    assert candidates.edge_distance_px().min() >= 0
    # Far more than the particles: everything is kept.
    assert len(candidates) > 3 * len(scene.truth)


def test_standard_deviation_is_that_of_the_box(candidates, scene, model):
    pixels = scene.micrograph.pixels()
    inside = candidates.take(candidates.edge_distance_px() > 20)
    standard = (pixels - pixels.mean()) / pixels.std()
    for x, y, std in zip(inside.x_px, inside.y_px, inside.std, strict=True):
        left, top = round(x) - 13, round(y) - 13
        # The pick may lie a pixel beside the sample that was scored.
        assert std == pytest.approx(standard[top : top + 27, left : left + 27].std(), abs=0.05)


def test_default_distance_is_four_fifths_of_a_diameter(candidates, model):
    positions = np.column_stack([candidates.x_px, candidates.y_px])
    closest = pdist(positions).min()
    diameter_px = model.header.scale.diameter_px
    assert 0.8 * diameter_px - 0.02 <= closest < 0.9 * diameter_px


@pytest.mark.parametrize("min_distance_px", [6.0, 25.0])
def test_distance_is_what_is_asked(model, scene, candidates, min_distance_px):
    found = Picker(model, min_distance_px=min_distance_px).scan(scene.micrograph)
    assert pdist(np.column_stack([found.x_px, found.y_px])).min() >= min_distance_px - 0.02
    assert (len(found) > len(candidates)) == (min_distance_px < 10)
    assert found.score[0] == candidates.score[0]


def test_pick_is_scan_and_selection(picker, scene, candidates, model):
    header = model.header
    selection = Selection(
        threshold=header.threshold,
        std_range=header.std_range,
        edge_margin_px=0.4 * header.scale.diameter_px,
    )
    assert picker.selection_for(header.scale.diameter_px) == selection
    expected = select(candidates, selection)
    assert 0 < len(expected) < len(candidates)
    np.testing.assert_array_equal(picker.pick(scene.micrograph).x_px, expected.x_px)


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.9])
def test_moving_the_threshold_afterwards_is_picking_with_it(model, scene, threshold):
    everything = Picker(model, threshold=0).pick(scene.micrograph)
    picked = Picker(model, threshold=threshold).pick(scene.micrograph)
    selection = Picker(model, threshold=threshold).selection_for(model.header.scale.diameter_px)
    afterwards = select(everything, selection)
    np.testing.assert_array_equal(afterwards.x_px, picked.x_px)
    np.testing.assert_array_equal(afterwards.score, picked.score)


def test_threshold_0_keeps_every_candidate(model, scene, candidates):
    everything = Picker(model, threshold=0).pick(scene.micrograph)
    np.testing.assert_array_equal(everything.x_px, candidates.x_px)
    low, high = model.header.std_range
    assert ((everything.std < low) | (everything.std > high)).any()
    assert everything.edge_distance_px().min() < 0.4 * model.header.scale.diameter_px


def test_threshold_0_with_range_and_margin_applies_these(model, scene, candidates):
    std_range = tuple(np.quantile(candidates.std, [0.3, 0.7]))
    found = Picker(model, threshold=0, std_range=std_range, edge_margin_px=30).pick(
        scene.micrograph
    )
    expected = select(candidates, Selection(std_range=std_range, edge_margin_px=30))
    assert 0 < len(found) < len(candidates) / 2
    np.testing.assert_array_equal(found.x_px, expected.x_px)


def test_edge_margin_0_keeps_picks_at_the_edge(model, scene):
    thresholds = {"threshold": 0.01, "std_range": (0.0, 99.0)}
    margin = Picker(model, **thresholds).pick(scene.micrograph)
    no_margin = Picker(model, edge_margin_px=0, **thresholds).pick(scene.micrograph)
    limit = 0.4 * model.header.scale.diameter_px
    assert margin.edge_distance_px().min() >= limit > no_margin.edge_distance_px().min()


def test_same_micrograph_same_picks(picker, scene, candidates):
    again = picker.scan(scene.micrograph)
    for column in ("x_px", "y_px", "score", "std"):
        np.testing.assert_array_equal(getattr(again, column), getattr(candidates, column))


@pytest.mark.parametrize("shift", [(8, 0), (0, -14), (-6, 20)])
def test_picks_move_with_the_image(picker, scene, candidates, shift):
    # A whole number of steps, and cyclic, so that the grey values stay as they are.
    moved = picker.scan(
        with_pixels(scene.micrograph, np.roll(scene.micrograph.pixels(), shift, (0, 1)))
    )
    expected = replace(candidates, x_px=candidates.x_px + shift[1], y_px=candidates.y_px + shift[0])
    # What comes in at one edge has gone out at the other.
    safe = 45
    assert_same(
        moved.take(moved.edge_distance_px() > safe),
        expected.take(expected.edge_distance_px() > safe),
    )


def turned_positions(picks, shape, name):
    """Where picks go when the image is turned or mirrored."""
    ny, nx = shape
    x, y = picks.x_px, picks.y_px
    return {
        "rot90": (y, nx - 1 - x),
        "rot180": (nx - 1 - x, ny - 1 - y),
        "rot270": (ny - 1 - y, x),
        "flipud": (x, ny - 1 - y),
        "fliplr": (nx - 1 - x, y),
        "transpose": (y, x),
    }[name]


TURNS = {
    "rot90": np.rot90,
    "rot180": lambda image: np.rot90(image, 2),
    "rot270": lambda image: np.rot90(image, 3),
    "flipud": np.flipud,
    "fliplr": np.fliplr,
    "transpose": np.transpose,
}


@pytest.mark.parametrize("name", TURNS)
@pytest.mark.parametrize("factor", [1, 2])
def test_picks_turn_with_the_image(symmetric_picker, scene, name, factor):
    # Sides at which the grid of boxes ends at the far edges as it begins at the near ones.
    pixels = scene.micrograph.pixels()[:239, :309]
    pixels = fourier_crop(pixels, 1 / factor)[0]
    micrograph = with_pixels(scene.micrograph, pixels, pixel_size=15 / factor)
    picks = symmetric_picker.scan(micrograph)
    x, y = turned_positions(picks, pixels.shape, name)
    turned = symmetric_picker.scan(with_pixels(micrograph, TURNS[name](pixels), 15 / factor))
    assert (picks.score > 0.5).sum() > 10
    # Single precision is enough to move the flattest tops a little.
    assert_same(turned, Picks("mic", x, y, score=picks.score, std=picks.std), atol=0.1)


def test_a_turned_image_gives_the_turned_picks_without_any_symmetry(picker, scene):
    pixels = scene.micrograph.pixels()[:239, :309]
    micrograph = with_pixels(scene.micrograph, pixels)
    picks = picker.scan(micrograph)
    for name in ("rot90", "rot180", "rot270"):
        turned = picker.scan(with_pixels(micrograph, TURNS[name](pixels)))
        x, y = turned_positions(picks, pixels.shape, name)
        assert_same(turned, Picks("mic", x, y, score=picks.score, std=picks.std))


@pytest.mark.parametrize("factor", [0.5, 0.7, 1 / 3])
def test_picks_are_at_the_same_physical_place_at_another_pixel_size(picker, model, scene, factor):
    """The micrograph is resampled to smaller pixels; the model was trained at 15 Å."""
    fine_pixels, (step_y, step_x) = fourier_crop(scene.micrograph.pixels(), factor)
    fine = with_pixels(scene.micrograph, fine_pixels, pixel_size=15 * step_x)
    picks, fine_picks = picker.pick(scene.micrograph), picker.pick(fine)
    # Sample 0 of the fine image lies at pixel (step - 1) / 2 of the coarse one.
    back = replace(
        fine_picks,
        x_px=(step_x - 1) / 2 + step_x * fine_picks.x_px,
        y_px=(step_y - 1) / 2 + step_y * fine_picks.y_px,
        frame=scene.micrograph.frame,
    )
    assert_same(back, picks, atol=0.3, score_atol=0.02)
    assert picker.diameter_px(fine) * step_x == pytest.approx(model.header.scale.diameter_px)
    assert fine_picks.box_size_px == pytest.approx(27 / step_x, abs=1)
    assert fine_picks.box_size_px % 2 == 0
    assert fine_picks.frame == Frame(fine_pixels.shape, 15 * step_x)


def test_a_model_file_picks_as_the_model_does(model, scene, candidates, tmp_path):
    path = save_model(model, tmp_path / "model.deepem")
    for source in (path, str(path)):
        np.testing.assert_array_equal(Picker(source).scan(scene.micrograph).x_px, candidates.x_px)


def test_picking_leaves_the_micrograph_alone(picker, scene):
    before = scene.micrograph.pixels().copy()
    picker.pick(scene.micrograph)
    np.testing.assert_array_equal(scene.micrograph.pixels(), before)


def test_pure_noise_has_no_particles(picker):
    noise = np.random.default_rng(0).standard_normal((240, 310))
    picks = picker.pick(Micrograph.from_array(noise, name="noise", pixel_size_angstrom=15))
    assert isinstance(picks, Picks)
    assert len(picks) <= 1


def test_micrographs_that_cannot_be_picked_are_refused(picker, scene):
    pixels = scene.micrograph.pixels()
    with pytest.raises(ConventionError, match=r"has no pixel size .* --pixel-size"):
        picker.pick(Micrograph.from_array(pixels))
    with pytest.raises(MicrographError, match="smaller than the box of 27 px"):
        picker.pick(with_pixels(scene.micrograph, pixels[:26]))
    with pytest.raises(MicrographError, match="every pixel has the value 0"):
        picker.pick(with_pixels(scene.micrograph, 0 * pixels))


@pytest.mark.parametrize(
    ("shape", "n_warnings"), [((240, 310), 0), ((310, 240), 0), ((160, 207), 0), ((480, 620), 1)]
)
def test_another_image_size_is_a_warning_where_no_pixel_size_tells(
    model, caplog, shape, n_warnings
):
    noise = Micrograph.from_array(np.random.default_rng(0).standard_normal(shape))
    header = model.header.model_copy(update={"pixel_size_angstrom": None})
    picker = Picker(Model(model.network, header))
    with caplog.at_level("WARNING", logger="deepem.picking"):
        picker.pick(noise)
        picker.pick(noise)  # said once
    assert len(caplog.records) == n_warnings
    assert n_warnings == 0 or "620 x 480 px, but the model was trained on" in caplog.text
    assert n_warnings == 0 or "--pixel-size" in caplog.text


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="deepem train"):
        Picker(tmp_path / "model.deepem")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"threshold": 1.5}, "threshold: must be between 0 and 1"),
        ({"std_range": (2.0, 1.0)}, "std range: must be two rising numbers"),
        ({"edge_margin_px": -1.0}, "edge margin: must not be negative"),
        ({"min_distance_px": 0.0}, "minimum distance: must be positive, got 0 px"),
        ({"min_distance_px": -3.0}, "minimum distance: must be positive, got -3 px"),
    ],
)
def test_a_bad_option_is_refused_before_the_first_micrograph(model, options, problem):
    with pytest.raises(ConfigError, match=problem):
        Picker(model, **options)


@pytest.fixture(scope="session")
def icy(scene):
    """Return the micrograph with an ice crystal on some of its particles, and its centre."""
    pixels = scene.micrograph.pixels().copy()
    x, y = float(scene.truth.x_px[0]), float(scene.truth.y_px[0])
    rows, columns = np.indices(pixels.shape)
    pixels[np.hypot(rows - y, columns - x) < 30] -= 8 * pixels.std()
    return with_pixels(scene.micrograph, pixels), (x, y)


def test_candidates_know_whether_they_lie_in_junk(model, icy):
    micrograph, (x, y) = icy
    candidates = Picker(model).scan(micrograph)
    distance = np.hypot(candidates.x_px - x, candidates.y_px - y)
    assert candidates.junk[distance < 25].all()
    assert (distance < 25).any()
    assert not candidates.junk[distance > 75].any()
    assert not Picker(model, keep_junk=True).scan(micrograph).junk.any()


def test_junk_is_left_out_with_its_reason_unless_it_shall_stay(model, icy):
    micrograph, _ = icy
    options = {"threshold": 0.01, "std_range": (0.0, 99.0), "edge_margin_px": 0}
    verdict = Picker(model, **options).judge(micrograph)
    assert set(verdict.reasons) == {"junk"}
    assert not verdict.kept.junk.any()
    kept = Picker(model, keep_junk=True, **options).judge(micrograph)
    assert len(kept.rejected) == 0
    assert len(kept.kept) == len(verdict.kept) + len(verdict.rejected)
    everything = Picker(model, threshold=0).pick(micrograph)
    assert everything.junk.any()  # kept, and known


def test_particles_of_a_clean_micrograph_are_no_junk(candidates):
    assert not candidates.junk[candidates.score > 0.5].any()
