"""The models of a project: numbers, files, names."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from deepem.errors import CheckpointError, NotFoundError, OutputError
from deepem.networks import Model, ModelHeader, ResidualDesign, ResidualNetwork, Scale, save_model
from deepem.studio.jobs.models import (
    find_model,
    list_models,
    model_path,
    name_quick,
    reserve_model,
)

DESIGN = ResidualDesign(maps=3, dilations=(1,), stem=3)


@pytest.fixture
def save(project):
    """Save a model of next to nothing."""

    def save(model_id, **record):
        header = ModelHeader(
            design=DESIGN,
            scale=Scale(20.0, 1.0, 30),
            micrograph_shape=(100, 100),
            threshold=0.4,
            std_range=(0.5, 1.5),
            training=record,
            versions={},
        )
        generator = torch.Generator().manual_seed(0)
        return save_model(
            Model(ResidualNetwork(DESIGN, generator=generator), header),
            model_path(project, model_id),
        )

    return save


def test_numbers_go_up_and_nobody_gets_the_same(project):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: reserve_model(project.models_dir), range(30)))
    assert sorted(numbers) == [f"{number:03d}" for number in range(1, 31)]
    assert reserve_model(project.models_dir) == "031"
    (project.models_dir / "1000").mkdir()
    assert reserve_model(project.models_dir) == "1001"


def test_a_folder_in_the_way_is_an_error(project):
    shutil.rmtree(project.models_dir, ignore_errors=True)
    project.models_dir.write_text("a file")
    with pytest.raises(OutputError, match="models"):
        reserve_model(project.models_dir)


def test_models_are_listed_newest_first_with_what_they_say(project, save):
    save("001", n_labels=12)
    validation = {"precision": 0.9, "recall": 0.8}
    save("002", training_set={"n_particles": 24}, validation=validation)
    save("002-quick", n_labels=24)
    reserve_model(project.models_dir)  # its training has not come to anything yet
    newest, quick, oldest = list_models(project)
    assert (newest.id, newest.title, newest.is_quick) == ("002", "Model 002, from 24 labels", False)
    assert (newest.n_labels, newest.validation, newest.threshold) == (24, validation, 0.4)
    assert (newest.network, newest.std_range) == ("residual", (0.5, 1.5))
    assert (quick.id, quick.is_quick) == ("002-quick", True)
    assert quick.title == "First picks of model 002, from 24 labels"
    assert (oldest.id, oldest.n_labels) == ("001", 12)
    assert find_model(project, "002") == newest
    assert name_quick("002") == quick.id


def test_a_damaged_model_is_left_out_of_the_list_with_a_warning(project, save, caplog):
    save("001")
    save("002").write_bytes(b"no model")
    assert [model.id for model in list_models(project)] == ["001"]
    assert "002" in caplog.text
    with pytest.raises(CheckpointError, match="002"):
        find_model(project, "002")


def test_an_unknown_model_is_named_with_those_there_are(project, save):
    with pytest.raises(NotFoundError, match="none yet: train one first"):
        find_model(project, "001")
    save("001")
    for wrong in ("002", "../001", "001-quick", ""):
        with pytest.raises(NotFoundError, match="there are 001"):
            find_model(project, wrong)


def test_a_model_whose_labels_nobody_counted_has_a_name_too(project, save):
    save("007")
    (found,) = list_models(project)
    assert (found.title, found.n_labels, found.validation) == ("Model 007", None, None)


def test_paths_of_first_models_lie_beside_the_final_ones(project):
    assert model_path(project, "003").name == "model.deepem"
    assert model_path(project, "003-quick").parent == model_path(project, "003").parent
