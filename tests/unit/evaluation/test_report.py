"""The report is one page that holds the figures and nothing dangerous."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from deepem.core import Frame, Picks
from deepem.errors import ConventionError
from deepem.evaluation import Picture, evaluate, render_report

NAME = "<script>alert('x')</script>"
FRAME = Frame((60, 80))
TRUTH = [Picks(NAME, [20, 40], [20, 40], frame=FRAME), Picks("plain", [30], [30], frame=FRAME)]
PICKS = [
    Picks(NAME, [21, 60], [20, 20], score=[0.9, 0.4]),
    Picks("plain", [30], [34], score=[0.8]),
]
PICTURE = Picture(micrograph=NAME, pixels=np.eye(60, 80), frame=FRAME)


class Page(HTMLParser):
    """The tags, sources and text of a page; complains about tags that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        """Note a tag and what it refers to."""
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        """Check that the tag closes the one that was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data):
        """Note a text."""
        self.text += data


def render(**options) -> str:
    result = evaluate(PICKS, TRUTH, max_distance_px=5, edge_margin_px=3, threshold=0.5)
    return render_report(result, title="Apoferritin", **options)


def test_figures_and_names_are_on_the_page():
    page = Page(render(settings={"Model": {"name": "apo.deepem"}}, notes=["Seen twice."]))
    assert "2 of 3 particles were found, and 0 of 2 picks are wrong, on 2 micrographs." in page.text
    for text in (
        "1.000",
        "0.667",
        "0.800",
        "0.714",
        "2.5",
        NAME,
        "plain",
        "Model",
        "apo.deepem",
        "Seen twice.",
    ):
        assert text in page.text
    assert "within 5 pixels" in page.text
    assert "Within 3 pixels of the edge nothing had to be found" in page.text
    assert "score of 0.5 or more" in page.text


def test_the_page_needs_nothing_else():
    html = render(pictures=[PICTURE])
    page = Page(html)
    assert page.tags.count("img") == 4
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not re.search(r"url\(|@import|<link", html)


@pytest.mark.parametrize(
    "options",
    [
        {"pictures": [PICTURE]},
        {"settings": {NAME: {NAME: NAME}}},
        {"notes": [NAME]},
    ],
)
def test_names_are_escaped(options):
    html = render(**options)
    page = Page(html)
    assert "script" not in page.tags
    assert html.count("&lt;script&gt;") > render().count("&lt;script&gt;")


def test_the_title_is_escaped():
    result = evaluate(PICKS, TRUTH, max_distance_px=5)
    assert "script" not in Page(render_report(result, title=NAME)).tags


def test_no_threshold_and_no_margin_are_stated():
    page = Page(render_report(evaluate(PICKS, TRUTH, max_distance_px=5), title="All"))
    assert "no threshold was applied" in page.text
    assert "Particles at the edge of a micrograph had to be found" in page.text


def test_the_best_threshold_is_named():
    # F2 is highest with the picks at 0.9 and 0.8, above the one at 0.4: midway lies 0.6.
    assert "F2 is highest at a threshold of 0.6." in Page(render()).text


@pytest.mark.parametrize(
    ("picks", "truth"),
    [
        (Picks("m"), Picks("m")),
        (Picks("m"), Picks("m", [1], [1])),
        (Picks("m", [1], [1], score=[0.5]), Picks("m")),
        (Picks("m", [1], [1]), Picks("m", [1], [1])),
    ],
    ids=["both empty", "nothing picked", "nothing there", "no scores"],
)
def test_without_curves_the_page_has_none(picks, truth):
    page = Page(render_report(evaluate(picks, truth, max_distance_px=5), title="Empty"))
    assert "img" not in page.tags
    assert "on 1 micrograph." in page.text


def test_curves_without_a_right_pick_name_no_threshold():
    picks, truth = Picks("m", [50], [50], score=[0.5]), Picks("m", [1], [1])
    page = Page(render_report(evaluate(picks, truth, max_distance_px=5), title="Wrong"))
    assert page.tags.count("img") == 3
    assert "F2 is highest" not in page.text


def test_a_picture_of_an_unknown_micrograph_is_refused():
    picture = Picture(micrograph="other", pixels=np.eye(60, 80), frame=FRAME)
    with pytest.raises(ConventionError, match=r"other.*in the evaluation only"):
        render(pictures=[picture])
