"""Which differences between an endpoint and its deployed revision are drift."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.drift.find import Kind, Upload, View, find_drift
from deployer.json_document import Document
from tests.unit.planning_samples import at, live, pending_tags, revision

TIMEOUT = timedelta(hours=2)
REVISION, OLDER = revision("a"), revision("b", minutes=-60)
MODIFIED: Document = {"LastModifiedTime": at(10)}


def view(**changed: Any) -> View:
    """Build the view of an endpoint that serves what was deployed; what else it shows can be changed."""
    as_deployed = {"live": live(REVISION, **MODIFIED), "deployed": REVISION, "is_in_store": True}
    return View(**{"endpoint_name": "churn", **as_deployed, **changed})


def kinds(seen: View, minutes: float = 600) -> list[Kind]:
    """Return the kinds of drift at a time, in minutes after noon."""
    return [finding.kind for finding in find_drift(seen, at(minutes), TIMEOUT)]


def upload(minutes: float, version: str = "v2") -> Upload:
    """Build an upload of some minutes after noon."""
    return Upload("models/churn/model.tar.gz", version, at(minutes))


DRIFT = {
    "no endpoint": (view(live=None, is_in_store=False), [Kind.ENDPOINT_DELETED]),
    "failed": (view(live=live(REVISION, EndpointStatus="Failed")), [Kind.ENDPOINT_FAILED]),
    "config made by hand": (view(live=live("by-hand"), is_in_store=False), [Kind.CONFIG_REPLACED]),
    "config of another stack": (view(is_in_store=False), [Kind.CONFIG_REPLACED]),
    "earlier revision": (view(live=live(OLDER)), [Kind.CONFIG_REPLACED]),
    "pending revision": (view(live=live(REVISION, tags=pending_tags()), deployed=OLDER), [Kind.CONFIG_REPLACED]),
    "two models": (view(missing_models=("m", "n")), [Kind.MODEL_DELETED] * 2),
    "copy": (
        view(missing_data=("s3://artifacts/revisions/churn/artifacts/0/model.tar.gz",)),
        [Kind.STORED_DATA_DELETED],
    ),
    "two alarms": (view(missing_alarms=("a",), changed_alarms=("b",)), [Kind.ALARM_DELETED, Kind.ALARM_CHANGED]),
    "two scaled variants": (view(changed_scaling=("A", "B")), [Kind.SCALING_CHANGED]),
    "two moved tags": (view(changed_images=("a:1", "b:1")), [Kind.IMAGE_CHANGED] * 2),
    "upload": (view(upload=upload(30)), [Kind.UPLOAD_NOT_DEPLOYED]),
    "no invocation": (view(invocations=0, invoked_since=at(60)), [Kind.NOT_INVOKED]),
}

NO_DRIFT = {
    "as deployed": view(),
    "changing": view(live=live(OLDER, EndpointStatus="Updating")),
    "never deployed": view(live=live("by-hand"), deployed=None, is_in_store=False),
    "untagged": view(live=live(REVISION, tags={}), deployed=OLDER),
    "upload that is deployed": view(upload=upload(30), versions=frozenset({"v2"})),
    "upload before the request": view(upload=upload(-30)),
    "upload that may still be waiting": view(upload=upload(500)),
    "invocations": view(invocations=1.0, invoked_since=at(60)),
    "invocations not asked for": view(invocations=None, invoked_since=at(60)),
    "younger than the days without invocations": view(invocations=0, invoked_since=at(5)),
}


@pytest.mark.parametrize(("seen", "expected"), DRIFT.values(), ids=DRIFT)
def test_difference_is_found(seen: View, expected: list[Kind]) -> None:
    assert kinds(seen) == expected


def test_deleted_config_is_found() -> None:
    """It is described as nothing, and so are its tags."""
    without_config = replace(live(REVISION, tags={}, **MODIFIED), config={})

    assert kinds(view(live=without_config)) == [Kind.CONFIG_DELETED]


@pytest.mark.parametrize("seen", NO_DRIFT.values(), ids=NO_DRIFT)
def test_endpoint_on_its_deployed_revision_has_no_drift(seen: View) -> None:
    assert kinds(seen) == []


def test_pending_revision_without_a_deployed_one_is_found() -> None:
    """The run of a first deployment was stopped."""
    assert kinds(view(live=live(REVISION, tags=pending_tags()), deployed=None)) == [Kind.CONFIG_REPLACED]


@pytest.mark.parametrize("confirmed", [True, False])
def test_confirmed_request_counts_as_deployed(confirmed: bool) -> None:  # noqa: FBT001 - a case
    """An upload that changed nothing confirms the live revision, as of the time of its event."""
    newer = revision("a", minutes=40)
    tags = {"endpoint-deployer:state": "deployed", **({"endpoint-deployer:confirmed": newer.name} if confirmed else {})}

    found = kinds(view(live=live(REVISION, tags=tags, **MODIFIED), upload=upload(40)))

    assert found == ([] if confirmed else [Kind.UPLOAD_NOT_DEPLOYED])


@given(
    seen=st.sampled_from([seen for seen, _ in DRIFT.values()]),
    minutes=st.floats(0, 2000),
    change=st.sampled_from([{"is_under_way": True}, {"deployed": None, "is_in_store": False}]),
)
def test_running_deployment_or_no_deployment_hides_every_difference(
    seen: View, minutes: float, change: dict[str, Any]
) -> None:
    changed = View(**{name: getattr(seen, name) for name in View.__slots__} | change)

    assert kinds(changed, minutes) == []


@given(
    seen=st.sampled_from([seen for seen, _ in DRIFT.values() if seen.live]),
    age=st.floats(0, 14.9),
)
def test_endpoint_that_has_just_changed_has_no_drift(seen: View, age: float) -> None:
    """A replica may show its tags, or its config, as they were."""
    assert seen.live is not None
    assert find_drift(seen, seen.live.modified_at + timedelta(minutes=age), TIMEOUT) == []
