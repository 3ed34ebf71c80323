"""Boxes are cut at the labels, and others away from them."""

import logging

import numpy as np
import pytest

from deepem.core import Frame, Micrograph, Picks
from deepem.preprocessing import PreparedImage, prepare
from deepem.training.samples import Samples, cut_samples, join_samples

SHAPE = (90, 130)


def numbered_image(box_size, step=1.0):
    """Image whose samples say where they are, with half a box of margin as `prepare` makes it."""
    margin = box_size // 2
    ny, nx = (int(n / step) + 2 * margin for n in SHAPE)
    rows, columns = np.indices((ny, nx), dtype=np.float32)
    origin = (step - 1) / 2 - margin * step
    frame = Frame((ny, nx), origin_px=(origin, origin), step_px=(step, step))
    return PreparedImage(pixels=rows * 1000 + columns, frame=frame)


def labels(x, y, name="mic"):
    return Picks(name, x, y, frame=Frame(SHAPE))


def cut(image, particles, **options):
    defaults = {"box_size": 9, "diameter_px": 6.0, "n_random": 0, "seed": 0}
    return cut_samples(image, particles, **(defaults | options))


@pytest.mark.parametrize("box_size", [8, 9])
@pytest.mark.parametrize("step", [1.0, 2.0])
def test_positives_are_the_boxes_whose_middle_is_nearest_to_the_labels(box_size, step):
    image = numbered_image(box_size, step)
    x, y = [40.0, 71.4, 100.2], [30.0, 20.3, 62.8]
    samples = cut(image, labels(x, y), box_size=box_size)
    assert samples.boxes.shape == (3, box_size, box_size)
    assert samples.boxes.dtype == samples.targets.dtype == np.float32
    assert samples.targets.tolist() == [1, 1, 1]
    first_rows, first_columns = np.divmod(samples.boxes[:, 0, 0], 1000)
    for box, row, column in zip(samples.boxes, first_rows, first_columns, strict=True):
        rows, columns = np.indices((box_size, box_size))
        np.testing.assert_array_equal(box, (row + rows) * 1000 + column + columns)
    half = (box_size - 1) / 2
    centre_x, centre_y = image.frame.to_px(first_columns + half, first_rows + half)
    assert np.abs(centre_x - x).max() <= step / 2
    assert np.abs(centre_y - y).max() <= step / 2


def test_an_odd_box_has_its_label_in_the_middle():
    samples = cut(numbered_image(9), labels([40], [30]))
    # The margin is 4.
    assert samples.boxes[0, 4, 4] == (30 + 4) * 1000 + 40 + 4


def test_an_even_box_has_its_label_beside_the_middle():
    samples = cut(numbered_image(8), labels([40.4], [30.6]), box_size=8)
    # Its middle is midway between samples 3 and 4: at x 40.5, y 30.5.
    assert samples.boxes[0, 3, 3] == (30 + 4) * 1000 + 40 + 4


def test_particles_cut_by_the_edge_are_left_out():
    # The diameter is 20: centres need 10 px to the edge pixels 0, 89 and 129.
    x, y = [10, 9.9, 119, 119.1, 60, 60, 60, 60], [45, 45, 45, 45, 10, 9.9, 79, 79.1]
    samples = cut(numbered_image(9), labels(x, y), diameter_px=20)
    rows, columns = np.divmod(samples.boxes[:, 4, 4], 1000)
    assert list(zip(columns - 4, rows - 4, strict=True)) == [
        (10, 45), (119, 45), (60, 10), (60, 79),
    ]  # fmt: skip


def centres_of(samples):
    """Centres of the negatives of 9 px boxes in a `numbered_image`."""
    rows, columns = np.divmod(samples.boxes[samples.targets == 0][:, 4, 4], 1000)
    return np.column_stack([columns - 4, rows - 4])


def test_random_negatives_are_away_from_every_particle_and_inside():
    rng = np.random.default_rng(0)
    # One particle is too near to the edge to learn from, but no place for a negative.
    particles = labels([5, *rng.uniform(0, 129, 6)], [5, *rng.uniform(0, 89, 6)])
    samples = cut(numbered_image(9), particles, diameter_px=16, n_random=300)
    centres = centres_of(samples)
    assert len(centres) == 300
    distance = np.hypot(
        centres[:, :1] - particles.x_px[None], centres[:, 1:] - particles.y_px[None]
    )
    rounding = np.hypot(0.5, 0.5)
    assert 0.7 * 16 - rounding <= distance.min() < 0.7 * 16 + 3
    assert centres.min(axis=0) == pytest.approx([10, 10], abs=2.5)  # from 8, half a diameter
    assert centres.max(axis=0) == pytest.approx([129 - 10, 89 - 10], abs=2.5)
    # Spread over all the room that is left.
    counts, _, _ = np.histogram2d(*centres.T, bins=3, range=[[8, 121], [8, 81]])
    assert counts.min() >= 5


def test_negatives_depend_on_seed_and_name_only():
    image = numbered_image(9)
    x, y = [40, 80], [30, 60]
    centres = {
        key: centres_of(cut(image, labels(x, y, name), n_random=20, seed=seed))
        for key, name, seed in [
            ("one", "mic", 0), ("same", "mic", 0), ("seed", "mic", 1), ("name", "mic2", 0),
        ]
    }  # fmt: skip
    np.testing.assert_array_equal(centres["one"], centres["same"])
    assert not np.array_equal(centres["one"], centres["seed"])
    assert not np.array_equal(centres["one"], centres["name"])
    more = centres_of(cut(image, labels(x, y), n_random=30))
    np.testing.assert_array_equal(more[:20], centres["one"])


def test_a_crowded_micrograph_gives_fewer_and_says_so(caplog):
    x, y = np.meshgrid(np.arange(0, 131, 14.0), np.arange(0, 91, 14.0))
    crowded = labels(x.ravel(), y.ravel())
    with caplog.at_level(logging.WARNING, logger="deepem.training"):
        samples = cut(numbered_image(9), crowded, diameter_px=20, n_random=50)
    assert samples.n_positives == len(samples) > 10
    assert "mic: only 0 of 50 negatives fit between its 70 particles" in caplog.text


def test_enough_room_says_nothing(caplog):
    cut(numbered_image(9), labels([40], [30]), n_random=50)
    assert caplog.text == ""


def test_negatives_of_the_user_come_first_and_random_ones_fill_up():
    negatives = labels([20, 100, 3], [70, 15, 45])
    image, particle = numbered_image(9), labels([40], [30])
    samples = cut(image, particle, n_random=50, negatives=negatives)
    assert samples.targets.tolist() == [1] + 50 * [0]
    assert centres_of(samples)[:3].tolist() == [[20, 70], [100, 15], [3, 45]]
    # The random ones are those that would be drawn without them.
    alone = centres_of(cut(image, particle, n_random=50))
    np.testing.assert_array_equal(centres_of(samples)[3:], alone[:47])
    none = cut(image, particle, n_random=50, negatives=labels([], []))
    np.testing.assert_array_equal(centres_of(none), alone)


def test_more_negatives_of_the_user_than_wanted_are_all_used():
    negatives = labels([20, 100, 3], [70, 15, 45])
    samples = cut(numbered_image(9), labels([40], [30]), n_random=2, negatives=negatives)
    assert centres_of(samples).tolist() == [[20, 70], [100, 15], [3, 45]]


def test_a_box_at_the_very_edge_is_moved_inside():
    image = numbered_image(9)
    negatives = labels([-0.5, 129.5], [-0.5, 89.5])
    samples = cut(image, labels([40], [30]), negatives=negatives)
    assert samples.boxes[1, 0, 0] == 0
    assert samples.boxes[2, -1, -1] == image.pixels[-1, -1]


def test_a_micrograph_without_particles_gives_negatives():
    samples = cut(numbered_image(9), labels([], []), n_random=7)
    assert samples.targets.tolist() == [0] * 7


@pytest.mark.parametrize("factor", [1, 2, 1.7, 3])
@pytest.mark.parametrize("box_size", [27, 28])
def test_a_particle_is_in_the_middle_of_its_box_at_any_binning(factor, box_size):
    # Ramps, so that the mean of a box says where its middle lies.
    shape, x, y = (181, 263), 150.2, 71.7
    for axis, expected in [(0, y), (1, x)]:
        ramp = np.indices(shape)[axis].astype(float)
        micrograph = Micrograph.from_array(ramp, name="mic")
        image = prepare(micrograph, factor=factor, box_size=box_size)
        particle = Picks("mic", [x], [y], frame=micrograph.frame)
        box = cut(image, particle, box_size=box_size).boxes[0]
        # What grey value stands for which position, away from the edges.
        n = np.arange(30, image.pixels.shape[axis] - 30)
        position = image.frame.origin_px[axis] + n * image.frame.step_px[axis]
        line = np.moveaxis(image.pixels, axis, 0)[n, 40]
        slope, offset = np.polyfit(line, position, 1)
        assert slope * box.mean() + offset == pytest.approx(expected, abs=factor / 2 + 0.05)


def test_split_keeps_the_classes(make_samples):
    samples = make_samples(100)
    kept, held_out = samples.split(0.1, seed=0)
    assert (len(kept), len(held_out)) == (90, 10)
    assert (kept.n_positives, held_out.n_positives) == (45, 5)
    every = np.concatenate([kept.boxes, held_out.boxes])
    assert {box.tobytes() for box in every} == {box.tobytes() for box in samples.boxes}
    for part in (kept, held_out):
        for box, target in zip(part.boxes, part.targets, strict=True):
            assert samples.targets[(samples.boxes == box).all(axis=(1, 2))].tolist() == [target]


def test_split_holds_out_at_least_one_of_each(make_samples):
    kept, held_out = make_samples(6).split(0.01, seed=0)
    assert sorted(held_out.targets) == [0, 1]
    assert len(kept) == 4


def test_split_depends_on_the_seed(make_samples):
    samples = make_samples(100)
    one, same, other = (samples.split(0.1, seed=seed)[1].boxes for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_joined_samples_are_in_order(make_samples):
    one, other = make_samples(4), make_samples(6, seed=1)
    joined = join_samples([Samples.empty(28), one, other])
    np.testing.assert_array_equal(joined.boxes[:4], one.boxes)
    np.testing.assert_array_equal(joined.targets[4:], other.targets)
    assert joined.boxes.dtype == np.float32
    assert len(Samples.empty(28)) == Samples.empty(28).n_positives == 0


def test_deviation_of_the_positives(make_samples):
    samples = make_samples(8)
    expected = [box.std() for box in samples.boxes[1::2]]
    np.testing.assert_allclose(samples.positives_std(), expected, rtol=1e-6)
