"""Events that were meant for the deployer are rejected with what would work, and others start nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.machine.factories import (
    MANIFEST_KEY,
    NOTHING,
    copies,
    request,
    stored,
    upload,
)
from tests.machine.trigger_samples import rule_of_template, sample, sample_with_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


NEAR_MISSES = [
    "churn/Model.tar.gz", "churn/v2/Model.tar.gz", "churn/model.zip", "churn/model.tgz", "churn/model.tar",
    "model.tar.gz", "deployment.yaml", "deployment.yml", "deployment.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_misnamed_upload_is_rejected_with_a_remedy(world: World, name: str) -> None:
    """The rule starts an execution for it, whose event says how to upload it."""
    execution = world.upload(f"models/{name}")
    world.machine.run()

    (event,) = world.bus
    started = json.loads(execution.record["input"])
    assert rule_of_template("MisnamedUploadRule").matches_event(started)
    assert not rule_of_template("UploadRule").matches_event(started)
    assert event["Outcome"] == "Rejected"
    assert event.get("EndpointName") == ("churn" if "/" in name else None)
    assert re.search(r"upload (it as|that)", event["Cause"])
    assert world.names == NOTHING


@pytest.mark.parametrize(
    "key",
    ["models/churn/notes.txt", "models/churn/data/train.csv", "models/churn/job/output/output.tar.gz",
     "models/churn/my-model.tar.gz", "models/churn/deployment.yaml.bak", "data/churn/model.zip", "model.tar.gz"],
)  # fmt: skip
def test_unrelated_upload_starts_no_execution(world: World, key: str) -> None:
    """A folder of models holds much else, and executions cost money."""
    created = world.object_created(key, "v", "etag")

    assert not any(rule_of_template(rule).matches_event(created) for rule in ("UploadRule", "MisnamedUploadRule"))


@pytest.mark.parametrize(
    ("detail_type", "matches"),
    [
        ("Endpoint Deployment Requested", True),
        ("endpoint deployment requested", True),
        ("ENDPOINT DEPLOYMENT REQUESTED", True),
        ("Endpoint Deployment Request", True),
        ("DeploymentRequested", True),
        ("Endpoint Deployment Ended", False),
        ("Endpoint Deployer Sweep Ended", False),
        ("Order Placed", False),
    ],
)
def test_event_that_was_meant_to_request_a_deployment_starts_an_execution(
    world: World,
    detail_type: str,
    matches: bool,  # noqa: FBT001 - a case
) -> None:
    """The deployer's own events never match, whatever the sources: they would start execution after execution."""
    event = world.event("endpoint-deployer.requests", detail_type, {"EndpointName": "churn"})

    assert rule_of_template("RequestRule").matches_event(event) is matches


def test_request_of_a_wrong_detail_type_is_rejected_with_the_right_one(world: World) -> None:
    """The event says which endpoint it was for."""
    world.run(world.event("endpoint-deployer.requests", "Deployment Requested", request("a")))

    (event,) = world.bus
    assert (event["Outcome"], event["EndpointName"]) == ("Rejected", "churn")
    assert event["Cause"].startswith("detail-type: must be 'Endpoint Deployment Requested'")


def test_event_of_the_deployers_own_store_is_rejected(world: World) -> None:
    """No rule matches what lies below revisions/; if an event came all the same, nothing would be made of it."""
    upload(world, b"one")
    (key,) = copies(world)
    before, names = stored(world), world.names

    execution = world.run(world.object_created(key, "v", "etag"))

    assert execution.states[-1] == "Rejected"
    assert "detail.object.key" in execution.cause
    assert "revisions/" in execution.cause
    assert (stored(world), world.names) == (before, names)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        (("account",), "999999999999", "account: the event is from account 999999999999"),
        (("detail", "bucket", "name"), "another", "detail.bucket.name: another is not the artifact bucket"),
        (("detail", "object", "key"), "other/churn/model.tar.gz", "detail.object.key: 'other/churn/model.tar.gz'"),
        (("detail", "object", "key"), "models/model.tar.gz", "detail.object.key: 'models/model.tar.gz'"),
        (("detail-type",), "Object Deleted", "detail-type: "),
        (("time",), "yesterday", "time: "),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_event_of_another_account_or_bucket_is_rejected(
    world: World, field: tuple[str, ...], value: str, named: str
) -> None:
    """Another account's, another bucket's and malformed events create nothing."""
    event = sample_with_object(world, "artifact_uploaded")
    part = event
    for name in field[:-1]:
        part = part[name]
    part[field[-1]] = value

    execution = world.run(event)

    assert execution.states[-1] == "Rejected"
    assert named in execution.cause
    assert world.names == NOTHING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
HOSTILE = st.sampled_from(["$.Plan", "$$.Execution.Id", "States.Format('{}', $)", "${CreateModelsFunctionArn}", "{%s}"])
REQUESTS = st.dictionaries(
    st.sampled_from(["EndpointName", "Models", "EndpointConfig", "Tags", "DeploymentConfig", "$.Plan"]), JSON | HOSTILE
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=JSON | REQUESTS, trigger=st.sampled_from(["manual", "custom", "manifest"]))
def test_any_json_has_a_named_outcome_and_creates_nothing(
    make_world: Callable[..., World], document: Any, trigger: str
) -> None:
    """An input, an event's detail or a manifest that is not a request is rejected, and nothing is evaluated."""
    world = make_world()
    if trigger == "manifest":
        execution = world.upload(MANIFEST_KEY, json.dumps(document).encode())
        world.machine.run()
    else:
        event = {**sample("deployment_requested"), "detail": document} if trigger == "custom" else document
        execution = world.run(event)

    assert execution.states[-1] in {"Rejected", "AwaitingArtifact"}
    assert world.outcomes == [execution.states[-1]]
    assert world.names == NOTHING
