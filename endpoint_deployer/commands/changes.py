"""The commands that act on an endpoint or on the stack beside deployments: abort, adopt, sweep."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from endpoint_deployer.aws.alarms import Alarms, abort_alarm, names_of
from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.aws.runs import Run, Runs
from endpoint_deployer.aws.stack import STACK_TAG
from endpoint_deployer.aws.sweeps import run_sweep
from endpoint_deployer.commands.options import AsJson, EndpointName  # noqa: TC001 - typer reads them
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.console import Invocation
    from endpoint_deployer.json_document import Document

_PAUSE_SECONDS = 10.0
_MOST_CALLS = 60
_QUEUED = {"WaitForOtherDeployment", "PlanAgain"}

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def abort(context: typer.Context, endpoint: EndpointName, yes: Yes = False, as_json: AsJson = False) -> None:
    """End the update of an endpoint that is under way, by an alarm that rolls it back.

    SageMaker has no call that stops an update, and refuses other changes meanwhile. What it offers are the alarms of
    the deployment's AutoRollbackConfiguration: one is set to ALARM until SageMaker rolls back.
    """
    invocation: Invocation = context.obj
    stack = invocation.stack
    runs, endpoints, alarms = Runs(stack), Endpoints(stack), Alarms(stack)
    with invocation.busy(f"look at {endpoint}"):
        status = _status(endpoints, endpoint)
        name = _alarm_of(stack, runs, endpoint, status)
        own = abort_alarm(stack, endpoint)
        name = own if alarms.exists(own) else name
    if not name:
        raise CommandError(
            f"The update of {endpoint} has no AutoRollbackConfiguration, and SageMaker has no other way to stop "
            "one. Wait until it rests, and roll back; the next time, give the DeploymentConfig an alarm."
        )
    if not yes:
        question = f"Set the alarm {name} to ALARM until SageMaker rolls {endpoint} back? Its actions will be taken."
        typer.confirm(question, abort=True, err=True)
    with invocation.busy(f"set {name} to ALARM until {endpoint} is rolled back"):
        status = _keep_in_alarm_until_rolled_back(endpoints, alarms, endpoint, name)
    if as_json:
        invocation.print_json({"EndpointName": endpoint, "AlarmName": name, "Status": status})
    else:
        invocation.out.print(f"{endpoint} is {status}. Follow it: endpoint-deployer watch {endpoint}", soft_wrap=True)


def _status(endpoints: Endpoints, endpoint: str) -> str:
    return str((endpoints.find(endpoint) or {}).get("EndpointStatus", "no endpoint"))


def _alarm_of(stack: Stack, runs: Runs, endpoint: str, status: str) -> str:
    """Return the alarm of the request that rolls back the update that is under way; empty if the request has none.

    Raises:
        CommandError: No update of this stack is under way, or one that SageMaker cannot end.
    """
    if status == "Creating":
        raise CommandError(
            f"{endpoint} is Creating, and SageMaker cannot end a creation; the endpoint does not serve yet. "
            "When it rests, delete it, or let the deployment go on."
        )
    if status != "Updating":
        raise CommandError(f"{endpoint} is {status}: no update is under way that could be aborted")
    data = next((found for run in runs.of_endpoint(endpoint, is_running=True) if (found := _data(runs, run))), None)
    if data is None:
        raise CommandError(f"{endpoint} is Updating, and no execution of this stack is changing it")
    if (data.get("Plan") or {}).get("Action") == "UpdateWeights":
        raise CommandError(
            f"{endpoint} is being given other weights or counts, and SageMaker cannot end that. It takes minutes: "
            f"wait until it rests. Then endpoint-deployer rollback {endpoint} gives it the weights before."
        )
    names = names_of(stack, (data.get("Plan") or {}).get("Request") or {})
    return next(iter(names), "")


def _data(runs: Runs, run: Run) -> Document | None:
    """Return the data of an execution that changes its endpoint; None of one that waits for its turn."""
    state, _, data = runs.last_state(run)
    return None if state in _QUEUED else data


def _keep_in_alarm_until_rolled_back(endpoints: Endpoints, alarms: Alarms, endpoint: str, name: str) -> str:
    try:
        for _ in range(_MOST_CALLS):
            alarms.set_to_alarm(name, "endpoint-deployer abort")
            time.sleep(_PAUSE_SECONDS)
            if (status := _status(endpoints, endpoint)) != "Updating":
                return status
    finally:
        # Also when it is interrupted: nothing else may ever set the alarm back.
        alarms.restore(name)
    raise CommandError(
        f"{endpoint} is still Updating, although {name} was set to ALARM for {_PAUSE_SECONDS * _MOST_CALLS / 60:g} "
        "minutes. SageMaker looks at alarms while traffic is shifted and baked, not before: try again then."
    )


def adopt(context: typer.Context, endpoint: EndpointName, yes: Yes = False, as_json: AsJson = False) -> None:
    """Let the stack change and delete an endpoint that it did not make, by the stack's tag."""
    invocation: Invocation = context.obj
    endpoints = Endpoints(invocation.stack)
    with invocation.busy(f"look at {endpoint}"):
        described = endpoints.find(endpoint)
        owner = endpoints.tags_of(described["EndpointArn"]).get(STACK_TAG) if described else None
    if described is None:
        raise CommandError(f"There is no endpoint {endpoint}")
    is_ours = owner == invocation.stack.name
    if not is_ours:
        if not yes:
            taken = f" from the stack {owner}" if owner else ""
            typer.confirm(
                f"Let the stack {invocation.stack.name} change and delete {endpoint}{taken}?", abort=True, err=True
            )
        client: Any = invocation.stack.client("sagemaker")
        client.add_tags(ResourceArn=described["EndpointArn"], Tags=[{"Key": STACK_TAG, "Value": invocation.stack.name}])
    if as_json:
        invocation.print_json({"EndpointName": endpoint, "Stack": invocation.stack.name, "WasAdopted": not is_ours})
    else:
        done = "is the stack's already" if is_ours else "is adopted: the next request updates it"
        invocation.out.print(f"{endpoint} {done}", soft_wrap=True)


def sweep(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what nothing has used for a day, or say what that would be."""
    invocation: Invocation = context.obj
    with invocation.busy("look for what nothing uses"):
        swept = run_sweep(invocation.stack, is_dry_run=dry_run)
    if as_json:
        invocation.print_json(swept)
        return
    verb = "would be deleted" if dry_run else "deleted"
    for kind, removed in swept["Removed"].items():
        names = ", ".join(removed.get("Names", []))
        invocation.out.print(f"{kind}: {removed['Count']} {verb}  [dim]{names}[/]", soft_wrap=True)


COMMANDS = (abort, adopt, sweep)
