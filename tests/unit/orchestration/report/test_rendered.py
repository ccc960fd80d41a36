"""The pages as a browser of the width of a phone lays them out."""

import datetime as dt
import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from orchestration.report.pages import Truth, experiment_page, product_page

NOW = dt.datetime(2026, 3, 1, 4, 0)
PHONE = 360
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium, chromium-browser or google-chrome on the PATH"
)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--virtual-time-budget=2000"),
)
# Sizes are those on the screen; a chart is drawn 640 wide and shrunk.
MEASURE = """
<script>
addEventListener("load", () => {
  const root = document.documentElement;
  const box = (node) => node.getBoundingClientRect();
  const texts = [...document.querySelectorAll(".chart text")].map((text) => {
    const chart = text.closest("svg"), size = parseFloat(getComputedStyle(text).fontSize);
    const {left, right, top, bottom} = box(text);
    return {
      chart: [...document.querySelectorAll(".chart")].indexOf(chart),
      size: size * box(chart).width / 640,
      inside: left >= box(chart).left - 1 && right <= box(chart).right + 1,
      left, right, top, bottom,
    };
  });
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    page: root.scrollWidth,
    folded: [...document.querySelectorAll(".folded")].map(
      (table) => table.parentElement.scrollWidth - table.parentElement.clientWidth
    ),
    fetched: performance.getEntriesByType("resource").map((entry) => entry.name),
    texts,
  }), "*");
});
</script>
"""
# A window is never as narrow as a phone; a frame is.
AROUND = f"""
<!doctype html><title></title>
<script>addEventListener("message", (told) => {{ document.title = told.data; }});</script>
<iframe src="page.html" width="{PHONE}" height="800" style="border: 0"></iframe>
"""


@pytest.fixture
def laid_out(tmp_path):
    """Lay a page out; what a script in it measured."""

    def measure(html: str) -> dict:
        page, around = tmp_path / "page.html", tmp_path / "around.html"
        page.write_text(html.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
        around.write_text(AROUND, encoding="utf-8")
        finished = subprocess.run(
            [
                *(BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}"),
                *("--dump-dom", around.as_uri()),
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        (title,) = re.findall(r"<title>(\{.*?\})</title>", finished.stdout, re.DOTALL)
        return json.loads(unescape(title))

    return measure


def overlaps(texts: list[dict]) -> list[tuple[dict, dict]]:
    return [
        (one, other)
        for place, one in enumerate(texts)
        for other in texts[place + 1 :]
        if one["chart"] == other["chart"]
        and one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    ]


@pytest.mark.parametrize("name", ["experiment", "product"])
def test_a_page_fits_a_phone_and_asks_nobody_for_anything(name, tables, laid_out):
    history = tables["ret_survival_curves"].assign(experiment_id="history")
    arms = tables["exp_arms"].assign(experiment_id="history")
    if name == "experiment":
        truth = Truth(("Measured +10 points, true +5.",), {"2026-01-02": 0.05, "2026-01-09": 0.06})
        html = experiment_page(tables, "e-1", NOW, truth)
    else:
        html = product_page({**tables, "ret_survival_curves": history, "exp_arms": arms}, NOW)
    found = laid_out(html)
    assert found["width"] == PHONE
    assert found["page"] <= PHONE
    assert found["folded"]
    assert max(found["folded"]) <= 0
    assert found["fetched"] == []
    assert len(found["texts"]) > 3
    assert all(text["inside"] for text in found["texts"])
    assert min(text["size"] for text in found["texts"]) >= 10
    assert overlaps(found["texts"]) == []


def test_a_page_that_is_too_wide_and_reaches_outside_is_found_out(laid_out):
    found = laid_out(
        "<!doctype html><html><head><meta name='viewport' content='width=device-width'>"
        "<title></title></head><body><p style='width: 500px'>wide</p>"
        "<img src='http://127.0.0.1:9/picture.png'></body></html>"
    )
    assert found["page"] >= 500
    assert found["fetched"] == ["http://127.0.0.1:9/picture.png"]
