"""The drift that the last sweep found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document


def last_drift(stack: Stack) -> Document:
    """Return what the last sweep found.

    Returns:
        By endpoint, in `Found` the kinds of its differences, and in `Repairs` the ARN of the execution that it started.
    """
    client = stack.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=stack.sweep_state_machine, statusFilter="SUCCEEDED", maxResults=1)[
        "executions"
    ]
    nothing: Document = {"Found": {}, "Repairs": {}}
    if not listed:
        return nothing
    output = client.describe_execution(executionArn=listed[0]["executionArn"]).get("output") or "{}"
    drift: Document = json.loads(output).get("Drift") or {}
    return {member: drift.get(member, {}) for member in nothing}
