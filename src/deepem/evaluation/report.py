"""The report of an evaluation: one HTML page that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

from deepem.errors import ConventionError
from deepem.evaluation import figures
from deepem.evaluation.curves import best_threshold
from deepem.evaluation.metrics import Evaluation, Figures
from deepem.evaluation.page import PAGE
from deepem.evaluation.picture import Picture


def render_report(
    evaluation: Evaluation,
    *,
    title: str,
    pictures: Sequence[Picture] = (),
    settings: Mapping[str, Mapping[str, str]] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Write an evaluation down as a web page.

    Parameters
    ----------
    evaluation
        What to report.
    title
        Heading of the page.
    pictures
        Micrographs to show with their picks, in this order.
    settings
        Tables of settings to print: heading → name → value.
    notes
        Paragraphs of plain text that follow the explanation of how was counted.

    Returns
    -------
    str
        An HTML document with all images inside, without scripts or links to other files.

    Raises
    ------
    deepem.errors.ConventionError
        A picture is of a micrograph that was not evaluated.
    """
    matching_of = {item.micrograph: item.matching for item in evaluation.per_micrograph}
    unknown = [p.micrograph for p in pictures if p.micrograph not in matching_of]
    if unknown:
        raise ConventionError(
            f"pictures of {', '.join(unknown)} cannot be shown, because they were not evaluated. "
            "Give pictures of micrographs in the evaluation only"
        )
    sections = [
        _summary(evaluation),
        *_curves(evaluation),
        _section("Micrographs", _figures_table(evaluation)),
    ]
    if pictures:
        images = [
            _image(
                figures.draw_picks(p.pixels, frame=p.frame, matching=matching_of[p.micrograph]),
                kind="png",
                caption=f"{p.micrograph}. Row 0 is at the top, as in RELION; EMAN2 and 3dmod show "
                "the same picture upside down.",
            )
            for p in pictures
        ]
        sections.append(_section("Picks", f'<div class="pictures">{"".join(images)}</div>'))
    sections.append(_section("How it was counted", _paragraphs([*_explain(evaluation), *notes])))
    for heading, values in (settings or {}).items():
        rows = "".join(
            f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in values.items()
        )
        sections.append(_section(heading, f'<table class="settings">{rows}</table>'))
    return PAGE.substitute(title=escape(title), body="\n".join(sections))


def _summary(evaluation: Evaluation) -> str:
    tiles = (
        ("Precision", _decimal(evaluation.precision), "of the picks are right"),
        ("Recall", _decimal(evaluation.recall), "of the particles found"),
        ("F1", _decimal(evaluation.f1), "both weigh the same"),
        ("F2", _decimal(evaluation.f2), "recall weighs more"),
        ("Average precision", _decimal(evaluation.average_precision), "over all thresholds"),
        ("Centring error", _decimal(evaluation.median_distance_px, 1), "median, in pixels"),
    )
    html = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><p>{meaning}</p></div>"
        for name, value, meaning in tiles
    )
    n_micrographs = len(evaluation.per_micrograph)
    n_wrong = evaluation.n_picks - evaluation.n_true_positive
    sentence = (
        f"{evaluation.n_true_positive} of {evaluation.n_truth} particles were found, "
        f"and {n_wrong} of {evaluation.n_picks} picks are wrong, "
        f"on {n_micrographs} micrograph{'' if n_micrographs == 1 else 's'}."
    )
    return f'<p class="lead">{sentence}</p><dl class="tiles">{html}</dl>'


def _curves(evaluation: Evaluation) -> Iterable[str]:
    """Draw the section of curves; none where there is nothing to draw."""
    curve, threshold = evaluation.curve, evaluation.threshold
    if curve.n_truth == 0 or np.isnan(curve.threshold).all():
        return
    used = "" if threshold is None else f" The threshold used, {threshold:.4g}, is marked."
    try:
        best = f" F2 is highest at a threshold of {best_threshold(curve):.4g}."
    except ConventionError:
        best = ""
    images = (
        _image(
            figures.draw_precision_recall(curve, threshold=threshold).encode(),
            kind="svg+xml",
            caption="Precision and recall as the threshold falls, from left to right. The area "
            f"below is the average precision.{used}",
        ),
        _image(
            figures.draw_f_beta(curve, threshold=threshold).encode(),
            kind="svg+xml",
            caption=f"F1 and F2 at each threshold.{best}{used}",
        ),
        _image(
            figures.draw_score_histogram(curve, threshold=threshold).encode(),
            kind="svg+xml",
            caption=f"Scores of right and wrong picks: the less they overlap, the better.{used}",
        ),
    )
    yield _section("Curves", f'<div class="curves">{"".join(images)}</div>')


def _figures_table(evaluation: Evaluation) -> str:
    names = (
        "Micrograph",
        "Particles",
        "Picks",
        "Right",
        "Not counted",
        "Precision",
        "Recall",
        "F1",
        "F2",
        "Average precision",
        "Centring error (px)",
    )
    head = "".join(f"<th>{name}</th>" for name in names)
    pooled = _figures_row("All together", evaluation)
    rows = "".join(_figures_row(item.micrograph, item) for item in evaluation.per_micrograph)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f'<tbody class="pooled">{pooled}</tbody><tbody>{rows}</tbody></table></div>'
    )


def _figures_row(name: str, row: Figures) -> str:
    cells = [str(n) for n in (row.n_truth, row.n_picks, row.n_true_positive, row.n_not_counted)]
    fractions = (row.precision, row.recall, row.f1, row.f2, row.average_precision)
    cells += [_decimal(fraction) for fraction in fractions]
    cells.append(_decimal(row.median_distance_px, 1))
    return f"<tr><th>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _explain(evaluation: Evaluation) -> list[str]:
    """Explain the figures to a reader who did not run the program."""
    if evaluation.threshold is None:
        kept = "All picks given were kept; no threshold was applied."
    else:
        kept = f"Picks with a score of {evaluation.threshold:.4g} or more were kept."
    if evaluation.edge_margin_px > 0:
        edge = (
            f"Within {evaluation.edge_margin_px:g} pixels of the edge nothing had to be found: "
            "particles there are left out, and picks there, or of a particle there, count as "
            "neither right nor wrong, unless they find a particle farther inside."
        )
    else:
        edge = "Particles at the edge of a micrograph had to be found like all others."
    return [
        f"{kept} A pick is right if it lies within {evaluation.max_distance_px:g} pixels of a "
        "particle, measured from centre to centre in pixels of the full micrograph. Each "
        "particle belongs to one pick at most, so a second pick of the same particle is wrong. "
        "Where not all picks can have a particle, those with higher scores do.",
        f"{edge} Picks at places marked as doubtful, if any, are not counted either.",
        "Precision is the fraction of the picks that are right, and recall the fraction of the "
        "particles that were found. F1 = 2PR/(P + R) and F2 = 5PR/(4P + R) join the two; F2 asks "
        "for recall more than for precision, as later classification removes wrong picks but "
        "cannot bring particles back. Average precision is the area under the stepped curve of "
        "precision against recall, without interpolation. The curves and the average precision "
        "use all picks, whatever the threshold. All figures count particles together, so a "
        "micrograph with more particles weighs more.",
        "A particle that is missing in the reference counts as a wrong pick when it is found.",
    ]


def _section(heading: str, html: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{html}</section>"


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _image(content: bytes, *, kind: str, caption: str) -> str:
    data = b64encode(content).decode()
    text = escape(caption)
    return (
        f'<figure><img src="data:image/{kind};base64,{data}" alt="{text}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _decimal(value: float, digits: int = 3) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}"
