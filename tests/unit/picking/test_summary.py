"""The summary of a run: its figures, its outliers, and the files that hold them."""

import csv
import math
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from deepem.core import Listing, Picks
from deepem.errors import MicrographError
from deepem.io import MicrographFile
from deepem.io.star_file import find_star_tables
from deepem.picking import PickedFile, Selection, judge
from deepem.picking.summary import MicrographRow, RunSummary, UsualRange
from deepem.picking.summary_files import CSV_NAME, PAGE_NAME, STAR_NAME, write_summary
from deepem.picking.summary_page import render_summary


def make_rows(n: int, *, seed: int = 0) -> list[MicrographRow]:
    """Micrographs that differ by chance alone."""
    rng = np.random.default_rng(seed)
    counts, junk = rng.poisson(200, n), rng.poisson(10, n)
    scores = rng.normal(0.85, 0.01, n)
    return [
        MicrographRow(
            f"mic_{i:05d}", Listing(f"mics/mic_{i:05d}.mrc"), int(k), float(s), {"junk": int(j)}
        )
        for i, (k, s, j) in enumerate(zip(counts, scores, junk, strict=True))
    ]


@pytest.fixture
def small() -> RunSummary:
    """Two micrographs that were picked, one without particles, and one that failed."""
    return RunSummary(
        [
            MicrographRow(
                "a", Listing("Job 1/a.mrc"), 3, 0.75, {"junk": 2, "standard deviation": 1}
            ),
            MicrographRow("b", Listing("b.mrc"), 1, 0.95, {"edge": 4}),
            MicrographRow("c", Listing("c.mrc")),
            MicrographRow("d", Listing("d.mrc"), error='d.mrc: is a "movie",\nnot <one> image'),
        ]
    )


def test_totals_are_those_of_all_micrographs(small: RunSummary) -> None:
    assert [row.name for row in small.picked] == ["a", "b", "c"]
    assert [row.name for row in small.failed] == ["d"]
    assert small.n_picks == 4
    assert small.mean_score == pytest.approx((3 * 0.75 + 0.95) / 4)
    assert small.left_out == {"junk": 2, "standard deviation": 1, "edge": 4}
    assert small.usual_picks == UsualRange(1.0)
    assert small.outliers == []


def test_a_row_holds_what_came_of_a_micrograph() -> None:
    file = MicrographFile(Path("mics/m.mrc"), listing=Listing("Job/m.mrc"))
    candidates = Picks(
        "m", [1, 2, 3, 4], [0, 0, 0, 0], score=[0.9, 0.8, 0.7, 0.1], junk=[0, 1, 0, 0]
    )
    verdict = judge(candidates, Selection(threshold=0.5))
    row = MicrographRow.of(PickedFile(file, picks=verdict.kept, verdict=verdict))
    assert row == MicrographRow("m", Listing("Job/m.mrc"), 2, pytest.approx(0.8), {"junk": 1})
    assert row.junk_fraction == pytest.approx(1 / 3)
    failed = MicrographRow.of(PickedFile(file, error=MicrographError("m.mrc: is constant")))
    assert (failed.has_failed, failed.error, failed.n_picks) == (True, "m.mrc: is constant", 0)
    assert math.isnan(failed.mean_score)
    assert math.isnan(failed.junk_fraction)


def test_tables_have_a_row_for_each_micrograph(small: RunSummary, tmp_path: Path) -> None:
    assert write_summary(small, tmp_path / "report") == tmp_path / "report" / PAGE_NAME
    (table,) = find_star_tables(tmp_path / "report" / STAR_NAME)
    assert table.name == "micrographs"
    numbers = ("rlnParticleNumber", "rlnAutopickFigureOfMerit", "deepemLeftOutJunk")
    numbers += ("deepemLeftOutStandardDeviation", "deepemLeftOutEdge")
    texts = ("rlnMicrographName", "deepemStatus", "deepemOutlier", "deepemFailure")
    frame = table.read(numbers=numbers, texts=texts)
    assert frame[list(numbers)].to_numpy().tolist() == [
        [3, 0.75, 2, 1, 0],
        [1, 0.95, 0, 0, 4],
        [0, -999, 0, 0, 0],
        [0, -999, 0, 0, 0],
    ]
    assert frame[list(texts)].to_numpy().tolist() == [
        ["Job 1/a.mrc", "picked", "none", "none"],
        ["b.mrc", "picked", "none", "none"],
        ["c.mrc", "picked", "none", "none"],
        ["d.mrc", "failed", "none", "d.mrc: is a 'movie', not <one> image"],
    ]
    with (tmp_path / "report" / CSV_NAME).open(newline="") as file:
        head, *rows = csv.reader(file)
    assert ",".join(head) == (
        "micrograph,path,picks,mean_score,junk,standard_deviation,edge,status,outlier,failure"
    )
    assert rows == [
        ["a", "Job 1/a.mrc", "3", "0.7500", "2", "1", "0", "picked", "", ""],
        ["b", "b.mrc", "1", "0.9500", "0", "0", "4", "picked", "", ""],
        ["c", "c.mrc", "0", "", "0", "0", "0", "picked", "", ""],
        ["d", "d.mrc", "", "", "", "", "", "failed", "", 'd.mrc: is a "movie",\nnot <one> image'],
    ]


def test_micrographs_unlike_the_others_are_found() -> None:
    odd = {
        3: (MicrographRow("empty", None, 40, 0.85, {"junk": 2}), ("few picks",)),
        10: (MicrographRow("crowded", None, 420, 0.85, {"junk": 20}), ("many picks",)),
        11: (MicrographRow("blurred", None, 200, 0.7, {"junk": 10}), ("low mean score",)),
        20: (MicrographRow("carbon", None, 200, 0.85, {"junk": 200}), ("much junk",)),
        21: (
            MicrographRow("bad", None, 20, 0.6, {"junk": 9}),
            ("few picks", "low mean score", "much junk"),
        ),
        30: (MicrographRow("unreadable", None, error="is missing"), ()),
    }
    rows = make_rows(40)
    for place, (row, _) in odd.items():
        rows[place] = row
    expected = [(row, reasons) for row, reasons in odd.values() if reasons]
    assert RunSummary(rows).outliers == expected


def test_a_run_that_differs_by_chance_has_no_outliers() -> None:
    assert RunSummary(make_rows(200)).outliers == []
    same = [MicrographRow(f"m{i}", None, 100, 0.9) for i in range(50)]
    nearly = [MicrographRow("n", None, 104, 0.895, {"junk": 1})]
    assert RunSummary(same + nearly).outliers == []


def test_few_micrographs_tell_nothing_of_what_is_usual() -> None:
    odd = MicrographRow("odd", None, 1000, 0.1, {"junk": 900})
    assert RunSummary([*make_rows(8), odd]).outliers == []
    assert [row.name for row, _ in RunSummary([*make_rows(9), odd]).outliers] == ["odd"]


def test_what_is_usual_is_the_median_and_robust_deviations_around_it() -> None:
    values = np.array([*range(1, 12), 1000, np.nan], dtype=float)  # median 6.5, MAD 3
    usual = UsualRange.of(values, least_deviation=0)
    assert usual.middle == 6.5
    assert usual.high - usual.middle == pytest.approx(3.5 * 1.4826 * 3)
    assert usual.middle - usual.low == pytest.approx(3.5 * 1.4826 * 3)
    assert UsualRange.of(np.full(20, 100.0)).high == 100 + 3.5 * 10


class _Page(HTMLParser):
    """What a page says, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{name}={value}" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_needs_nothing_else_and_says_all(small: RunSummary) -> None:
    rows = make_rows(60)
    rows[7] = MicrographRow("blurred", None, 200, 0.6)
    html = render_summary(RunSummary([*small.rows, *rows]), settings={"Threshold": "<0.42>"})
    page = _Page(html)
    assert page.links == []
    assert "http" not in html
    assert "script" not in page.tags
    assert page.tags.count("svg") == 4
    assert 'd.mrc: is a "movie",\nnot <one> image' in page.texts
    assert "<0.42>" in page.texts
    assert page.texts.count("blurred") == 2  # among the outliers and among all
    assert "low mean score" in page.texts


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [MicrographRow("m", error="is missing")],
        [MicrographRow("m")],
        [MicrographRow("m", None, 1, 1.0)],
        [MicrographRow(f"m{i}", None, 1, 1.0) for i in range(12)],
        [MicrographRow(f"m{i}") for i in range(12)],
    ],
    ids=["nothing", "failed", "no picks", "one pick", "all alike", "no picks at all"],
)
def test_any_run_has_a_page(rows: list[MicrographRow]) -> None:
    html = render_summary(RunSummary(rows))
    assert "nan" not in html
    assert "inf" not in html
    assert f"on {sum(not row.has_failed for row in rows)} of {len(rows)} micrograph" in html


def test_the_same_run_makes_the_same_bytes(small: RunSummary, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_summary(RunSummary(make_rows(30)), tmp_path / name, settings={"a": "b"})
        write_summary(RunSummary(make_rows(30)), tmp_path / name, settings={"a": "b"})  # replaces
    for name in (STAR_NAME, CSV_NAME, PAGE_NAME):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_facility_has_a_page_too(tmp_path: Path) -> None:
    """20,000 micrographs, among them failures and outliers without number."""
    rows = make_rows(20_000)
    rows[::50] = [MicrographRow(f"failed_{i}", error="x" * 200) for i in range(400)]
    rows[1::50] = [MicrographRow(f"odd_{i}", None, 5, 0.3) for i in range(400)]
    start = time.perf_counter()
    page = write_summary(RunSummary(rows), tmp_path)
    assert time.perf_counter() - start < 5
    assert page.stat().st_size < 2e6
    assert "The first 300 of 400;" in page.read_text()
    assert len((tmp_path / CSV_NAME).read_text().splitlines()) == 20_001
    (table,) = find_star_tables(tmp_path / STAR_NAME)
    assert table.n_rows == 20_000
