"""A queue that receives the deployer's events."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from local.aws.errors import LocalAwsError
from local.aws.server import Server
from local.json_document import Document

DEPLOYMENT_ENDED = "Endpoint Deployment Ended"
SWEEP_ENDED = "Endpoint Deployer Sweep Ended"

_NAME = "local-outcomes"
_WAIT_SECONDS = 2


class OutcomeMissingError(LocalAwsError):
    """An event did not come in time."""


class Outcomes:
    """A queue that receives every event of the deployer on a bus, from its creation on."""

    def __init__(self, server: Server, bus: str) -> None:
        """Subscribe to an event bus of local AWS."""
        self._sqs, events = server.client("sqs"), server.client("events")
        self._queue = self._sqs.create_queue(QueueName=_NAME)["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        pattern = json.dumps({"source": ["endpoint-deployer"]})
        rule = events.put_rule(Name=_NAME, EventBusName=bus, EventPattern=pattern)["RuleArn"]
        policy = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue["QueueArn"],
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        self._sqs.set_queue_attributes(
            QueueUrl=self._queue,
            Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [policy]})},
        )
        events.put_targets(Rule=_NAME, EventBusName=bus, Targets=[{"Id": _NAME, "Arn": queue["QueueArn"]}])
        self._caught: list[Document] = []

    def of(self, execution: str, *, timeout: float = 15.0) -> Document:
        """Return the detail of the event that announces an execution's outcome.

        Args:
            execution: The execution's ARN.
            timeout: Seconds to wait for it at most.

        Raises:
            OutcomeMissingError: It did not come in time.
        """
        return self._wait(DEPLOYMENT_ENDED, lambda detail: bool(detail["Execution"] == execution), timeout)

    def of_sweep(self, earliest: datetime, *, timeout: float = 15.0) -> Document:
        """Return the detail of the event of a sweep that started at a moment, or within the hour after it.

        Raises:
            OutcomeMissingError: It did not come in time.
        """
        latest = earliest + timedelta(hours=1)
        return self._wait(
            SWEEP_ENDED, lambda detail: earliest <= datetime.fromisoformat(detail["StartedAt"]) < latest, timeout
        )

    def count(self, execution: str) -> int:
        """Count the events so far that announce an execution's outcome."""
        self._catch()
        return sum(
            event["detail-type"] == DEPLOYMENT_ENDED and event["detail"]["Execution"] == execution
            for event in self._caught
        )

    def _wait(self, detail_type: str, is_awaited: Callable[[Document], bool], timeout: float) -> Document:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for event in self._caught:
                if event["detail-type"] == detail_type and is_awaited(event["detail"]):
                    return dict(event["detail"])
            self._catch()
        raise OutcomeMissingError(f'No awaited "{detail_type}" was on the event bus within {timeout:g} s')

    def _catch(self) -> None:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS)
        for message in answer.get("Messages", []):
            self._caught.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
