"""The page of a run: totals, figures, failures, outliers and settings, in one file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

import numpy as np

from deepem.evaluation.page import PAGE
from deepem.picking.selection import REASONS
from deepem.picking.summary import FEWEST_TO_COMPARE, Z_LIMIT, MicrographRow, RunSummary, UsualRange
from deepem.picking.summary_figures import draw_along_run, draw_histogram

# More rows than anybody reads; the tables beside the page have all.
_MOST_ROWS = 300

_STYLE = """<style>
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(520px, 100%), 1fr));
  gap: 20px; }
.plots svg { display: block; width: 100%; padding: 10px 6px 4px; border-radius: 10px;
  background: var(--card); }
.plots text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.plots path { fill: none; }
.plots .axis { stroke: var(--soft); }
.plots .grid { stroke: var(--line); }
.plots .usual { fill: #56B4E9; fill-opacity: 0.18; }
.plots .middle { stroke: var(--soft); stroke-dasharray: 5 4; }
.plots .bar { fill: #0072B2; }
.plots .point { stroke: #0072B2; stroke-width: 4; stroke-linecap: round; }
.plots .out { stroke: #D55E00; stroke-width: 6; stroke-linecap: round; }
.plots .few { stroke-width: 8; }
@media (prefers-color-scheme: dark) {
  .plots .bar { fill: #56B4E9; } .plots .point { stroke: #56B4E9; }
  .plots .out { stroke: #E69F00; }
}
.scroll th:first-child { min-width: 270px; }
th.text, td.text { text-align: left; overflow-wrap: anywhere; }
</style>"""


def render_summary(summary: RunSummary, *, settings: Mapping[str, str] | None = None) -> str:
    """Write what came of a run down as a web page.

    Parameters
    ----------
    summary
        What came of it.
    settings
        Name and value of each setting, to be printed.

    Returns
    -------
    str
        An HTML document with everything inside, without scripts or links to other files. Of more
        than 300 failures, outliers or micrographs the first ones are listed; the figures show all.
    """
    sections = [_STYLE, _describe(summary)]
    if summary.failed:
        rows = [[_text(row.name), _text(row.error or "")] for row in summary.failed]
        sections.append(_section("Failed", _table(["Micrograph", "*Reason"], rows)))
    if summary.n_picks:
        sections.append(_section("Along the run", _draw(summary)))
    if summary.picked:
        sections.append(_section("Outliers", _list_outliers(summary)))
        sections.append(_section("Micrographs", _list_micrographs(summary)))
    if settings:
        cells = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in settings.items()
        )
        sections.append(_section("Settings", f'<table class="settings">{cells}</table>'))
    return PAGE.substitute(title="Picked micrographs", body="\n".join(sections))


def _describe(summary: RunSummary) -> str:
    n_left_out = sum(summary.left_out.values())
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in summary.left_out.items())
    per_micrograph = summary.usual_picks.middle
    tiles = (
        ("Micrographs", f"{len(summary.picked):,}", f"picked; {len(summary.failed):,} failed"),
        ("Particles", f"{summary.n_picks:,}", "picked in all"),
        ("Per micrograph", _decimal(per_micrograph, ".0f"), "median number of picks"),
        ("Mean score", _decimal(summary.mean_score, ".3f"), "of all picks"),
        ("Left out", f"{n_left_out:,}", reasons or "nothing"),
        ("Outliers", f"{len(summary.outliers):,}", "micrographs unlike the others"),
    )
    html = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><p>{meaning}</p></div>"
        for name, value, meaning in tiles
    )
    n_micrographs = len(summary.rows)
    sentence = (
        f"{summary.n_picks:,} particles on {len(summary.picked):,} of {n_micrographs:,} "
        f"micrograph{'' if n_micrographs == 1 else 's'}."
    )
    return f'<p class="lead">{sentence}</p><dl class="tiles">{html}</dl>'


def _draw(summary: RunSummary) -> str:
    rows = summary.rows
    picks = np.array([math.nan if row.has_failed else row.n_picks for row in rows])
    score = np.array([row.mean_score for row in rows])
    reasons = [summary.judge(row) for row in rows]
    band = ""
    if math.isfinite(summary.usual_picks.low):
        band = ", the shaded band what is usual in this run, and orange points are outliers"
    usual_low = summary.usual_score.low
    lowest = min(float(np.nanmin(score)), max(usual_low, 0) if math.isfinite(usual_low) else 1)
    figures = [
        draw_along_run(
            picks,
            stands_out=np.array(["few picks" in some or "many picks" in some for some in reasons]),
            usual=summary.usual_picks,
            label="picks",
            limits=(0, float(np.nanmax(picks)) * 1.05),
        ),
        draw_along_run(
            score,
            stands_out=np.array(["low mean score" in some for some in reasons]),
            usual=summary.usual_score,
            label="mean score",
            limits=(math.floor(10 * min(lowest, 0.9)) / 10, 1.0),
        ),
    ]
    captions = [
        f"Picks on each micrograph. The dashed line is the median{band}. A slow drift may come "
        "from ice or focus, a sudden step from another grid square.",
        "Mean score of the picks on each micrograph, drawn alike. It falls where particles are "
        "hard to see.",
    ]
    if len(summary.picked) >= FEWEST_TO_COMPARE:
        is_known = np.isfinite(score)
        figures += [
            draw_histogram(picks[np.isfinite(picks)], label="picks per micrograph", step=1),
            draw_histogram(score[is_known], label="mean score of a micrograph", step=0.005),
        ]
        captions += [
            "How many micrographs have how many picks.",
            "How many micrographs have which mean score.",
        ]
    images = (
        f"<figure>{svg}<figcaption>{text}</figcaption></figure>"
        for svg, text in zip(figures, captions, strict=True)
    )
    return f'<div class="plots">{"".join(images)}</div>'


def _list_outliers(summary: RunSummary) -> str:
    if len(summary.picked) < FEWEST_TO_COMPARE:
        text = f"With fewer than {FEWEST_TO_COMPARE} micrographs nothing is called unusual."
        return _paragraph(text)
    explanation = (
        f"A micrograph is listed if it lies more than {Z_LIMIT:g} robust standard deviations from "
        f"the median of this run. Usual are {_say(summary.usual_picks, '.0f')} picks, a mean "
        f"score of {_say(summary.usual_score, '.2f', most=1)}, and "
        f"{_say(summary.usual_junk, '.0%', most=1)} of the candidates in junk. Outliers are picked "
        "like the others: look at them, and decide."
    )
    if not summary.outliers:
        return _paragraph(explanation) + _paragraph("No micrograph stands out.")
    rows = [[*_cells(row, summary), _text(", ".join(reasons))] for row, reasons in summary.outliers]
    head = [*_head(), "*Stands out by"]
    return _paragraph(explanation) + _table(head, rows)


def _list_micrographs(summary: RunSummary) -> str:
    rows = [_cells(row, summary) for row in summary.picked[:_MOST_ROWS]]
    return _table(_head(), rows, n_rows=len(summary.picked))


def _head() -> list[str]:
    return ["Micrograph", "Picks", "Mean score", *(f"Left out: {reason}" for reason in REASONS)]


def _cells(row: MicrographRow, summary: RunSummary) -> list[str]:
    cells = [_text(row.name), f"{row.n_picks:,}", _decimal(row.mean_score, ".3f")]
    return cells + [f"{row.left_out.get(reason, 0):,}" for reason in REASONS]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, n_rows: int | None = None) -> str:
    """A table whose first column, and those whose head has a star, are text."""
    is_text = [title.startswith("*") for title in head]
    titles = _join(head, is_text, lambda title, kind: f"<th{kind}>{title.lstrip('*')}</th>")
    lines = []
    for first, *others in rows[:_MOST_ROWS]:
        cells = _join(others, is_text[1:], lambda cell, kind: f"<td{kind}>{cell}</td>")
        lines.append(f"<tr><th>{first}</th>{cells}</tr>")
    html = (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
    n_rows = len(rows) if n_rows is None else n_rows
    if n_rows > len(lines):
        more = f"The first {len(lines)} of {n_rows:,}; micrographs.csv and micrographs.star have "
        html += _paragraph(f"{more}all of them.")
    return html


def _join(texts: Iterable[str], is_text: Iterable[bool], make: Callable[[str, str], str]) -> str:
    pairs = zip(texts, is_text, strict=True)
    return "".join(make(text, ' class="text"' if left else "") for text, left in pairs)


def _say(usual: UsualRange, form: str, *, most: float = math.inf) -> str:
    """A range in words, without what cannot be."""
    low, high = max(usual.low, 0), min(usual.high, most)
    return f"{low:{form}} to {high:{form}}" if math.isfinite(usual.middle) else "no"


def _section(heading: str, html: str) -> str:
    return f"<section><h2>{heading}</h2>{html}</section>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _text(text: str) -> str:
    return escape(text)


def _decimal(value: float, form: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}"
