"""The commands that only read: status, watch, history, diff."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from endpoint_deployer.aws.alarms import in_alarm
from endpoint_deployer.aws.drift import last_drift
from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.aws.runs import Runs
from endpoint_deployer.aws.scaling import scaled_variants, with_counts
from endpoint_deployer.aws.status import status_of
from endpoint_deployer.commands.following import conclude
from endpoint_deployer.commands.options import AsJson, EndpointName, Target  # noqa: TC001 - typer reads them
from endpoint_deployer.errors import CommandError
from endpoint_deployer.view.diff import COMPARED, differences
from endpoint_deployer.view.preview import difference_lines
from endpoint_deployer.view.status import status_lines

if TYPE_CHECKING:
    from endpoint_deployer.console import Invocation
    from endpoint_deployer.json_document import Document


def status(
    context: typer.Context,
    endpoint: Annotated[str | None, typer.Argument(metavar="[ENDPOINT]", help="Name of the endpoint.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is live, since when and by whom, what is under way and how far, and what waits behind it."""
    invocation: Invocation = context.obj
    with invocation.busy("read the endpoints"):
        endpoints, runs = Endpoints(invocation.stack), Runs(invocation.stack)
        running = [*runs.newest(is_running=True)]
        names = [endpoint] if endpoint else sorted({*endpoints.names(), *(run.endpoint for run in running)} - {""})
        drift, alarms = last_drift(invocation.stack), in_alarm(invocation.stack)
        scaled = scaled_variants(invocation.stack) if names else {}
        found = [status_of(name, endpoints, runs, running, drift) for name in names]
        found = [
            {
                **each,
                "Alarms": alarms.get(each["EndpointName"], []),
                "Scaling": with_counts(scaled.get(each["EndpointName"], []), each["Endpoint"]),
            }
            for each in found
        ]
    if endpoint and not found[0]["Live"] and not found[0]["Runs"]:
        raise CommandError(
            f"There is no endpoint {endpoint}, and no execution that is about it is running. "
            f"`explain {endpoint}` says how the last one ended."
        )
    if as_json:
        invocation.print_json(found[0] if endpoint else found)
        return
    for each in found:
        for line in status_lines(each):
            invocation.out.print(line, soft_wrap=True)
    if not found:
        invocation.err.print(f"The stack {invocation.stack.name} has deployed no endpoint yet.")


def watch(context: typer.Context, target: Target, as_json: AsJson = False) -> None:
    """Show an execution as it happens; of an endpoint the one that is running, or else the newest.

    With --json, it is printed once it has ended.

    Exit status: 0 deployed or nothing to do, 1 rejected, 3 failed, 4 timed out, 5 superseded, 6 awaiting an artifact,
    7 stopped.
    """
    invocation: Invocation = context.obj
    runs = Runs(invocation.stack)
    with invocation.busy(f"find {target}"):
        run = runs.find(target)
    if not as_json:
        invocation.out.print(f"[bold]{run.endpoint or run.name}[/] [dim]{run.title}[/]", soft_wrap=True)
    conclude(invocation, runs, run, watch=True, as_json=as_json)


def history(
    context: typer.Context,
    endpoint: EndpointName,
    limit: Annotated[int, typer.Option(min=1, help="How many revisions.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the revisions of an endpoint: when, by what, how it ended, which is live, which can be rolled back to."""
    invocation: Invocation = context.obj
    endpoints, runs = Endpoints(invocation.stack), Runs(invocation.stack)
    rows: list[Document] = []
    with invocation.busy(f"read the revisions of {endpoint}"):
        for revision in islice(endpoints.revisions(endpoint), limit):
            run = runs.find_execution(revision.execution) if revision.execution else None
            rows.append(
                {
                    "Revision": revision.name,
                    "RequestedAt": revision.requested_at.isoformat(),
                    "Trigger": run.trigger if run else "not known any more",
                    "Execution": revision.execution,
                    "Outcome": run.outcome if run else "",
                    "Error": run.error if run else "",
                    "State": revision.state or "config is gone",
                    "IsLive": revision.is_live,
                    "CanBeRolledBackTo": revision.can_be_rolled_back_to,
                }
            )
    if not rows:
        raise CommandError(f"Nothing is stored of an endpoint {endpoint}: this stack has not deployed it.")
    if as_json:
        invocation.print_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "revision", "outcome", "trigger", "rollback"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for row in rows:
        outcome = " ".join(filter(None, [row["Outcome"] or row["State"], row["Error"]]))
        mark = "[green]●[/]" if row["IsLive"] else " "
        possible = "live" if row["IsLive"] else "possible" if row["CanBeRolledBackTo"] else ""
        table.add_row(mark, row["Revision"], outcome, row["Trigger"], possible)
    invocation.out.print(table)


def diff(
    context: typer.Context,
    endpoint: EndpointName,
    old: Annotated[str | None, typer.Argument(metavar="[REV]", help="A revision; otherwise the one before.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="[REV]", help="A revision; otherwise the live one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show in which fields two revisions differ, without secrets."""
    invocation: Invocation = context.obj
    endpoints = Endpoints(invocation.stack)
    with invocation.busy(f"read the revisions of {endpoint}"):
        if new is None:
            new = endpoints.live(endpoint)
        if old is None:
            earlier = (each.name for each in endpoints.revisions(endpoint) if each.state == "deployed")
            old = next((name for name in earlier if name[-28:] < new[-28:]), None)
        if old is None or not new:
            raise CommandError(f"There are no two deployed revisions of {endpoint} to compare.")
        before, after = (_request(endpoints, endpoint, name) for name in (old, new))
        changes = [*differences(before, after)]
    if as_json:
        invocation.print_json({"Before": old, "After": new, "Changes": changes})
        return
    invocation.out.print(f"[bold]{old} → {new}[/]", soft_wrap=True)
    for line in difference_lines(changes):
        invocation.out.print(line, soft_wrap=True)
    if not changes:
        invocation.out.print("They do not differ.")


def _request(endpoints: Endpoints, endpoint: str, name: str) -> Document:
    stored = endpoints.revision(endpoint, name, "").stored
    if not stored:
        raise CommandError(f"Nothing is stored of the revision {name}; `history {endpoint}` lists what is.")
    return {part: stored["Request"].get(part) for part in COMPARED}


COMMANDS = (status, watch, history, diff)
