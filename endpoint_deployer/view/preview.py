"""The preview of a dry run, as a difference that a person reads."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from endpoint_deployer.json_document import Document

_MEANINGS = {
    "Create": "would be created",
    "Update": "would be updated",
    "UpdateWeights": "would get other weights or counts; it keeps its config and its other instances",
    "Resume": "would be tested and recorded: its last deployment was stopped",
    "Wait": "would be deployed after the deployment that is under way",
    "NothingToDo": "serves exactly this: nothing to do",
    "UpdateTags": "would get other tags; no instance changes",
    "Confirm": "serves exactly this: nothing to do",
    "Superseded": "serves what was requested later: nothing to do",
    "AwaitingArtifact": "waits for an artifact",
}
_LONGEST_LINE = 100
"""Characters of values that stand beside each other; longer ones stand below each other."""

_SIGNS = {"added": "[green]+[/]", "removed": "[red]-[/]", "changed": "[yellow]~[/]"}


def print_preview(console: Console, endpoint: str, preview: Document) -> None:
    """Print what a deployment would change."""
    for line in preview_lines(endpoint, preview):
        console.print(line, soft_wrap=True)


def preview_lines(endpoint: str, preview: Document) -> Iterator[str]:
    """Yield the lines of a preview, with rich's markup."""
    yield f"[bold]{endpoint}[/] {_MEANINGS.get(preview['Action'], preview['Action'])}"
    changes = preview["Changes"]
    yield from difference_lines(changes)
    if left_out := preview["ChangesLeftOut"]:
        yield f"  … and {left_out} more"
    yield from _facts(preview)
    for warning in preview["Warnings"]:
        yield f"[yellow]![/] {escape(warning)}"
    counts = [f"{sum(_kind(each) == kind for each in changes)} {kind}" for kind in _SIGNS]
    yield f"[bold]Fields:[/] {', '.join(counts)}."


def difference_lines(changes: list[Document]) -> Iterator[str]:
    """Yield the lines of changed fields, below the part of the request that they are in."""
    for parent, group in groupby(changes, lambda change: _split(change["Path"])[0]):
        if parent:
            yield f"  {escape(parent)}"
        for change in group:
            name, indent = escape(_split(change["Path"])[1]), "    " if parent else "  "
            values = [escape(str(change[side])) for side in ("Before", "After") if side in change]
            line = f"{indent}{_SIGNS[_kind(change)]} {name}: "
            if sum(map(len, values)) <= _LONGEST_LINE:
                yield line + " → ".join(values)
            else:
                yield from (line.rstrip(), *(f"{indent}    {value}" for value in values))


def _split(path: str) -> tuple[str, str]:
    parent, _, name = path.rpartition(".")
    return parent, name


def _kind(change: Document) -> str:
    return "changed" if change.keys() >= {"Before", "After"} else "added" if "After" in change else "removed"


def _facts(preview: Document) -> Iterator[str]:
    """Yield what else would happen, a line for each kind."""
    creates = preview["Creates"]
    made = [*creates.get("Models", []), *filter(None, [creates.get("EndpointConfig"), creates.get("Endpoint")])]
    facts = {
        "uploads": [
            f"{each['From']} ({each['Bytes'] / 1e6:.1f} MB), for which a model and a config are created"
            for each in preview.get("Uploads", [])
        ],
        "creates": made,
        "copies": [f"{each['From']} ({each['Bytes'] / 1e6:.1f} MB)" for each in preview["Copies"]],
        "instances": [*_instances(preview)],
        "guardrails": [*_guardrails(preview["Guardrails"] or {})],
        "smoke test": ["yes"] if preview["SmokeTest"] else [],
        "makes alarms": [*map(_alarm, [*preview.get("RollbackAlarms", []), *preview.get("ScalingAlarms", [])])],
        "approval": ["a person has to approve it"] if preview.get("Approval") else [],
        "way back": [_way_back(preview["WayBack"])] if preview["WayBack"] else [],
        "no longer retained": preview["Sweepable"],
    }
    for name, values in facts.items():
        if values:
            yield f"  [dim]{name:<18}[/] {escape(', '.join(map(str, values)))}"


def _alarm(alarm: Document) -> str:
    return str(alarm.get("AlarmDescription") or alarm["AlarmName"])


def _way_back(config: str) -> str:
    return "a failure deletes the endpoint" if config == "deleted" else f"a failure restores {config}"


def _instances(preview: Document) -> Iterator[str]:
    for each in preview["Instances"]:
        before, after = (_fleet(each[side]) for side in ("Before", "After"))
        yield f"{each['VariantName']}: {after if before == after else f'{before} → {after}'}"


def _fleet(fleet: Document | None) -> str:
    if fleet is None:
        return "none"
    return "serverless" if fleet["InstanceType"] == "serverless" else f"{fleet['Count']} x {fleet['InstanceType']}"


def _guardrails(deployment: Document) -> Iterator[str]:
    """Yield how the traffic is shifted, and what rolls it back."""
    routing = (deployment.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    rolling = deployment.get("RollingUpdatePolicy") or {}
    for policy in filter(None, (routing, rolling)):
        size = policy.get("CanarySize") or policy.get("LinearStepSize") or policy.get("MaximumBatchSize") or {}
        unit = " %" if size.get("Type") == "CAPACITY_PERCENT" else " instances"
        share = f" of {size['Value']}{unit}" if size else ""
        yield f"{policy.get('Type', 'ROLLING')}{share}, {policy.get('WaitIntervalInSeconds', 0)} s between steps"
    alarms = (deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if names := ", ".join(alarm["AlarmName"] for alarm in alarms):
        yield f"rolled back by {names}"
