"""The only code that calls EventBridge: it puts the deployer's own events on the event bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AnnouncementUnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from botocore.client import BaseClient

SOURCE = "endpoint-deployer"
"""The `source` of every event of this deployer."""

DEPLOYMENT_ENDED = "Endpoint Deployment Ended"
"""The `detail-type` of the event that announces the outcome of an execution."""

SWEEP_ENDED = "Endpoint Deployer Sweep Ended"
"""The `detail-type` of the event that lists what a sweep has removed."""

APPROVAL_REQUESTED = "Endpoint Deployment Approval Requested"
"""The `detail-type` of the event that says that a deployment waits for a person, and how to answer."""

DRIFT_DETECTED = "Endpoint Drift Detected"
"""The `detail-type` of the event that says how an endpoint differs from its deployed revision."""


class EventBus:
    """The event bus that receives the deployer's events.

    Args:
        client: A boto3 client of `events` that makes one attempt a call.
        name: The event bus.
    """

    def __init__(self, client: BaseClient, name: str) -> None:
        self._client: Any = client
        self._name = name

    def put(self, detail_type: str, detail: Mapping[str, Any], resources: Collection[str] = ()) -> None:
        """Put an event on the bus.

        Raises:
            AnnouncementUnavailableError: The bus did not take the event, or it is not known whether it did.
        """
        entry = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": list(resources),
        }
        try:
            answer = self._client.put_events(Entries=[entry])
        except (ClientError, BotoCoreError) as error:
            raise AnnouncementUnavailableError(f"PutEvents: {error}") from error
        if answer["FailedEntryCount"]:
            message = answer["Entries"][0].get("ErrorMessage", "the entry failed")
            raise AnnouncementUnavailableError(f"PutEvents: {message}")
