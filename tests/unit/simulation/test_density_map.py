"""A map rasterised from beads projects like the beads; files that are no maps are refused."""

from functools import cache
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from deepem.errors import ConfigError, FileFormatError
from deepem.simulation import (
    DensityMap,
    Specimen,
    draw_rotations,
    load_density_map,
    make_phantom,
    simulate_micrograph,
)

RIBOSOME = make_phantom("ribosome")
# No symmetry and no mirror plane, so that neither a wrong hand nor swapped axes can pass.
TRIPOD = Specimen(
    "tripod", [[60, 0, 10], [-20, 45, -30], [-40, -45, 20], [0, 0, 70]], 15.0, diameter_angstrom=150
)
ROTATIONS = [np.eye(3), *draw_rotations(5, rng=np.random.default_rng(2))]


def rasterise(specimen, *, voxel_angstrom, shape, offset_angstrom=(0.0, 0.0, 0.0)):
    """Density at the voxels' centres, shape (nz, ny, nx), specimen off the middle by (x, y, z)."""
    sigma = specimen.bead_sigma_angstrom
    beads = specimen.beads_angstrom + offset_angstrom
    x, y, z = (
        np.exp(
            -(((np.arange(n) - n // 2)[:, None] * voxel_angstrom - beads[:, axis]) ** 2)
            / (2 * sigma**2)
        )
        / np.sqrt(2 * np.pi * sigma**2)
        for axis, n in enumerate(shape[::-1])
    )
    return np.einsum("zb,yb,xb->zyx", z, y, x, optimize=True).astype(np.float32)


@cache
def tripod_map():
    density = rasterise(
        TRIPOD, voxel_angstrom=8.0, shape=(44, 40, 48), offset_angstrom=(21.0, -13.0, 9.5)
    )
    return DensityMap("tripod", density, 8.0)


def centre_of_mass(image):
    rows, columns = np.indices(image.shape)
    return (columns * image).sum() / image.sum(), (rows * image).sum() / image.sum()


@pytest.mark.parametrize("pixel_size", [2.5, 4.0, 7.3, 8.0])
def test_map_of_beads_projects_like_the_beads(pixel_size):
    for rotation in ROTATIONS:
        options = {
            "pixel_size_angstrom": pixel_size,
            "box_size_px": round(330 / pixel_size),
            "shift_px": (1.3, -2.4),
        }
        expected = TRIPOD.project(rotation, **options)
        image = tripod_map().project(rotation, **options)
        np.testing.assert_allclose(image, expected, atol=0.01 * expected.max())


def test_fine_detail_and_large_map_agree_with_the_beads():
    density = rasterise(RIBOSOME, voxel_angstrom=5.0, shape=(72, 72, 72))
    ribosome = DensityMap("ribosome", density, 5.0)
    for rotation in ROTATIONS[1:3]:
        options = {"pixel_size_angstrom": 3.0, "box_size_px": 120}
        expected = RIBOSOME.project(rotation, **options)
        image = ribosome.project(rotation, **options)
        np.testing.assert_allclose(image, expected, atol=0.01 * expected.max())


def test_map_finer_than_needed_is_cropped_without_harm():
    small = Specimen("small", TRIPOD.beads_angstrom / 10, 1.5, diameter_angstrom=15)
    density = rasterise(small, voxel_angstrom=0.1, shape=(240, 240, 240))
    fine = DensityMap("fine", density, 0.1)
    for rotation in ROTATIONS[:3]:
        options = {"pixel_size_angstrom": 0.5, "box_size_px": 60, "shift_px": (0.4, 0.2)}
        expected = small.project(rotation, **options)
        image = fine.project(rotation, **options)
        np.testing.assert_allclose(image, expected, atol=0.03 * expected.max())


def test_truth_is_the_centre_of_mass():
    for rotation in ROTATIONS:
        for box in (90, 91):
            image = tripod_map().project(
                rotation, pixel_size_angstrom=4.0, box_size_px=box, shift_px=(2.3, -1.45)
            )
            assert centre_of_mass(image) == pytest.approx((45 + 2.3, 45 - 1.45), abs=0.15)


def test_sum_depends_neither_on_orientation_nor_on_pixel_size():
    density = tripod_map().density
    expected = density.sum(dtype=np.float64) * 8.0**3
    sums = [
        tripod_map()
        .project(rotation, pixel_size_angstrom=pixel, box_size_px=round(400 / pixel))
        .sum(dtype=np.float64)
        * pixel**2
        for rotation in ROTATIONS
        for pixel in (1.0, 3.3, 8.0, 20.0)
    ]
    assert np.ptp(sums) < 0.005 * expected
    np.testing.assert_allclose(sums, expected, rtol=0.02)


def test_box_only_cuts():
    options = {"pixel_size_angstrom": 4.0, "shift_px": (-3.2, 5.6)}
    large = tripod_map().project(ROTATIONS[1], box_size_px=200, **options)
    small = tripod_map().project(ROTATIONS[1], box_size_px=30, **options)
    far = tripod_map().project(
        ROTATIONS[1], pixel_size_angstrom=4.0, box_size_px=30, shift_px=(900, 0)
    )

    np.testing.assert_array_equal(small, large[85:115, 85:115])
    assert not far.any()
    # Nothing has come round from the other side.
    assert np.abs(large[:30]).max() == 0


def test_in_plane_rotation_turns_the_image():
    turn = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    options = {"pixel_size_angstrom": 5.0, "box_size_px": 61}
    image = tripod_map().project(ROTATIONS[1], **options)
    turned = tripod_map().project(turn @ ROTATIONS[1], **options)

    np.testing.assert_allclose(turned, np.rot90(image, k=-1), atol=0.01 * image.max())
    assert not np.allclose(turned, image, atol=0.05 * image.max())


def test_diameter_is_the_longest_axis_and_can_be_set():
    for name, diameter in (("ribosome", 260), ("klh", 360), ("inflammasome", 300)):
        density = rasterise(make_phantom(name), voxel_angstrom=10.0, shape=(48, 48, 48))
        measured = DensityMap(name, density, 10.0).diameter_angstrom
        assert measured == pytest.approx(diameter, abs=20)
    stated = DensityMap(name, density, 10.0, diameter_angstrom=280)
    assert stated.diameter_angstrom == 280
    assert stated.box_size_px(5.0) == 84


def test_solvent_and_its_noise_are_no_part_of_the_particle():
    density = rasterise(RIBOSOME, voxel_angstrom=10.0, shape=(60, 60, 60))
    noise = 0.05 * density.max() * np.random.default_rng(0).standard_normal(density.shape)
    clean = DensityMap("clean", density, 10.0)
    noisy = DensityMap("noisy", density + noise + 3 * density.max(), 10.0)

    assert noisy.diameter_angstrom == pytest.approx(clean.diameter_angstrom, abs=15)
    assert noisy.extent_angstrom < 600 * 0.85
    images = [
        one.project(ROTATIONS[1], pixel_size_angstrom=10.0, box_size_px=60)
        for one in (clean, noisy)
    ]
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] > 0.98


def test_maps_and_beads_make_the_same_scene():
    options = {"n_particles": 6, "pixel_size_angstrom": 6.0, "seed": 3, "shape": (256, 300)}
    beads = simulate_micrograph(TRIPOD, **options)
    density = rasterise(TRIPOD, voxel_angstrom=6.0, shape=(60, 60, 60))
    mapped = simulate_micrograph(
        DensityMap("tripod", density, 6.0, diameter_angstrom=150), **options
    )

    np.testing.assert_array_equal(mapped.truth.x_px, beads.truth.x_px)
    np.testing.assert_allclose(mapped.clean, beads.clean, atol=0.02 * np.abs(beads.clean).max())


# ---- files


def write_volume(path, volume, *, voxel_angstrom=8.0, axes=(1, 2, 3)):
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.asarray(volume, dtype=np.float32))
        file.voxel_size = voxel_angstrom
        file.header.mapc, file.header.mapr, file.header.maps = axes
    return path


def tripod_density():
    return rasterise(TRIPOD, voxel_angstrom=8.0, shape=(44, 40, 48))


def test_file_is_read_with_its_axes_and_voxel_size(tmp_path):
    density = tripod_density()
    options = {"pixel_size_angstrom": 6.0, "box_size_px": 60}
    expected = TRIPOD.project(ROTATIONS[1], **options)
    plain = load_density_map(write_volume(tmp_path / "tripod.mrc", density))
    # Rows along z and sections along y: the data are (y, z, x).
    turned = load_density_map(
        write_volume(tmp_path / "turned.mrc", density.transpose(1, 0, 2), axes=(1, 3, 2))
    )

    assert (plain.name, plain.voxel_size_angstrom) == ("tripod", 8.0)
    for one in (plain, turned):
        image = one.project(ROTATIONS[1], **options)
        np.testing.assert_allclose(image, expected, atol=0.01 * expected.max())


def test_voxel_size_and_diameter_can_be_said(tmp_path):
    path = write_volume(tmp_path / "tripod.mrc", tripod_density(), voxel_angstrom=0.0)
    stated = load_density_map(path, voxel_size_angstrom=4.0, diameter_angstrom=90)

    assert (stated.voxel_size_angstrom, stated.diameter_angstrom) == (4.0, 90)
    for field in ("voxel_size_angstrom", "diameter_angstrom"):
        with pytest.raises(ConfigError, match=f"{field}: must be greater than 0 Å, got -1"):
            load_density_map(path, **({"voxel_size_angstrom": 4.0} | {field: -1}))


@pytest.mark.parametrize(
    ("volume", "voxel", "cure"),
    [
        (np.eye(20), 5.0, "bad.mrc: holds an image .* 20 x 20.*give a density map"),
        (np.ones((2, 20, 20)), 5.0, "20 x 20 x 2, not a volume"),
        (np.full((20, 20, 20), 3), 5.0, "bad.mrc: every voxel has the value 3; give a map"),
        (-tripod_density(), 5.0, "bad.mrc: nothing .* invert the contrast"),
        (
            np.where(tripod_density() > 1e-6, np.nan, 0),
            5.0,
            r"bad.mrc: \d+ voxels are NaN .*nan_to_num",
        ),
        (tripod_density(), 0.0, r"bad.mrc: has no voxel size .*\(0 x 0 x 0 Å\).*--voxel-size"),
        (tripod_density(), 1.0, "exactly 1 Å .*--voxel-size"),
        (tripod_density(), (8.0, 8.0, 9.0), "voxels of 8 x 8 x 9 Å; resample"),
    ],
)
@pytest.mark.filterwarnings("ignore:Data array contains")
def test_what_is_no_map_is_refused_with_the_cure(volume, voxel, cure, tmp_path):
    path = write_volume(tmp_path / "bad.mrc", volume, voxel_angstrom=voxel)
    with pytest.raises(FileFormatError, match=cure):
        load_density_map(path)


def test_what_is_no_file_is_refused_with_the_cure(tmp_path):
    (tmp_path / "text.mrc").write_text("not a map\n")
    whole = write_volume(tmp_path / "whole.mrc", tripod_density()).read_bytes()
    (tmp_path / "cut.mrc").write_bytes(whole[:5000])
    for name, cure in (("text.mrc", "text.mrc: "), ("cut.mrc", "cut.mrc: .*copy")):
        with pytest.raises(FileFormatError, match=cure):
            load_density_map(tmp_path / name)
    with pytest.raises(FileFormatError, match="check the name"):
        load_density_map(Path("gone.mrc"))
