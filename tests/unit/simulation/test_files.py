"""What is written is the scene, and it is found again."""

import numpy as np
import pytest
import starfile

from deepem.errors import OutputError
from deepem.io import find_micrographs, open_micrograph, read_picks
from deepem.simulation import (
    MASK_CODES,
    Nuisances,
    Optics,
    find_euler_angles,
    make_phantom,
    simulate_micrograph,
    write_scene,
)

NUISANCES = Nuisances(carbon_fraction=0.1, contaminants=2, aggregates=1, broken=3)


def simulate(nuisances=NUISANCES):
    return simulate_micrograph(
        make_phantom("apoferritin"),
        n_particles=12,
        pixel_size_angstrom=5.0,
        seed=2,
        name="mic",
        shape=(260, 330),
        min_distance_px=15,
        nuisances=nuisances,
        optics=Optics(1.5, astigmatism_um=0.2, astigmatism_angle_deg=35),
    )


def test_truth_star_holds_orientations_focus_and_decoys(tmp_path):
    scene = simulate()
    write_scene(scene, tmp_path)
    tables = starfile.read(tmp_path / "truth" / "mic.star")
    particles, decoys = tables["particles"], tables["decoys"]

    assert set(particles["rlnMicrographName"]) == {"mic.mrc"}
    np.testing.assert_allclose(particles["rlnCoordinateX"], scene.truth.x_px, atol=1e-5)
    np.testing.assert_allclose(particles["rlnCoordinateY"], scene.truth.y_px, atol=1e-5)
    angles = particles[["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]]
    np.testing.assert_allclose(angles, find_euler_angles(scene.rotations), atol=1e-5)
    focus = particles[["rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle"]]
    np.testing.assert_allclose(focus, [[17000, 13000, 35]] * 12, atol=1e-5)
    np.testing.assert_array_equal(particles["deepemOverlapping"], scene.overlapping)
    assert 0 < scene.overlapping.sum() < 12
    assert decoys["deepemKind"].value_counts().to_dict() == {
        "contaminants": 2,
        "aggregates": 1,
        "broken": 3,
    }
    broken = decoys[decoys["deepemKind"] == "broken"]
    np.testing.assert_allclose(broken["deepemCoordinateX"], scene.decoys["broken"].x_px, atol=1e-5)


def test_truth_star_is_a_coordinate_file_like_any_other(tmp_path):
    scene = simulate()
    write_scene(scene, tmp_path)
    (picks,) = read_picks(tmp_path / "truth" / "mic.star")

    assert picks.micrograph == "mic"
    np.testing.assert_allclose(picks.x_px, scene.truth.x_px, atol=1e-5)


def test_mask_has_a_code_for_each_kind(tmp_path):
    scene = simulate()
    write_scene(scene, tmp_path)
    codes = open_micrograph(tmp_path / "truth" / "mic_mask.mrc").pixels()

    assert codes.shape == scene.clean.shape
    assert MASK_CODES == {"carbon": 1, "ice_crystals": 2, "contaminants": 3, "aggregates": 4}
    np.testing.assert_array_equal(codes == 4, scene.masks["aggregates"])
    np.testing.assert_array_equal(
        codes == 1,
        scene.masks["carbon"] & ~scene.masks["contaminants"] & ~scene.masks["aggregates"],
    )
    np.testing.assert_array_equal(codes > 0, np.any(list(scene.masks.values()), axis=0))


def test_folder_holds_the_micrographs_alone(tmp_path):
    write_scene(simulate(), tmp_path)
    assert [file.path for file in find_micrographs(tmp_path)] == [tmp_path / "mic.mrc"]


def test_nothing_is_overwritten_unasked_and_no_old_mask_stays(tmp_path):
    write_scene(simulate(), tmp_path)
    with pytest.raises(OutputError, match="--overwrite"):
        write_scene(simulate(), tmp_path)
    write_scene(simulate(Nuisances()), tmp_path, overwrite=True)

    assert not (tmp_path / "truth" / "mic_mask.mrc").exists()
    star = (tmp_path / "truth" / "mic.star").read_text()
    assert "decoys" not in star
