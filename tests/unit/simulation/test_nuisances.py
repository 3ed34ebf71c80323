"""Nuisances lie where their masks and centres say, and change nothing but what they cover."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial.distance import cdist

from deepem.core import Picks
from deepem.errors import ConfigError
from deepem.simulation import (
    NUISANCE_LEVELS,
    Nuisances,
    count_nuisances_picked,
    make_phantom,
    simulate_micrograph,
)
from deepem.simulation.damaged_particles import break_particle, draw_clump, empty_particle
from deepem.simulation.thick_nuisances import draw_blob, draw_crystal

RIBOSOME = make_phantom("ribosome")
DIAMETER_PX = 26.0
SCENE = {
    "n_particles": 30,
    "pixel_size_angstrom": 10.0,
    "shape": (400, 520),
    "seed": 4,
    "snr": 0.5,
}
AREAS = {
    "carbon": Nuisances(carbon_fraction=0.2),
    "ice_crystals": Nuisances(ice_crystals=3),
    "contaminants": Nuisances(contaminants=5),
    "aggregates": Nuisances(aggregates=2),
}
DAMAGED = {"broken": Nuisances(broken=6), "empty": Nuisances(empty=6)}
ALL = replace(NUISANCE_LEVELS["many"], ice_crystals=3, contaminants=5, aggregates=2)


@cache
def simulate(nuisances=None):
    return simulate_micrograph(RIBOSOME, nuisances=nuisances or Nuisances(), **SCENE)


def centres_of(picks):
    return np.column_stack([picks.x_px, picks.y_px])


def test_without_nuisances_there_are_none():
    assert not simulate().masks
    assert not simulate().decoys
    assert count_nuisances_picked(simulate().truth, simulate()) == {}


@pytest.mark.parametrize("kind", AREAS)
def test_mask_covers_what_was_added(kind):
    added = simulate(AREAS[kind])
    mask = added.masks[kind]
    # The particles that are moved make no difference outside of the mask where there are none.
    near = distance_transform_edt(~mask) <= DIAMETER_PX / 2
    particles = np.ones(mask.shape, dtype=bool)
    for scene in (simulate(), added):
        for x, y in np.rint(centres_of(scene.truth)).astype(int):
            particles[y, x] = False
    away = distance_transform_edt(particles) > 1.2 * DIAMETER_PX
    difference = np.abs(added.clean - simulate().clean)

    assert added.masks.keys() == {kind}
    assert difference[mask & away].mean() > 10 * difference[~near & away].mean()
    # Dark, on average.
    assert added.clean[mask].mean() < np.median(added.clean[~near])


def test_carbon_covers_its_share_from_a_side_and_has_grain():
    scene = simulate(AREAS["carbon"])
    mask = scene.masks["carbon"]
    rim = np.concatenate([mask[0], mask[:, -1], mask[-1, ::-1], mask[::-1, 0]])

    assert mask.mean() == pytest.approx(0.2, abs=0.001)
    assert (np.diff(rim.astype(int), append=int(rim[0])) == 1).sum() == 1
    inside = distance_transform_edt(mask) > 10
    grain = scene.clean - gaussian_filter(scene.clean, 5)
    assert grain[inside].std() > 1.5 * grain[~mask].std()


@pytest.mark.parametrize("kind", AREAS)
def test_particles_move_only_out_of_the_way(kind):
    scene, plain = simulate(AREAS[kind]), simulate()
    near = distance_transform_edt(~scene.masks[kind]) <= DIAMETER_PX / 2
    columns, rows = np.rint(centres_of(scene.truth)).astype(int).T
    was_column, was_row = np.rint(centres_of(plain.truth)).astype(int).T
    stayed = ~near[was_row, was_column]

    assert not near[rows, columns].any()
    assert 0 < stayed.sum() < 30
    np.testing.assert_array_equal(centres_of(scene.truth)[stayed], centres_of(plain.truth)[stayed])
    np.testing.assert_array_equal(scene.rotations, plain.rotations)
    distances = cdist(*[centres_of(scene.truth)] * 2) + 1e3 * np.eye(30)
    assert distances.min() >= DIAMETER_PX
    assert scene.truth.edge_distance_px().min() >= DIAMETER_PX / 2


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_particles_keep_their_distance_and_move_nobody(kind):
    scene = simulate(DAMAGED[kind])

    np.testing.assert_array_equal(centres_of(scene.truth), centres_of(simulate().truth))
    assert len(scene.decoys[kind]) == 6
    assert not scene.masks
    distances = cdist(centres_of(scene.decoys[kind]), centres_of(scene.truth))
    assert distances.min() >= DIAMETER_PX


def test_one_nuisance_does_not_change_another_nor_the_noise():
    everything = simulate(ALL)
    for kind, nuisances in AREAS.items():
        alone = simulate(nuisances if kind != "carbon" else Nuisances(carbon_fraction=0.15))
        np.testing.assert_array_equal(alone.masks[kind], everything.masks[kind])
    noise = [
        simulate(one).micrograph.pixels() - simulate(one).clean
        for one in (Nuisances(), DAMAGED["broken"])
    ]
    np.testing.assert_allclose(*noise, atol=1e-5)


def test_same_seed_same_nuisances():
    again = simulate_micrograph(RIBOSOME, nuisances=ALL, **SCENE)
    other = simulate_micrograph(RIBOSOME, nuisances=ALL, **SCENE | {"seed": 5})

    np.testing.assert_array_equal(again.micrograph.pixels(), simulate(ALL).micrograph.pixels())
    assert not np.array_equal(other.masks["carbon"], again.masks["carbon"])


def test_ratio_is_that_of_the_particles_whatever_else_there_is():
    scene = simulate(ALL)
    noise = scene.micrograph.pixels() - scene.clean
    alone = simulate(AREAS["carbon"])
    hot = np.abs(noise) > 15 * np.median(np.abs(noise))

    assert hot.sum() == 40
    assert noise[~hot].std() == pytest.approx(
        (alone.micrograph.pixels() - alone.clean).std(), rel=0.1
    )
    assert scene.snr == 0.5


def test_gradient_is_in_deviations_of_the_noise():
    scene = simulate(Nuisances(gradient=2.0))
    added = scene.clean - simulate().clean
    noise = scene.micrograph.pixels() - scene.clean

    assert np.ptp(added) == pytest.approx(2 * noise.std(), rel=0.02)


# ---- single ones


def test_broken_particles_have_half_the_mass_on_one_side():
    rng = np.random.default_rng(0)
    image = RIBOSOME.project(np.eye(3), pixel_size_angstrom=5.0, box_size_px=80)
    shares, offsets = [], []
    for _ in range(40):
        broken = break_particle(image, diameter_px=52.0, rng=rng)
        rows, columns = np.indices(image.shape) - 40
        shares.append(broken.sum() / image.sum())
        offsets.append(np.hypot((rows * broken).sum(), (columns * broken).sum()) / broken.sum())
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
    assert 0.3 < min(shares) < max(shares) < 0.7
    assert min(offsets) > 0.1 * 52


def test_empty_particles_are_weak_rims():
    image = np.ones((81, 81), dtype=np.float32)
    empty = empty_particle(image, diameter_px=60.0)

    assert empty[40, 40] == pytest.approx(0.1)
    assert empty[40, 40 + 28] == pytest.approx(0.5)
    np.testing.assert_allclose(empty, empty.T)


def test_clumps_hang_together():
    for seed in range(20):
        members = draw_clump(10.0, rng=np.random.default_rng(seed))
        distances = cdist(members, members) + 1e3 * np.eye(len(members))
        assert 4 <= len(members) <= 12
        assert distances.min(axis=1).max() <= 8
        np.testing.assert_allclose(members.mean(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize(("draw", "sides"), [(draw_crystal, (0.5, 3)), (draw_blob, (0.2, 1.5))])
def test_sizes_are_in_diameters_and_the_whole_of_it_is_there(draw, sides):
    rng = np.random.default_rng(1)
    widths = []
    for _ in range(60):
        stamp = draw(40.0, density=1.0, rng=rng)
        widths.append(2 * np.sqrt(stamp.mask.sum() / np.pi) / 40)
        assert not stamp.mask[[0, -1]].any()
        assert not stamp.mask[:, [0, -1]].any()
        assert (stamp.density[stamp.mask] > 0).all()
        assert stamp.density[~stamp.mask].max() < 0.1 * stamp.density.max()
        assert 4 * 0.9 < stamp.density.max() < 8 * 1.1
    assert sides[0] * 0.6 < min(widths) < sides[0] * 2
    assert sides[1] * 0.6 < max(widths) < sides[1] * 1.05


# ---- counts


def test_picks_are_counted_by_what_they_lie_on():
    scene = simulate(ALL)
    crystal = scene.decoys["ice_crystals"]
    rows, columns = np.nonzero(distance_transform_edt(scene.masks["carbon"]) > 30)
    x_px = [*scene.truth.x_px, *scene.decoys["broken"].x_px + 10, columns[0], -50, 9999]
    y_px = [*scene.truth.y_px, *scene.decoys["broken"].y_px, rows[0], -50, 9999]
    counts = count_nuisances_picked(Picks("simulated", x_px, y_px), scene)

    assert list(counts) == [
        "carbon", "ice_crystals", "contaminants", "aggregates", "broken", "empty",
    ]  # fmt: skip
    assert counts == dict.fromkeys(counts, 0) | {"carbon": 1, "broken": 8}
    counts = count_nuisances_picked(crystal, scene)
    assert sum(counts.values()) == len(crystal) == 3
    assert count_nuisances_picked(Picks("simulated"), scene) == dict.fromkeys(counts, 0)


def test_true_particles_come_first():
    scene = simulate(DAMAGED["broken"])
    covered = replace(scene, decoys={"broken": scene.truth})
    assert count_nuisances_picked(scene.truth, covered) == {"broken": 0}


# ---- errors


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"broken": -1}, "broken: must be 0 or more, got -1"),
        ({"broken": 2.5}, "broken: must be a whole number, got 2.5"),
        ({"gradient": -0.5}, "gradient: must be 0 or more, got -0.5"),
        ({"carbon_fraction": 0.95}, "carbon_fraction: must be at most 0.9, got 0.95"),
    ],
)
def test_impossible_nuisances_are_refused(options, cure):
    with pytest.raises(ConfigError, match=cure):
        Nuisances(**options)


def test_too_little_room_is_refused_with_what_there_is():
    small = SCENE | {"shape": (200, 260)}
    options = small | {"n_particles": 26, "nuisances": Nuisances(carbon_fraction=0.6)}
    with pytest.raises(ConfigError, match="particles fit beside the nuisances") as caught:
        simulate_micrograph(RIBOSOME, **options)
    assert 5 < int(str(caught.value).split("only ")[1].split()[0]) < 26

    options = small | {"n_particles": 15, "nuisances": Nuisances(broken=40)}
    with pytest.raises(ConfigError, match=r"broken: only \d+ of 40 broken particles have room"):
        simulate_micrograph(RIBOSOME, **options)
