"""RestoreEndpoint: what an endpoint goes back to after a failed deployment, and when it is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cleanup.restore import DELETED, VISIBILITY_LAG, Restoration, Step, View
from deployer.errors import DeploymentTimedOutError
from deployer.json_document import Document
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, EXECUTION_TAG, PENDING, STACK_TAG, STATE_TAG
from local.simulator.settings import Failure, Fault
from tests.unit.planning_samples import (
    EXECUTION,
    NOON,
    OTHER_EXECUTION,
    STACK,
    at,
    complete_request,
    draft,
    pending_tags,
    plan,
)

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount

PROVEN_FAILURE, INCONCLUSIVE = "SmokeTestFailedError", "SageMakerUnavailableError"


def restoration(made: Plan, error: str = PROVEN_FAILURE, requested_at: datetime | None = NOON) -> Restoration:
    """Build the restoration of a run's endpoint, whose change was requested at noon."""
    return Restoration(made, error, requested_at)


def restore(account: PlanningAccount, made: Plan, error: str = PROVEN_FAILURE, *, is_requested: bool = True) -> Any:
    """Take the steps of a restoration until it is done; return what the last one reported."""
    report: Document | None = None
    run = restoration(made, error, account.now - timedelta(minutes=10) if is_requested else None)
    while report is None or not report["Done"]:
        account.clock.sleep(report["PollSeconds"] if report else 0)
        report = run.take_step(account.sagemaker, account.now, report)
    return report


def pending(account: PlanningAccount, minutes: float = 30, **changed: Any) -> Plan:
    """Deploy a second revision that is not recorded as deployed, as the run does whose restoration is tested."""
    return account.bring_into_service(draft("new", minutes, **changed), is_deployed=False)


def endpoint(account: PlanningAccount) -> tuple[str, str] | None:
    """Return the endpoint's status, and the config that it has; None if there is no endpoint."""
    found = account.sagemaker.find_endpoint("churn")
    return (found["EndpointStatus"], found["EndpointConfigName"]) if found else None


def config_arn(account: PlanningAccount, made: Plan) -> str:
    """Return the ARN of a plan's endpoint config."""
    return str(account.sagemaker.describe_endpoint_config(made.wanted.name)["EndpointConfigArn"])


def test_failed_update_reverts_to_the_previous_config(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)

    report = restore(account, made)

    assert endpoint(account) == ("InService", before.revision)
    assert report["Restored"] == before.revision


def test_reverting_keeps_what_the_plan_retains(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account).model_copy(update={"retention": {"RetainAllVariantProperties": True}})

    restore(account, made)

    update = [call for call in account.simulator.calls if call.operation == "UpdateEndpoint"][-1]
    assert update.parameters["RetainAllVariantProperties"] is True
    assert "DeploymentConfig" not in update.parameters


def test_endpoint_that_was_created_is_deleted(account: PlanningAccount) -> None:
    made = pending(account)

    report = restore(account, made)

    assert endpoint(account) is None
    assert report["Restored"] == DELETED


def test_endpoint_that_failed_at_its_creation_is_deleted(account: PlanningAccount) -> None:
    account.simulator.settings = replace(account.simulator.settings, failure_reasons={"*": "no health"})
    made = pending(account)
    assert endpoint(account) == ("Failed", made.revision)

    report = restore(account, made, "EndpointFailedError")

    assert endpoint(account) is None
    assert report["Restored"] == DELETED


@pytest.mark.parametrize(
    ("status", "has_served"),
    [
        pytest.param("UpdateRollbackFailed", True, id="mixed fleet"),
        pytest.param("UpdateRollbackFailed", False, id="mixed fleet of a new endpoint"),
        pytest.param("Failed", True, id="failed after it has served"),
        pytest.param("OutOfService", True, id="out of service"),
    ],
)
def test_endpoint_that_only_a_person_can_repair_is_left(
    account: PlanningAccount, status: str, *, has_served: bool
) -> None:
    if has_served:
        account.serve()
    made = pending(account)
    account.simulator.set_status("churn", status)

    report = restore(account, made, "EndpointFailedError")

    assert endpoint(account) == (status, made.revision)
    assert report["Restored"] is None


def test_endpoint_without_the_stack_s_tag_is_not_deleted(account: PlanningAccount) -> None:
    made = pending(account)
    arn = account.sagemaker.describe_endpoint("churn")["EndpointArn"]
    account.sagemaker.add_tags(arn, {STACK_TAG: "another"})

    report = restore(account, made)

    assert endpoint(account) == ("InService", made.revision)
    assert report["Restored"] is None


def test_endpoint_that_is_older_than_the_revision_is_not_deleted(account: PlanningAccount) -> None:
    """The note on what it served before may be lost; that it existed before is a fact."""
    account.serve()
    resumed = pending(account).model_copy(update={"action": Action.RESUME, "previous": ""})

    report = restore(account, resumed)

    assert endpoint(account) == ("InService", resumed.revision)
    assert report["Restored"] is None


def test_revision_that_a_twin_has_deployed_stays(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.sagemaker.add_tags(config_arn(account, made), {STATE_TAG: DEPLOYED})

    report = restore(account, made)

    assert endpoint(account) == ("InService", made.revision)
    assert report["Restored"] is None


def test_endpoint_of_a_newer_request_stays(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    newer = account.serve("newer", 60)

    report = restore(account, made, "EndpointNotVisibleError")

    assert endpoint(account) == ("InService", newer.revision)
    assert report["Restored"] is None


@pytest.mark.parametrize(
    ("error", "is_requested"),
    [
        pytest.param("SageMakerRejectedError", False, id="request was refused"),
        pytest.param("DeploymentSupersededError", True, id="somebody else has changed the endpoint since"),
    ],
)
def test_nothing_is_looked_at_where_nothing_is_to_be_restored(
    account: PlanningAccount, error: str, *, is_requested: bool
) -> None:
    made = pending(account)
    before = len(account.calls())

    report = restoration(made, error, NOON if is_requested else None).take_step(account.sagemaker, account.now, None)

    assert report["Done"]
    assert account.calls(before) == []


@pytest.mark.parametrize("error", [INCONCLUSIVE, "ChangeUncertainError"])
def test_restoration_waits_once_for_what_may_be_invisible(account: PlanningAccount, error: str) -> None:
    """A call that seemed to fail may have had its effect."""
    before = account.serve()
    made = pending(account)

    first = restoration(made, error, None).take_step(account.sagemaker, account.now, None)
    report = restore(account, made, error, is_requested=False)

    assert (first["Done"], first["PollSeconds"]) == (False, 120)
    assert endpoint(account) == ("InService", before.revision)
    assert report["Restored"] == before.revision


def test_endpoint_that_another_execution_changed_stays(account: PlanningAccount) -> None:
    """It is not known whether this run has changed it, and the config says that another one has."""
    account.serve()
    made = pending(account, execution=OTHER_EXECUTION).model_copy(update={"execution": EXECUTION})

    restore(account, made, INCONCLUSIVE, is_requested=False)

    assert endpoint(account) == ("InService", made.revision)


def deploy_anew(account: PlanningAccount, made: Plan) -> Plan:
    """Let another execution of the same request deploy the same revision."""
    twin = made.model_copy(update={"execution": OTHER_EXECUTION})
    account.sagemaker.create_endpoint_config(twin.endpoint_config_request(account.now))
    account.sagemaker.update_endpoint(twin.update_request(), is_retry=False)
    account.sleep(10)
    return twin


@pytest.mark.parametrize("is_own", [True, False], ids=["by this run", "by another run"])
def test_revision_that_a_twin_deploys_anew_after_the_change_back_stays(
    account: PlanningAccount, *, is_own: bool
) -> None:
    """Three copies of one event: two fail and restore the endpoint, and the third one tries again."""
    before = account.serve()
    made = pending(account)
    run = restoration(made)
    if not is_own:
        account.sagemaker.revert("churn", str(before.revision), {})
    seen = run.take_step(account.sagemaker, account.now, None)
    account.sleep(10)
    deploy_anew(account, made)

    report = run.take_step(account.sagemaker, account.now, seen)

    assert report["Done"]
    assert endpoint(account) == ("InService", made.revision)


def test_change_back_that_sagemaker_took_back_is_tried_again(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)
    normal = account.simulator.settings
    account.simulator.settings = replace(normal, failures=(Failure(str(before.revision), "Creating", "No capacity."),))
    run = restoration(made)
    seen = run.take_step(account.sagemaker, account.now, None)
    account.sleep(10)
    assert endpoint(account) == ("InService", made.revision)
    account.simulator.settings = normal

    run.take_step(account.sagemaker, account.now, seen)
    account.sleep(10)

    assert endpoint(account) == ("InService", before.revision)


def test_restoration_ends_when_the_endpoint_is_gone(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.sagemaker.delete_endpoint("churn")
    account.sleep(10)

    assert restore(account, made)["Restored"] is None


@pytest.mark.parametrize("has_served", [True, False], ids=["update", "creation"])
def test_restoration_follows_lagging_replicas(account: PlanningAccount, *, has_served: bool) -> None:
    """Whatever a replica shows of a change that takes less than the lag, the endpoint ends as it was."""
    before = account.serve() if has_served else None
    made = pending(account)
    settings = replace(account.simulator.settings, lag=60.0, update_seconds=5.0, stage_seconds=1.0, delete_seconds=5.0)
    account.simulator.settings = settings

    report = restore(account, made)
    account.sleep(5)

    assert endpoint(account) == (("InService", before.revision) if before else None)
    assert report["Restored"] == (before.revision if before else DELETED)


def test_busy_endpoint_is_looked_at_again(account: PlanningAccount) -> None:
    before = account.serve()
    made = pending(account)
    busy = Fault("UpdateEndpoint", "rejected", message='Cannot update in-progress endpoint "x".')
    account.simulator.settings = replace(account.simulator.settings, faults=(busy,))

    restore(account, made)

    assert endpoint(account) == ("InService", before.revision)


def test_restoration_gives_up_after_two_hours(account: PlanningAccount) -> None:
    account.serve()
    made = pending(account)
    account.simulator.set_status("churn", "SystemUpdating", seconds=24 * 3600)

    with pytest.raises(DeploymentTimedOutError, match="SystemUpdating two hours after SmokeTestFailedError"):
        restore(account, made)

    assert len([call for call in account.calls() if call == "DescribeEndpoint"]) < 200


def test_restoration_makes_few_calls(account: PlanningAccount) -> None:
    """A change back takes minutes, and the account's calls are shared."""
    account.serve()
    made = pending(account)
    before = len(account.calls())

    restore(account, made)

    assert len(account.calls(before)) <= 20


@pytest.mark.parametrize(
    ("elapsed", "expected"),
    [
        pytest.param(timedelta(0), 15, id="at once"),
        pytest.param(timedelta(minutes=2), 30, id="after two minutes"),
        pytest.param(timedelta(minutes=90), 60, id="after an hour and a half"),
    ],
)
def test_looks_become_rarer(account: PlanningAccount, elapsed: timedelta, expected: int) -> None:
    made = plan()
    account.serve()
    account.simulator.set_status("churn", "SystemUpdating", seconds=24 * 3600)
    before = {"Since": (account.now - elapsed).isoformat(), "Target": None}
    shown = made.model_copy(update={"revision": account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]})
    account.sagemaker.add_tags(config_arn(account, shown), {STATE_TAG: PENDING})

    report = restoration(shown).take_step(account.sagemaker, account.now, before)

    assert (report["Done"], report["PollSeconds"]) == (False, expected)


def view(config: str, status: str = "InService", tags: dict[str, str] | None = None, **changed: Any) -> View:
    """Build a view of an endpoint that was last changed an hour after noon."""
    found = {
        "EndpointName": "churn",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn",
        "EndpointConfigName": config,
        "EndpointStatus": status,
        "LastModifiedTime": at(60),
        "CreationTime": at(-600),
        **changed,
    }
    return View(found, {"CreationTime": at(-10)}, pending_tags(EXECUTION) if tags is None else tags, {STACK_TAG: STACK})


MADE = plan("new", -10)
CREATED = plan("new", -10, Action.CREATE, previous="")


@pytest.mark.parametrize(
    ("made", "seen", "expected"),
    [
        pytest.param(MADE, view("old", LastModifiedTime=at(-60)), Step.LOOK_AGAIN, id="as it was before"),
        pytest.param(MADE, view("old"), Step.DONE, id="rolled back since"),
        pytest.param(MADE, view("other"), Step.DONE, id="changed by somebody else"),
        pytest.param(MADE, view("old", "Updating"), Step.LOOK_AGAIN, id="changing without a known target"),
        pytest.param(
            MADE,
            view("old", "Updating", PendingDeploymentSummary={"EndpointConfigName": "newer"}),
            Step.DONE,
            id="changing to another config",
        ),
        pytest.param(
            MADE,
            view("old", "Updating", PendingDeploymentSummary={"EndpointConfigName": MADE.revision}),
            Step.LOOK_AGAIN,
            id="changing to the revision",
        ),
        pytest.param(
            MADE,
            view(str(MADE.revision), "Updating", PendingDeploymentSummary={"EndpointConfigName": "old"}),
            Step.LOOK_AGAIN,
            id="going back",
        ),
        pytest.param(
            MADE,
            view(
                str(MADE.revision),
                "Updating",
                {STATE_TAG: DEPLOYED},
                PendingDeploymentSummary={"EndpointConfigName": "newer"},
            ),
            Step.DONE,
            id="deployed by a twin, changing to a newer one",
        ),
        pytest.param(MADE, view(str(MADE.revision), tags={}), Step.LOOK_AGAIN, id="tags not visible"),
        pytest.param(CREATED, View(None, None, {}, {}), Step.LOOK_AGAIN, id="created, not visible"),
        pytest.param(MADE, View(None, None, {}, {}), Step.LOOK_AGAIN, id="updated, gone"),
        pytest.param(CREATED, view(str(MADE.revision), "Creating"), Step.LOOK_AGAIN, id="being created"),
    ],
)
def test_what_a_lagging_replica_shows_is_no_conclusion(made: Plan, seen: View, expected: Step) -> None:
    assert restoration(made).choose_step(seen, is_lag_over=False, has_acted=False) is expected


def test_after_the_lag_what_cannot_be_seen_is_not_there() -> None:
    seen = [View(None, None, {}, {}), view("old", LastModifiedTime=at(-60)), view(str(MADE.revision), tags={})]

    steps = [restoration(MADE).choose_step(each, is_lag_over=True, has_acted=False) for each in seen]

    assert steps == [Step.DONE, Step.DONE, Step.REVERT]


views = st.builds(
    view,
    config=st.sampled_from(["old", "other", str(MADE.revision)]),
    status=st.sampled_from(
        ["InService", "Failed", "Updating", "Creating", "RollingBack", "UpdateRollbackFailed", "Deleting"]
    ),
    tags=st.one_of(
        st.just({}),
        st.fixed_dictionaries(
            {
                EXECUTION_TAG: st.sampled_from([EXECUTION, OTHER_EXECUTION]),
                STATE_TAG: st.sampled_from([PENDING, DEPLOYED]),
            }
        ),
    ),
    CreationTime=st.sampled_from([at(-600), at(-9)]),
)


@given(
    seen=views,
    made=st.sampled_from([MADE, CREATED]),
    error=st.sampled_from([PROVEN_FAILURE, INCONCLUSIVE]),
    is_requested=st.booleans(),
    is_lag_over=st.booleans(),
    has_acted=st.booleans(),
)
def test_only_own_undeployed_revision_is_taken_back(  # noqa: PLR0913 - what a view and a run consist of
    seen: View, made: Plan, error: str, *, is_requested: bool, is_lag_over: bool, has_acted: bool
) -> None:
    """Whatever is seen, nothing is changed that serves another revision, was deployed, or is another run's."""
    run = restoration(made, error, NOON if is_requested else None)

    step = run.choose_step(seen, is_lag_over=is_lag_over, has_acted=has_acted)

    assert seen.endpoint is not None
    if step in {Step.REVERT, Step.DELETE}:
        assert seen.endpoint["EndpointConfigName"] == made.revision
        assert seen.endpoint["EndpointStatus"] in {"InService", "Failed"}
        assert seen.tags.get(STATE_TAG) != DEPLOYED
        is_surely_own = is_requested and not has_acted
        assert is_surely_own or seen.tags[EXECUTION_TAG] == EXECUTION
        assert (step is Step.DELETE) == (made.previous == "")


def test_report_survives_the_state_machine() -> None:
    """What one step returns, the next one reads."""
    first = restoration(MADE, INCONCLUSIVE).take_step(None, NOON, None)  # type: ignore[arg-type]

    assert datetime.fromisoformat(first["Since"]) == NOON
    assert first["PollSeconds"] == VISIBILITY_LAG.total_seconds()
    assert complete_request()["EndpointName"] == MADE.endpoint_name
