"""What to do with exported files in the program that they are for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from deepem.studio.exports.relion_project import RelionProject


@dataclass(frozen=True)
class Handover:
    """What the words depend on.

    Parameters
    ----------
    folder
        Folder of the export, absolute; each format has a folder in it.
    relion
        The RELION project, to whose folder names of micrographs are relative.
    has_uids
        Whether cryoSPARC's uids of the micrographs are known.
    is_listed
        Whether names come from a list of RELION or cryoSPARC that the user gave.
    """

    folder: Path
    relion: RelionProject
    has_uids: bool
    is_listed: bool


def describe_next_steps(format_name: str, handover: Handover) -> str:
    """What to do with the files of a format, in one or two sentences."""
    folder = handover.folder / format_name
    if format_name == "relion":
        return _describe_relion(folder, handover)
    if format_name == "cryosparc":
        return _describe_cryosparc(folder, handover)
    return _OTHERS[format_name].format(folder=folder, quoted=shlex.quote(str(folder)))


def _describe_relion(folder: Path, handover: Handover) -> str:
    listed = folder / "autopick.star"
    root = handover.relion.root
    if listed.is_relative_to(root):
        listed = listed.relative_to(root)
    text = (
        f"RELION (4 and 5), started in {root}: Particle extraction, tab I/O, micrograph STAR file: "
        "the list of these micrographs, such as CtfFind/job003/micrographs_ctf.star; Input "
        f"coordinates: {listed}. Leave “OR re-extract refined particles?” at No. Nothing has to "
        "be flipped."
    )
    if not handover.relion.is_marked and not handover.is_listed:
        text += (
            f" No RELION project was found in {root} or above it, so micrographs are named as "
            "seen from there; RELION compares names letter by letter, so if its list has others, "
            "say the project's folder and export again."
        )
    return text


def _describe_cryosparc(folder: Path, handover: Handover) -> str:
    text = (
        f"cryoSPARC: build the job Import Result Group and choose {folder / 'picks.csg'} (keep "
        "picks.cs beside it). Connect these particles and the micrographs to Inspect Picks, or at "
        "once to Extract From Micrographs."
    )
    if not handover.has_uids:
        table = shlex.quote(str(folder / "picks.cs"))
        text += (
            " First, in the folder of the cryoSPARC project, give them its own numbers of the "
            "micrographs, which only its exported exposures have: "
            f"deepem convert {table} --to cryosparc --out with_uids "
            "--micrographs J12_exposures_exported.csg, and choose with_uids/picks.csg instead."
        )
    return text


_BESIDE = (
    "copy the files beside the imported movies or micrographs, then Import, tab Others: Import "
    "other node types? Yes, Input file such as movies/*{suffix}, Node type Particle coordinates."
)
_OTHERS = {
    "box": (
        "EMAN boxes: in {folder}, whole pixels. EMAN reads them as they are. RELION: "
        + _BESIDE.format(suffix=".box")
    ),
    "star": (
        "RELION coordinate files, one a micrograph: in {folder}. Without a picking job, "
        + _BESIDE.format(suffix=".star")
    ),
    "eman2": (
        "EMAN2: in the folder of your EMAN2 project type: deepem convert {quoted}/info --to eman2 "
        "--out . This keeps what its info files hold beside boxes; then e2boxer.py shows them. "
        "In a new project, copying the folder {folder}/info there does the same."
    ),
    "particles": (
        "RELION particles: {folder}/particles.star is one table of all particles with the names "
        "of their micrographs, for programs and scripts that read RELION's particles."
    ),
    "topaz": (
        "Topaz: {folder}/topaz.txt is for micrographs of full size. For images that Topaz "
        "downsampled 8 times: deepem convert {quoted}/topaz.txt --to topaz --to-binned-by 8 "
        "--out topaz_8.txt"
    ),
    "cbox": "crYOLO: the .cbox files in {folder}, one a micrograph, hold boxes and scores.",
    "cryolo": "crYOLO: {folder}/STAR has a file for each micrograph, centres only.",
    "gautomatch": (
        "Gautomatch: copy the files in {folder} beside the micrographs, where programs that read "
        "Gautomatch's coordinates look for them."
    ),
    "warp": "Warp: copy the folder {folder}/matching into the folder of Warp's project.",
    "cryoppp": (
        "CryoPPP: the tables in {folder} count rows from the last one, as that data set does; "
        "give them to programs that expect it, and no others."
    ),
    "csv": "Table: {folder}/picks.csv has all particles, with a header, for Excel and scripts.",
    "tsv": "Table: {folder}/picks.tsv has all particles, separated by tabs, for scripts.",
}
