"""Plots for the documents, as SVG that is readable on a bright and on a dark page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f")
_WIDTH, _LEFT, _RIGHT, _TOP = 760, 200, 20, 40
_GREY = "#888888"
_FONT = 'font-family="sans-serif" font-size="13"'


@dataclass(frozen=True)
class Part:
    """A part of a bar.

    Attributes:
        name: As the legend has it.
        size: In the unit of the plot.
    """

    name: str
    size: float


def bars(title: str, unit: str, rows: Mapping[str, Sequence[Part]]) -> str:
    """Draw horizontal bars, one for each row, of parts with a legend.

    Args:
        title: Stands above.
        unit: Stands behind the numbers.
        rows: Parts by the names of the rows.
    """
    names = list(dict.fromkeys(part.name for parts in rows.values() for part in parts))
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}
    most = max(sum(part.size for part in parts) for parts in rows.values()) or 1.0
    scale = (_WIDTH - _LEFT - _RIGHT - 90) / most
    drawn, y = [], _TOP + 12
    for row, parts in rows.items():
        drawn.append(_text(_LEFT - 8, y + 15, row, anchor="end"))
        x = float(_LEFT)
        for part in parts:
            drawn.append(
                f'<rect x="{x:.1f}" y="{y}" width="{part.size * scale:.1f}" height="20" fill="{colours[part.name]}">'
                f"<title>{escape(part.name)}: {part.size:,.4g} {escape(unit)}</title></rect>"
            )
            x += part.size * scale
        total = sum(part.size for part in parts)
        drawn.append(_text(x + 6, y + 15, f"{total:,.3g} {unit}"))
        y += 30
    drawn += _legend(colours, y + 8) if len(names) > 1 else []
    return _svg(title, y + 24 + 18 * (len(names) if len(names) > 1 else 0), drawn)


def lines(title: str, x_name: str, y_name: str, points: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Draw a line for each series over points that are equally far apart; values are shares of 1.

    Args:
        title: Stands above.
        x_name: What the points are.
        y_name: What the values are.
        points: The points' names.
        series: A value for each point, by the names of the series.
    """
    left, height = 70, 260
    step = (_WIDTH - left - 30) / (len(points) - 1)
    bottom = _TOP + height
    drawn = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = bottom - share * height
        drawn.append(f'<line x1="{left}" y1="{y}" x2="{_WIDTH - 30}" y2="{y}" stroke="{_GREY}" stroke-opacity="0.3"/>')
        drawn.append(_text(left - 8, y + 4, f"{share:.0%}", anchor="end"))
    drawn += [_text(left + index * step, bottom + 20, point, anchor="middle") for index, point in enumerate(points)]
    drawn.append(_text(_WIDTH / 2, bottom + 42, f"{x_name} (vertical: {y_name})", anchor="middle"))
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(series)}
    for name, values in series.items():
        path = " ".join(f"{left + i * step:.1f},{bottom - value * height:.1f}" for i, value in enumerate(values))
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colours[name]}" stroke-width="2.5"/>')
        drawn += [
            f'<circle cx="{left + i * step:.1f}" cy="{bottom - value * height:.1f}" r="4" fill="{colours[name]}">'
            f"<title>{escape(name)}, {escape(points[i])}: {value:.0%}</title></circle>"
            for i, value in enumerate(values)
        ]
    drawn += _legend(colours, bottom + 60)
    return _svg(title, bottom + 76 + 18 * len(series), drawn)


def _legend(colours: Mapping[str, str], y: float) -> list[str]:
    drawn = []
    for index, (name, colour) in enumerate(colours.items()):
        top = y + 18 * index
        drawn.append(f'<rect x="{_LEFT}" y="{top}" width="12" height="12" fill="{colour}"/>')
        drawn.append(_text(_LEFT + 20, top + 11, name))
    return drawn


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{_GREY}" text-anchor="{anchor}" {_FONT}>{escape(text)}</text>'


def _svg(title: str, height: float, drawn: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img">'
    named = f'<title>{escape(title)}</title>\n<text x="10" y="24" fill="{_GREY}" {_FONT} font-weight="bold">'
    return "\n".join([head, f"{named}{escape(title)}</text>", *drawn, "</svg>"]) + "\n"
