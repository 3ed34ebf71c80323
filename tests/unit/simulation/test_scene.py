"""A scene is what was asked, its truth is exact, and its seed decides everything."""

from itertools import islice

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.signal import fftconvolve
from scipy.spatial.distance import pdist, squareform

from deepem.errors import ConfigError
from deepem.simulation import (
    PHANTOMS,
    Optics,
    Specimen,
    apply_ctf,
    make_phantom,
    project_beads,
    simulate_dataset,
    simulate_micrograph,
)

FERRITIN = make_phantom("apoferritin")
SMALL = {"n_particles": 12, "pixel_size_angstrom": 4.0, "shape": (200, 330)}
POINT = Specimen("point", [[0, 0, 0]], bead_sigma_angstrom=10, diameter_angstrom=60)


def cut_box(image, x_px, y_px, size):
    """Box whose centre pixel lies exactly at a fractional position."""
    offset = np.arange(size) - size // 2
    rows, columns = np.meshgrid(y_px + offset, x_px + offset, indexing="ij")
    return map_coordinates(image, [rows, columns], order=3)


def find_vertex(values):
    """Offset of the vertex of the parabola through three values from the middle one."""
    left, middle, right = values
    return (left - right) / (2 * (left - 2 * middle + right))


def test_scene_holds_what_was_asked():
    scene = simulate_micrograph(FERRITIN, seed=0, name="mic", snr=0.2, **SMALL)
    pixels = scene.micrograph.pixels()

    assert pixels.shape == scene.clean.shape == scene.truth.frame.shape == (200, 330)
    assert pixels.dtype == scene.clean.dtype == np.float32
    assert scene.micrograph.name == scene.truth.micrograph == "mic"
    assert scene.micrograph.pixel_size_angstrom == scene.truth.frame.pixel_size_angstrom == 4.0
    assert scene.truth.box_size_px == 46
    assert len(scene.truth) == len(scene.rotations) == 12
    assert np.isnan(scene.truth.score).all()
    assert scene.snr == 0.2
    assert scene.optics == Optics()


@pytest.mark.parametrize("name", PHANTOMS)
@pytest.mark.parametrize("snr", [0.02, 0.5])
def test_measured_snr_is_the_asked_one(name, snr):
    phantom = make_phantom(name)
    pixel_size = phantom.diameter_angstrom / 40
    scene = simulate_micrograph(
        phantom, n_particles=20, pixel_size_angstrom=pixel_size, seed=1, snr=snr, shape=(400, 500)
    )
    noise = scene.micrograph.pixels() - scene.clean
    half = 30  # 1.5 diameters are 60 px
    signal = np.mean(
        [
            scene.clean[max(y - half, 0) : y + half, max(x - half, 0) : x + half].var()
            for x, y in np.rint([scene.truth.x_px, scene.truth.y_px]).astype(int).T
        ]
    )

    assert signal / noise.var() == pytest.approx(snr, rel=0.03)


def test_particles_keep_their_distance_and_stay_inside():
    diameter_px = 125 / 4
    scene = simulate_micrograph(FERRITIN, seed=2, **SMALL)
    closer = simulate_micrograph(
        FERRITIN,
        seed=2,
        n_particles=60,
        pixel_size_angstrom=4.0,
        shape=(200, 330),
        min_distance_px=20,
        edge_distance_px=0,
    )

    assert pdist(np.column_stack([scene.truth.x_px, scene.truth.y_px])).min() >= diameter_px
    assert scene.truth.edge_distance_px().min() >= diameter_px / 2
    assert 20 <= pdist(np.column_stack([closer.truth.x_px, closer.truth.y_px])).min() < diameter_px
    assert 0 <= closer.truth.edge_distance_px().min() < diameter_px / 2


@pytest.mark.parametrize("name", PHANTOMS)
def test_particles_are_dark(name):
    phantom = make_phantom(name)
    pixel_size = phantom.diameter_angstrom / 40
    scene = simulate_micrograph(
        phantom, n_particles=20, pixel_size_angstrom=pixel_size, seed=3, shape=(400, 500)
    )
    smooth = gaussian_filter(scene.clean, 8)
    at_particles = smooth[
        np.rint(scene.truth.y_px).astype(int), np.rint(scene.truth.x_px).astype(int)
    ]

    assert (at_particles < 0).all()
    assert at_particles.max() < np.median(smooth) - smooth.std() / 2
    # The noisy micrograph, too.
    noisy = gaussian_filter(scene.micrograph.pixels(), 8)
    assert np.corrcoef(noisy.ravel(), smooth.ravel())[0, 1] > 0.5


def test_truth_is_exact():
    scene = simulate_micrograph(
        FERRITIN,
        n_particles=60,
        pixel_size_angstrom=3.0,
        seed=4,
        shape=(500, 900),
        min_distance_px=55,
    )
    boxes = [
        cut_box(scene.clean, x, y, 41)
        for x, y in zip(scene.truth.x_px, scene.truth.y_px, strict=True)
    ]
    # An image of central symmetry, convolved with itself, peaks at twice its centre.
    peaked = fftconvolve(np.mean(boxes, axis=0), np.mean(boxes, axis=0))
    row, column = np.unravel_index(np.argmax(peaked), peaked.shape)
    centre_row = (row + find_vertex(peaked[row - 1 : row + 2, column])) / 2
    centre_column = (column + find_vertex(peaked[row, column - 1 : column + 2])) / 2

    assert (centre_row, centre_column) == pytest.approx((20, 20), abs=0.05)


def test_one_particle_is_where_and_how_the_truth_says():
    klh = make_phantom("klh")
    scene = simulate_micrograph(
        klh, n_particles=1, pixel_size_angstrom=6.0, seed=5, shape=(150, 320), optics=Optics(2.2)
    )
    (x,), (y,) = scene.truth.x_px, scene.truth.y_px
    # Off the centre and not on the diagonal, so that swapped axes cannot pass.
    assert min(abs(x - 160), abs(y - 75), abs(x - y)) > 5

    box = 500
    density = project_beads(
        klh,
        scene.rotations[0],
        pixel_size_angstrom=6.0,
        box_size_px=box,
        shift_px=(x - box // 2, y - box // 2),
    )
    # The same micrograph, in the corner of a far larger canvas.
    moved = np.roll(density, (100, 100), (0, 1))
    expected = apply_ctf(moved, Optics(2.2), pixel_size_angstrom=6.0)[100:250, 100:420]
    np.testing.assert_allclose(scene.clean, expected, atol=2e-3 * np.abs(expected).max())


def test_nothing_comes_back_at_the_opposite_edge():
    rows, columns = np.indices((60, 60))
    edge_distances_px = []
    for seed in range(10):
        scene = simulate_micrograph(
            POINT,
            n_particles=1,
            pixel_size_angstrom=4.0,
            seed=seed,
            shape=(60, 60),
            edge_distance_px=0,
            optics=Optics(3.0),
        )
        (x,), (y,) = scene.truth.x_px, scene.truth.y_px
        far = np.hypot(rows - y, columns - x) > 30
        edge_distances_px.append(scene.truth.edge_distance_px()[0])
        assert np.abs(scene.clean[far]).max() < 0.01 * np.abs(scene.clean).max()
    assert min(edge_distances_px) < 3


def test_particles_may_be_cut_by_the_edge():
    whole = {"n_particles": 30, "pixel_size_angstrom": 4.0, "seed": 6, "min_distance_px": 20}
    scene = simulate_micrograph(FERRITIN, shape=(150, 210), edge_distance_px=0, **whole)

    assert scene.truth.edge_distance_px().min() < 10
    assert scene.truth.edge_distance_px().min() >= 0


def test_same_seed_same_scene_other_seed_other_scene():
    one, same, other = (simulate_micrograph(FERRITIN, seed=seed, **SMALL) for seed in (7, 7, 8))

    np.testing.assert_array_equal(one.micrograph.pixels(), same.micrograph.pixels())
    np.testing.assert_array_equal(one.truth.x_px, same.truth.x_px)
    np.testing.assert_array_equal(one.rotations, same.rotations)
    assert not np.array_equal(one.truth.x_px, other.truth.x_px)
    assert not np.allclose(one.rotations, other.rotations)


def test_micrograph_of_a_dataset_depends_on_seed_and_number_only():
    long = list(simulate_dataset(FERRITIN, 3, seed=9, **SMALL))
    short = list(simulate_dataset(FERRITIN, 2, seed=9, **SMALL))
    other = next(simulate_dataset(FERRITIN, 1, seed=10, **SMALL))

    assert [scene.micrograph.name for scene in long] == ["mic_0001", "mic_0002", "mic_0003"]
    for scene, same in zip(long, short, strict=False):
        np.testing.assert_array_equal(scene.micrograph.pixels(), same.micrograph.pixels())
        assert scene.optics == same.optics
    first_x = [scene.truth.x_px[0] for scene in [*long, other]]
    assert len(set(first_x)) == 4
    noise = [(scene.micrograph.pixels() - scene.clean).ravel() for scene in long[:2]]
    assert abs(np.corrcoef(noise)[0, 1]) < 0.02


def test_scenes_of_a_seed_stay_what_they_are():
    """Studies rely on it. Taken before nuisances, dose and noise of the ice were added."""
    scene = simulate_micrograph(
        make_phantom("klh"), n_particles=12, pixel_size_angstrom=8.0, seed=5, shape=(300, 420)
    )
    pixels = scene.micrograph.pixels()
    expected = [-0.006318474188446999, 0.002914459677413106, -0.004978395067155361]
    # The last bits may differ between processors.
    np.testing.assert_allclose(pixels[[0, 100, 299], [0, 200, 419]], expected, rtol=1e-4)
    assert pixels.mean(dtype=float) == pytest.approx(-0.00035340677491930744, rel=1e-4)
    assert pixels.std(dtype=float) == pytest.approx(0.0073186517288737745, rel=1e-5)
    np.testing.assert_allclose(scene.truth.x_px[:2], [323.57109348, 215.23175983])
    np.testing.assert_allclose(scene.rotations[0, 0], [-0.27507489, 0.14802955, 0.94995845])


def test_datasets_of_a_seed_stay_what_they_are():
    scenes = simulate_dataset(
        make_phantom("ribosome"),
        2,
        n_particles=10,
        pixel_size_angstrom=8.0,
        seed=3,
        shape=(300, 420),
        snr=0.1,
        min_distance_px=20,
        edge_distance_px=0,
    )
    _, scene = scenes
    pixels = scene.micrograph.pixels()
    expected = [-0.006248625461012125, 0.004327835515141487, -0.011169759556651115]
    np.testing.assert_allclose(pixels[[0, 100, 299], [0, 200, 419]], expected, rtol=1e-4)
    assert pixels.std(dtype=float) == pytest.approx(0.011609185676095347, rel=1e-5)
    assert scene.optics == Optics(scene.optics.defocus_um)
    assert scene.optics.defocus_um == pytest.approx(1.8822654334786868)


def test_overlapping_particles_are_nearer_than_a_diameter():
    scene = simulate_micrograph(FERRITIN, seed=12, **SMALL | {"min_distance_px": 12})
    distances = squareform(pdist(np.column_stack([scene.truth.x_px, scene.truth.y_px])))
    np.fill_diagonal(distances, np.inf)

    assert scene.diameter_px == 31.25
    np.testing.assert_array_equal(scene.overlapping, distances.min(axis=1) < 31.25)
    assert 0 < scene.overlapping.sum() < 12
    assert not simulate_micrograph(FERRITIN, seed=12, **SMALL).overlapping.any()


def test_every_micrograph_has_its_own_astigmatism_and_else_the_same():
    plain = list(simulate_dataset(FERRITIN, 5, seed=11, **SMALL))
    scenes = list(simulate_dataset(FERRITIN, 5, seed=11, astigmatism_range_um=(0.1, 0.3), **SMALL))
    used = [scene.optics for scene in scenes]

    assert all(0.1 <= one.astigmatism_um <= 0.3 for one in used)
    assert len({one.astigmatism_angle_deg for one in used}) == 5
    assert all(0 <= one.astigmatism_angle_deg < 180 for one in used)
    for one, other in zip(scenes, plain, strict=True):
        assert one.optics.defocus_um == other.optics.defocus_um
        np.testing.assert_array_equal(one.rotations, other.rotations)
        np.testing.assert_array_equal(one.truth.x_px, other.truth.x_px)


def test_dataset_is_lazy():
    scenes = simulate_dataset(FERRITIN, 10**9, seed=9, **SMALL)

    assert [scene.micrograph.name for scene in islice(scenes, 2)] == ["mic_0001", "mic_0002"]


def test_every_micrograph_of_a_dataset_has_its_own_defocus_in_the_range():
    optics = Optics(voltage_kv=200)
    scenes = simulate_dataset(
        FERRITIN, 6, seed=11, optics=optics, defocus_range_um=(0.8, 1.2), **SMALL
    )
    used = [scene.optics for scene in scenes]

    assert len({one.defocus_um for one in used}) == 6
    assert all(0.8 <= one.defocus_um <= 1.2 for one in used)
    assert {one.voltage_kv for one in used} == {200}


@pytest.mark.parametrize(
    ("changed", "cure"),
    [
        ({"snr": 0}, "snr: must be greater than 0, got 0"),
        ({"n_particles": 0}, "n_particles: must be greater than 0, got 0"),
        ({"pixel_size_angstrom": -1}, "pixel_size_angstrom: must be greater than 0, got -1"),
        ({"pixel_size_angstrom": 100}, "pixel_size_angstrom: .* 125 Å .* use at most 62.5"),
        ({"n_particles": 1000}, "n_particles: only .* ask for at most"),
        ({"shape": (20, 300)}, "shape: 20 x 300 .* at least 33 x 33"),
    ],
)
def test_impossible_scene_is_refused_with_the_cure(changed, cure):
    with pytest.raises(ConfigError, match=cure):
        simulate_micrograph(FERRITIN, seed=0, **(SMALL | changed))


@pytest.mark.parametrize("field", ["defocus_range_um", "astigmatism_range_um"])
def test_reversed_range_is_refused(field):
    scenes = simulate_dataset(FERRITIN, 1, seed=0, **{field: (2, 1)}, **SMALL)
    with pytest.raises(ConfigError, match=rf"{field}: .* got 2, 1; swap them"):
        next(scenes)
