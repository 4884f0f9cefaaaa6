"""A sweep that is run by hand."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document

_LOOK_SECONDS = 1.0
_SECONDS = 6 * 3600.0
"""The time limit of the sweep's state machine."""


def run_sweep(stack: Stack, *, is_dry_run: bool) -> Document:
    """Run a sweep to its end, and return what was deleted, or would be: `Removed` and `Refused`.

    Raises:
        CommandError: It failed.
    """
    states: Any = stack.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=stack.sweep_state_machine, input=json.dumps({"DryRun": is_dry_run}))[
        "executionArn"
    ]
    deadline = time.monotonic() + _SECONDS
    run = states.describe_execution(executionArn=arn)
    while run["status"] == "RUNNING" and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        run = states.describe_execution(executionArn=arn)
    if run["status"] != "SUCCEEDED":
        raise CommandError(f"The sweep {arn} is {run['status']}: {run.get('error', '')} {run.get('cause', '')}")
    swept = json.loads(run["output"])["Sweep"]
    if "Removed" not in swept:
        raise CommandError(f"The sweep {arn} has ended, and this stack is too old to say of what: update it.")
    return {member: swept[member] for member in ("Removed", "Refused")}
