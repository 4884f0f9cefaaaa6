"""A stack deploys what another one has deployed: the same request, from copies of the same bytes in its own bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulation.stages import STAGING, STAGING_ACCOUNT
from tests.machine.alarm_scenarios import GUARDRAILS
from tests.machine.factories import BUCKET, KEY, NOTHING, endpoint_of, live_model, request, rollback, upload
from tests.machine.promotions import deployed_elsewhere, promotion

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

STAGING_ROLE = f"arn:aws:iam::{STAGING_ACCOUNT}:role/staging"


@pytest.fixture(autouse=True)
def promotes_from_staging(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack takes what the other account deploys, and may read its bucket."""
    monkeypatch.setenv("PROMOTE_FROM", STAGING_ACCOUNT)
    monkeypatch.setenv("ALLOWED_BUCKET_ARNS", f"arn:aws:s3:::{STAGING}")


def test_promoted_revision_is_deployed_from_a_copy_of_its_own(make_world: Callable[..., World]) -> None:
    """Nothing of the endpoint depends on the other stack's bucket, and the bytes are those that were deployed there."""
    world, detail = deployed_elsewhere(make_world, Tags={"team": "growth"})

    execution = world.run(promotion(world, detail))

    url = live_model(world)["PrimaryContainer"]["ModelDataUrl"]
    copy = world.s3.get_object(Bucket=BUCKET, Key=url.removeprefix(f"s3://{BUCKET}/"))["Body"].read()
    assert (execution.states[-1], execution.cause) == ("Deployed", "")
    assert url.startswith(f"s3://{BUCKET}/revisions/churn/artifacts/")
    assert copy == b"weights"
    assert world.bus[-1]["StoredRequest"].startswith(f"s3://{BUCKET}/revisions/churn/")


@pytest.mark.parametrize("copies", ["uploads", "all", "none"])
def test_promoted_artifact_is_copied_under_each_copy_rule(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, copies: str
) -> None:
    """The sweep of the other stack deletes its copy later."""
    world, detail = deployed_elsewhere(make_world)
    monkeypatch.setenv("COPY_ARTIFACTS", copies)

    world.run(promotion(world, detail))

    assert live_model(world)["PrimaryContainer"]["ModelDataUrl"].startswith(f"s3://{BUCKET}/")


def test_same_event_twice_is_one_deployment(make_world: Callable[..., World]) -> None:
    """EventBridge may deliver an event more than once."""
    world, detail = deployed_elsewhere(make_world)
    event = promotion(world, detail)

    ends = [world.run(event).states[-1] for _ in range(2)]

    assert ends == ["Deployed", "NothingToDo"]


def test_promoted_revision_can_be_rolled_back(make_world: Callable[..., World]) -> None:
    """It is a revision like any other."""
    world, detail = deployed_elsewhere(make_world)
    upload(world, b"what was before", KEY)
    before = live_model(world)
    world.clock.sleep(60)
    world.run(promotion(world, detail))
    promoted = live_model(world)

    world.clock.sleep(60)
    execution = world.run(rollback())

    assert execution.states[-1] == "Deployed"
    assert promoted["PrimaryContainer"]["ModelDataUrl"] != before["PrimaryContainer"]["ModelDataUrl"]
    assert live_model(world)["PrimaryContainer"] == before["PrimaryContainer"]


def test_rollback_of_a_revision_with_rollback_alarms_is_promoted(make_world: Callable[..., World]) -> None:
    """A rollback without guardrails keeps the alarms for a later one, and makes none; nor does the next stage."""
    guarded = {"RollbackAlarms": {"Errors": {"Percent": 1}}, **GUARDRAILS}
    world, detail = deployed_elsewhere(make_world, request("b"), rollback(), **guarded)

    execution = world.run(promotion(world, detail))

    assert (detail["Outcome"], execution.states[-1], execution.cause) == ("Deployed", "Deployed", "")


def test_promoted_revision_waits_for_approval_where_the_stack_requires_it(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production may require an approval for a revision that staging has tested."""
    world, detail = deployed_elsewhere(make_world)
    monkeypatch.setenv("APPROVAL_ENDPOINTS", "churn")
    monkeypatch.setenv("DEPLOYMENT_TIMEOUT_SECONDS", "600")

    execution = world.run(promotion(world, detail))

    assert execution.states[-1] == "TimedOut"
    assert "AwaitApproval" in execution.states
    assert len(world.approvals) == 1
    assert world.names == NOTHING


def test_role_of_the_other_stack_is_replaced_by_the_default_one(make_world: Callable[..., World]) -> None:
    """A role of another account cannot be passed; one that the stack allows stays."""
    world, detail = deployed_elsewhere(make_world)
    key = detail["StoredRequest"].removeprefix(f"s3://{STAGING}/")
    document = json.loads(world.s3.get_object(Bucket=STAGING, Key=key)["Body"].read())
    document["Request"]["Models"]["model"]["ExecutionRoleArn"] = STAGING_ROLE
    world.s3.put_object(Bucket=STAGING, Key=key, Body=json.dumps(document).encode())

    world.run(promotion(world, detail))

    assert live_model(world)["ExecutionRoleArn"] == "arn:aws:iam::111122223333:role/runs-models"
    assert endpoint_of(world)["EndpointStatus"] == "InService"


def without_request(world: World, detail: Document) -> Document:
    """The other stack has swept its request away."""
    world.s3.delete_object(Bucket=STAGING, Key=detail["StoredRequest"].removeprefix(f"s3://{STAGING}/"))
    return promotion(world, detail)


def with_other_bytes(world: World, detail: Document) -> Document:
    """The stored copy has another size than what was deployed."""
    (key,) = (key for key in stored_in(world, STAGING) if key.endswith("model.tar.gz"))
    world.s3.put_object(Bucket=STAGING, Key=key, Body=b"something else")
    return promotion(world, detail)


def without_data(world: World, detail: Document) -> Document:
    """The stored copy is gone."""
    (key,) = (key for key in stored_in(world, STAGING) if key.endswith("model.tar.gz"))
    world.s3.delete_object(Bucket=STAGING, Key=key)
    return promotion(world, detail)


def from_another_account(world: World, detail: Document) -> Document:
    """An account that promotes nothing to this one."""
    return promotion(world, detail, account="111111111111")


def of_another_bucket(world: World, detail: Document) -> Document:
    """A bucket that the stack does not allow."""
    return promotion(world, {**detail, "StoredRequest": detail["StoredRequest"].replace(STAGING, "elsewhere")})


def that_comes_back(world: World, detail: Document) -> Document:
    """The other stack has deployed what this one had promoted to it."""
    key = detail["StoredRequest"].removeprefix(f"s3://{STAGING}/")
    document = json.loads(world.s3.get_object(Bucket=STAGING, Key=key)["Body"].read())
    document["Data"][0]["CopiedFrom"] = f"s3://{BUCKET}/revisions/churn/artifacts/0123456789ab/model.tar.gz"
    world.s3.put_object(Bucket=STAGING, Key=key, Body=json.dumps(document).encode())
    return promotion(world, detail)


def of_a_failure(world: World, detail: Document) -> Document:
    """A deployment that failed there."""
    return promotion(world, {**detail, "Outcome": "Failed"})


def stored_in(world: World, bucket: str) -> list[str]:
    """Return the keys in a bucket."""
    return [each["Key"] for each in world.s3.list_objects_v2(Bucket=bucket)["Contents"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_request, "detail.StoredRequest: s3://staging-artifacts/"),
        (with_other_bytes, "has 14 bytes instead of 7"),
        (without_data, "is gone"),
        (from_another_account, "account: 111111111111 may not promote to this stack"),
        (of_another_bucket, "detail.StoredRequest: 'elsewhere' is not allowed by this stack"),
        (that_comes_back, "detail.StoredRequest: this stack has promoted it itself"),
        (of_a_failure, "detail.Outcome: Input should be 'Deployed'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_impossible_promotion_is_rejected(
    make_world: Callable[..., World], change: Callable[[World, Document], Document], message: str
) -> None:
    """The message names the field, and nothing is created."""
    world, detail = deployed_elsewhere(make_world)

    execution = world.run(change(world, detail))

    assert execution.states[-1] == "Rejected"
    assert message in execution.cause
    assert world.names == NOTHING
