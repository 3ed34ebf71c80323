"""A simulated micrograph on disk: the image, and its truth as EMAN2 and RELION coordinates."""

from __future__ import annotations

from pathlib import Path

from deepem.io import write_mrc, write_picks
from deepem.simulation.scene import Scene


def write_scene(scene: Scene, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write ``NAME.mrc``, ``NAME.box`` and ``NAME.star`` into a folder, made if missing.

    Returns
    -------
    path
        The micrograph.

    Raises
    ------
    deepem.errors.OutputError
        A file exists already and ``overwrite`` is not set, or it cannot be written.
    """
    micrograph = scene.micrograph
    path = Path(folder) / f"{micrograph.name}.mrc"
    for suffix in (".box", ".star"):
        write_picks(scene.truth, path.with_suffix(suffix), overwrite=overwrite)
    # The image last: where it is, its truth is too.
    return write_mrc(
        path,
        micrograph.pixels(),
        pixel_size_angstrom=micrograph.pixel_size_angstrom,
        overwrite=overwrite,
    )
