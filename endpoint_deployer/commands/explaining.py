"""The commands that say why an execution ended as it did: explain and report."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import ClientError
from rich.markup import escape

from endpoint_deployer.aws import container_logs
from endpoint_deployer.aws.alarms import Alarms, abort_alarm, names_of
from endpoint_deployer.aws.history import moments_of
from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.aws.runs import Run, Runs
from endpoint_deployer.aws.status import reason_to_wait
from endpoint_deployer.commands.options import AsJson, Target  # noqa: TC001 - typer reads them
from endpoint_deployer.operations import meaning_of
from endpoint_deployer.report.page import page
from endpoint_deployer.report.timeline import looks_of, visits_of
from endpoint_deployer.view.diff import COMPARED, differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.console import Invocation
    from endpoint_deployer.json_document import Document

_STOPPED = "It announced and restored nothing. To go on where it was: endpoint-deployer retry {}"
_WITHOUT_LOGS = {"Deployed", "NothingToDo", "Superseded", "AwaitingArtifact", "Planned", "Rejected"}


def explain(context: typer.Context, target: Target, as_json: AsJson = False) -> None:
    """Say why an execution ended so, and what to do: of an endpoint the one that runs, or else the newest."""
    invocation: Invocation = context.obj
    stack = invocation.stack
    runs = Runs(stack)
    with invocation.busy(f"read what happened to {target}"):
        explanation = explanation_of(stack, runs, runs.find(target))
    if as_json:
        invocation.print_json(explanation)
        return
    for line in _lines(explanation):
        invocation.out.print(line, soft_wrap=True)


def explanation_of(stack: Stack, runs: Runs, run: Run) -> Document:
    """Gather why an execution ended as it did: the error, what it means, SageMaker's reason, alarms and logs."""
    state, _, data = runs.last_state(run)
    detail = data.get("Outcome") or run.output.get("Outcome") or {}
    plan = data.get("Plan") or {}
    request = plan.get("Request") or {}
    until = run.ended_at or datetime.now(UTC)
    alarms = [*names_of(stack, request), abort_alarm(stack, run.endpoint)]
    has_failed = run.outcome not in _WITHOUT_LOGS
    unread: list[str] = []
    endpoint = Endpoints(stack).find(run.endpoint) if run.endpoint else None
    found = {
        **run.document(),
        "Title": run.title,
        "State": state if run.is_running else None,
        "Reason": detail.get("Reason") or (reason_to_wait(state, run.endpoint, plan) if run.is_running else None),
        "Meaning": meaning_of(run.error) or meaning_of(run.outcome),
        "CauseClass": detail.get("CauseClass"),
        "NextAction": detail.get("NextAction") or (_STOPPED.format(run.name) if run.outcome == "Stopped" else None),
        "Restored": detail.get("Restored"),
        "FailureReason": (endpoint or {}).get("FailureReason"),
        "Alarms": _read(lambda: [*Alarms(stack).raised(alarms, run.started_at, until)], unread),
        "LogLines": detail.get("LogLines") or _read(lambda: _logs(stack, run, until), unread) if has_failed else [],
        "Unread": unread,
    }
    return {member: value for member, value in found.items() if value}


def _read(read: Callable[[], list[Any]], unread: list[str]) -> list[Any]:
    """Read what the caller may not be allowed to read; what could not be read is noted."""
    try:
        return read()
    except ClientError as error:
        unread.append(f"{error.operation_name}: {error.response['Error'].get('Message')}")
        return []


def _logs(stack: Stack, run: Run, until: datetime) -> list[str]:
    return container_logs.last_lines(stack, run.endpoint, run.started_at, until) if run.endpoint else []


def _lines(found: Document) -> list[str]:
    """Return the lines of an explanation, with rich's markup."""
    title = f"[bold]{escape(found.get('EndpointName', ''))} {found['Outcome']}[/] {found.get('Error', '')}".strip()
    lines = [title, f"  [dim]{escape(found['Title'])}[/]"]
    if "Cause" in found:
        lines += [f"  {escape(line)}" for line in found["Cause"].splitlines()]
    facts = {
        "state": found.get("State"),
        "reason": found.get("Reason") or found.get("FailureReason"),
        **found.get("Meaning", {}),
        "kind of cause": found.get("CauseClass"),
        "next": found.get("NextAction"),
        "restored": found.get("Restored"),
    }
    lines += [f"[bold]{name}[/]\n  {escape(str(value))}" for name, value in facts.items() if value]
    if alarms := found.get("Alarms"):
        lines.append("[bold]alarms[/]")
        lines += [
            f"  {escape(each['AlarmName'])} went into ALARM at {each['At']}: {escape(each['Reason'] or '')}"
            for each in alarms
        ]
    lines += [f"[yellow]![/] not read: {escape(each)}" for each in found.get("Unread", [])]
    if logs := found.get("LogLines"):
        lines.append(f"[bold]the container's log[/] [dim]{container_logs.group_of(found['EndpointName'])}[/]")
        lines += [f"  {escape(line)}" for line in (logs if isinstance(logs, list) else str(logs).splitlines())]
    return lines


def report(
    context: typer.Context,
    target: Target,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The HTML file; otherwise named like the execution.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write all that is known of an execution into one HTML file that needs nothing else."""
    invocation: Invocation = context.obj
    runs = Runs(invocation.stack)
    with invocation.busy(f"read the history of {target}"):
        document = report_of(invocation.stack, runs, runs.find(target))
    if as_json:
        invocation.print_json(document)
        return
    path = output or Path(f"{document['Execution'].rpartition(':')[2]}.html")
    path.write_text(page(document), encoding="utf-8")
    invocation.out.print(str(path), markup=False, soft_wrap=True)


def report_of(stack: Stack, runs: Runs, run: Run) -> Document:
    """Gather all that is known of an execution: its explanation, its timeline, the looks, what changed, the machine."""
    moments = [*moments_of(runs.client, run.arn)]
    _, _, data = runs.last_state(run)
    plan = data.get("Plan") or {}
    machine = runs.client.describe_state_machine_for_execution(executionArn=run.arn)
    return {
        **explanation_of(stack, runs, run),
        "Revision": plan.get("Revision"),
        "Previous": plan.get("Previous"),
        "Until": (run.ended_at or moments[-1].at).isoformat(),
        "Visits": [visit.document() for visit in visits_of(moments)],
        "Looks": [*looks_of(moments)],
        "Changes": _changes(stack, run.endpoint, plan),
        "Definition": json.loads(machine["definition"]),
    }


def _changes(stack: Stack, endpoint: str, plan: Document) -> list[Document]:
    """Return the fields in which an execution's request differs from what the endpoint served before."""
    previous, request = plan.get("Previous"), plan.get("Request") or {}
    stored = Endpoints(stack).revision(endpoint, previous, "").stored.get("Request") if previous else {}
    if stored is None or not plan.get("Revision"):
        return []
    before, after = ({part: document.get(part) for part in COMPARED} for document in (stored, request))
    return [*differences(before, after)]


COMMANDS = (explain, report)
