"""The status of an endpoint, in a few lines."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape

from endpoint_deployer.view.summaries import summarize_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.json_document import Document


def status_lines(status: Document) -> Iterator[str]:
    """Yield the lines of an endpoint's status, with rich's markup."""
    live = status["Live"]
    yield f"[bold]{status['EndpointName']}[/] {_status(status)}"
    if live:
        yield from _live(live)
    yield from map(_variant, (status["Endpoint"] or {}).get("ProductionVariants", []))
    if status["FailureReason"]:
        yield f"  reason   [red]{escape(status['FailureReason'])}[/]"
    if status["Drift"]:
        yield f"  drift    [yellow]{', '.join(status['Drift'])}[/] [dim](by the last sweep)[/]"
    if status["Repair"]:
        yield f"  repair   {status['Repair'].rpartition(':')[2]} [dim](started by the last sweep)[/]"
    for each in status["Scaling"]:
        current = "unknown" if each["Current"] is None else each["Current"]
        bounds = f"{each['MinCapacity']} to {each['MaxCapacity']}"
        yield f"  scaling  {escape(each['VariantName'])}: {current}, from {bounds}"
    for alarm in status["Alarms"]:
        yield f"  alarm    [red]{escape(alarm)}[/] is in the state ALARM"
    for each in status["Runs"]:
        yield f"  running  {_run(each)}"
    for each in status["Waiting"]:
        yield f"  waiting  {_run(each)}"


def _status(status: Document) -> str:
    if status["Endpoint"] is None:
        return "[yellow]does not exist[/]"
    color = {"InService": "green", "Failed": "red", "UpdateRollbackFailed": "red"}.get(status["Status"], "yellow")
    return f"[{color}]{summarize_endpoint(status['Endpoint'])}[/]"


def _live(live: Document) -> Iterator[str]:
    yield f"  live     {live['Revision']} [dim]({live['State']})[/] since {_moment(live['Since'])}"
    if live["Config"] != live["Revision"]:
        yield f"  config   {live['Config']} [dim](with the weights and counts of the live revision)[/]"
    if live["Trigger"]:
        yield f"  by       {escape(live['Trigger'])}"


def _variant(variant: Document) -> str:
    """Return the line of a variant: its weight and its instances, and what they are being changed to."""
    weight = _change(variant, "Weight")
    count = f", instances {_change(variant, 'InstanceCount')}" if "CurrentInstanceCount" in variant else ""
    return f"  variant  {escape(variant['VariantName'])}: weight {weight}{count}"


def _change(variant: Document, member: str) -> str:
    """Return a number of a variant, and another one that is wanted."""
    current, desired = (variant.get(f"{time}{member}") for time in ("Current", "Desired"))
    shown = f"{current or 0:g}"
    return shown if desired is None or desired == current else f"{shown} → {desired:g}"


def _run(run: Document) -> str:
    look = f", next look by {_moment(run['NextLook'])}" if run["NextLook"] else ""
    return (
        f"{run['Execution']}: [bold]{run['State']}[/] since {_moment(run['Since'])}{look} "
        f"[dim]{escape(' · '.join(filter(None, [run['Trigger'], run['Reason']])))}[/]"
    )


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
