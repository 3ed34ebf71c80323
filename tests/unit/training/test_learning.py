"""From labels to a model that finds unseen particles: recipe ``paper``, and what all share."""

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from deepem.core import Micrograph, Picks
from deepem.errors import (
    CheckpointError,
    ConfigError,
    ConventionError,
    DeepEMError,
    MicrographError,
    TrainingDataError,
)
from deepem.evaluation import evaluate
from deepem.picking import Picker
from deepem.preprocessing import fourier_crop, prepare
from deepem.training import TrainingEvents, train
from deepem.training.labels import LabelledMicrograph
from deepem.training.samples import cut_samples, join_samples
from deepem.training.validate import scan_held_out, validate

QUICK = {"network": "deepem8", "epochs": 10, "batch_size": 10}


class Recorder(TrainingEvents):
    """Remembers what it was told, and goes on where a micrograph fails."""

    def __init__(self):
        self.n_micrographs = None
        self.stages, self.sizes, self.epochs, self.errors = [], [], [], {}

    def planned(self, plan, n_train, n_valid):
        """Remember the numbers of micrographs."""
        self.n_micrographs = (n_train, n_valid)

    def began(self, stage):
        """Remember the stage."""
        self.stages.append(stage)

    def sampled(self, n_particles, n_negatives, n_held_out):
        """Remember the numbers of boxes of each training."""
        self.sizes.append((n_particles, n_negatives, n_held_out))

    def trained(self, epoch):
        """Remember the epoch."""
        self.epochs.append(epoch)

    def failed(self, micrograph: Micrograph, error: DeepEMError):
        """Remember the error and go on."""
        self.errors[micrograph.name] = error


@pytest.fixture(autouse=True)
def _log_at_errors_only():
    logger = logging.getLogger("deepem.training")
    logger.setLevel(logging.ERROR)  # few particles, we know
    yield
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def scenes(simulate):
    return simulate(7)


@pytest.fixture
def run(scenes, diameter_angstrom):
    """Train on the first four micrographs, quickly."""

    def run(chosen=None, **options):
        chosen = scenes[:4] if chosen is None else chosen
        defaults = {
            "micrographs": [scene.micrograph for scene in chosen],
            "picks": [scene.truth for scene in chosen],
            "diameter_angstrom": diameter_angstrom,
        }
        return train(**(defaults | QUICK | options))

    return run


def validation(*scenes):
    return {
        "valid_micrographs": [scene.micrograph for scene in scenes],
        "valid_picks": [scene.truth for scene in scenes],
    }


def weights_of(model):
    return torch.nn.utils.parameters_to_vector(model.network.parameters()).detach()


def score_on(model, scene, **options):
    radius_px = model.header.scale.diameter_px / 2
    return evaluate(
        [Picker(model, **options).pick(scene.micrograph)],
        [scene.truth],
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
    )


def boxes_of(scale, scenes):
    """Boxes of the particles of micrographs, as they are cut for a training."""
    return join_samples(
        [
            cut_samples(
                prepare(scene.micrograph, factor=scale.factor, box_size=scale.box_size),
                replace(scene.truth, frame=scene.micrograph.frame),
                box_size=scale.box_size,
                diameter_px=scale.diameter_px,
                n_random=0,
                seed=0,
            )
            for scene in scenes
        ]
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation": "relu", "learning_rate": 0.1},
        {"n_pairs": 2},
        {"n_pairs": 2, "activation": "relu", "learning_rate": 0.1},
        {"factor": 1.25, "epochs": 20},
    ],
    ids=["paper", "relu", "six layers", "six layers, relu", "binned"],
)
def test_particles_of_an_unseen_micrograph_are_found(run, scenes, options):
    recorder = Recorder()
    options = {"factor": 1.0, **validation(scenes[4]), **options}
    if options["factor"] > 1:
        # Boxes of 12 px or more are needed, so the particle fills less of it.
        options["box_size_px"] = 27 * options["factor"]
    model = run(events=recorder, **options)
    assert model.header.scale.factor == options["factor"]
    assert not model.network.training
    assert len(recorder.epochs) == options.get("epochs", 10)
    assert recorder.n_micrographs == (4, 1)
    for scene in scenes[5:]:
        result = score_on(model, scene)
        assert result.recall > 0.95
        assert result.precision > 0.8


def test_header_records_the_training(run, scenes, diameter_angstrom):
    recorder = Recorder()
    model = run(events=recorder, seed=5, **validation(scenes[4]))
    header, record = model.header, model.header.training
    assert header.scale.diameter_px == pytest.approx(diameter_angstrom / 15)
    assert header.pixel_size_angstrom == 15
    assert header.micrograph_shape == (240, 310)
    assert set(header.versions) == {"deepem", "numpy", "torch"}
    assert (record["recipe"], record["seed"], record["epochs"]) == ("paper", 5, 10)
    assert (record["n_positives"], record["n_negatives"]) == (4 * 16, 4 * 16)
    assert recorder.sizes == [(4 * 16, 4 * 16, 32)]
    assert record["micrographs"] == [scene.micrograph.name for scene in scenes[:4]]
    assert record["validation_micrographs"] == [scenes[4].micrograph.name]
    assert record["threshold_from"] == "validation micrographs"
    assert record["error"] == recorder.epochs[-1].error
    assert record["held_out_accuracy"] == recorder.epochs[-1].valid_accuracy
    low, high = header.std_range
    std = boxes_of(header.scale, scenes[:4]).positives_std()
    assert low < std.min()
    assert std.max() < high
    assert header.min_distance_px == pytest.approx(0.8 * header.scale.diameter_px)
    assert header.calibration is not None
    assert header.calibration.slope > abs(header.calibration.skew)
    # The figures are those of the validation micrograph at the threshold, without the edge.
    result = score_on(model, scenes[4], edge_margin_px=0)
    assert record["validation"]["recall"] == pytest.approx(result.recall, abs=1e-4)
    assert record["validation"]["precision"] == pytest.approx(result.precision, abs=1e-4)
    assert record["validation"]["f2"] == pytest.approx(result.f2, abs=1e-4)


def test_same_seed_same_model_whatever_the_order(run, scenes):
    short = {"epochs": 2, **validation(scenes[4])}
    one, same, other = run(**short), run(chosen=scenes[3::-1], **short), run(seed=1, **short)
    assert torch.equal(weights_of(one), weights_of(same))
    assert one.header == same.header
    assert not torch.equal(weights_of(one), weights_of(other))


def test_global_random_numbers_neither_matter_nor_change(run, scenes):
    short = {"epochs": 1, **validation(scenes[4])}
    torch.manual_seed(1)
    one, state = run(**short), torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(weights_of(one), weights_of(run(**short)))


def test_a_fifth_is_held_out_where_nothing_validates(run, scenes):
    recorder = Recorder()
    model = run(chosen=scenes[:6], events=recorder, epochs=3)
    record = model.header.training
    assert recorder.n_micrographs == (5, 1)
    assert record["threshold_from"] == "held-out micrographs"
    assert len(record["validation_micrographs"]) == 1
    names = record["micrographs"] + record["validation_micrographs"]
    assert sorted(names) == [scene.micrograph.name for scene in scenes[:6]]


def test_few_micrographs_are_scored_by_networks_that_learnt_from_the_others(run, scenes):
    recorder = Recorder()
    record = run(events=recorder, epochs=5).header.training
    assert record["threshold_from"] == "cross-validation"
    names = [scene.micrograph.name for scene in scenes[:4]]
    assert record["micrographs"] == names
    assert sorted(record["validation_micrographs"]) == names
    # A tenth of the boxes is not learnt from, of all micrographs and then of either half.
    assert recorder.sizes == [(4 * 16 - 6, 4 * 16 - 6, 12)] + 2 * [(2 * 16 - 3, 2 * 16 - 3, 6)]
    assert [stage for stage in recorder.stages if "Cross" in stage] == [
        "Cross-validation, part 1 of 2",
        "Cross-validation, part 2 of 2",
    ]
    assert len(recorder.epochs) == 3 * 5


def test_a_single_micrograph_chooses_the_threshold_on_itself(run, scenes):
    record = run(chosen=scenes[:1]).header.training
    assert record["threshold_from"] == "training micrographs"
    assert record["validation_micrographs"] == record["micrographs"]


def test_halves_with_too_few_particles_to_learn_from_are_no_trouble(run, scenes):
    """Eight particles are enough to learn from, and four are not."""
    few = [replace(scene, truth=scene.truth.take(np.arange(4))) for scene in scenes[:2]]
    record = run(chosen=few, epochs=60).header.training
    assert record["n_positives"] >= 5
    assert record["threshold_from"] == "training micrographs"


def test_the_threshold_is_that_of_the_validation_micrographs(run, scenes):
    model = run(**validation(*scenes[4:6]))
    header = model.header
    held_out = [LabelledMicrograph(s.micrograph, s.truth) for s in scenes[4:6]]
    found = validate(
        scan_held_out(model, held_out),
        [scene.truth for scene in scenes[4:6]],
        diameter_px=header.scale.diameter_px,
        beta=2,
    )
    assert header.threshold == pytest.approx(found.threshold, abs=1e-5)
    assert header.calibration == found.calibration
    assert header.training["validation"]["f2"] == pytest.approx(found.evaluation.f2, abs=1e-4)
    # Precision counts for more with a smaller beta.
    other = run(beta=0.1, **validation(*scenes[4:6]))
    assert torch.equal(weights_of(model), weights_of(other))
    assert other.header.threshold >= header.threshold
    assert other.header.training["beta"] == 0.1


def test_choosing_a_threshold_does_not_depend_on_the_models_own(run, scenes):
    """Nor on its calibration: what is scanned are the network's own scores."""
    model = run(epochs=2, **validation(scenes[4]))
    plain = model.header.model_copy(update={"threshold": 1.0, "calibration": None})
    held_out = [LabelledMicrograph(scenes[4].micrograph, scenes[4].truth)]
    (one,), (other,) = (scan_held_out(m, held_out) for m in (model, replace(model, header=plain)))
    np.testing.assert_array_equal(one.score, other.score)
    np.testing.assert_array_equal(one.x_px, other.x_px)


def test_a_beta_that_is_none_is_refused(run):
    with pytest.raises(ConfigError, match="beta: must be above 0, got 0; 2 favours recall"):
        run(beta=0)


def test_a_micrograph_without_particles_teaches_what_is_none(run, scenes):
    noise = np.random.default_rng(0).standard_normal((240, 310)).astype(np.float32)
    empty = Micrograph.from_array(noise, name="empty", pixel_size_angstrom=15)
    recorder = Recorder()
    run(
        micrographs=[*(s.micrograph for s in scenes[:4]), empty],
        picks=[*(s.truth for s in scenes[:4]), Picks("empty")],
        epochs=1,
        events=recorder,
        **validation(scenes[4]),
    )
    # As many non-particles as the others have particles.
    assert recorder.sizes == [(4 * 16, 5 * 16, 32)]


def test_negatives_of_the_user_are_learned_first(run, scenes, monkeypatch):
    name = scenes[0].micrograph.name
    places = np.linspace(40, 200, 9)
    learned = []

    def watch(image, particles, **options):
        learned.append(cut_samples(image, particles, **options))
        return learned[-1]

    monkeypatch.setattr("deepem.training.paper.cut_samples", watch)
    recorder = Recorder()
    run(negatives=[Picks(name, places, places)], epochs=1, events=recorder, **validation(scenes[4]))
    # Random ones fill up to as many as there are particles.
    assert recorder.sizes == [(4 * 16, 4 * 16, 32)]
    pixels = scenes[0].micrograph.pixels()
    boxes = learned[0].boxes[learned[0].targets == 0]
    assert np.corrcoef(boxes[0].ravel(), pixels[27:54, 27:54].ravel())[0, 1] > 0.99
    assert np.corrcoef(boxes[8].ravel(), pixels[187:214, 187:214].ravel())[0, 1] > 0.99
    assert np.corrcoef(boxes[9].ravel(), pixels[27:54, 27:54].ravel())[0, 1] < 0.9


@pytest.mark.parametrize("n", [0, 4])
def test_too_few_particles_are_refused_with_the_number_needed(run, scenes, n):
    truth = scenes[0].truth
    with pytest.raises(TrainingDataError, match=rf"only {n} particles .* Label at least 5, better"):
        run(micrographs=[scenes[0].micrograph], picks=[truth.take(np.arange(n))])


def test_particles_at_the_edge_do_not_count(run, scenes):
    micrograph = scenes[0].micrograph
    at_edge = Picks(micrograph.name, np.arange(20, 300, 20), np.full(14, 3))
    with pytest.raises(
        TrainingDataError, match=r"only 0 .*\(14 labels on 1 micrographs, less .*\(9 px\)"
    ):
        run(micrographs=[micrograph], picks=[at_edge])


def test_no_room_for_negatives_is_refused_with_the_cure(run, scenes):
    micrograph = scenes[0].micrograph
    x, y = np.meshgrid(np.arange(0, 310, 12), np.arange(0, 240, 12))
    crowded = Picks(micrograph.name, x.ravel(), y.ravel())
    with pytest.raises(TrainingDataError, match=r"no room between the labels .* --negatives"):
        run(micrographs=[micrograph], picks=[crowded])


def test_few_particles_are_a_warning(run, scenes, caplog):
    with caplog.at_level(logging.WARNING, logger="deepem.training"):
        run(epochs=1, **validation(scenes[4]))
    assert "only 64 particles to learn from" in caplog.text


def test_a_micrograph_that_fails_is_told_and_left_out(run, scenes):
    flat = Micrograph.from_array(np.zeros((240, 310)), name="flat", pixel_size_angstrom=15)
    small = Micrograph.from_array(np.eye(20), name="small", pixel_size_angstrom=15)
    given = {
        "micrographs": [flat, *(s.micrograph for s in scenes[:4]), small],
        "picks": [Picks("flat", [100], [100]), *(s.truth for s in scenes[:4]), Picks("small")],
    }
    recorder = Recorder()
    model = run(events=recorder, epochs=2, **given, **validation(scenes[4]))
    assert set(recorder.errors) == {"flat", "small"}
    assert "leave it out" in str(recorder.errors["flat"])
    assert "smaller than the box" in str(recorder.errors["small"])
    assert model.header.training["micrographs"] == [s.micrograph.name for s in scenes[:4]]
    assert torch.equal(weights_of(model), weights_of(run(epochs=2, **validation(scenes[4]))))
    with pytest.raises(MicrographError, match="flat: every pixel"):
        run(epochs=2, **given)


def test_a_validation_micrograph_that_fails_is_left_out(run, scenes):
    flat = Micrograph.from_array(np.zeros((240, 310)), name="flat", pixel_size_angstrom=15)
    recorder = Recorder()
    model = run(
        events=recorder,
        epochs=2,
        valid_micrographs=[flat, scenes[4].micrograph],
        valid_picks=[Picks("flat", [100], [100]), scenes[4].truth],
    )
    assert set(recorder.errors) == {"flat"}
    assert model.header.training["validation_micrographs"] == [scenes[4].micrograph.name]


def test_where_every_validation_micrograph_fails_the_others_serve(run):
    flat = Micrograph.from_array(np.zeros((240, 310)), name="flat", pixel_size_angstrom=15)
    model = run(
        events=Recorder(), valid_micrographs=[flat], valid_picks=[Picks("flat", [100], [100])]
    )
    assert model.header.training["threshold_from"] == "cross-validation"


def test_pixel_sizes_that_some_lack_are_refused_before_the_training(run, scenes):
    recorder = Recorder()
    unknown = Micrograph.from_array(scenes[4].micrograph.pixels(), name="unknown")
    truth = replace(scenes[4].truth, micrograph="unknown")
    with pytest.raises(ConventionError, match=r"unknown: has no pixel size .* --pixel-size"):
        run(events=recorder, valid_micrographs=[unknown], valid_picks=[truth])
    assert recorder.epochs == []


def test_an_interrupted_training_goes_on_to_the_same_model(run, scenes, tmp_path):
    class PowerCut(Exception):  # noqa: N818 (as a user would)
        """The power fails."""

    class Failing(TrainingEvents):
        """Fails after two epochs."""

        def trained(self, epoch):
            """Fail."""
            if epoch.number == 2:
                raise PowerCut

    path = tmp_path / "unfinished"
    short = {"epochs": 4, "checkpoint": path, **validation(scenes[4])}
    with pytest.raises(PowerCut):
        run(events=Failing(), **short)
    assert path.exists()
    with pytest.raises(CheckpointError, match="--overwrite"):
        run(**(short | {"learning_rate": 0.5}))
    recorder = Recorder()
    resumed = run(events=recorder, **short)
    assert [epoch.number for epoch in recorder.epochs] == [3, 4]
    finished = run(**short)  # nothing is left to do
    unbroken = run(**(short | {"checkpoint": None}))
    for model in (resumed, finished):
        assert torch.equal(weights_of(model), weights_of(unbroken))
        assert model.header == unbroken.header


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch size"),
        ({"seed": -1}, "seed"),
        ({"preset": "none"}, "preset"),
        ({"n_pairs": 9}, "layer pairs"),
        ({"activation": "tanh"}, "activation"),
        ({"updates": 10}, "updates"),
        ({"network": "residual"}, "epochs"),
        ({"network": "unet"}, "network"),
    ],
)
def test_impossible_options_are_refused(run, options, field):
    with pytest.raises(ConfigError) as caught:
        run(**options)
    assert caught.value.field == field


def test_a_micrograph_at_another_pixel_size_is_learned_as_well(run, scenes):
    fine = []
    for scene in scenes[1:3]:
        pixels, (step, _) = fourier_crop(scene.micrograph.pixels(), 0.5)
        micrograph = Micrograph.from_array(
            pixels, name=scene.micrograph.name, pixel_size_angstrom=15 * step
        )
        truth = Picks(
            micrograph.name,
            (scene.truth.x_px - (step - 1) / 2) / step,
            (scene.truth.y_px - (step - 1) / 2) / step,
        )
        fine.append(replace(scene, micrograph=micrograph, truth=truth))
    recorder, model = Recorder(), run(epochs=1, **validation(scenes[4]))
    run(chosen=[scenes[0], *fine, scenes[3]], epochs=1, events=recorder, **validation(scenes[4]))
    assert recorder.sizes == [(4 * 16, 4 * 16, 32)]
    # The positives are the same boxes, but for the rounding to whole pixels.
    scale = model.header.scale
    finer = replace(scale, factor=scale.factor / step, diameter_px=scale.diameter_px / step)
    ours, theirs = boxes_of(scale, scenes[1:3]).boxes, boxes_of(finer, fine).boxes
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(ours, theirs, strict=True)]
    assert min(same) > 0.99
