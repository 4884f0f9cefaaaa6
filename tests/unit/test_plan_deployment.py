"""PlanDeployment: the plan of an execution's input, and the same plan for the endpoint as it is later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import plan_deployment
from deployer.errors import DeploymentTimedOutError, InvalidRequestError
from deployer.json_document import Document
from deployer.planning.plan import Action, Plan
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_account import KEY
from tests.unit.planning_samples import EXECUTION, NOON, STACK, event_of
from tests.unit.request_samples import REGISTRY, request, variant

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount

pytestmark = pytest.mark.usefixtures("step_functions")

STATE_BYTES = 256 * 1024
"""What the data of an execution may take (Step Functions Developer Guide, Service quotas)."""

SMALL = {"Models": {"m": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1"}}}}


STARTED = {"Id": EXECUTION, "Name": "run-1", "StartTime": NOON.isoformat()}
"""The context of an execution, as a step gets it."""


def plan_first(_account: PlanningAccount, document: object) -> Plan:
    """Plan the deployment of an input."""
    event = {"Input": document, "Execution": STARTED}
    return Plan.model_validate(plan_deployment.handler(event, lambda_context("plan_deployment")))


def plan_again(_account: PlanningAccount, before: Plan) -> Plan:
    """Plan again for the endpoint as it is now."""
    event = event_of(before, Execution=STARTED)
    return Plan.model_validate(plan_deployment.handler(event, lambda_context("plan_deployment")))


def rejection(account: PlanningAccount, document: object) -> str:
    """Return the message with which an input is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        plan_first(account, document)
    return str(rejected.value)


def test_request_is_planned_for_a_missing_endpoint(account: PlanningAccount) -> None:
    found = plan_first(account, request(**SMALL))

    assert (found.action, found.execution, found.stack, found.request_id) == (Action.CREATE, EXECUTION, STACK, "run-1")
    assert found.request["EndpointConfig"]["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"


def test_request_that_awaits_its_artifact_has_no_revision(account: PlanningAccount) -> None:
    before = len(account.calls())

    found = plan_first(account, request())

    assert (found.action, found.revision) == (Action.AWAITING_ARTIFACT, None)
    assert account.calls(before) == []


def test_dry_run_is_planned_with_every_action(account: PlanningAccount) -> None:
    """A dry run does not wait for a busy endpoint or a missing artifact."""
    found = {
        "create": plan_first(account, request(**SMALL, DryRun=True)),
        "await": plan_first(account, request(DryRun=True)),
    }
    account.serve("older", -60)
    account.serve(is_deployed=False)
    found["wait"] = plan_first(account, request(**SMALL, DryRun=True))
    found["roll back later"] = plan_first(account, request(Rollback=True, DryRun=True))

    assert {plan.action for plan in found.values()} == {Action.PLANNED}
    actions = {name: plan.preview["Action"] for name, plan in found.items()}
    assert actions == {"create": "Create", "await": "AwaitingArtifact", "wait": "Wait", "roll back later": "Wait"}
    assert found["await"].preview["Warnings"] == [found["await"].reason]


def test_dry_run_of_a_rollback_reports_its_target(account: PlanningAccount) -> None:
    account.serve("a", -60)
    account.serve("b", -30)

    found = plan_first(account, request(Rollback=True, DryRun=True))

    (change,) = found.preview["Changes"]
    assert (change["Before"], change["After"]) == (f"{REGISTRY}/b:1", f"{REGISTRY}/a:1")


def test_dry_run_names_the_revision_that_the_request_makes(account: PlanningAccount) -> None:
    dry, real = plan_first(account, request(**SMALL, DryRun=True)), plan_first(account, request(**SMALL))

    assert (dry.revision, dry.model_names) == (real.revision, real.model_names)


def test_wrong_request_is_rejected_before_any_call(account: PlanningAccount) -> None:
    assert rejection(account, {"EndpointNam": "churn"}).splitlines() == [
        "EndpointNam: is not a field of a request; did you mean 'EndpointName'?",
        "EndpointName: is missing",
    ]
    assert account.calls() == []


def test_wait_for_another_deployment_grows_with_the_elapsed_time(account: PlanningAccount) -> None:
    account.serve(is_deployed=False)

    first = plan_first(account, request(**SMALL))
    account.sleep(15)
    second = plan_again(account, first)

    assert (first.action, first.wait_seconds) == (Action.WAIT, 75)
    assert (second.action, second.wait_seconds) == (Action.WAIT, 187)


def test_wait_for_another_deployment_ends_at_the_deadline(account: PlanningAccount) -> None:
    waiting = plan_first(account, request(**SMALL))
    account.sleep(110)
    account.serve(is_deployed=False)

    with pytest.raises(DeploymentTimedOutError, match=r"^Endpoint churn is still busy at the deadline, .* UTC\.$"):
        plan_again(account, waiting)


def test_request_fulfilled_meanwhile_does_not_time_out(account: PlanningAccount) -> None:
    first = plan_first(account, request(**SMALL))
    account.bring_into_service(first)
    account.sleep(180)

    assert plan_again(account, first).action is Action.NOTHING_TO_DO


def test_second_plan_keeps_the_content_of_the_first_one(account: PlanningAccount) -> None:
    """The artifact is not looked up again, nor are the defaults filled in again."""
    upload = account.put()
    first = plan_first(account, request())
    account.s3.delete_object(Bucket=upload.bucket, Key=KEY)
    served = account.serve("older", -60)

    second = plan_again(account, first)

    assert (second.revision, second.data, second.copies) == (first.revision, first.data, first.copies)
    assert (first.action, second.action, second.previous) == (Action.CREATE, Action.UPDATE, served.revision)


def test_rollback_that_waits_is_settled_when_its_turn_comes(account: PlanningAccount) -> None:
    older = account.serve("a", -60)
    account.serve("b", -30, is_deployed=False)

    waiting = plan_first(account, request(Rollback=True))
    account.sleep(30)
    settled = plan_again(account, waiting)

    assert (waiting.action, waiting.source) == (Action.WAIT, older.revision)
    assert (settled.action, settled.source) == (Action.UPDATE, older.revision)
    assert settled.wanted.digest == older.wanted.digest


def test_rollback_that_is_settled_is_not_looked_up_again(account: PlanningAccount) -> None:
    account.serve("a", -60)
    account.serve("b", -30)
    settled = plan_first(account, request(Rollback=True))
    account.serve("c", -10)

    again = plan_again(account, settled)

    assert (again.revision, again.source) == (settled.revision, settled.source)
    assert again.action is Action.UPDATE


def of_size(value: str, models: int = 10, values: int = 11) -> Document:
    """Build a request of several models, each with so many values in its environment, and one variant a model."""
    keys = [f"m{number}" for number in range(models)]
    environment = {f"KEY_{number}": value for number in range(values)}
    return request(
        *(variant(VariantName=key, ModelName=key) for key in keys),
        Models={
            key: {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:1", "Environment": environment}} for key in keys
        },
        Tags={f"tag-{number}": "x" * 240 for number in range(43)},
    )


def test_plan_has_the_content_of_a_large_request_once(account: PlanningAccount) -> None:
    """Ten models with eleven values of 1,000 characters, and all the tags that fit, leave room for every later step."""
    document = of_size("x" * 1000)

    found = plan_first(account, document)

    size = len(json.dumps(found.model_dump(mode="json", by_alias=True)))
    assert found.action is Action.CREATE
    assert size < len(json.dumps(document)) + 8 * 1024
    assert size < STATE_BYTES - 64 * 1024


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(of_size("x" * 1000, values=18), id="many values"),
        pytest.param(of_size("ü" * 1000, values=4), id="characters that take six bytes in JSON"),
    ],
)
def test_plan_that_would_not_fit_the_data_of_the_execution_is_rejected_with_its_size(
    account: PlanningAccount, document: Document
) -> None:
    message = rejection(account, document)

    assert message.startswith("request: becomes a plan of ")
    assert message.endswith("shorten the environment of its containers, or use fewer models")
    size, limit = (int(word) for word in message.replace(",", "").split() if word.isdigit())
    assert size > limit
    assert limit <= STATE_BYTES - 64 * 1024
    assert not [call for call in account.calls() if call.startswith(("Create", "Update"))]


def test_newer_request_that_waits_supersedes_one_that_waits_for_approval(account: PlanningAccount) -> None:
    """Supersede is not a person's answer, so the plan has none."""
    first = plan_first(account, request(**SMALL, Approval={"TimeoutHours": 6}))
    answer = {"Decision": "Supersede", "Comment": "A newer one waits"}
    event = event_of(first, Execution=STARTED, Now=account.now.isoformat())
    event["Plan"]["Answer"] = answer

    found = Plan.model_validate(plan_deployment.handler(event, lambda_context("plan_deployment")))

    assert first.action is Action.APPROVE
    assert (found.action, found.reason) == (Action.SUPERSEDED, "A newer one waits")
    assert found.approval
    assert found.approval.answer is None
