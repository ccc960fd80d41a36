"""Pages made of a few literal rows, and the charts in them."""

import datetime as dt
from html.parser import HTMLParser

import pytest

from orchestration.report.charts import Line, difference, interval_bar, line_chart, number
from orchestration.report.pages import Truth, experiment_page, product_page
from orchestration.report.tables import UnknownExperimentError

NOW = dt.datetime(2026, 3, 1, 4, 0)
NAN = float("nan")


class Page(HTMLParser):
    """Collects the text, and fails on a page that is not closed in order or reaches outside."""

    VOID = frozenset({"meta", "br", "line", "circle", "polygon", "polyline"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        """Open an element."""
        assert not {"src", "href", "srcset"} & {name for name, _ in attrs}
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Pass over an element that closes itself."""

    def handle_endtag(self, tag):
        """Close an element, and what HTML lets be left open in it."""
        if tag not in self.VOID:
            while self.open[-1] in {"p", "li", "td", "th", "tr"} and self.open[-1] != tag:
                self.open.pop()
            assert self.open.pop() == tag

    def handle_data(self, data):
        """Keep the words."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """Everything a reader sees, in one line."""
        return " ".join(" ".join(self.words).split())


def test_the_page_of_an_experiment_says_what_was_decided_and_why(tables):
    html = experiment_page(tables, "e-1", NOW)
    text = Page(html).text
    for words in (
        "Ship new. It is better.",
        "2,600 users met it.",
        "30.0 % 40.0 % +10.0 points",
        "leaves 75.0 % of the variance. Without it the difference is +8.0 points, with it "
        "+10.0 points.",
        "Back on day 7: difference to control in percentage points, day by day",
        "no answer: there is no variation",
        "segment: FR 2,300 no answer: an arm has no users",
        "clicked an item 250 (25.0 %)",
        "old (control) popular 50.0 % 1,300 1,200 3 2 1 25.0 %",
    ):
        assert words in text
    # What people wrote is shown as they wrote it, not obeyed.
    assert "<b>Bold" not in html
    assert "<b>Bold & new</b>" in text


def test_what_is_true_stands_beside_what_was_measured(tables):
    words = ("Measured +10 points, true +5.", "Known to 1 point.")
    by_date = {f"2026-01-{day:02}": 0.05 for day in range(2, 15)}
    html = experiment_page(tables, "e-1", NOW, Truth(words, by_date))
    text = Page(html).text
    assert "What is true Measured +10 points, true +5. Known to 1 point." in text
    assert "measured true" in text
    measured, true = (
        html.split(f'class="line {name}" points="')[1] for name in ("treated", "true")
    )
    assert len(true.split('"')[0].split()) == 13
    # Where both hold a day they are drawn at the same distance from the left.
    assert true.split(",")[0] == measured.split()[1].split(",")[0]
    plain = experiment_page(tables, "e-1", NOW)
    assert "What is true" not in plain
    assert 'class="line true"' not in plain


def test_the_page_of_the_product_shows_cohorts_and_what_cannot_be_analysed(tables):
    html = product_page(tables, NOW)
    text = Page(html).text
    assert "2026-01-05 40 100 55 2026-01-12 30 100" in text
    assert "broken: missing_salt" in text
    # The last day that is over, and the one four weeks before it.
    assert "28 days 2026-01-30 129 500 1,234 2026-01-02 101 n/a n/a" in text
    assert "Users active in seven days" in html
    assert "Back on day 7 30.0 % ± 5.0 points 15,603" in text


def test_a_log_without_users_still_has_a_page(tables):
    empty = {
        name: frame.iloc[:0] if name != "exp_metrics" else frame for name, frame in tables.items()
    }
    assert "No user has met an experiment." in Page(product_page(empty, NOW)).text


@pytest.mark.parametrize(
    ("name", "words"), [("e-2", "'e-1', 'broken'; got 'e-2'"), ("broken", "missing_salt")]
)
def test_other_experiments_are_refused(tables, name, words):
    with pytest.raises(UnknownExperimentError, match=words):
        experiment_page(tables, name, NOW)


def test_a_chart_keeps_within_its_frame_and_says_nothing_of_nothing():
    chart = line_chart(
        [Line("treated", [(0, 1.0, -9.0, 9.0), (1, 1.0, 0.5, 1.5)])], "t", [(0, "a")]
    )
    points = chart.split('points="')[1].split('"')[0]
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert min(heights) >= 14
    assert max(heights) <= 260 - 34
    assert line_chart([Line("treated", [])], "t", []) == ""


def test_a_bar_is_coloured_only_when_its_interval_leaves_zero():
    assert 'class="good"' in interval_bar(0.1, 0.2, 0.3, 0.5)
    assert 'class="bad"' in interval_bar(-0.3, -0.2, -0.1, 0.5)
    assert 'class="open"' in interval_bar(-0.1, 0.2, 0.5, 0.5)
    assert interval_bar(NAN, NAN, NAN, 0.5) == ""


def test_the_axis_of_a_difference_of_shares_has_no_per_cent():
    lines = [Line("treated", [(0, 0.1, 0.0, 0.2), (1, 0.1, 0.0, 0.2)])]
    assert ">20 %</text>" in line_chart(lines, "t", [], is_share=True)
    assert ">20</text>" in line_chart(lines, "t", [], is_share=True, zero=True)


def test_a_difference_of_shares_is_in_points_any_other_in_its_unit():
    assert difference(-0.0401, is_share=True) == "-4.0 points"
    assert difference(0.05, is_share=True, signed=False) == "5.0 points"
    assert difference(12.345) == "+12.3"
    assert difference(NAN, is_share=True) == "n/a"


def test_numbers_are_written_for_people():
    assert number(0.1234, is_share=True, signed=True) == "+12.3 %"
    assert number(12345.6) == "12,346"
    assert number(0.98765) == "0.988"
    assert number(NAN) == "n/a"
