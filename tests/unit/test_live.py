"""An endpoint in the parts that decisions depend on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deployer.json_document import Document
from deployer.planning.live import PENDING_GRACE, Live
from deployer.tags import CONFIRMED_TAG, DEPLOYED, STACK_TAG, STATE_TAG
from tests.unit.planning_samples import NOON, live, pending_tags, revision

SERVED = revision("a")
EARLIER = NOON - timedelta(hours=1)
BARE = {"EndpointName": "churn", "EndpointArn": "arn:churn", "CreationTime": EARLIER, "LastModifiedTime": NOON}


def test_endpoint_is_read_from_its_description() -> None:
    described: Document = {
        "EndpointName": "churn",
        "EndpointArn": "arn:churn",
        "EndpointStatus": "Updating",
        "EndpointConfigName": "a",
        "CreationTime": EARLIER,
        "LastModifiedTime": NOON,
        "FailureReason": "no capacity",
        "PendingDeploymentSummary": {"EndpointConfigName": "b"},
    }

    found = Live.of(described)

    assert found == Live("churn", "Updating", "a", NOON, EARLIER, "arn:churn", "no capacity", "b", {}, {}, "a")
    assert found.is_waiting


def test_endpoint_keeps_the_config_that_it_serves_and_its_tags() -> None:
    described = {**BARE, "EndpointStatus": "InService"}

    found = Live.of(described, {"EndpointConfigArn": "arn"}, {"team": "growth"})

    assert (found.config, found.tags) == ({"EndpointConfigArn": "arn"}, {"team": "growth"})


def test_endpoint_without_config_reason_or_pending_change_has_empty_ones() -> None:
    """An endpoint whose creation failed may have none of them."""
    found = Live.of({**BARE, "EndpointStatus": "Failed"})

    assert (found.config_name, found.failure_reason, found.pending_config_name) == ("", "", "")
    assert (found.attached, found.newest, found.is_pending) == (None, None, False)


@pytest.mark.parametrize(
    ("status", "is_waiting"),
    [
        ("Creating", True),
        ("Updating", True),
        ("SystemUpdating", True),
        ("RollingBack", True),
        ("Deleting", True),
        ("InService", False),
        ("OutOfService", False),
        ("UpdateRollbackFailed", False),
        ("Failed", False),
    ],
)
def test_endpoint_is_waited_for_in_statuses_that_it_leaves_by_itself(status: str, *, is_waiting: bool) -> None:
    assert live(EndpointStatus=status).is_waiting is is_waiting


@pytest.mark.parametrize(
    ("confirmed", "newest"),
    [
        pytest.param("", SERVED, id="never confirmed"),
        pytest.param(revision("a", 10).name, revision("a", 10), id="later"),
        pytest.param(revision("a", -10).name, SERVED, id="earlier"),
        pytest.param(revision("b", 10).name, SERVED, id="other content"),
        pytest.param(revision("a", 10, endpoint="other").name, SERVED, id="another endpoint"),
        pytest.param("made-by-hand", SERVED, id="no revision"),
    ],
)
def test_newest_revision_is_the_confirmed_one_if_that_asks_for_the_same_later(confirmed: str, newest: object) -> None:
    assert live(SERVED, tags={STATE_TAG: DEPLOYED, CONFIRMED_TAG: confirmed}).newest == newest


@pytest.mark.parametrize("name", ["made-by-hand", revision("a", endpoint="other").name])
def test_foreign_config_is_not_a_revision(name: str) -> None:
    found = live(name, tags={CONFIRMED_TAG: revision("a").name})

    assert (found.attached, found.newest) == (None, None)


@pytest.mark.parametrize(
    ("config", "tags", "is_pending"),
    [
        pytest.param(SERVED, pending_tags(), True, id="pending"),
        pytest.param(SERVED, {STATE_TAG: DEPLOYED}, False, id="deployed"),
        pytest.param(SERVED, {STACK_TAG: "deployer"}, False, id="deployed by version 0.1, which set no state"),
        pytest.param(SERVED, {}, True, id="tags not visible yet"),
        pytest.param("made-by-hand", {}, False, id="made by hand"),
        pytest.param("made-by-hand", pending_tags(), False, id="made by hand, with copied tags"),
    ],
)
def test_revision_is_pending_until_it_is_recorded_as_deployed(
    config: Any, tags: dict[str, str], *, is_pending: bool
) -> None:
    found = live(config, tags=tags)

    assert found.is_pending is is_pending
    assert found.is_reserved(NOON) is is_pending


def test_reservation_of_a_pending_revision_ends() -> None:
    found = live(SERVED, tags=pending_tags())

    assert found.is_reserved(NOON + PENDING_GRACE * 0.99)
    assert not found.is_reserved(NOON + PENDING_GRACE)


def test_tags_name_the_config_that_was_served_before() -> None:
    assert live(SERVED, tags=pending_tags(previous="older")).previous == "older"
    assert live(SERVED, tags={}).previous == ""
