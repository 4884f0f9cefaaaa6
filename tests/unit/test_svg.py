"""Plots are well-formed, and show every value that they are given."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from local.svg import Part, bars, lines

SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_parts() -> None:
    drawn = ET.fromstring(bars("Seconds", "s", {"a & b": [Part("one", 1), Part("two", 3)], "c": [Part("one", 2)]}))  # noqa: S314 - our own

    widths = [float(each.attrib["width"]) for each in drawn.iter(f"{SVG}rect") if each.find(f"{SVG}title") is not None]
    assert widths == pytest.approx([widths[0], 3 * widths[0], 2 * widths[0]], abs=0.2)
    assert "a & b" in {each.text for each in drawn.iter(f"{SVG}text")}


def test_lines_have_a_point_for_each_value() -> None:
    drawn = ET.fromstring(lines("Success", "lag", "share", ["0 s", "1 s"], {"x": [1, 0.5], "y": [0, 0]}))  # noqa: S314

    titles = [each.findtext(f"{SVG}title") for each in drawn.iter(f"{SVG}circle")]
    assert titles == ["x, 0 s: 100%", "x, 1 s: 50%", "y, 0 s: 0%", "y, 1 s: 0%"]
    assert len(list(drawn.iter(f"{SVG}polyline"))) == 2
