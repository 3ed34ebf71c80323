"""A model comes back from its file as it was, and files that are no models are explained."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from deepem.core import Micrograph
from deepem.errors import CheckpointError, ConventionError, OutputError
from deepem.networks import (
    Calibration,
    DeepEM8,
    Model,
    ModelHeader,
    ResidualDesign,
    ResidualNetwork,
    Scale,
    build_network,
    dense_scores,
    design_network,
    load_model,
    pixel_scores,
    save_model,
)

HEADER = ModelHeader(
    design=design_network(28, activation="relu"),
    scale=Scale(diameter_px=36.5, factor=2.0, box_size=28),
    pixel_size_angstrom=1.5,
    micrograph_shape=(300, 400),
    threshold=0.625,
    std_range=(0.9, 1.25),
    training={"recipe": "paper", "seed": 3, "validation": {"f2": 0.9}},
    versions={"deepem": "0"},
)


@pytest.fixture
def model():
    network = DeepEM8(HEADER.design, generator=torch.Generator().manual_seed(0))
    return Model(network, HEADER)


@pytest.fixture
def path(model, tmp_path):
    return save_model(model, tmp_path / "model.deepem")


def rewrite(path, *, header=None, weights=None):
    """Put another header, or other weights, into a model file."""
    if weights is None:
        weights = safetensors.torch.load(path.read_bytes())
    metadata = None if header is None else {"deepem": header}
    path.write_bytes(safetensors.torch.save(weights, metadata=metadata))


def with_fields(**fields):
    return json.dumps(json.loads(HEADER.model_dump_json()) | fields)


def test_file_gives_the_model_back(model, path):
    loaded = load_model(path)
    assert loaded.header == HEADER
    assert not loaded.network.training
    image = np.random.default_rng(0).standard_normal((50, 60)).astype(np.float32)
    np.testing.assert_array_equal(
        dense_scores(loaded.network, image, step=2), dense_scores(model.network, image, step=2)
    )


def test_file_is_safetensors_with_a_json_header(path):
    with safetensors.safe_open(path, framework="np") as file:
        header = json.loads(file.metadata()["deepem"])
    assert header["format_version"] == 2
    assert header["design"]["box_size"] == 28
    assert header["threshold"] == 0.625


def test_the_same_model_makes_the_same_file(model, path, tmp_path):
    assert save_model(model, tmp_path / "again.deepem").read_bytes() == path.read_bytes()


def test_an_existing_file_is_not_replaced_unless_asked(model, path):
    before = path.read_bytes()
    with torch.no_grad():
        model.network.output_bias += 1
    with pytest.raises(OutputError, match="--overwrite"):
        save_model(model, path)
    assert path.read_bytes() == before
    save_model(model, path, overwrite=True)
    assert load_model(path).network.output_bias == model.network.output_bias


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(CheckpointError, match=r"no such model file. Make one with: deepem train"):
        load_model(tmp_path / "model.deepem")


@pytest.mark.parametrize("n_bytes", [0, 4, 100, -1, -500])
def test_a_truncated_file_is_refused(path, n_bytes):
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(CheckpointError, match=r"is damaged .* Copy or train it again") as caught:
        load_model(path)
    assert caught.value.path == path
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"not a model at all\n" * 50, b"\x80\x02}q\x00.", b"PK\x03\x04"]
)
def test_another_kind_of_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a DeepEM model, or is damaged"):
        load_model(path)


def test_weights_of_another_program_are_refused(path):
    rewrite(path)
    with pytest.raises(
        CheckpointError, match="no DeepEM header: it is the file of another program"
    ):
        load_model(path)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "[1, 2]",
        "3",
        "null",
        "{}",
        with_fields(surprise=1),
        with_fields(format_version=0),
        with_fields(format_version="1.0 beta"),
        with_fields(format_version=None),
        with_fields(threshold=1.5),
        with_fields(pixel_size_angstrom=-1),
        with_fields(micrograph_shape=[300]),
        with_fields(scale={"diameter_px": 30, "factor": 2}),
        with_fields(scale={"diameter_px": 30, "factor": 2, "box_size": 28, "surprise": 1}),
        with_fields(design={"box_size": 28, "kernels": [4, 4, 4], "pools": [2, 2, 2]}),
        with_fields(design={"box_size": "28 px"}),
        with_fields(design={"kind": "residual", "maps": 0}),
        with_fields(design={"kind": "transformer"}),
        with_fields(calibration={"slope": 0, "offset": 1}),
        with_fields(calibration=2),
        with_fields(min_distance_px=0),
    ],
)
def test_a_damaged_header_is_refused(path, header):
    rewrite(path, header=header)
    with pytest.raises(
        CheckpointError, match=r"(?s)its header is damaged .* Copy or train it again"
    ):
        load_model(path)


def test_a_file_of_a_newer_version_says_how_to_update(path):
    # A newer header may have fields that nobody knows yet.
    rewrite(path, header=with_fields(format_version=3, surprise=1))
    with pytest.raises(CheckpointError, match=r"newer DeepEM. Update with: pip install -U deepem"):
        load_model(path)


def test_a_file_of_version_1_is_read_and_picks_as_it_did(path, model):
    """Written by hand, as DeepEM 0.1 wrote it: no calibration, no distance, no kind of design."""
    header = """{
      "format_version": 1,
      "design": {"box_size": 28, "kernels": [5, 3, 2], "pools": [2, 2, 2], "maps": [6, 12, 12],
                 "activation": "relu"},
      "scale": {"diameter_px": 36.5, "factor": 2.0, "box_size": 28},
      "pixel_size_angstrom": 1.5, "micrograph_shape": [300, 400], "threshold": 0.625,
      "std_range": [0.9, 1.25], "training": {"recipe": "paper"}, "versions": {"deepem": "0.1"}
    }"""
    rewrite(path, header=header)
    loaded = load_model(path)
    assert loaded.header.design == HEADER.design
    assert loaded.header.scale == HEADER.scale
    assert loaded.header.calibration is None
    assert loaded.header.min_distance_px is None
    assert loaded.header.threshold == 0.625
    for weight, saved in zip(model.network.parameters(), loaded.network.parameters(), strict=True):
        assert torch.equal(weight, saved)


def test_a_residual_model_with_calibration_comes_back(tmp_path):
    design = ResidualDesign(maps=4, dilations=(1, 2), stem=5)
    calibration = Calibration(1.25, -2.5, 0.125, covariance=((1, 0, 0), (0, 2, 0), (0, 0, 3)))
    header = HEADER.model_copy(
        update={"design": design, "calibration": calibration, "min_distance_px": 18.25}
    )
    network = build_network(design, generator=torch.Generator().manual_seed(0)).eval()
    path = save_model(Model(network, header), tmp_path / "model.deepem")
    loaded = load_model(path)
    assert loaded.header == header
    assert isinstance(loaded.network, ResidualNetwork)
    assert not loaded.network.training
    image = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)
    np.testing.assert_array_equal(pixel_scores(loaded.network, image), pixel_scores(network, image))


def test_a_fingerprint_tells_networks_apart(model, path):
    assert load_model(path).fingerprint() == model.fingerprint()
    assert len(model.fingerprint()) == 16
    # The same network at another threshold is the same network.
    other = Model(model.network, HEADER.model_copy(update={"threshold": 0.5}))
    assert other.fingerprint() == model.fingerprint()
    changed = load_model(path)
    with torch.no_grad():
        changed.network.output_bias += 1e-3
    assert changed.fingerprint() != model.fingerprint()


def test_weights_that_do_not_fit_the_header_are_refused(path):
    other = json.loads(with_fields())["design"] | {"maps": [5, 12, 12]}
    rewrite(path, header=with_fields(design=other))
    with pytest.raises(CheckpointError, match=r"do not fit its header.* Train it again"):
        load_model(path)


@pytest.mark.parametrize("change", ["missing", "surplus"])
def test_missing_and_surplus_weights_are_refused(path, change):
    weights = safetensors.torch.load(path.read_bytes())
    if change == "missing":
        del weights["output_bias"]
    else:
        weights["surprise"] = torch.zeros(3)
    rewrite(path, header=with_fields(), weights=weights)
    with pytest.raises(CheckpointError, match="do not fit its header"):
        load_model(path)


def micrograph_of(pixel_size_angstrom):
    return Micrograph.from_array(
        np.zeros((4, 5)), name="mic", pixel_size_angstrom=pixel_size_angstrom
    )


def test_binning_brings_every_pixel_size_to_the_models_scale(model):
    assert model.factor_for(micrograph_of(1.5)) == 2
    # The network sees pixels of 3 Å, whatever the micrograph's.
    for pixel_size in (0.5, 1.06, 3.0, 6.0):
        assert model.factor_for(micrograph_of(pixel_size)) * pixel_size == pytest.approx(3)


@pytest.mark.parametrize("pixel_size", [None, 0.01, 1.0, 100.0])
def test_a_model_without_pixel_size_takes_pixels_as_pixels(model, pixel_size):
    header = HEADER.model_copy(update={"pixel_size_angstrom": None})
    assert Model(model.network, header).factor_for(micrograph_of(pixel_size)) == 2


def test_a_micrograph_without_pixel_size_is_refused_with_the_cure(model):
    with pytest.raises(ConventionError, match=r"mic: has no pixel size .* 1\.5 Å .* --pixel-size"):
        model.factor_for(micrograph_of(None))


@pytest.mark.parametrize("pixel_size", [0.14, 15.1])
def test_an_absurd_pixel_size_is_refused_with_the_cure(model, pixel_size):
    with pytest.raises(ConventionError, match=r"mic: .* must be wrong: .* --pixel-size"):
        model.factor_for(micrograph_of(pixel_size))
    assert model.factor_for(micrograph_of(0.16)) == pytest.approx(18.75)
    assert model.factor_for(micrograph_of(14.9)) == pytest.approx(0.2013, abs=1e-4)
