"""The logs of an endpoint's containers, which SageMaker writes to CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from datetime import datetime

    from endpoint_deployer.aws.stack import Stack

LINES = 20
"""How many lines are read, the last ones."""

_STREAMS = 50


def group_of(endpoint: str) -> str:
    """Return the log group of an endpoint's containers."""
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def last_lines(stack: Stack, endpoint: str, since: datetime, until: datetime) -> list[str]:
    """Return the last lines of a container that came up during a deployment; none if there are no logs.

    A new fleet has new log streams: the first one that was created after the deployment's start is the failing fleet's.
    """
    client: Any = stack.client("logs")
    group, began = group_of(endpoint), int(since.timestamp() * 1000)
    try:
        answer = client.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", descending=True, limit=_STREAMS
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    made = [each for each in answer["logStreams"] if began <= each.get("creationTime", 0) <= until.timestamp() * 1000]
    if not made:
        return []
    stream = min(made, key=lambda each: each["creationTime"])["logStreamName"]
    events = client.get_log_events(logGroupName=group, logStreamName=stream, limit=LINES, startFromHead=False)["events"]
    return [event["message"].rstrip() for event in events]
