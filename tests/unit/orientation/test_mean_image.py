"""Mean images show the particle where coordinates are read rightly, and nothing elsewhere."""

from dataclasses import replace
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from PIL import Image

from deepem.core import Micrograph, Orientation, Picks
from deepem.errors import ConfigError, ConventionError, MicrographError
from deepem.orientation import (
    average_boxes,
    average_for_check,
    check_orientation,
    draw_check,
    list_orientations,
    name_orientation,
    name_readers,
)
from deepem.orientation.wording import name_boxes
from deepem.simulation import Scene, make_phantom, simulate_dataset

AS_THEY_ARE = Orientation()
FLIPPED = Orientation(flip_y=True)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Two micrographs that are not square."""
    return list(
        simulate_dataset(
            make_phantom("ribosome"),
            2,
            n_particles=20,
            pixel_size_angstrom=8,
            shape=(320, 460),
            snr=0.05,
            seed=3,
        )
    )


def dark_spots(places: Picks, shape: tuple[int, int], seed: int = 0) -> Micrograph:
    """Noise with a dark square of 9 px at each place."""
    pixels = np.random.default_rng(seed).normal(size=shape)
    for x, y in zip(places.x_px.astype(int), places.y_px.astype(int), strict=True):
        pixels[y - 4 : y + 5, x - 4 : x + 5] -= 2
    return Micrograph.from_array(pixels, name=places.micrograph)


def centre_and_rim(pixels: np.ndarray) -> tuple[float, float]:
    side = len(pixels)
    inner = slice(side // 2 - side // 8, side // 2 + side // 8)
    return float(pixels[inner, inner].mean()), float(pixels[: side // 8].mean())


def test_the_mean_is_that_of_the_boxes():
    places = Picks("m", [40, 100, 170, 4], [30, 60, 45, 50])  # the last box reaches outside
    micrograph = dark_spots(places, (90, 200))
    (mean,) = average_boxes([micrograph], [places], [AS_THEY_ARE], box_size_px=21)
    pixels = micrograph.pixels()
    boxes = [pixels[y - 10 : y + 11, x - 10 : x + 11] for x, y in ((40, 30), (100, 60), (170, 45))]
    expected = np.mean([box - box.mean() for box in boxes], axis=0)
    assert mean.n_boxes == 3
    assert mean.pixels.shape == (21, 21)
    # The micrograph is scaled to deviation 1, which changes no proportions.
    assert np.corrcoef(mean.pixels.ravel(), expected.ravel())[0, 1] > 0.999


def test_only_the_right_reading_shows_the_particle(scenes):
    micrographs = [scene.micrograph for scene in scenes]
    in_file = [FLIPPED.apply(scene.truth, scene.micrograph.shape) for scene in scenes]
    check = check_orientation(micrographs, in_file)
    images = {
        image.orientation: image
        for image in average_for_check(check, micrographs, in_file, diameter_px=32)
    }
    assert check.best == FLIPPED
    centre, rim = centre_and_rim(images[FLIPPED].pixels)
    depth = rim - centre  # particles are dark
    assert depth > 0.25
    for orientation, image in images.items():
        if orientation != FLIPPED:
            other_centre, other_rim = centre_and_rim(image.pixels)
            assert abs(other_rim - other_centre) < 0.4 * depth, orientation


def test_boxes_off_centre_are_moved_as_the_check_says():
    rng = np.random.default_rng(1)
    grid = [(x, y) for x in range(40, 360, 30) for y in range(40, 240, 30)]
    chosen = [grid[i] for i in rng.permutation(len(grid))[:30]]
    places = Picks("m", [x for x, _ in chosen], [y for _, y in chosen])
    micrograph = dark_spots(places, (280, 400))
    corners = replace(places, x_px=places.x_px - 8, y_px=places.y_px - 6)
    options = {"orientations": [AS_THEY_ARE], "box_size_px": 24}
    (moved,) = average_boxes([micrograph], [corners], offset_px=(8, 6), **options)
    (right,) = average_boxes([micrograph], [places], **options)
    np.testing.assert_allclose(moved.pixels, right.pixels)


def test_no_more_picks_and_micrographs_than_asked(scenes):
    micrographs = [scene.micrograph for scene in scenes]
    truth = [scene.truth for scene in scenes]
    options = {"orientations": [AS_THEY_ARE], "box_size_px": 4}
    (few,) = average_boxes(micrographs, truth, max_picks=7, **options)
    (again,) = average_boxes(micrographs, truth, max_picks=7, **options)
    (one,) = average_boxes(micrographs, truth, max_micrographs=1, **options)
    assert few.n_boxes == 7
    np.testing.assert_array_equal(few.pixels, again.pixels)
    assert one.n_boxes == max(map(len, truth))


def test_the_picture_can_be_read_by_a_browser(scenes):
    micrographs, truth = [scenes[0].micrograph], [scenes[0].truth]
    for reading in (AS_THEY_ARE, Orientation(scale=0.5)):
        in_file = [reading.apply(one, scenes[0].micrograph.shape) for one in truth]
        check = check_orientation(micrographs, in_file)
        images = average_for_check(check, micrographs, in_file)
        picture = Image.open(BytesIO(draw_check(check, images)))
        assert picture.format == "PNG"
        assert picture.width >= 1000
        # A rescaled best is shown beside the eight turns.
        assert len(images) == len(list_orientations(check)) == (8 if reading == AS_THEY_ARE else 9)


def test_without_any_pick_there_is_an_empty_picture(scenes):
    micrograph = scenes[0].micrograph
    check = check_orientation([micrograph], [Picks("m")])
    images = average_for_check(check, [micrograph], [Picks("m")])
    assert all(image.n_boxes == 0 and not image.pixels.any() for image in images)
    assert draw_check(check, images)


def test_what_cannot_work_is_refused(scenes):
    micrograph, truth = scenes[0].micrograph, scenes[0].truth
    with pytest.raises(ConfigError, match="must be positive, got 0 px"):
        average_boxes([micrograph], [truth], [AS_THEY_ARE], box_size_px=0)
    with pytest.raises(ConventionError, match="Give one Picks a micrograph"):
        average_boxes([micrograph], [truth, truth], [AS_THEY_ARE], box_size_px=20)
    constant = Micrograph.from_array(np.ones((100, 100)), name="constant")
    with pytest.raises(MicrographError, match="none of the 1 micrographs"):
        average_boxes([constant], [Picks("m", [50], [50])], [AS_THEY_ARE], box_size_px=20)


def test_every_way_of_reading_has_words_of_its_own():
    ways = [
        Orientation(swap_xy=swap, flip_x=flip_x, flip_y=flip_y, scale=scale)
        for swap, flip_x, flip_y in product((False, True), repeat=3)
        for scale in (1.0, 2.0, 0.5)
    ]
    names = [name_orientation(way) for way in ways]
    assert len(set(names)) == len(ways)
    assert name_orientation(AS_THEY_ARE) == "as they are"
    assert name_orientation(FLIPPED) == "rows from the other side"
    assert "binned 2 times" in name_orientation(Orientation(scale=2))
    assert all(name_readers(way) for way in ways)
    assert "RELION" in name_readers(AS_THEY_ARE)


def test_a_mean_of_no_box_says_why_there_is_nothing_to_see():
    assert [name_boxes(n) for n in (0, 1, 20)] == [
        "no box could be cut inside of an image",
        "1 box",
        "20 boxes",
    ]
