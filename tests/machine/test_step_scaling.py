"""Step policies of a revision: their alarms are made with them, replaced, taken away, restored, compared and swept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.machine.drifts import kinds
from tests.machine.factories import ANSWERS, DAY, deploy_one, request, rollback, serves
from tests.machine.scaling_samples import LARGER, POLICY, registered, scaled
from tests.machine.step_samples import IN, OUT, policy_alarms
from tests.scaling_documents import BUSY, steps

if TYPE_CHECKING:
    from local.virtual_time.world import World

BOTH = [("in", 10.0), ("out", 1000.0)]


def alarm_names(world: World) -> list[str]:
    """Return the names of the alarms of step policies."""
    return [name for name in world.own_alarms() if "/scaling/" in name]


def test_alarms_are_made_after_their_policies(world: World) -> None:
    """Each starts its policy, and looks at the metric of its variant."""
    deploy_one(world, request("a", **scaled(4, OUT, IN)))

    assert registered(world) == {"AllTraffic": (1, 4, "out", "in")}
    assert policy_alarms(world) == BOTH
    [first, *_] = world.cloudwatch.describe_alarms(AlarmNames=alarm_names(world))["MetricAlarms"]
    dimensions = {each["Name"]: each["Value"] for each in first["Dimensions"]}
    assert dimensions == {"EndpointName": "churn", "VariantName": "AllTraffic"}
    tags = world.cloudwatch.list_tags_for_resource(ResourceARN=first["AlarmArn"])["Tags"]
    assert tags == [{"Key": "endpoint-deployer:stack", "Value": "test"}]


@pytest.mark.parametrize(
    ("then", "left"),
    [
        pytest.param(scaled(6, OUT, IN), BOTH, id="kept"),
        pytest.param(scaled(4, steps("out", 1, {**BUSY, "Threshold": 500})), [("out", 500.0)], id="another threshold"),
        pytest.param(scaled(4, steps("out", 2, BUSY)), [("out", 1000.0)], id="other steps"),
        pytest.param(scaled(4, steps("out", 1)), [], id="without alarms"),
        pytest.param(scaled(4, POLICY), [], id="another policy"),
        pytest.param({}, [], id="without scaling"),
        pytest.param({**scaled(4, OUT, IN), **LARGER}, BOTH, id="on other instances"),
    ],
)
def test_next_revision_replaces_the_alarms(world: World, then: Document, left: list[tuple[str, float]]) -> None:
    """Those of a policy that was set aside name its new ARN."""
    deploy_one(world, request("a", **scaled(4, OUT, IN)))

    deploy_one(world, request("b", **then))

    assert policy_alarms(world) == left


def test_alarms_that_stay_are_not_made_again(world: World) -> None:
    """The alarms keep their state and history."""
    deploy_one(world, request("a", **scaled(4, OUT)))
    before = world.cloudwatch.describe_alarms(AlarmNames=alarm_names(world))["MetricAlarms"]

    deploy_one(world, request("b", **scaled(6, OUT)))

    assert world.cloudwatch.describe_alarms(AlarmNames=alarm_names(world))["MetricAlarms"] == before


def test_rollback_brings_its_alarms_along(world: World) -> None:
    """The stored request has them."""
    deploy_one(world, request("a", **scaled(4, OUT, IN)))
    deploy_one(world, request("b"))

    deploy_one(world, rollback())

    assert serves(world) == "a"
    assert policy_alarms(world) == BOTH


@pytest.mark.parametrize("change", [{}, LARGER], ids=["same instances", "other instances"])
@pytest.mark.parametrize("new", [scaled(9, steps("new", 1, BUSY)), {}], ids=["scaled", "not scaled"])
def test_failed_update_leaves_the_alarms_that_there_were(world: World, new: Document, change: Document) -> None:
    deploy_one(world, request("a", **scaled(4, OUT, IN)))
    world.simulator.settings = Settings(broken_models={"bad": "cannot predict"})
    world.clock.sleep(60)

    execution = world.run(request("bad", SmokeTest=ANSWERS, **new, **change))

    assert (execution.states[-1], serves(world)) == ("Failed", "a")
    assert policy_alarms(world) == BOTH


def test_alarms_of_another_endpoint_are_left_alone(world: World) -> None:
    """The other endpoint's name begins with the name of this one."""
    deploy_one(world, request("a", EndpointName="churn-eu", **scaled(4, OUT)))
    deploy_one(world, request("a", **scaled(4, OUT)))

    deploy_one(world, request("b"))

    assert [name.startswith("test/scaling/churn-eu-") for name in alarm_names(world)] == [True]


def test_changed_and_deleted_alarms_are_drift(world: World) -> None:
    """Their revision was the first one, so nothing guarded an update to it."""
    deploy_one(world, request("a", **scaled(4, OUT, IN)))
    before, (first, second) = kinds(world), alarm_names(world)
    alarm = world.cloudwatch.describe_alarms(AlarmNames=[first])["MetricAlarms"][0]

    world.cloudwatch.delete_alarms(AlarmNames=[second])
    world.make_alarm(first)

    assert alarm["AlarmActions"]
    assert [before, sorted(kinds(world))] == [[], ["AlarmChanged", "AlarmDeleted"]]
    deploy_one(world, request("b", **scaled(4, OUT, IN)))
    assert (policy_alarms(world), kinds(world)) == (BOTH, [])


def test_alarms_of_a_deleted_endpoint_are_swept(world: World) -> None:
    """The alarms are swept after the stored requests."""
    deploy_one(world, request("a", **scaled(4, OUT, IN)))
    world.clock.sleep(2 * DAY)
    world.sweep()
    alive = policy_alarms(world)

    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    for _ in range(3):
        world.clock.sleep(2 * DAY)
        world.sweep()

    assert alive == BOTH
    assert alarm_names(world) == []


def test_alarms_of_a_live_revision_outlive_its_stored_request(world: World) -> None:
    """A person has deleted the stored request, which is another kind of drift."""
    deploy_one(world, request("a", **scaled(4, OUT)))
    for each in world.s3.list_objects_v2(Bucket="artifacts", Prefix="revisions/churn/churn-")["Contents"]:
        world.s3.delete_object(Bucket="artifacts", Key=each["Key"])
    world.clock.sleep(2 * DAY)

    world.sweep()

    assert policy_alarms(world) == [("out", 1000.0)]


def test_alarm_that_has_lost_its_action_gets_the_new_one(world: World) -> None:
    """It is taken from an alarm when the policy is deleted (API Reference, DeleteScalingPolicy)."""
    deploy_one(world, request("a", **scaled(4, OUT)))
    [name] = alarm_names(world)
    [alarm] = world.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    kept = ("AlarmName", "AlarmDescription", "Dimensions", *BUSY)
    world.cloudwatch.put_metric_alarm(**{member: alarm[member] for member in kept})
    before = policy_alarms(world)

    deploy_one(world, request("b", **scaled(4, OUT)))

    assert before == [("gone", 1000.0)]
    assert policy_alarms(world) == [("out", 1000.0)]


def test_dry_run_shows_the_alarms_and_their_changes(world: World) -> None:
    """The changes name fields of the request, not names that are made of content."""
    deploy_one(world, request("a", **scaled(4, OUT)))

    execution = world.run(request("a", DryRun=True, **scaled(4, steps("out", 1, {**BUSY, "Threshold": 5}))))

    preview = json.loads(execution.record["output"])["Plan"]["Preview"]
    assert [each["AlarmDescription"] for each in preview["ScalingAlarms"]] == [
        "Scales variant AllTraffic of the endpoint churn by the policy out."
    ]
    assert preview["Changes"] == [
        {"Path": "Scaling.AllTraffic.Policies[out].Alarms[0].Threshold", "Before": 1000, "After": 5}
    ]
    assert policy_alarms(world) == [("out", 1000.0)]
