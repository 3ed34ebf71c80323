"""``deepem simulate``: micrographs with exact truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepem.cli.console import count, make_progress, print_note
from deepem.cli.options import Overwrite, Seed


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")],
    phantom: Annotated[
        str,
        typer.Option(metavar="NAME", help="Particle: ribosome, klh, apoferritin or inflammasome."),
    ] = "ribosome",
    n: Annotated[int, typer.Option("--n", metavar="N", help="Number of micrographs.", min=1)] = 8,
    snr: Annotated[
        float,
        typer.Option(
            metavar="RATIO",
            help="Signal-to-noise ratio: variance of the particle over the noise's.",
        ),
    ] = 0.05,
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
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Make micrographs with exactly known particles.

    Writes mic_0001.mrc … and the particle centres as EMAN2 (.box) and RELION (.star) coordinates.
    """
    from deepem.simulation import make_phantom, simulate_dataset, write_scene

    specimen = make_phantom(phantom)
    scenes = simulate_dataset(
        specimen,
        n,
        n_particles=particles,
        pixel_size_angstrom=pixel_size,
        seed=seed,
        shape=(size[1], size[0]),
        snr=snr,
        defocus_range_um=defocus,
    )
    with make_progress() as progress:
        task = progress.add_task("Simulating", total=n, detail="")
        for scene in scenes:
            write_scene(scene, out, overwrite=overwrite)
            progress.advance(task)
    print_note(
        f"{count(n, 'micrograph')} of {specimen.name} in {out}, particle diameter "
        f"{specimen.diameter_angstrom:g} Å. Learn from them with:\n"
        f"  deepem train {out} --picks {out} --out {specimen.name}.deepem"
    )
