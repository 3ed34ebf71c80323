"""A model file says what it is without torch."""

import subprocess
import sys

import pytest
import torch

from deepem.errors import CheckpointError
from deepem.networks import (
    Calibration,
    Model,
    ModelHeader,
    ResidualDesign,
    ResidualNetwork,
    choose_dense_scale,
    load_model,
    read_model_header,
    save_model,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    design = ResidualDesign(maps=4, dilations=(1, 2), stem=5)
    header = ModelHeader(
        design=design,
        scale=choose_dense_scale(40),
        micrograph_shape=(300, 200),
        calibration=Calibration(slope=1.1, offset=-2),
        threshold=0.3,
        std_range=(0.5, 2.5),
        training={"seed": 3},
        versions={"deepem": "0"},
    )
    network = ResidualNetwork(design, generator=torch.Generator().manual_seed(0))
    return save_model(Model(network, header), tmp_path_factory.mktemp("model") / "m.deepem")


def test_the_header_is_that_of_the_whole_model(path):
    assert read_model_header(path) == load_model(path).header


def test_a_header_needs_no_torch(path):
    code = (
        "import sys\n"
        "from deepem.networks import read_model_header\n"
        f"print(read_model_header({str(path)!r}).threshold, 'torch' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["0.3", "False"]


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(CheckpointError, match="Make one with: deepem train"):
        read_model_header(tmp_path / "none.deepem")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x02\0\0\0\0\0\0\0{}"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    path = tmp_path / "other.deepem"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.deepem"):
        read_model_header(path)
