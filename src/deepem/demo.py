"""The whole road on simulated micrographs: simulate, train, pick, evaluate, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepem.evaluation import Evaluation, evaluate, render_report, take_picture
from deepem.io import open_micrograph, place_picks, read_picks, write_atomically, write_picks
from deepem.networks import Model, save_model
from deepem.picking import Picker, Selection, select
from deepem.simulation import make_phantom, simulate_dataset, write_scene
from deepem.training import TrainingEvents, train

_N_TRAIN, _N_VALID, _N_TEST = 6, 2, 3
_N_PARTICLES = 40
_PIXEL_SIZE_ANGSTROM = 4.0
_SNR = 0.01
_PHANTOM = "ribosome"


@dataclass(frozen=True, eq=False)
class DemoResult:
    """Where the report is, and how good the picks are."""

    report: Path
    evaluation: Evaluation


def run_demo(
    out: str | Path,
    *,
    seed: int = 0,
    on_stage: Callable[[str, int], None] = lambda name, n_steps: None,
    on_step: Callable[[], None] = lambda: None,
    events: TrainingEvents | None = None,
) -> DemoResult:
    """Simulate micrographs, learn from some, pick the others, and report how good the picks are.

    Parameters
    ----------
    out
        Folder for micrographs, model, picks and ``report.html``; files in it are replaced.
    seed
        Same seed, same micrographs, same model.
    on_stage, on_step
        Told when a stage of so many steps begins, and of each of its steps.
    events
        Told about the training.

    Returns
    -------
    result

    Raises
    ------
    deepem.errors.OutputError
        A file cannot be written.
    """
    out = Path(out)
    specimen = make_phantom(_PHANTOM)
    on_stage("Simulating", _N_TRAIN + _N_VALID + _N_TEST)
    scenes = simulate_dataset(
        specimen,
        _N_TRAIN + _N_VALID + _N_TEST,
        n_particles=_N_PARTICLES,
        pixel_size_angstrom=_PIXEL_SIZE_ANGSTROM,
        snr=_SNR,
        seed=seed,
    )
    paths = []
    for scene in scenes:
        paths.append(write_scene(scene, out / "micrographs", overwrite=True))
        on_step()
    # From here on, as a user would: nothing but the files.
    micrographs = [open_micrograph(path) for path in paths]
    truth = [
        place_picks(read_picks(path.with_suffix(".star"))[0], micrograph)
        for path, micrograph in zip(paths, micrographs, strict=True)
    ]
    test = slice(_N_TRAIN + _N_VALID, None)
    valid = slice(_N_TRAIN, _N_TRAIN + _N_VALID)
    model = train(
        micrographs[:_N_TRAIN],
        truth[:_N_TRAIN],
        diameter_angstrom=specimen.diameter_angstrom,
        valid_micrographs=micrographs[valid],
        valid_picks=truth[valid],
        seed=seed,
        events=events,
    )
    save_model(model, out / "model.deepem", overwrite=True)

    on_stage("Picking", _N_TEST)
    picker = Picker(model)
    candidates = []
    for micrograph in micrographs[test]:
        candidates.append(picker.scan(micrograph))
        picks = select(candidates[-1], picker.selection_for(picker.diameter_px(micrograph)))
        for suffix in (".box", ".star"):
            write_picks(picks, out / "picks" / f"{micrograph.name}{suffix}", overwrite=True)
        on_step()
    header = model.header
    radius_px = header.scale.diameter_px / 2
    # The curves of the report need the candidates below the threshold too.
    any_score = Selection(std_range=header.std_range)
    evaluation = evaluate(
        [select(found, any_score) for found in candidates],
        truth[test],
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
        threshold=header.threshold,
    )
    page = render_report(
        evaluation,
        title="DeepEM demo: particles found on simulated micrographs",
        pictures=[take_picture(micrograph) for micrograph in micrographs[test][:2]],
        settings={"Simulation": _describe_simulation(seed), "Model": _describe_model(model)},
        notes=["The micrographs are simulated, so every particle is known exactly."],
    )
    with write_atomically(out / "report.html", overwrite=True) as file:
        file.write(page)
    return DemoResult(report=out / "report.html", evaluation=evaluation)


def _describe_simulation(seed: int) -> dict[str, str]:
    return {
        "Particle": f"built-in phantom '{_PHANTOM}'",
        "Micrographs": f"{_N_TRAIN} to learn from, {_N_VALID} to validate on, {_N_TEST} to pick",
        "Particles on each": str(_N_PARTICLES),
        "Pixel size": f"{_PIXEL_SIZE_ANGSTROM:g} Å",
        "Signal-to-noise ratio": f"{_SNR:g}",
        "Seed": str(seed),
    }


def _describe_model(model: Model) -> dict[str, str]:
    header, scale = model.header, model.header.scale
    low, high = header.std_range
    return {
        "Particle diameter": f"{scale.diameter_px:.0f} px",
        "Box": f"{scale.box_size_px} px, binned {scale.factor:g} times to {scale.box_size} px",
        "Network": header.design.describe(),
        "Learnt from": f"{header.training['n_positives']} particles",
        "Threshold": f"probability {header.threshold:.3f}, chosen by F2 on "
        f"{header.training['threshold_from']}",
        "Standard deviation range": f"{low:.2f} to {high:.2f}",
    }
