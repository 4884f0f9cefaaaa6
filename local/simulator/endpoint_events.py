"""The events that SageMaker sends to EventBridge about endpoints, and when they arrive.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
"""

from __future__ import annotations

import heapq
import math
import re
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulator.update_rules import is_unguarded

if TYPE_CHECKING:
    from local.simulator.store import Store

STATE_CHANGE = "SageMaker Endpoint State Change"
DEPLOYMENT_STATE_CHANGE = "SageMaker Endpoint Deployment State Change"

_PENDING = "PendingDeploymentSummary"
_MEMBERS = (
    "EndpointName", "EndpointArn", "EndpointConfigName", "ProductionVariants", "ShadowProductionVariants",
    "EndpointStatus", "CreationTime", "LastModifiedTime",
)  # fmt: skip
_DEPLOYING = frozenset({"Updating", "RollingBack"})
_WORDS = re.compile(r"(?<!^)(?=[A-Z])")
# The 95th percentile of a normal distribution, in standard deviations.
_PERCENTILE_95 = 1.645


class Events:
    """Events in transit: each arrives some time after its change, by the settings.

    Args:
        store: The account.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        # Apart from the store's, so that events do not change which replica answers.
        self._random = Random(f"{store.seed} events")  # noqa: S311 - repeatable, not secret
        self._due: list[tuple[float, int, Document]] = []
        self._sent = 0
        self._arrivals = 0

    @property
    def next_due(self) -> float:
        """When the next one arrives; infinite if none is on its way."""
        return self._due[0][0] if self._due else math.inf

    def send(self, before: Document | None, after: Document, config: Document, moment: float) -> None:
        """Send the events of a change of an endpoint.

        Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge". Assumed: a deployment
        event for each change of what it reports (trial: "deployment events of an update").

        Args:
            before: Its record before the change; None if it is new.
            after: Its record.
            config: The endpoint config that it runs.
            moment: When the change was.
        """
        status = (before or {}).get("EndpointStatus")
        if status != after["EndpointStatus"]:
            self._send(STATE_CHANGE, self._detail(after), moment)
        is_deployed = bool({status, after["EndpointStatus"]} & _DEPLOYING)
        if (
            is_deployed
            and _deployment(before or {}) != _deployment(after)
            and not is_unguarded(config, self._store.models)
        ):
            pending = {_PENDING: _plain(after[_PENDING])} if _PENDING in after else {}
            self._send(DEPLOYMENT_STATE_CHANGE, self._detail(after) | pending, moment)

    def take_due(self) -> list[Document]:
        """Return the events that have arrived by now, in order; they are no longer on their way."""
        arrived = []
        while self.next_due <= self._store.clock.now():
            arrived.append(heapq.heappop(self._due)[2])
        return arrived

    def _detail(self, record: Document) -> Document:
        """Write the record of an endpoint as an event's detail.

        Source: Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge" (names in upper case,
        times).
        """
        detail = {member: _plain(record[member]) for member in _MEMBERS if member in record}
        status = _WORDS.sub("_", record["EndpointStatus"]).upper()
        return {**detail, "EndpointStatus": status, "Tags": self._store.tags_of(record["EndpointArn"])}

    def _send(self, detail_type: str, detail: Document, moment: float) -> None:
        self._sent += 1
        event = {
            "version": "0",
            "id": f"sagemaker-{self._sent}",
            "detail-type": detail_type,
            "source": "aws.sagemaker",
            "account": self._store.account_id,
            "time": self._store.moment(moment).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._store.region,
            "resources": [detail["EndpointArn"]],
            "detail": detail,
        }
        for delay in self._delays():
            self._arrivals += 1
            heapq.heappush(self._due, (moment + delay, self._arrivals, event))

    def _delays(self) -> list[float]:
        """Draw after how many seconds an event arrives, each time that it does."""
        delivery, draw = self._store.settings.events, self._random.random
        if draw() < delivery.lost:
            return []
        if draw() < delivery.early:
            first = 0.0
        elif draw() < delivery.late:
            first = self._random.uniform(*delivery.late_seconds)
        else:
            first = self._usual_delay()
        return [first, self._usual_delay()] if draw() < delivery.doubled else [first]

    def _usual_delay(self) -> float:
        median, high = self._store.settings.events.seconds
        if not median:
            return 0.0
        return self._random.lognormvariate(math.log(median), math.log(high / median) / _PERCENTILE_95)


def _deployment(record: Document) -> Any:
    """Return the members whose change a deployment event reports."""
    return record.get("EndpointStatus"), record.get("EndpointConfigName"), record.get(_PENDING)


def _plain(value: Any) -> Any:
    """Write times as events have them: in milliseconds since the epoch."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
