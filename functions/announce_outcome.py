"""AnnounceOutcome: name the outcome of the execution, count it, and put the event that tells of it on the bus."""

from __future__ import annotations

import json
import os
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AnnouncementUnavailableError
from deployer.outcome import conclude
from deployer.runtime import Document, client, logger, measure, step

DETAIL_TYPE = "Endpoint Deployment Ended"
SOURCE = "endpoint-deployer"


@step
def handler(event: Document) -> Document:
    """Return the outcome; raise AnnouncementUnavailableError while the bus takes no event."""
    detail = conclude(event["Data"], event["Input"], event["Execution"], datetime.fromisoformat(event["Now"]))
    entry = {
        "EventBusName": os.environ["EVENT_BUS_NAME"],
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Detail": json.dumps(detail),
        "Resources": [detail["Execution"]],
    }
    try:
        answer = client("events").put_events(Entries=[entry])
    except (ClientError, BotoCoreError) as error:
        raise AnnouncementUnavailableError(f"PutEvents: {error}") from error
    if answer["FailedEntryCount"]:
        raise AnnouncementUnavailableError(f"PutEvents: {answer['Entries'][0].get('ErrorMessage', 'entry failed')}")
    logger.info("Deployment ended", extra={member: value for member, value in detail.items() if member != "Execution"})
    measure("Deployments", 1, MetricUnit.Count, Outcome=detail["Outcome"])
    measure("DeploymentDuration", detail["DurationSeconds"], MetricUnit.Seconds, Outcome=detail["Outcome"])
    # The state machine's Fail states read both, whatever the outcome.
    return {"Error": "", "Cause": "", **detail}
