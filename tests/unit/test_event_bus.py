"""The adapter of EventBridge: what an event is put with, and when the bus has not taken it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from deployer.aws.event_bus import DEPLOYMENT_ENDED, SOURCE, EventBus
from deployer.errors import AnnouncementUnavailableError


@pytest.fixture
def client() -> Any:
    """A client that reaches nothing."""
    return boto3.client("events", config=Config(retries={"total_max_attempts": 1}))


def test_event_is_put_on_the_bus(client: Any) -> None:
    entry = {
        "EventBusName": "bus",
        "Source": SOURCE,
        "DetailType": DEPLOYMENT_ENDED,
        "Detail": json.dumps({"Outcome": "Deployed"}),
        "Resources": ["arn"],
    }
    with Stubber(client) as stub:
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}, {"Entries": [entry]})

        EventBus(client, "bus").put(DEPLOYMENT_ENDED, {"Outcome": "Deployed"}, ["arn"])

        stub.assert_no_pending_responses()


def test_refused_entry_is_an_error(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "too large"}]})

        with pytest.raises(AnnouncementUnavailableError, match="too large"):
            EventBus(client, "bus").put(DEPLOYMENT_ENDED, {})


def test_failed_call_is_an_error(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("put_events", "AccessDeniedException", "not allowed")

        with pytest.raises(AnnouncementUnavailableError, match="not allowed"):
            EventBus(client, "bus").put(DEPLOYMENT_ENDED, {})


def test_lost_connection_is_an_error(client: Any) -> None:
    def break_off(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://events")

    client.meta.events.register("before-send.eventbridge.PutEvents", break_off)

    with pytest.raises(AnnouncementUnavailableError):
        EventBus(client, "bus").put(DEPLOYMENT_ENDED, {})
