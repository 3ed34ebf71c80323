"""The job `check`: whether coordinates fit their images, or would if they were turned."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from deepem.errors import ConfigError, DeepEMError
from deepem.studio.coordinates import Coordinates, CoordinatesBook, open_book
from deepem.studio.jobs.prepared import JobOptions, Prepared, parse_options
from deepem.studio.jobs.work import Work
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

if TYPE_CHECKING:
    from deepem.core import Micrograph, Picks
    from deepem.orientation import OrientationCheck

logger = logging.getLogger("deepem.studio")

# The check takes the micrographs with most picks; a few more, where some cannot be used.
_N_MICROGRAPHS = 25
_N_OPTIONS = 16
_NO_BOX = (
    " No box could be cut around the picks as they are: all of them lie outside of the images or "
    "too near to an edge, so the picture shows nothing there."
)


class CheckOptions(JobOptions):
    """Options of a check.

    Parameters
    ----------
    picks
        What to check: the number of a set of picks, or ``labels``.
    seed
        The same seed gives the same result.
    """

    picks: Annotated[str, Field(pattern=ID_PATTERN)]
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


def prepare(project: Project, options: Mapping[str, Any]) -> Prepared:
    """Check a request for a check.

    Raises
    ------
    deepem.errors.ConfigError
        An option cannot be, or there is nothing to check.
    deepem.errors.NotFoundError
        There is no such set of picks.
    """
    checked = parse_options(CheckOptions, options)
    source = open_book(project).find(checked.picks)
    if not source.names():
        raise ConfigError("picks", "has no coordinates to check; pick or label some first")
    return Prepared(f"Check of {source.title} against the images", checked)


def run(work: Work) -> None:
    """Ask the images, and draw what they say."""
    from deepem.orientation import average_for_check, check_orientation, draw_check

    options = parse_options(CheckOptions, work.options)
    work.begin("Looking for the micrographs with most picks")
    micrographs, picks = _choose(work.project, open_book(work.project), options.picks)
    diameter_px = work.project.diameter_px(micrographs[0])
    work.begin("Comparing the images", 0.2)
    check = check_orientation(micrographs, picks, diameter_px=diameter_px, seed=options.seed)
    for failure in check.failures:
        logger.warning("%s", failure)
    described = describe_check(check)
    work.add_result(**described, picture=False)
    work.begin("Drawing the mean images", 0.8)
    images = average_for_check(
        check, micrographs, picks, diameter_px=diameter_px, seed=options.seed
    )
    work.folder.picture_path.write_bytes(draw_check(check, images))
    if images[0].n_boxes == 0:  # the first is as they are
        described["summary"] += _NO_BOX
    work.add_result(summary=described["summary"], picture=True)


def describe_check(check: OrientationCheck) -> dict[str, Any]:
    """What a check came to, as plain values for the page.

    Returns
    -------
    dict
        ``verdict``, ``summary``, ``fits``, ``mend`` (the options of ``deepem convert`` that mend
        the coordinates) and ``options``: every way of reading them that was possible, strongest
        evidence first, with ``flags``, ``describes`` and ``score``.
    """
    from deepem.orientation import Verdict, name_orientation, name_readers

    tried = [h for h in check.hypotheses if h.evidence is not None]
    return {
        "verdict": str(check.verdict),
        "summary": check.summary(),
        "fits": check.verdict is Verdict.FITS,
        "mend": check.options(),
        "n_picks": check.n_picks,
        "n_micrographs": check.n_micrographs,
        "options": [
            {
                "flags": one.orientation.options(),
                "describes": f"{name_orientation(one.orientation)}: "
                f"{name_readers(one.orientation)}",
                "score": round(one.evidence or 0.0, 2),
            }
            for one in tried[:_N_OPTIONS]
        ],
    }


def _choose(
    project: Project, book: CoordinatesBook, picks_id: str
) -> tuple[list[Micrograph], list[Picks]]:
    """The micrographs with most coordinates that can be opened, and these."""
    source = book.find(picks_id)
    found = []
    for name in source.names():
        try:
            picks = _read(source, name)
        except DeepEMError as error:
            logger.warning("%s", error)
            continue
        if len(picks):
            found.append(picks)
    found.sort(key=len, reverse=True)
    micrographs, chosen = [], []
    for picks in found[:_N_MICROGRAPHS]:
        try:
            micrographs.append(project.open(picks.micrograph))
        except DeepEMError as error:
            logger.warning("%s", error)
            continue
        chosen.append(picks)
    if not chosen:
        raise ConfigError("picks", "has no coordinates that can be checked; the log says why")
    return micrographs, chosen


def _read(source: Coordinates, name: str) -> Picks:
    """Coordinates as they are in their file: corrections by labels would speak for the labels."""
    from deepem.studio.picks.imported_set import ImportedPickSet

    if isinstance(source, ImportedPickSet):
        return source.find(name).candidates
    return source.get(name)
