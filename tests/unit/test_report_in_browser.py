"""The report of an execution, as a browser shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from endpoint_deployer.report.page import page
from local.browser.browser import Browser, find_browser
from tests.unit.report_samples import NASTY, VISITS, report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXECUTABLE = find_browser()

pytestmark = pytest.mark.skipif(
    EXECUTABLE is None, reason="there is no browser; `make browser` installs one on Linux on x86-64, by npm"
)

SCHEMES = ("light", "dark")
WIDE, NARROW = 1000, 390
LONG = "an-endpoint-whose-name-has-as-many-letters-as-sagemaker-allows"

OUTSIDE = """[...document.querySelectorAll('svg')].flatMap(svg => {
  const outer = svg.getBoundingClientRect()
  return [...svg.querySelectorAll('text, rect, circle, path')].filter(part => {
    const box = part.getBoundingClientRect()
    const isWithin = box.left >= outer.left - 1 && box.right <= outer.right + 1
    return !isWithin || box.top < outer.top - 1 || box.bottom > outer.bottom + 1
  }).map(part => part.outerHTML.slice(0, 200))
})"""
"""The parts of drawings that reach beyond their drawing."""

HIDDEN = """[...document.querySelectorAll('h1, h2, dt, dd, th, td, pre, svg text, svg rect')].filter(part => {
  const box = part.getBoundingClientRect()
  return !part.checkVisibility({opacityProperty: true, visibilityProperty: true}) || box.width < 1 || box.height < 1
}).map(part => part.outerHTML.slice(0, 200))"""
"""Elements that take no room, or are not shown."""

CONTRASTS = """[...document.querySelectorAll('h1, h1 span, h2, p, dt, dd, th, td, pre, svg text')].map(part => {
  const luminance = color => {
    const parts = color.match(/[0-9.]+/g).slice(0, 3).map(each => each / 255)
    const [red, green, blue] = parts.map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const box = part.parentElement.querySelector(':scope > rect')
  const behind = getComputedStyle(box || document.body)[box ? 'fill' : 'backgroundColor']
  const own = getComputedStyle(part)[part instanceof SVGElement ? 'fill' : 'color']
  const [low, high] = [luminance(own), luminance(behind)].sort((one, other) => one - other)
  return (high + 0.05) / (low + 0.05)
})"""
"""The contrast of each text with what is behind it (WCAG 2.2, "contrast ratio")."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, which all tests of this module share."""
    with Browser(str(EXECUTABLE)) as opened:
        yield opened


def show(browser: Browser, folder: Path, *, width: int = WIDE, scheme: str = "light", **changed: Any) -> str:
    """Open a report, and return its URL."""
    path = folder / "report.html"
    path.write_text(page(report(**changed)), encoding="utf-8")
    browser.requests.clear()
    browser.messages.clear()
    browser.open(path.as_uri(), width=width, height=1200, scheme=scheme)
    return path.as_uri()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_page_loads_no_resources_and_has_no_errors(browser: Browser, tmp_path: Path, scheme: str) -> None:
    url = show(browser, tmp_path, scheme=scheme)

    assert browser.requests == [url]
    assert browser.messages == []


def test_browser_notes_requests_and_errors(browser: Browser, tmp_path: Path) -> None:
    """The test above would pass if the browser noted nothing."""
    path = tmp_path / "page.html"
    path.write_text('<img src="missing.png"><script>console.error("wrong"); nothing()</script>', encoding="utf-8")
    browser.requests.clear()

    browser.open(path.as_uri(), width=WIDE, height=800, scheme="light")

    assert browser.requests == [path.as_uri(), (tmp_path / "missing.png").as_uri()]
    assert "wrong" in browser.messages
    assert any("Uncaught" in message for message in browser.messages)


def test_everything_is_visible(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path)

    headings = browser.evaluate("[...document.querySelectorAll('h2')].map(each => each.innerText)")

    assert headings == [
        "What changed",
        "The new fleet's share of the traffic",
        "Timeline",
        "Retries and failures",
        "The container's log",
        "The path through the state machine",
    ]
    assert browser.evaluate(HIDDEN) == []
    assert browser.evaluate("document.body.innerText").count(NASTY) == 4
    assert browser.evaluate("JSON.parse(document.getElementById('data').textContent).Outcome") == "Failed"


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["a window", "a telephone"])
def test_nothing_reaches_beyond_the_page_or_its_drawing(browser: Browser, tmp_path: Path, width: int) -> None:
    long = LONG * 4
    visits = [{**visit, "State": "DescribeEndpointConfig", "Type": "Task", "Seconds": 43_200.1} for visit in VISITS]
    show(browser, tmp_path, width=width, EndpointName=LONG, Cause=long, LogLines=[long], Title=long, Visits=visits)

    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_texts_can_be_read(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """4.5 to 1 is what WCAG asks for (success criterion 1.4.3)."""
    show(browser, tmp_path, scheme=scheme)

    contrasts = browser.evaluate(CONTRASTS)

    assert len(contrasts) > 60
    assert min(contrasts) >= 4.5


def test_light_and_dark_differ(browser: Browser, tmp_path: Path) -> None:
    pictures, papers = [], []
    for scheme in SCHEMES:
        show(browser, tmp_path, scheme=scheme)
        pictures.append(browser.picture())
        papers.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert papers == ["rgb(255, 255, 255)", "rgb(16, 22, 32)"]
    assert pictures[0] != pictures[1]
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 20_000 for picture in pictures)
