"""The sweep on local AWS: by hand, as a dry run, and by its schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from deployer.tags import STACK_TAG
from local.environment import STACK_NAME
from tests.local.empty_account import empty_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.aws.stack import Stack
    from local.simulator import Settings

DAYS = 2 * 86400.0
SCHEDULE_SECONDS = 90.0
KINDS = ("EndpointConfigs", "Models", "Revisions", "Artifacts", "Alarms")


def deploy(stack: Stack, endpoint: str, artifact: bytes) -> Document:
    """Upload an artifact and return the outcome of its execution."""
    return stack.outcome_of(stack.execution_of(stack.upload(f"models/{endpoint}/model.tar.gz", artifact)))


def stored(stack: Stack, endpoint: str) -> set[str]:
    """Return the keys of all stored objects of an endpoint, older versions and delete markers included."""
    found = stack.server.client("s3").list_object_versions(
        Bucket=stack.outputs.artifact_bucket, Prefix=f"revisions/{endpoint}/"
    )
    return {each["Key"] for kind in ("Versions", "DeleteMarkers") for each in found.get(kind, [])}


def test_sweep_deletes_exactly_the_unused_resources(stack: Stack, quick: Settings, artifact: bytes) -> None:
    """A failed update leaves a config, a model and a copy, which a dry run names, and a sweep deletes."""
    empty_account(stack)
    live = deploy(stack, "swept", artifact)["Revision"]
    before, stored_before = stack.made_for("swept"), stored(stack, "swept")
    stack.server.control.settings = replace(quick, failure_reasons={"*": "The image does not start."})
    failed = deploy(stack, "swept", artifact + b"\0")
    stack.server.control.settings = quick
    left, stored_left = stack.made_for("swept"), stored(stack, "swept")

    dry_run = stack.sweep(dry_run=True, after=DAYS)
    after_dry_run = stack.made_for("swept"), stored(stack, "swept")
    sweep = stack.sweep(after=DAYS)

    assert failed["Outcome"] == "Failed"
    assert (dry_run["DryRun"], sweep["DryRun"]) == (True, False)
    assert dry_run["Removed"] == sweep["Removed"]
    assert {kind: sweep["Removed"][kind]["Count"] for kind in KINDS} == {**dict.fromkeys(KINDS, 1), "Alarms": 0}
    assert sweep["Removed"]["EndpointConfigs"]["Names"] == [failed["Revision"]]
    assert after_dry_run == (left, stored_left)
    assert before["EndpointConfigs"] == [live]
    assert (stack.made_for("swept"), stored(stack, "swept")) == (before, stored_before)
    assert stack.endpoint("swept")["EndpointConfigName"] == live


@pytest.fixture
def every_minute(stack: Stack) -> Iterator[Callable[[], None]]:
    """Return what lets the sweep's rule start a sweep each minute, which is the shortest interval of EventBridge."""
    events = stack.server.client("events")
    described = stack.server.client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="SweepRule"
    )
    name = described["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]
    schedule = events.describe_rule(Name=name)["ScheduleExpression"]
    yield lambda: events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")
    events.put_rule(Name=name, ScheduleExpression=schedule)


def test_schedule_starts_a_sweep(stack: Stack, every_minute: Callable[[], None]) -> None:
    """The rule starts it with the rights of its role; it deletes nothing that was used within the retention."""
    empty_account(stack)
    stack.server.client("sagemaker").create_model(
        ModelName="young-m-0123456789ab",
        PrimaryContainer={"Image": "i"},
        Tags=[{"Key": STACK_TAG, "Value": STACK_NAME}],
    )
    began = datetime.now(UTC)

    every_minute()  # the minute counts from the last time, or else from the creation of the rule
    sweep = stack.outcomes.of_sweep(began, timeout=SCHEDULE_SECONDS)

    assert not sweep["DryRun"]
    assert [sweep["Removed"][kind]["Count"] for kind in KINDS] == [0] * len(KINDS)
    assert stack.made_for("young")["Models"] == ["young-m-0123456789ab"]
