"""What a check of the orientation says: which reading of the coordinates fits, and how sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from deepem.core import Orientation
from deepem.errors import DeepEMError


class Verdict(StrEnum):
    """What a check of the orientation comes to."""

    FITS = "fits"
    OTHER_FITS = "does not fit, other fits"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Hypothesis:
    """One way of bringing coordinates to the images, and what speaks for it.

    Parameters
    ----------
    orientation
        The way.
    inside_fraction
        Fraction of the picks that would lie inside of the images.
    evidence
        By how many standard deviations the mean image at the picks stands out from that of the
        same pattern of picks at random places; None where it was not tried, because more than
        a fifth of the picks would lie outside, or because the rescaled coordinates would reach
        over less than 0.7 of the longer side of any image.
    """

    orientation: Orientation
    inside_fraction: float
    evidence: float | None


@dataclass(frozen=True)
class OrientationCheck:
    """Whether coordinates fit their images.

    Parameters
    ----------
    verdict
        Whether they fit as they are, would fit otherwise, or whether the images cannot tell.
    best
        What brings the coordinates to the images; leaves them as they are unless the verdict is
        `Verdict.OTHER_FITS`.
    offset_px
        By how much ``(x, y)``, in unbinned pixels of the micrographs, the picks have to be moved
        after that to be centres of what they mark; None where they are. With a small offset the
        coordinates still fit; with a larger one the verdict is `Verdict.OTHER_FITS`, even where
        `best` changes nothing.
    evidence
        Evidence for `best` moved by `offset_px`, in standard deviations.
    hypotheses
        All that were considered, unmoved, strongest evidence first.
    by_micrograph
        What each micrograph says on its own, by name; None where it cannot tell. Empty where the
        picks are far off centre.
    n_picks, n_micrographs
        How many picks and micrographs were used.
    box_size_px
        Box of the picks in their own pixels, if all have the same; else None.
    failures
        Why micrographs could not be used; each error names its micrograph.
    """

    verdict: Verdict
    best: Orientation
    offset_px: tuple[float, float] | None
    evidence: float
    hypotheses: tuple[Hypothesis, ...]
    by_micrograph: Mapping[str, Orientation | None]
    n_picks: int
    n_micrographs: int
    box_size_px: int | None = None
    failures: tuple[DeepEMError, ...] = ()

    @property
    def exceptions(self) -> dict[str, Orientation]:
        """Micrographs that on their own speak for another orientation than `best`."""
        answers = self.by_micrograph.items()
        return {name: answer for name, answer in answers if answer not in (None, self.best)}

    def options(self) -> str:
        """The options of ``deepem convert`` that mend the coordinates; empty where they fit."""
        if self.verdict is not Verdict.OTHER_FITS:
            return ""
        words = [self.best.options()]
        if self.offset_px is not None:
            words.append("--shift {:.0f} {:.0f}".format(*self.offset_px))
        return " ".join(filter(None, words))

    def summary(self) -> str:
        """The result in plain words, one paragraph."""
        sentences = [self._describe_verdict()]
        outside = 1 - min((h.inside_fraction for h in self._as_they_are()), default=1.0)
        if outside and self.verdict is not Verdict.FITS:
            sentences.append(f"As they are, {outside:.0%} lie outside of the images.")
        if self.offset_px is not None:
            sentences.append(self._describe_offset(*self.offset_px))
        if self.exceptions:
            names = [f"{name} ({o.options() or 'as is'})" for name, o in self.exceptions.items()]
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            sentences.append(f"But single micrographs disagree: {', '.join(names[:5])}{more}.")
        return " ".join(sentences)

    def _describe_verdict(self) -> str:
        base = (
            f"{self.n_picks} pick{'' if self.n_picks == 1 else 's'} on "
            f"{self.n_micrographs} micrograph{'' if self.n_micrographs == 1 else 's'}"
        )
        given = max((h.evidence or 0.0 for h in self._as_they_are()), default=0.0)
        others = [h for h in self.hypotheses if h.orientation != self.best]
        highest = max((h.evidence or 0.0 for h in others), default=0.0)
        if self.verdict is Verdict.FITS:
            return (
                f"The coordinates fit the images as they are: the mean image of {base} stands out "
                f"from chance by {self.evidence:.1f} standard deviations, but by no more than "
                f"{highest:.1f} when they are flipped, swapped or rescaled."
            )
        if self.verdict is Verdict.CANNOT_TELL:
            return (
                f"The images cannot tell whether the coordinates fit: the mean image of {base} "
                f"stands out from chance by {given:.1f} standard deviations, and by up to "
                f"{highest:.1f} when they are flipped, swapped or rescaled. Check more picks, or "
                "look at them on an image."
            )
        words = self.best.options()
        steps = [f"with {words}"] * bool(words) + ["once moved"] * (self.offset_px is not None)
        change = " ".join(steps)
        return (
            f"The coordinates do not fit the images as they are, but they do {change}: the mean "
            f"image of {base} stands out from chance by {self.evidence:.1f} standard deviations "
            f"then, and by {given:.1f} as they are."
        )

    def _describe_offset(self, x_px: float, y_px: float) -> str:
        text = f"They are off centre: what they mark lies at x {x_px:+.0f}, y {y_px:+.0f} px"
        if self.box_size_px is not None:
            half_px = self.box_size_px * self.best.scale / 2
            if np.allclose(np.abs((x_px, y_px)), half_px, atol=0.2 * half_px):
                text += ", half a box away, so they are corners of boxes"
        return text + "."

    def _as_they_are(self) -> list[Hypothesis]:
        return [h for h in self.hypotheses if h.orientation.is_identity]
