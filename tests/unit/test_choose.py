"""What a draft means for the endpoint as it is now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import (
    EndpointConfigNotVisibleError,
    EndpointFailedError,
    EndpointNotVisibleError,
    InvalidRequestError,
    LiveConfigMissingError,
)
from deployer.json_document import Document
from deployer.planning.choose import choose_action, find_live, missing_models
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action, Plan
from deployer.tags import CONFIRMED_TAG, STACK_TAG, tag_list
from local.simulator import Settings
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import EXECUTION, OTHER_EXECUTION, STACK, complete_request, draft
from tests.unit.request_samples import REGISTRY, ROLE, percent, routing, serverless, variant

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from tests.unit.planning_account import PlanningAccount

GUARDED = {
    "BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10)),
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
}


def choose(account: PlanningAccount, wanted: Draft) -> Plan:
    """Choose the action of a draft."""
    return choose_action(wanted, account.planning)


def make_config(account: PlanningAccount, name: str) -> None:
    """Make an endpoint config by hand, and its model."""
    container = {"Image": f"{REGISTRY}/{name}:1"}
    account.sagemaker.create_model({"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
    variants = [variant(VariantName="AllTraffic", ModelName=name)]
    account.sagemaker.create_endpoint_config({"EndpointConfigName": name, "ProductionVariants": variants})


def serve_by_hand(account: PlanningAccount, tags: dict[str, str] | None = None) -> None:
    """Bring an endpoint into service that somebody makes by hand, on the config `by-hand`, and tags."""
    make_config(account, "by-hand")
    request = {"EndpointName": "churn", "EndpointConfigName": "by-hand"}
    account.sagemaker.create_endpoint({**request, "Tags": tag_list({STACK_TAG: STACK} if tags is None else tags)})
    account.sleep(10)


def begin_update(account: PlanningAccount) -> None:
    """Begin to change the endpoint to a config that somebody makes by hand."""
    make_config(account, "next")
    account.sagemaker.update_endpoint({"EndpointName": "churn", "EndpointConfigName": "next"}, is_retry=False)


def of_model(*variants: Document) -> Document:
    """Build the endpoint config of a complete request."""
    return {"ProductionVariants": [{"ModelName": "m", "VariantName": "AllTraffic", **each} for each in variants]}


def test_missing_endpoint_is_created(account: PlanningAccount) -> None:
    plan = choose(account, draft())

    assert (plan.action, plan.previous, plan.previous_arn) == (Action.CREATE, "", "")


def test_plan_says_when_to_look_again(account: PlanningAccount) -> None:
    assert choose(account, draft()).wait_seconds == account.planning.wait_seconds


def test_endpoint_is_updated_from_what_it_serves(account: PlanningAccount) -> None:
    served = account.serve()
    config = account.sagemaker.describe_endpoint_config(served.wanted.name)

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.UPDATE, served.revision)
    assert (plan.previous_arn, plan.retention) == (config["EndpointConfigArn"], {})


def test_endpoint_in_service_takes_three_calls(account: PlanningAccount) -> None:
    account.serve()
    before = len(account.calls())

    choose(account, draft(minutes=10))

    assert account.calls(before) == ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags"]


def test_endpoint_made_by_hand_has_no_tags_to_compare(account: PlanningAccount) -> None:
    serve_by_hand(account)
    before = len(account.calls())

    plan = choose(account, draft())

    assert (plan.action, plan.previous, plan.previous_arn) == (Action.UPDATE, "by-hand", "")
    assert account.calls(before) == ["DescribeEndpoint", "DescribeEndpointConfig", "ListTags"]


WAY_OUT = (
    "To let this stack change it: aws sagemaker add-tags --resource-arn "
    f"arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn --tags Key=endpoint-deployer:stack,Value={STACK}"
)


@pytest.mark.parametrize(
    ("tags", "whose"),
    [
        pytest.param({"team": "growth"}, "was not created by this stack", id="of nobody"),
        pytest.param({STACK_TAG: "another"}, "belongs to the stack 'another'", id="of another stack"),
    ],
)
def test_endpoint_of_somebody_else_is_not_changed_until_its_owner_tags_it(
    account: PlanningAccount, tags: dict[str, str], whose: str
) -> None:
    serve_by_hand(account, tags)

    with pytest.raises(InvalidRequestError) as rejected:
        choose(account, draft())

    assert str(rejected.value) == f"EndpointName: names an endpoint that {whose}, and stays as it is. {WAY_OUT}"

    account.sagemaker.add_tags("arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn", {STACK_TAG: STACK})

    assert choose(account, draft()).action is Action.UPDATE


@pytest.mark.parametrize("image", ["a", "b"], ids=["equal content", "other content"])
def test_revision_of_another_stack_is_neither_confirmed_nor_updated(account: PlanningAccount, image: str) -> None:
    """Its endpoint has names like those of this stack."""
    account.serve("a", stack="another")

    with pytest.raises(InvalidRequestError, match="belongs to the stack 'another'"):
        choose(account, draft(image, minutes=10))


def test_endpoint_without_tags_is_looked_at_again_while_it_is_young(account: PlanningAccount) -> None:
    """A replica may not show them yet."""
    serve_by_hand(account, {})
    account.sleep(-1)

    with pytest.raises(EndpointNotVisibleError, match="shows no tags yet"):
        choose(account, draft())

    account.sleep(1)

    with pytest.raises(InvalidRequestError, match="was not created by this stack"):
        choose(account, draft())


def test_changing_endpoint_is_waited_for_with_one_call(account: PlanningAccount) -> None:
    account.serve()
    begin_update(account)
    before = len(account.calls())

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.WAIT, "")
    assert account.calls(before) == ["DescribeEndpoint"]


def test_pending_revision_of_another_run_is_waited_for(account: PlanningAccount) -> None:
    account.serve(is_deployed=False)

    plan = choose(account, draft(minutes=10))

    assert (plan.action, plan.previous) == (Action.WAIT, "")


def test_abandoned_pending_revision_is_updated(account: PlanningAccount) -> None:
    served = account.serve(is_deployed=False)
    account.sleep(30)

    plan = choose(account, draft(minutes=40))

    assert (plan.action, plan.previous) == (Action.UPDATE, served.revision)


@pytest.mark.parametrize("execution", [EXECUTION, OTHER_EXECUTION], ids=["of this run", "of another run"])
def test_resumed_run_keeps_what_was_served_before(account: PlanningAccount, execution: str) -> None:
    older = account.serve("older")
    account.bring_into_service(draft("next", minutes=10, execution=execution), is_deployed=False)
    assert choose(account, draft("next", minutes=10)).action is Action.WAIT
    account.sleep(30)

    plan = choose(account, draft("next", minutes=10))

    assert (plan.action, plan.previous) == (Action.RESUME, older.revision)
    assert (plan.previous_arn, plan.retention) == ("", {})


def test_resumed_creation_keeps_that_there_was_no_endpoint(account: PlanningAccount) -> None:
    account.bring_into_service(draft(), is_deployed=False)
    account.sleep(30)

    plan = choose(account, draft())

    assert (plan.action, plan.previous) == (Action.RESUME, "")


def test_same_request_again_is_nothing_to_do(account: PlanningAccount) -> None:
    account.serve("a")

    assert choose(account, draft("a")).action is Action.NOTHING_TO_DO


def test_later_request_for_what_is_live_is_confirmed_on_its_config(account: PlanningAccount) -> None:
    served = account.serve("a")

    plan = choose(account, draft("a", minutes=10))

    assert plan.action is Action.CONFIRM
    assert plan.previous_arn == account.sagemaker.describe_endpoint_config(served.wanted.name)["EndpointConfigArn"]


def test_request_between_the_live_one_and_its_confirmation_is_superseded(account: PlanningAccount) -> None:
    account.serve("a")
    again = choose(account, draft("a", minutes=10))
    account.sagemaker.confirm(again.previous_arn, again.wanted.name)

    found = find_live(account.planning, "churn")

    assert found is not None
    assert found.tags[CONFIRMED_TAG] == again.revision
    older = choose(account, draft("b", minutes=5))
    assert older.action is Action.SUPERSEDED
    assert older.reason.endswith(f"which was requested later: {again.revision} asked for it again")
    assert choose(account, draft("b", minutes=15)).action is Action.UPDATE


def test_older_request_is_superseded(account: PlanningAccount) -> None:
    served = account.serve(minutes=10)

    found = choose(account, draft(minutes=5))

    assert found.action is Action.SUPERSEDED
    assert found.reason == f"Endpoint churn serves {served.revision}, which was requested later"


def test_endpoint_that_failed_ends_the_run(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    account.bring_into_service(draft("b"), is_deployed=False)

    with pytest.raises(EndpointFailedError, match=r"^Endpoint churn is Failed and cannot be changed\. No capacity\.$"):
        choose(account, draft(minutes=10))


def delete_config(account: PlanningAccount, name: str) -> None:
    """Delete an endpoint config as somebody does by hand."""
    account.sagemaker.delete_endpoint_config(name)


def sleep_until_visible(account: PlanningAccount, but_seconds: float = 0) -> None:
    """Let time pass until every replica sees what the endpoint is."""
    visible_by = account.sagemaker.describe_endpoint("churn")["LastModifiedTime"] + timedelta(minutes=10)
    account.sleep((visible_by - account.now).total_seconds() / 60 - but_seconds / 60)


@pytest.mark.parametrize("is_revision", [True, False], ids=["a revision", "made by hand"])
def test_live_config_that_somebody_deleted_is_told_with_the_way_out(
    account: PlanningAccount, *, is_revision: bool
) -> None:
    if is_revision:
        account.serve()
    else:
        serve_by_hand(account)
    name = account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]
    delete_config(account, name)
    sleep_until_visible(account)

    with pytest.raises(LiveConfigMissingError) as missing:
        choose(account, draft(minutes=20))

    assert f"serves the endpoint config {name}, which has been deleted" in str(missing.value)
    assert "Create an endpoint config of that name again" in str(missing.value)


def test_live_config_that_is_missing_soon_after_a_change_is_not_visible_yet(account: PlanningAccount) -> None:
    served = account.serve()
    delete_config(account, served.wanted.name)
    sleep_until_visible(account, but_seconds=1)

    with pytest.raises(EndpointConfigNotVisibleError, match="which has been deleted"):
        choose(account, draft(minutes=20))


def test_missing_config_of_a_changing_endpoint_is_not_looked_for(account: PlanningAccount) -> None:
    served = account.serve()
    begin_update(account)
    delete_config(account, served.wanted.name)

    assert choose(account, draft(minutes=10)).action is Action.WAIT


def serve_nothing(account: PlanningAccount) -> None:
    """Leave the account without an endpoint."""


def serve_older(account: PlanningAccount) -> None:
    """Let an older revision be live."""
    account.serve()


def serve_pending(account: PlanningAccount) -> None:
    """Let an older revision be tested."""
    account.serve(is_deployed=False)


@pytest.mark.parametrize(
    ("serve", "otherwise"),
    [(serve_nothing, Action.CREATE), (serve_older, Action.UPDATE), (serve_pending, Action.WAIT)],
    ids=["to create", "to update", "waiting"],
)
def test_upload_that_was_overwritten_meanwhile_is_superseded(
    account: PlanningAccount, serve: Any, otherwise: Action
) -> None:
    upload = account.put()
    serve(account)
    wanted = draft(minutes=10, upload=upload)
    assert choose(account, wanted).action is otherwise

    newer = account.put()
    found = choose(account, wanted)

    assert found.action is Action.SUPERSEDED
    assert found.reason == f"s3://{newer.bucket}/{newer.key} has been uploaded again, as version {newer.version}"


def test_deployed_upload_that_was_overwritten_is_nothing_to_do(account: PlanningAccount) -> None:
    """The request has been fulfilled; the newer upload has a run of its own."""
    upload = account.put()
    account.serve("a")
    account.put()

    assert choose(account, draft("a", upload=upload)).action is Action.NOTHING_TO_DO


def test_upload_that_was_deleted_is_deployed_all_the_same(account: PlanningAccount) -> None:
    """Its version is still there, and no newer event will come."""
    upload = account.put()
    account.s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert choose(account, draft(upload=upload)).action is Action.CREATE


def test_update_that_the_live_config_does_not_allow_is_rejected_by_field(account: PlanningAccount) -> None:
    account.serve()
    wanted = draft(
        minutes=10,
        DeploymentConfig=GUARDED,
        EndpointConfig=of_model(variant(VariantName="B", InitialInstanceCount=2)),
    )

    with pytest.raises(InvalidRequestError) as rejected:
        choose(account, wanted)

    assert [line.partition(": ")[0] for line in str(rejected.value).splitlines()] == [
        "EndpointConfig.ProductionVariants",
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName",
    ]


def test_update_whose_alarms_exist_is_planned(account: PlanningAccount) -> None:
    account.serve()
    account.put_alarm("churn-5xx")

    plan = choose(account, draft(minutes=10, DeploymentConfig=GUARDED))

    assert (plan.action, plan.deployment_config) == (Action.UPDATE, GUARDED)


def test_update_keeps_the_instance_counts_of_a_scaled_endpoint(account: PlanningAccount) -> None:
    account.serve()
    account.scale()

    assert choose(account, draft(minutes=10)).retention == COUNTS_STAY


def test_update_that_changes_the_type_of_a_scaled_variant_is_rejected(account: PlanningAccount) -> None:
    account.serve()
    account.scale()

    with pytest.raises(InvalidRequestError, match=r"InstanceType: cannot change from ml\.m5\.large"):
        choose(account, draft(minutes=10, EndpointConfig=of_model(variant(InstanceType="ml.c5.large"))))


@pytest.mark.parametrize(
    ("retained", "is_rejected"), [(None, True), (True, False), (False, False)], ids=["nothing said", "yes", "no"]
)
def test_count_beside_a_scaled_variant_may_change_only_if_the_request_says_what_is_retained(
    account: PlanningAccount, retained: Any, *, is_rejected: bool
) -> None:
    two = [variant(VariantName="AllTraffic"), variant(VariantName="B")]
    account.serve(EndpointConfig=of_model(*two))
    account.scale()
    changed = of_model(two[0], variant(VariantName="B", InitialInstanceCount=2))
    wanted = draft(minutes=10, EndpointConfig=changed, RetainAllVariantProperties=retained)

    if is_rejected:
        with pytest.raises(
            InvalidRequestError, match=r"\[1\]\.InitialInstanceCount: cannot change from 1 in an update"
        ):
            choose(account, wanted)
    else:
        assert choose(account, wanted).action is Action.UPDATE


def of_components() -> Document:
    """Build the endpoint config of an endpoint of inference components."""
    return {"ExecutionRoleArn": ROLE, "ProductionVariants": [variant(VariantName="AllTraffic")]}


def test_first_deployment_of_inference_components_cannot_be_tested(account: PlanningAccount) -> None:
    components: Document = {"Models": {}, "EndpointConfig": of_components()}

    with pytest.raises(InvalidRequestError, match=r"^SmokeTest: is not for the first deployment\b"):
        choose(account, draft(**components, SmokeTest={"Body": "x"}))

    assert choose(account, draft(**components)).action is Action.CREATE
    assert choose(account, draft(SmokeTest={"Body": "x"})).action is Action.CREATE


def test_later_deployment_of_inference_components_can_be_tested(account: PlanningAccount) -> None:
    components: Document = {"Models": {}, "EndpointConfig": of_components()}
    account.serve()

    assert choose(account, draft(minutes=10, **components, SmokeTest={"Body": "x"})).action is Action.UPDATE


def test_request_says_what_is_retained(account: PlanningAccount) -> None:
    account.serve()
    excluded = [{"VariantPropertyType": "DesiredWeight"}]

    plan = choose(
        account,
        draft(minutes=10, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded),
    )

    assert plan.retention == {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}


def test_serverless_endpoint_is_not_asked_for_scaled_instances(account: PlanningAccount) -> None:
    account.serve(EndpointConfig=of_model(serverless()))
    account.scale()

    assert choose(account, draft(minutes=10, EndpointConfig=of_model(serverless()))).retention == {}


@pytest.mark.parametrize(
    "action", [Action.NOTHING_TO_DO, Action.SUPERSEDED], ids=["the same request", "an older request"]
)
def test_request_that_changes_nothing_is_not_checked_against_the_endpoint(
    account: PlanningAccount, action: Action
) -> None:
    guarded = {"DeploymentConfig": GUARDED}
    account.serve("a", minutes=10)
    wanted = draft("a", 10, **guarded) if action is Action.NOTHING_TO_DO else draft("b", 5, **guarded)

    assert choose(account, wanted).action is action


def test_models_that_a_request_expects_in_sagemaker_are_looked_up(account: PlanningAccount) -> None:
    make_config(account, "there")
    request = complete_request(
        EndpointConfig={
            "ProductionVariants": [
                variant(VariantName="A", ModelName="m"),
                variant(VariantName="B", ModelName="there"),
                variant(VariantName="C", ModelName="gone"),
            ]
        }
    )

    problems = [str(problem) for problem in missing_models(request, account.sagemaker)]

    assert problems == [
        "EndpointConfig.ProductionVariants[2].ModelName: 'gone' is neither a key of Models nor a model in SageMaker"
    ]


def test_request_without_a_config_expects_no_models(account: PlanningAccount) -> None:
    assert not list(missing_models(complete_request(EndpointConfig=None), account.sagemaker))
