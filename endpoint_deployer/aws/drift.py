"""What the last sweep found of endpoints that differ from what was deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document


def last_drift(stack: Stack) -> Document:
    """Return the kinds of differences that the last sweep found, by endpoint."""
    client = stack.client("stepfunctions")
    listed = client.list_executions(stateMachineArn=stack.sweep_state_machine, statusFilter="SUCCEEDED", maxResults=1)[
        "executions"
    ]
    if not listed:
        return {}
    output = client.describe_execution(executionArn=listed[0]["executionArn"]).get("output") or "{}"
    found: Document = (json.loads(output).get("Drift") or {}).get("Found", {})
    return found
