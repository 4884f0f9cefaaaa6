"""Which smoke test, guardrails, tags and limits of the stack hold for a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import EXECUTION
from tests.unit.request_samples import percent, routing
from tests.unit.rollback_samples import rejection, resolve, rollback, serve

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
SMOKE_TEST = {"Body": "stored", "ContentType": "text/csv"}


def test_stored_smoke_test_runs_again(account: PlanningAccount) -> None:
    account.serve("a", SmokeTest=SMOKE_TEST)
    account.serve("b", 10)

    assert resolve(account, rollback()).smoke_test == SMOKE_TEST


def test_smoke_test_of_the_rollback_replaces_the_stored_one(account: PlanningAccount) -> None:
    account.serve("a", SmokeTest=SMOKE_TEST)
    account.serve("b", 10)

    found = resolve(account, rollback(SmokeTest={"Body": "own"})).smoke_test

    assert found is not None
    assert found["Body"] == "own"


def test_smoke_test_is_checked_against_the_target_of_the_rollback(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    message = rejection(account, rollback(SmokeTest={"Body": "own", "TargetVariant": "B"}))

    assert message == "SmokeTest.TargetVariant: 'B' is not one of AllTraffic"


def test_stored_smoke_test_with_a_missing_body_is_rejected(account: PlanningAccount) -> None:
    account.serve("a", SmokeTest={"BodyS3Uri": f"s3://{BUCKET}/body.json"})
    account.serve("b", 10)

    assert rejection(account, rollback()) == f"SmokeTest.BodyS3Uri: s3://{BUCKET}/body.json is not there"
    assert resolve(account, rollback(SmokeTest={"Body": "own"}))


@pytest.mark.parametrize("stored", [None, {"RollingUpdatePolicy": {}}], ids=["none stored", "others stored"])
def test_guardrails_are_the_rollbacks_own(account: PlanningAccount, stored: Document | None) -> None:
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    account.serve("a", DeploymentConfig=stored)
    account.serve("b", 10)

    found = resolve(
        account,
        rollback(DeploymentConfig=CANARY, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded),
    )

    assert found.deployment_config == CANARY
    assert found.request["RetainAllVariantProperties"] is True
    assert found.request["ExcludeRetainedVariantProperties"] == excluded


def test_stored_guardrails_are_not_used_again(account: PlanningAccount) -> None:
    account.serve("a", DeploymentConfig=CANARY)
    account.serve("b", 10)

    assert resolve(account, rollback()).deployment_config is None


def test_rollback_has_the_tags_of_its_target(account: PlanningAccount) -> None:
    account.serve("a", Tags={"team": "growth"})
    account.serve("b", 10)

    assert resolve(account, rollback()).request["Tags"] == {"team": "growth"}


def test_rollback_to_names_that_are_no_longer_allowed_is_rejected_by_field(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    message = rejection(account, rollback(), allowed_images=("registry/*",))

    assert message.startswith("Rollback: Models.m.PrimaryContainer.Image: ")
    assert "AllowedImages" in message


def test_rollback_belongs_to_the_execution_that_requested_it(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    found = resolve(account, rollback(request_id="event-9"))

    assert (found.execution, found.request_id) == (EXECUTION, "event-9")
