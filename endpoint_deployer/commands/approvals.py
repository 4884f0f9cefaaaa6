"""The commands that answer for a person: approve and reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from endpoint_deployer.aws.approval_answers import answer_approval
from endpoint_deployer.aws.runs import Runs
from endpoint_deployer.commands.options import AsJson, Target  # noqa: TC001 - typer reads them

if TYPE_CHECKING:
    from endpoint_deployer.console import Invocation

_Comment = Annotated[str, typer.Option("--comment", help="Why; it is kept with the outcome.")]


def approve(context: typer.Context, target: Target, comment: _Comment = "", as_json: AsJson = False) -> None:
    """Approve the deployment that an execution waits with; it goes on at once."""
    _answer(context.obj, target, "Approve", comment, as_json=as_json)


def reject(context: typer.Context, target: Target, comment: _Comment = "", as_json: AsJson = False) -> None:
    """Reject the deployment that an execution waits with; it ends as Rejected."""
    _answer(context.obj, target, "Reject", comment, as_json=as_json)


def _answer(invocation: Invocation, target: str, decision: str, comment: str, *, as_json: bool) -> None:
    runs = Runs(invocation.stack)
    with invocation.busy(f"find {target}"):
        run = runs.find(target)
        answer = {"Decision": decision, "By": invocation.stack.caller_arn, "Comment": comment}
        answer_approval(runs, run, answer)
    if as_json:
        invocation.print_json({"Execution": run.arn, "EndpointName": run.endpoint, **answer})
        return
    invocation.out.print(f"{decision}: {run.endpoint or run.name} [dim]{run.name}[/]", soft_wrap=True)


COMMANDS = (approve, reject)
