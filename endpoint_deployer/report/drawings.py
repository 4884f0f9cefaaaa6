"""The drawings of a report, as SVG: the state machine with the path taken, the timeline, the traffic. Pure.

Colours are CSS variables, so that the page draws them for light and for dark.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from endpoint_deployer.report.timeline import edges_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from endpoint_deployer.json_document import Document

_ROW = 30
_BOX_WIDTH, _BOX_HEIGHT = 210, 22
_LEFT = 190
"""Where the boxes begin; transitions back are drawn on their left."""

_MOST_BEND = 170
_WIDTH = 900
_LABELS, _RIGHT = 200, 120
"""The margins of the time axis, for the names of states and their durations."""

_BAR_ROW = 22
_CHART_HEIGHT = 140


def machine(definition: Document, visits: Sequence[Document]) -> str:
    """Draw the states in the order of the definition, and the transitions; what was taken stands out."""
    states = list(definition["States"])
    rows = {name: index for index, name in enumerate(states)}
    path = [visit["State"] for visit in visits]
    failed = {visit["State"] for visit in visits if visit["HasFailed"] or visit["Type"] == "Fail"}
    taken = dict.fromkeys(pairwise(path))
    drawn = {(start, end): kind for start, end, kind in edges_of(definition) if kind != "catch"}
    parts = [_transition(rows, edge, is_taken=False) for edge in drawn if edge not in taken]
    parts += [_transition(rows, edge, is_taken=True) for edge in taken if edge[0] in rows and edge[1] in rows]
    for name, row in rows.items():
        kind = "failed" if name in failed else "taken" if name in path else "box"
        y = row * _ROW + 4
        count = f" x{path.count(name)}" if path.count(name) > 1 else ""
        comment = escape(definition["States"][name].get("Comment", ""))
        parts.append(
            f'<g class="{kind}"><title>{comment}</title>'
            f'<rect x="{_LEFT}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>'
            f'<text x="{_LEFT + _BOX_WIDTH / 2}" y="{y + 15}" text-anchor="middle">{escape(name)}{count}</text></g>'
        )
    width, height = _LEFT * 2 + _BOX_WIDTH, len(states) * _ROW + 8
    return _svg(width, height, "The state machine, and the path that this execution took", parts)


def _transition(rows: dict[str, int], edge: tuple[str, str], *, is_taken: bool) -> str:
    start, end = (rows[name] * _ROW + 4 + _BOX_HEIGHT / 2 for name in edge)
    kind = "way" if is_taken else "line"
    if rows[edge[1]] == rows[edge[0]] + 1:
        x, half = _LEFT + _BOX_WIDTH / 2, _BOX_HEIGHT / 2
        return f'<path class="{kind}" d="M{x} {start + half}V{end - half}"/>'
    is_forward = end > start
    x = _LEFT + _BOX_WIDTH if is_forward else _LEFT
    bend = min(_MOST_BEND, 24 + abs(end - start) / 5) * (1 if is_forward else -1)
    return f'<path class="{kind}" d="M{x} {start}C{x + bend} {start} {x + bend} {end} {x} {end}"/>'


def timeline(visits: Sequence[Document]) -> str:
    """Draw a row for each state that took time, with a bar for each visit and a mark for each failed attempt."""
    shown = [visit for visit in visits if visit["Type"] in {"Task", "Wait"}]
    if not shown:
        return ""
    began, seconds = _span([visit["EnteredAt"] for visit in shown], [visit["LeftAt"] for visit in shown])
    states = list(dict.fromkeys(visit["State"] for visit in shown))
    parts = []
    for row, state in enumerate(states):
        own, y = [visit for visit in shown if visit["State"] == state], row * _BAR_ROW + 4
        parts.append(f'<text x="{_LABELS - 8}" y="{y + 12}" text-anchor="end">{escape(state)}</text>')
        parts += [part for visit in own for part in _bar(visit, y, began, seconds)]
        end, total = _x(own[-1]["LeftAt"], began, seconds), sum(visit["Seconds"] for visit in own)
        count = f" in {len(own)}" if len(own) > 1 else ""
        parts.append(f'<text class="quiet" x="{end + 6:.1f}" y="{y + 12}">{total:.1f} s{count}</text>')
    return _svg(_WIDTH, len(states) * _BAR_ROW + 8, "How long each step took", parts)


def _bar(visit: Document, y: float, began: datetime, seconds: float) -> Iterator[str]:
    """Yield the bar of a visit, and its marks."""
    start, end = (_x(visit[member], began, seconds) for member in ("EnteredAt", "LeftAt"))
    kind = "failed" if visit["HasFailed"] else "waited" if visit["Type"] == "Wait" else "taken"
    width = max(2.0, end - start)
    yield (
        f'<g class="{kind}"><title>{visit["Seconds"]:g} s</title>'
        f'<rect x="{start:.1f}" y="{y}" width="{width:.1f}" height="{_BAR_ROW - 6}" rx="3"/></g>'
    )
    for failure in visit["Failures"]:
        x, title = _x(failure["At"], began, seconds), escape(f"{failure['Error']}: {failure['Cause']}"[:300])
        yield f'<circle class="retry" cx="{x:.1f}" cy="{y + 8}" r="4"><title>{title}</title></circle>'


def traffic(looks: Sequence[Document], ended_at: str) -> str:
    """Draw the new fleet's share of the traffic over time, as the looks at the endpoint saw it."""
    if not looks:
        return ""
    began, seconds = _span([looks[0]["At"]], [ended_at])
    points = [(_x(look["At"], began, seconds), look["NewFleetShare"]) for look in looks]
    line = " ".join(_steps(points))
    parts = [
        f'<text class="quiet" x="{_LABELS - 8}" y="{_y(share) + 4}" text-anchor="end">{share:.0%}</text>'
        f'<path class="line" d="M{_LABELS} {_y(share)}H{_WIDTH - _RIGHT}"/>'
        for share in (0.0, 0.5, 1.0)
    ]
    parts.append(f'<path class="way" d="{line} H{_WIDTH - _RIGHT}"/>')
    for (x, share), look in zip(points, looks, strict=True):
        title = escape(", ".join([look["EndpointStatus"], *look["Stages"]]))
        parts.append(f'<circle class="look" cx="{x:.1f}" cy="{_y(share)}" r="4"><title>{title}</title></circle>')
    return _svg(_WIDTH, _CHART_HEIGHT + 20, "The new fleet's share of the traffic", parts)


def _steps(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield the commands of a line that changes its height only where a look saw another share."""
    for index, (x, share) in enumerate(points):
        yield f"M{x:.1f} {_y(share)}" if index == 0 else f"H{x:.1f} V{_y(share)}"


def _y(share: float) -> float:
    return round(10 + (1 - min(1.0, share)) * _CHART_HEIGHT, 1)


def _span(starts: Sequence[str], ends: Sequence[str]) -> tuple[datetime, float]:
    began = min(map(datetime.fromisoformat, starts))
    return began, max(0.001, (max(map(datetime.fromisoformat, ends)) - began).total_seconds())


def _x(moment: str, began: datetime, seconds: float) -> float:
    share = (datetime.fromisoformat(moment) - began).total_seconds() / seconds
    return _LABELS + min(1.0, share) * (_WIDTH - _LABELS - _RIGHT)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
