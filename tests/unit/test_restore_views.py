"""What RestoreEndpoint concludes from one view of the endpoint, also from a lagging replica's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cleanup.restore import Step
from deployer.cleanup.restore_view import View
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, EXECUTION_TAG, PENDING, STACK_TAG, STATE_TAG
from tests.unit.planning_samples import (
    EXECUTION,
    NOON,
    OTHER_EXECUTION,
    STACK,
    at,
    pending_tags,
    plan,
)
from tests.unit.restore_samples import INCONCLUSIVE, MADE, PROVEN_FAILURE, restoration

if TYPE_CHECKING:
    from datetime import datetime

    from deployer.planning.plan import Plan


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
def test_lagging_replica_leads_to_no_conclusion(made: Plan, seen: View, expected: Step) -> None:
    assert restoration(made).choose_step(seen, is_lag_over=False, acted_at=None) is expected


def test_resource_not_visible_after_the_lag_does_not_exist() -> None:
    seen = [View(None, None, {}, {}), view("old", LastModifiedTime=at(-60)), view(str(MADE.revision), tags={})]

    steps = [restoration(MADE).choose_step(each, is_lag_over=True, acted_at=None) for each in seen]

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
    acted_at=st.sampled_from([None, at(-60), at(60)]),
)
def test_only_own_undeployed_revision_is_taken_back(  # noqa: PLR0913 - what a view and a run consist of
    seen: View, made: Plan, error: str, *, is_requested: bool, is_lag_over: bool, acted_at: datetime | None
) -> None:
    """An endpoint on another revision, on a deployed one, or on that of another run is not changed for any view."""
    run = restoration(made, error, NOON if is_requested else None)

    step = run.choose_step(seen, is_lag_over=is_lag_over, acted_at=acted_at)

    assert seen.endpoint is not None
    if step in {Step.REVERT, Step.DELETE}:
        assert seen.endpoint["EndpointConfigName"] == made.revision
        assert seen.endpoint["EndpointStatus"] in {"InService", "Failed"}
        assert seen.tags.get(STATE_TAG) != DEPLOYED
        is_surely_own = is_requested and (acted_at is None or seen.endpoint["LastModifiedTime"] <= acted_at)
        assert is_surely_own or seen.tags[EXECUTION_TAG] == EXECUTION
        assert (step is Step.DELETE) == (made.previous == "")
