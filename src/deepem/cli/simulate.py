"""``deepem simulate``: micrographs with exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deepem.cli.console import count, make_progress, print_note
from deepem.cli.options import Overwrite, Seed
from deepem.errors import ConfigError

if TYPE_CHECKING:
    from deepem.simulation import Projectable

_DEFAULT_PHANTOM = "ribosome"


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")],
    phantom: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Particle: ribosome, klh, apoferritin or inflammasome; ribosome by default.",
        ),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Particle from a density map (an MRC volume) instead of a phantom.",
        ),
    ] = None,
    model_file: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="FILE",
            help="Particle from an atomic model (PDB or mmCIF).",
        ),
    ] = None,
    resolution: Annotated[
        float | None,
        typer.Option(
            "--resolution",
            metavar="Å",
            help="Resolution to which the atomic model is blurred; by default 10.",
            min=0.1,
            max=1000,
        ),
    ] = None,
    diameter: Annotated[
        float | None,
        typer.Option(
            "--diameter",
            metavar="Å",
            help="Diameter of the particle of the map or model; by default its longest extent.",
            min=0.1,
            max=1e6,
        ),
    ] = None,
    voxel_size: Annotated[
        float | None,
        typer.Option(
            "--voxel-size",
            metavar="Å",
            help="Size of a voxel of the map, if its header lacks it or is wrong.",
            min=0.01,
            max=1000,
        ),
    ] = None,
    views: Annotated[
        Literal["uniform", "top", "side"],
        typer.Option(
            help="From where particles are seen: top or side is along or across the z axis of the "
            "map, model or phantom, to 10°.",
        ),
    ] = "uniform",
    n: Annotated[int, typer.Option("--n", metavar="N", help="Number of micrographs.", min=1)] = 8,
    snr: Annotated[
        float | None,
        typer.Option(
            metavar="RATIO",
            help="Signal-to-noise ratio: variance of the particle over the noise's; by default "
            "0.05.",
        ),
    ] = None,
    dose: Annotated[
        float | None,
        typer.Option(
            metavar="E/Å²",
            help="Counted electrons with Poisson noise, instead of --snr: electrons per Å².",
        ),
    ] = None,
    solvent_noise: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of the noise that comes from the ice, before the CTF; 0 to below 1.",
        ),
    ] = 0.0,
    nuisances: Annotated[
        Literal["none", "some", "many"],
        typer.Option(
            help="Ice crystals, contaminants, aggregates, broken and empty particles, hot pixels; "
            "with many also carbon.",
        ),
    ] = "none",
    particles: Annotated[
        int, typer.Option(metavar="N", help="Particles on each micrograph.", min=1)
    ] = 40,
    size: Annotated[
        tuple[int, int], typer.Option(metavar="NX NY", help="Size of a micrograph in pixels.")
    ] = (1024, 1024),
    pixel_size: Annotated[
        float, typer.Option(metavar="Å", help="Size of a pixel.", min=0.01, max=1000)
    ] = 4.0,
    defocus: Annotated[
        tuple[float, float], typer.Option(metavar="LOW HIGH", help="Range of defocus in µm.")
    ] = (1.0, 2.5),
    astigmatism: Annotated[
        float,
        typer.Option(
            metavar="µM",
            help="Largest astigmatism, half the difference of the defoci; drawn from 0 to this.",
            min=0,
        ),
    ] = 0.0,
    min_distance: Annotated[
        float,
        typer.Option(
            metavar="DIAMETERS",
            help="Least distance of two centres, in diameters; below 1 particles may overlap.",
            min=0,
        ),
    ] = 1.0,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Make micrographs with exactly known particles.

    Writes mic_0001.mrc … and the particle centres as EMAN2 (.box) and RELION (.star) coordinates,
    and into OUT/truth orientations, focus, what lies beside the particles, and masks of it.
    """
    from deepem.simulation import NUISANCE_LEVELS, Noise, Views, simulate_dataset, write_scene

    specimen = _load_specimen(phantom, map_file, model_file, diameter, voxel_size, resolution)
    distribution = {"uniform": Views(), "top": Views.top(), "side": Views.side()}[views]
    scenes = simulate_dataset(
        specimen,
        n,
        n_particles=particles,
        pixel_size_angstrom=pixel_size,
        seed=seed,
        shape=(size[1], size[0]),
        noise=Noise(snr=snr, dose_per_angstrom2=dose, solvent_fraction=solvent_noise),
        nuisances=NUISANCE_LEVELS[nuisances],
        views=distribution,
        defocus_range_um=defocus,
        astigmatism_range_um=(0, astigmatism) if astigmatism else None,
        min_distance_px=min_distance * specimen.diameter_angstrom / pixel_size,
    )
    with make_progress() as progress:
        task = progress.add_task("Simulating", total=n, detail="")
        for scene in scenes:
            write_scene(scene, out, overwrite=overwrite)
            progress.advance(task)
    print_note(
        f"{count(n, 'micrograph')} of {specimen.name} in {out}, particle diameter "
        f"{specimen.diameter_angstrom:.4g} Å. Learn from them with:\n"
        f"  deepem train {out} --picks {out} --out {specimen.name}.deepem"
    )


def _load_specimen(
    phantom: str | None,
    map_file: Path | None,
    model_file: Path | None,
    diameter: float | None,
    voxel_size: float | None,
    resolution: float | None,
) -> Projectable:
    from deepem.simulation import load_atomic_model, load_density_map, make_phantom

    kinds = {"--map": map_file, "--model": model_file, "--phantom": phantom}
    given = [(option, value) for option, value in kinds.items() if value is not None]
    if len(given) > 1:
        (first, _), (second, value), *_ = given
        raise ConfigError(
            first, f"cannot be used together with {second} {value}; leave out one of them"
        )
    if voxel_size is not None and map_file is None:
        raise ConfigError(
            "--voxel-size", "is for density maps; name one with --map FILE.mrc, or leave it out"
        )
    if resolution is not None and model_file is None:
        raise ConfigError(
            "--resolution", "is for atomic models; name one with --model FILE.pdb, or leave it out"
        )
    if map_file is not None:
        return load_density_map(
            map_file, diameter_angstrom=diameter, voxel_size_angstrom=voxel_size
        )
    if model_file is not None:
        return load_atomic_model(
            model_file, resolution_angstrom=resolution or 10.0, diameter_angstrom=diameter
        )
    if diameter is not None:
        raise ConfigError(
            "--diameter",
            "is for density maps and atomic models; name one with --map FILE.mrc or "
            "--model FILE.pdb, or leave it out",
        )
    return make_phantom(phantom or _DEFAULT_PHANTOM)
