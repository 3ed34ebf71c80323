"""Writes the picks of many micrographs in a format, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deepem.core import Picks, choose_box_size_px
from deepem.errors import ConfigError, ConventionError, DeepEMError
from deepem.io import PickFormat, write_picks
from deepem.io.formats.relion import write_coordinate_files

_BOXED = ("box", "cbox")


def write_format(
    picks: Sequence[Picks], folder: Path, target: PickFormat, *, relion_root: Path
) -> list[Path]:
    """Write picks in one format.

    Parameters
    ----------
    picks
        The picks of each micrograph, with frame and listing.
    folder
        An empty folder, absolute.
    target
        The format.
    relion_root
        Folder of the RELION project, which its lists name files relative to.

    Returns
    -------
    list of Path
        The files, sorted.

    Raises
    ------
    ConfigError
        Something that the format needs is not known.
    ConventionError
        Two micrographs have the same name in the format.
    OutputError
        A file cannot be written.
    """
    _require(picks, target)
    if target.name == "relion":
        path = target.path_in(folder, "")
        write_coordinate_files(picks, path, overwrite=False, project=relion_root)
    elif target.one_file_for_all:
        write_picks(picks, target.path_in(folder, ""), format=target.name)
    else:
        _check_names(picks, target)
        for one in picks:
            write_picks(one, target.path_in(folder, one.micrograph), format=target.name)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def add_box(picks: Picks, diameter_px: float | None) -> Picks:
    """Picks with a box: their own, or one of 1.5 diameters and an even number of pixels."""
    if picks.box_size_px is not None or diameter_px is None:
        return picks
    return replace(picks, box_size_px=choose_box_size_px(diameter_px))


def _require(picks: Sequence[Picks], target: PickFormat) -> None:
    """Say in the words of the page what a format needs and the project does not know."""
    for one in picks:
        if target.name in _BOXED and one.box_size_px is None:
            raise ConfigError(
                "diameter",
                f"{target.name} files hold boxes, and the diameter is not known; set it first",
            )
        if target.name == "cryosparc" and (
            one.frame is None or one.frame.pixel_size_angstrom is None
        ):
            raise ConfigError(
                "pixel_size_angstrom",
                f"the pixel size of {one.micrograph} is not known, and cryoSPARC needs it; set it "
                "first",
            )
        if len(one):
            target.require(one)


def _check_names(picks: Sequence[Picks], target: PickFormat) -> None:
    first: dict[str, str] = {}
    for one in picks:
        name = target.to_base_name(one.micrograph)
        other = first.setdefault(name, one.micrograph)
        if other != one.micrograph:
            raise ConventionError(
                f"{other} and {one.micrograph} have the same name there; rename one of the "
                "micrographs, or leave this format out"
            )


def name_format(error: DeepEMError, target: PickFormat) -> DeepEMError:
    """The error with the format that cannot be written, and that nothing was."""
    text = f"nothing was exported, because {target.name} cannot be written: "
    if isinstance(error, ConfigError):
        return ConfigError(error.field, text + str(error).removeprefix(f"{error.field}: "))
    return ConventionError(text + str(error))
