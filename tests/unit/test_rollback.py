"""Which revision a rollback goes back to, and what of it is deployed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import EndpointFailedError, InvalidRequestError, LiveConfigMissingError
from deployer.json_document import Document
from deployer.planning.choose import choose_action
from deployer.planning.draft_state import Draft
from deployer.planning.keys import artifact_key, request_key
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.revision_store import StoredData
from deployer.planning.rollback import resolve_rollback
from deployer.request.allowances import Allowances
from deployer.request.model import read_request
from deployer.tags import PENDING, STACK_TAG, STATE_TAG
from local.simulator import Settings
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import EXECUTION, at, bare_draft, draft
from tests.unit.request_samples import percent, request, routing, variant

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount

LATER = 240
"""Minutes after noon at which the rollbacks of these tests are requested."""

CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
SMOKE_TEST = {"Body": "stored", "ContentType": "text/csv"}


def rollback(to: bool | str = True, minutes: float = LATER, **changed: Any) -> Draft:  # noqa: FBT001, FBT002 - as in JSON
    """Build the draft of a rollback."""
    fields = {name: changed.pop(name) for name in [*changed] if name in Draft.model_fields}
    return bare_draft(read_request(request(Rollback=to, **changed)).document(), minutes, **fields)


def resolve(account: PlanningAccount, wanted: Draft, allowances: Allowances | None = None) -> Draft:
    """Resolve a rollback that says which revision it goes back to."""
    resolved = resolve_rollback(wanted, account.planning, account.store, allowances or Allowances())
    assert not isinstance(resolved, Plan)
    return resolved


def decide(account: PlanningAccount, wanted: Draft) -> Action:
    """Resolve a rollback, and decide what it means for the endpoint."""
    resolved = resolve_rollback(wanted, account.planning, account.store, Allowances())
    return resolved.action if isinstance(resolved, Plan) else choose_action(resolved, account.planning).action


def rejection(account: PlanningAccount, wanted: Draft, allowances: Allowances | None = None) -> str:
    """Return the message with which a rollback is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        resolve_rollback(wanted, account.planning, account.store, allowances or Allowances())
    return str(rejected.value)


def serve(account: PlanningAccount, *images: str, **changed: Any) -> list[Plan]:
    """Deploy images one after the other, ten minutes apart."""
    return [account.serve(image, 10 * number, **changed) for number, image in enumerate(images)]


def test_rollback_deploys_what_the_revision_before_the_live_one_held(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")

    found = resolve(account, rollback())

    assert (found.source, found.wanted.digest) == (first.revision, first.wanted.digest)
    assert found.wanted.requested_at == rollback().requested_at
    assert (found.model_names, found.request["Models"]) == (first.model_names, first.request["Models"])
    assert found.copies == []
    assert choose_action(found, account.planning).action is Action.UPDATE


def test_second_rollback_returns_to_the_revision_that_the_first_one_left(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(minutes=30)))

    assert resolve(account, rollback()).source == second.revision


def test_named_revision_is_deployed_again(account: PlanningAccount) -> None:
    first, *_ = serve(account, "a", "b", "c")

    assert resolve(account, rollback(first.wanted.name)).source == first.revision


def test_revision_that_came_after_the_live_one_can_be_named(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(minutes=30)))

    assert resolve(account, rollback(second.wanted.name)).source == second.revision


def test_endpoint_made_by_hand_can_be_rolled_back_to_a_named_revision_only(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    config = account.sagemaker.describe_endpoint_config(first.wanted.name)
    by_hand = {"EndpointConfigName": "by-hand", "ProductionVariants": config["ProductionVariants"]}
    account.sagemaker.create_endpoint_config(by_hand)
    account.sagemaker.update_endpoint({"EndpointName": "churn", "EndpointConfigName": "by-hand"}, is_retry=False)
    account.sleep(10)

    assert rejection(account, rollback()) == (
        "Rollback: the endpoint has by-hand, which this deployer did not make; name the revision to go back to"
    )
    assert resolve(account, rollback(first.wanted.name)).source == first.revision


def test_pending_revision_is_passed_over(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.add_tags(arn, {STATE_TAG: PENDING})

    assert resolve(account, rollback()).source == first.revision
    assert f"there is no deployed revision {second.revision}" in rejection(account, rollback(second.wanted.name))


def test_revision_of_another_stack_is_passed_over(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.add_tags(arn, {STACK_TAG: "another"})

    assert resolve(account, rollback()).source == first.revision


def test_revision_whose_config_is_gone_is_passed_over(account: PlanningAccount) -> None:
    first, second, _ = serve(account, "a", "b", "c")
    account.sagemaker.delete_endpoint_config(second.wanted.name)

    assert resolve(account, rollback()).source == first.revision


def test_stored_folders_that_are_no_revisions_are_passed_over(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.put("revisions/churn/artifacts/0123/model.tar.gz")
    account.put("revisions/churn/other-20261124T120000-0123456789ab/request.json")

    assert resolve(account, rollback()).source == first.revision


def test_revision_without_a_stored_request_is_told(account: PlanningAccount) -> None:
    """Version 0.1 of the deployer stored none."""
    first, second = serve(account, "a", "b", is_stored=False)

    assert rejection(account, rollback()) == (
        f"Rollback: there is no deployed revision before {second.revision}. What version 0.1 of the deployer deployed "
        "has no stored request; upload its artifact again"
    )
    assert rejection(account, rollback(first.wanted.name)).startswith(
        f"Rollback: there is no deployed revision {first.revision}; deployed are: none."
    )


ABSENT = "churn-20200101T000000-0123456789ab"


def test_missing_revision_is_told_with_those_that_were_deployed(account: PlanningAccount) -> None:
    first, second = serve(account, "a", "b")
    account.serve("c", 20, is_deployed=False)
    account.sleep(30)

    message = rejection(account, rollback(ABSENT))

    assert message.startswith(
        f"Rollback: there is no deployed revision {ABSENT}; deployed are: {second.revision}, {first.revision}."
    )


def test_live_revision_is_marked_among_those_that_were_deployed(account: PlanningAccount) -> None:
    first, second = serve(account, "a", "b")

    message = rejection(account, rollback(ABSENT))

    assert f"deployed are: {second.revision} (live), {first.revision}." in message


def begin_update(account: PlanningAccount) -> tuple[Plan, str]:
    """Begin to change an endpoint that serves `a` to `b`; return what it serves, and what it is changed to."""
    (first,) = serve(account, "a")
    pending = draft("b", 10)
    made = Plan.of(pending, Action.UPDATE, 60, Before(previous=first.wanted.name))
    for model in made.model_requests(account.now):
        account.sagemaker.create_model(model)
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    account.store_request(made)
    account.sagemaker.update_endpoint(made.update_request(), is_retry=False)
    return first, made.wanted.name


def test_wrong_rollback_is_rejected_while_the_endpoint_changes(account: PlanningAccount) -> None:
    first, pending = begin_update(account)

    message = rejection(account, rollback(ABSENT))

    assert f"deployed are: {first.revision} (live)." in message
    assert pending not in message


def test_rollback_to_a_deployed_revision_is_settled_while_the_endpoint_changes(account: PlanningAccount) -> None:
    first, _ = begin_update(account)

    found = choose_action(resolve(account, rollback(first.wanted.name)), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_rollback_is_settled_against_what_is_under_way(account: PlanningAccount) -> None:
    """A rollback that is requested during a change goes back to the revision before that change."""
    first, _ = begin_update(account)

    found = choose_action(resolve(account, rollback()), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_rollback_to_what_is_under_way_waits(account: PlanningAccount) -> None:
    _, pending = begin_update(account)

    found = resolve_rollback(rollback(pending), account.planning, account.store, Allowances())

    assert isinstance(found, Plan)
    assert (found.action, found.revision) == (Action.WAIT, None)
    assert found.reason == f"Endpoint churn is Updating, to {pending}"


def test_rollback_that_is_older_than_what_is_under_way_waits(account: PlanningAccount) -> None:
    begin_update(account)

    found = resolve_rollback(rollback(minutes=5), account.planning, account.store, Allowances())

    assert isinstance(found, Plan)
    assert (found.action, found.revision) == (Action.WAIT, None)


ABORT_ALARM = "deployer/abort/churn"


def alarm_state(account: PlanningAccount) -> str:
    """Return the state of the alarm that ends updates."""
    return account.planning.monitoring.alarm_states([ABORT_ALARM]).get(ABORT_ALARM, "")


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
def test_rollback_ends_the_update_that_it_waits_for(account: PlanningAccount, *, is_named: bool) -> None:
    first, _ = begin_update(account)
    account.planning.monitoring.make_abort_alarm(ABORT_ALARM, "churn", [])
    before = alarm_state(account)

    found = choose_action(resolve(account, rollback(first.wanted.name if is_named else True)), account.planning)

    assert (before, found.action, alarm_state(account)) == ("OK", Action.WAIT, "ALARM")


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(lambda: rollback(DryRun=True), id="a dry run"),
        pytest.param(lambda: draft("c", LATER), id="another request"),
    ],
)
def test_only_a_rollback_ends_an_update(account: PlanningAccount, wanted: Any) -> None:
    begin_update(account)
    account.planning.monitoring.make_abort_alarm(ABORT_ALARM, "churn", [])
    request = wanted()

    choose_action(resolve(account, request) if request.request["Rollback"] else request, account.planning)

    assert alarm_state(account) == "OK"


def test_update_without_the_alarm_is_waited_for(account: PlanningAccount) -> None:
    begin_update(account)

    assert choose_action(resolve(account, rollback()), account.planning).action is Action.WAIT
    assert alarm_state(account) == ""


def test_rollback_before_anything_was_deployed_is_rejected_at_once(account: PlanningAccount) -> None:
    made = account.serve("a", is_deployed=False)

    message = rejection(account, rollback())

    assert message.startswith(
        f"Rollback: there is no deployed revision before {made.revision}, which is being deployed."
    )


def test_missing_endpoint_is_told(account: PlanningAccount) -> None:
    assert rejection(account, rollback()) == "Rollback: there is no endpoint churn"


def test_first_revision_has_none_before_it(account: PlanningAccount) -> None:
    (only,) = serve(account, "a")

    assert f"there is no deployed revision before {only.revision}" in rejection(account, rollback())


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(b"[", "the stored request is no JSON", id="no JSON"),
        pytest.param(b"{}", "the stored request has no Format", id="not of this deployer"),
        pytest.param(b'{"Format": 2}', "has Format 2", id="of a newer version"),
    ],
)
def test_stored_request_that_cannot_be_read_is_told_by_its_revision(
    account: PlanningAccount, document: bytes, message: str
) -> None:
    first, _ = serve(account, "a", "b")
    account.put(request_key("churn", first.wanted.name), document)

    assert rejection(account, rollback()).startswith(f"Rollback: {first.revision}: ")
    assert message in rejection(account, rollback())


def test_pending_revision_of_another_run_is_waited_for(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    account.serve("b", 10, is_deployed=False)

    found = choose_action(resolve(account, rollback()), account.planning)

    assert (found.action, found.source) == (Action.WAIT, first.revision)


def test_abandoned_pending_revision_is_rolled_back(account: PlanningAccount) -> None:
    (first,) = serve(account, "a")
    account.serve("b", 10, is_deployed=False)
    account.sleep(30)

    assert resolve(account, rollback()).source == first.revision


def test_failed_endpoint_ends_the_run_at_once(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    account.serve("a", is_deployed=False)

    with pytest.raises(EndpointFailedError, match=r"^Endpoint churn is Failed and cannot be changed\."):
        decide(account, rollback())


def test_deleted_live_config_is_told(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    account.sagemaker.delete_endpoint_config(second.wanted.name)
    account.sleep(15)

    with pytest.raises(LiveConfigMissingError):
        decide(account, rollback())


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
@pytest.mark.parametrize("minutes", [0, 60], ids=["at once", "an hour later"])
def test_same_rollback_again_is_nothing_to_do(account: PlanningAccount, minutes: float, *, is_named: bool) -> None:
    first, *_ = serve(account, "a", "b", "c") if is_named else serve(account, "z", "a", "b")[1:]
    requested_at = at(LATER) + timedelta(milliseconds=900)
    event = rollback(first.wanted.name if is_named else True, requested_at=requested_at)
    account.bring_into_service(resolve(account, event))
    account.sleep(minutes)

    assert decide(account, event) is Action.NOTHING_TO_DO


@pytest.mark.parametrize("is_named", [False, True], ids=["the one before", "named"])
def test_same_rollback_again_resumes_what_its_run_left_pending(account: PlanningAccount, *, is_named: bool) -> None:
    first, second = serve(account, "a", "b")
    event = rollback(first.wanted.name if is_named else True, SmokeTest={"Body": "own"})
    begun = account.bring_into_service(resolve(account, event), is_deployed=False)
    account.sleep(30)

    found = choose_action(resolve(account, event), account.planning)

    assert (found.action, found.revision, found.previous) == (Action.RESUME, begun.revision, second.revision)
    assert found.smoke_test == begun.smoke_test


def test_rollback_that_another_request_of_its_second_replaced_is_superseded(account: PlanningAccount) -> None:
    serve(account, "a", "b")
    account.bring_into_service(resolve(account, rollback(request_id="event-1")))

    assert decide(account, rollback(request_id="event-2")) is Action.SUPERSEDED


def test_older_rollback_is_superseded(account: PlanningAccount) -> None:
    serve(account, "a", "b")
    account.serve("c", LATER + 10)

    assert decide(account, rollback()) is Action.SUPERSEDED


def test_older_named_rollback_is_superseded(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.serve("c", LATER + 10)

    assert decide(account, rollback(first.wanted.name)) is Action.SUPERSEDED


def test_rollback_is_superseded_by_a_later_confirmation_of_what_is_live(account: PlanningAccount) -> None:
    _, second = serve(account, "a", "b")
    arn = account.sagemaker.describe_endpoint_config(second.wanted.name)["EndpointConfigArn"]
    account.sagemaker.confirm(arn, draft("b", LATER + 10).wanted.name)

    assert decide(account, rollback()) is Action.SUPERSEDED


def test_rollback_to_what_is_live_is_confirmed(account: PlanningAccount) -> None:
    *_, live = serve(account, "a", "b")

    assert decide(account, rollback(live.wanted.name)) is Action.CONFIRM


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


def test_smoke_test_is_checked_against_what_is_deployed_again(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    message = rejection(account, rollback(SmokeTest={"Body": "own", "TargetVariant": "B"}))

    assert message == "SmokeTest.TargetVariant: 'B' is none of AllTraffic"


def test_stored_smoke_test_whose_body_is_gone_is_rejected(account: PlanningAccount) -> None:
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


def test_rollback_has_the_tags_of_what_it_deploys_again(account: PlanningAccount) -> None:
    account.serve("a", Tags={"team": "growth"})
    account.serve("b", 10)

    assert resolve(account, rollback()).request["Tags"] == {"team": "growth"}


def test_what_the_stack_does_not_allow_any_more_is_rejected_by_field(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    message = rejection(account, rollback(), Allowances(image_patterns=("registry/*",)))

    assert message.startswith("Rollback: Models.m.PrimaryContainer.Image: ")
    assert "AllowedImages" in message


PATH = "Models.m.PrimaryContainer.ModelDataUrl"


def serve_with_data(account: PlanningAccount, data: StoredData) -> Plan:
    """Deploy a revision whose model names data, and another one after it."""
    base = draft("a").request
    container = {**base["Models"]["m"]["PrimaryContainer"], "ModelDataUrl": data.uri}
    models = {"m": {**base["Models"]["m"], "PrimaryContainer": container}}
    made = account.serve("a", Models=models, is_stored=False)
    account.store_request(made, data=[data])
    account.serve("b", 10)
    return made


def test_data_that_were_overwritten_since_are_rejected_by_name(account: PlanningAccount) -> None:
    upload = account.put()
    uri = f"s3://{BUCKET}/{KEY}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version=upload.version, size=5))
    newer = account.put()

    assert rejection(account, rollback()) == (
        f"Rollback: {PATH}: {uri} has been overwritten: it had the version {upload.version}, "
        f"and has {newer.version} now"
    )


def test_data_that_are_gone_are_rejected_by_name(account: PlanningAccount) -> None:
    uri = f"s3://{BUCKET}/{KEY}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version="v1", size=5))

    assert rejection(account, rollback()) == f"Rollback: {PATH}: {uri} is gone"


def test_stored_copy_that_is_gone_is_rejected_with_its_source(account: PlanningAccount) -> None:
    source = f"s3://{BUCKET}/{KEY}"
    uri = f"s3://{BUCKET}/{artifact_key('churn', source, 'v1')}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version="v1", size=5, copied_from=source))

    message = rejection(account, rollback())

    assert message == f"Rollback: {PATH}: {uri} is gone, which was copied from {source}"


def test_stored_copy_is_deployed_again_after_its_source_was_overwritten(account: PlanningAccount) -> None:
    source, key = f"s3://{BUCKET}/{KEY}", artifact_key("churn", f"s3://{BUCKET}/{KEY}", "v1")
    account.put(key, b"model")
    stored = StoredData(path=PATH, uri=f"s3://{BUCKET}/{key}", version="v1", size=5, copied_from=source)
    made = serve_with_data(account, stored)
    account.put(KEY, b"overwritten")

    found = resolve(account, rollback())

    assert (found.model_names, found.data) == (made.model_names, [stored])


def test_model_that_the_revision_expects_in_sagemaker_is_looked_up(account: PlanningAccount) -> None:
    account.sagemaker.create_model(
        {
            "ModelName": "theirs",
            "PrimaryContainer": {"Image": "registry/a:1"},
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
        }
    )
    theirs = {"ProductionVariants": [variant(VariantName="AllTraffic", ModelName="theirs")]}
    account.serve("a", Models={}, EndpointConfig=theirs)
    account.serve("b", 10)
    assert resolve(account, rollback())

    account.sagemaker.delete_model("theirs")

    assert rejection(account, rollback()) == (
        "Rollback: EndpointConfig.ProductionVariants[0].ModelName: 'theirs' is neither a key of Models nor a model in "
        "SageMaker"
    )


def test_own_models_that_somebody_deleted_are_made_again(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.sagemaker.delete_model(first.model_names["m"])

    found = resolve(account, rollback())

    assert found.request["Models"].keys() == {"m"}
    assert found.model_names == first.model_names


def test_rollback_is_of_the_execution_that_asks_for_it(account: PlanningAccount) -> None:
    serve(account, "a", "b")

    found = resolve(account, rollback(request_id="event-9"))

    assert (found.execution, found.request_id) == (EXECUTION, "event-9")
