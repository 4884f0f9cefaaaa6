"""A queue that gets the events of the trial's endpoints and of the deployer, with the moment at which each arrived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.json_document import Document
    from local.trial.site import Site

_SOURCES = ("aws.sagemaker", "endpoint-deployer")


@dataclass(frozen=True)
class Arrived:
    """An event.

    Attributes:
        event: It.
        seconds: Seconds since the epoch at which it came to the queue.
    """

    event: Document
    seconds: float


class Events:
    """Makes the queue, and rules on the buses that events come from.

    Args:
        site: The account.
    """

    def __init__(self, site: Site) -> None:
        self._site, self.arrived = site, list[Arrived]()
        self._sqs, self._events = site.client("sqs"), site.client("events")
        self._buses = {"aws.sagemaker": "default", "endpoint-deployer": site.event_bus}
        self._queue: str = self._sqs.create_queue(QueueName=site.name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        rules = [self._listen(source, attributes["QueueArn"]) for source in _SOURCES]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": attributes["QueueArn"],
            "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})

    def receive(self) -> None:
        """Take what has arrived, without waiting for more."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue,
            MaxNumberOfMessages=10,
            AttributeNames=["SentTimestamp"],
        )
        for message in answer.get("Messages", []):
            sent = float(message["Attributes"]["SentTimestamp"]) / 1000
            self.arrived.append(Arrived(json.loads(message["Body"]), sent))
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def of_outcome(self, execution: str) -> Document | None:
        """Return the detail of the event that announces an execution's outcome; None if it has not come."""
        self.receive()
        for each in self.arrived:
            if each.event["source"] == "endpoint-deployer" and each.event["detail"].get("Execution") == execution:
                return dict(each.event["detail"])
        return None

    def of_endpoint(self, name: str) -> list[Arrived]:
        """Return SageMaker's events of an endpoint, in the order in which they arrived."""
        sagemakers = [each for each in self.arrived if each.event["source"] == "aws.sagemaker"]
        return [each for each in sagemakers if each.event["detail"].get("EndpointName") == name]

    def remove(self) -> None:
        """Remove the queue and the rules."""
        for source, bus in self._buses.items():
            self._events.remove_targets(Rule=self._rule(source), EventBusName=bus, Ids=["queue"])
            self._events.delete_rule(Name=self._rule(source), EventBusName=bus)
        self._sqs.delete_queue(QueueUrl=self._queue)

    def _listen(self, source: str, queue: str) -> str:
        bus, pattern = self._buses[source], json.dumps({"source": [source]})
        rule: str = self._events.put_rule(Name=self._rule(source), EventBusName=bus, EventPattern=pattern)["RuleArn"]
        self._events.put_targets(Rule=self._rule(source), EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue}])
        return rule

    def _rule(self, source: str) -> str:
        return f"{self._site.name}-{source.replace('.', '-')}"
