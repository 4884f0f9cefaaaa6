"""An execution that a command has started, followed to its end."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

import typer

from endpoint_deployer.aws.endpoint_watcher import EndpointWatcher
from endpoint_deployer.aws.history import follow
from endpoint_deployer.errors import CommandError
from endpoint_deployer.view.progress import Progress
from endpoint_deployer.view.progress_view import ProgressView

if TYPE_CHECKING:
    from endpoint_deployer.aws.runs import Run, Runs
    from endpoint_deployer.console import Invocation

EXIT_STATUSES = {
    "Deployed": 0,
    "NothingToDo": 0,
    "Planned": 0,
    "Rejected": 1,
    "Failed": 3,
    "TimedOut": 4,
    "Superseded": 5,
    "AwaitingArtifact": 6,
    "Stopped": 7,
}
"""The exit status of a command that has followed an execution to its outcome; 2 is a wrong use of the command line."""

_LOOK_SECONDS = 0.5
_PLAN_SECONDS = 15 * 60.0
_PAUSE_SECONDS = 2.0


def wait_for_end(runs: Runs, run: Run, seconds: float = _PLAN_SECONDS) -> Run:
    """Wait until an execution has ended, and describe it again.

    Raises:
        CommandError: It did not end in time.
    """
    deadline = time.monotonic() + seconds
    while run.is_running:
        if time.monotonic() > deadline:
            raise CommandError(f"{run.arn} has not ended within {seconds:g} s. Watch it: watch {run.name}")
        time.sleep(_LOOK_SECONDS)
        run = runs.describe(run.arn)
    return run


def watch_run(invocation: Invocation, runs: Runs, run: Run) -> Run:
    """Show an execution to its end, as it happens, with the endpoint's fleets; return how it ended."""
    view = ProgressView(Progress(invocation.out), folds=invocation.out.is_terminal)
    sagemaker = invocation.stack.client("sagemaker")
    watcher = EndpointWatcher(sagemaker, run.endpoint or "-", view.on_endpoint, pause=_PAUSE_SECONDS)
    # What the endpoint does now has nothing to do with an execution that has ended.
    with watcher if run.is_running else nullcontext():
        view.follow(follow(runs.client, run.arn))
    ended = runs.describe(run.arn)
    color = "green" if EXIT_STATUSES.get(ended.outcome) == 0 else "red"
    invocation.out.print(f"[bold {color}]{ended.outcome}[/] {ended.error}".rstrip())
    if ended.cause:
        invocation.out.print(ended.cause, markup=False)
    return ended


def conclude(invocation: Invocation, runs: Runs, run: Run, *, watch: bool, as_json: bool) -> None:
    """Follow an execution, if that is wanted, and exit with the status of its outcome."""
    if not watch:
        if as_json:
            invocation.print_json(run.document())
        else:
            invocation.out.print(run.arn, soft_wrap=True)
            invocation.err.print(f"[dim]Follow it: endpoint-deployer watch {run.name}[/]")
        return
    if as_json:
        with invocation.busy(f"{run.endpoint}: {run.name}"):
            ended = wait_for_end(runs, run, seconds=26 * 3600)
        invocation.print_json({**ended.document(), "Detail": ended.output.get("Outcome")})
    else:
        ended = watch_run(invocation, runs, run)
    raise typer.Exit(EXIT_STATUSES.get(ended.outcome, 1))
