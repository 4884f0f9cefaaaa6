"""Alarms that the deployer makes for guarded updates: they are there before the update, roll it back, and are swept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.machine.alarm_scenarios import BOTH, ERRORS, GUARDRAILS, alarms, named
from tests.machine.factories import DAY, HOUR, deploy, deploy_one, endpoint_of, request, rollback, serves

if TYPE_CHECKING:
    from local.virtual_time.world import World


def ring(world: World, after: float) -> None:
    """Let the endpoint's alarm go off after a while."""

    def set_off() -> None:
        world.simulator.catch_up()
        for name in alarms(world):
            world.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="5 of 100 failed.")
        world.simulator.catch_up()

    world.clock.spawn(set_off, name="alarm", at=world.clock.now() + after)


def test_alarms_are_made_and_named_by_the_update(world: World) -> None:
    deploy(world, "a", "b", **BOTH)

    assert len(alarms(world)) == 2
    assert [sorted(names) for names in named(world)] == [sorted(alarms(world))]


def test_alarm_rolls_the_update_back_and_is_named_by_the_outcome(world: World) -> None:
    deploy(world, "a", **ERRORS)
    ring(world, 400)

    world.clock.sleep(60)
    execution = world.run(request("b", **ERRORS))

    (name,) = alarms(world)
    assert (execution.error, world.bus[-1]["CauseClass"]) == ("UpdateRolledBackError", "Alarm")
    assert f"In state ALARM: {name}." in execution.cause
    assert serves(world) == "a"


def test_alarm_that_is_on_already_rejects_the_request(world: World) -> None:
    deploy(world, "a", "b", **ERRORS)
    ring(world, 0)

    world.clock.sleep(60)
    execution = world.run(request("c", **ERRORS))

    assert execution.states[-1] == "Rejected"
    assert "is in state ALARM, so SageMaker would roll the update back" in execution.cause


def test_default_alarms_guard_an_update_without_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBACK_ERRORS_PERCENT", "2")

    deploy(world, "a", "b", **GUARDRAILS)
    deploy_one(world, request("c", RollbackAlarms={}, **GUARDRAILS))
    deploy_one(world, request("d"))

    assert named(world) == [alarms(world), [], []]


def test_rollback_makes_the_alarms_of_its_revision(world: World) -> None:
    """Here they had been deleted; unguarded, it makes none."""
    deploy(world, "a", **GUARDRAILS)
    deploy(world, "b", **ERRORS)
    deploy(world, "c", **GUARDRAILS)
    (made,) = alarms(world)
    world.cloudwatch.delete_alarms(AlarmNames=[made])

    deploy_one(world, rollback(**GUARDRAILS))
    deploy_one(world, rollback())

    assert named(world) == [[made], [], [made], []]
    assert alarms(world) == [made]


def test_rollback_with_alarms_that_its_revision_does_not_take_is_rejected(world: World) -> None:
    """SageMaker has no such metrics of an asynchronous endpoint."""
    output = {"OutputConfig": {"S3OutputPath": "s3://artifacts/out"}}
    for content in "ab":
        wanted = request(content)
        wanted["EndpointConfig"]["AsyncInferenceConfig"] = output
        deploy_one(world, wanted)

    world.clock.sleep(60)
    execution = world.run(rollback(**ERRORS))

    assert execution.states[-1] == "Rejected"
    assert "RollbackAlarms.Errors: is not for an asynchronous endpoint" in execution.cause


def test_dry_run_shows_the_alarms_and_makes_none(world: World) -> None:
    deploy(world, "a")

    execution = world.run(request("b", DryRun=True, **ERRORS))

    (shown,) = json.loads(execution.record["output"])["Plan"]["Preview"]["RollbackAlarms"]
    assert shown["AlarmDescription"] == (
        "More than 1 % of the invocations of variant AllTraffic of the endpoint churn fail."
    )
    assert alarms(world) == []


def sweep(world: World, seconds: float) -> dict[str, Any]:
    """Sweep after a while; return the names of the alarms that were removed, and the kinds of drift."""
    world.clock.sleep(seconds)
    before = len(world.drift)
    execution = world.sweep()
    assert execution.states[-1] == "Swept", execution.cause
    kinds = [event["Kind"] for event in world.drift[before:]]
    return {"removed": world.sweeps[-1]["Removed"]["Alarms"]["Names"], "drift": kinds}


def test_alarms_are_swept_with_the_last_request_that_names_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABORT_ALARMS", "all")
    deploy(world, "a", "b", **ERRORS)
    made = [*alarms(world), "test/abort/churn"]

    assert sweep(world, 2 * DAY) == {"removed": [], "drift": []}
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})
    world.clock.sleep(HOUR)
    found = [sweep(world, DAY)["removed"] for _ in range(2)]

    assert sorted(name for removed in found for name in removed) == sorted(made)
    assert alarms(world, "test/") == []


def test_alarms_of_a_failed_update_are_swept(world: World) -> None:
    """Those of the revision that is served again stay."""
    deploy(world, "a", "b", **ERRORS)
    (kept,) = alarms(world)
    ring(world, 400)
    world.clock.sleep(60)
    world.run(request("c", **BOTH))
    world.make_alarm(kept)
    assert endpoint_of(world)["EndpointStatus"] == "InService"

    removed = sweep(world, 2 * DAY)["removed"]

    assert removed
    assert alarms(world) == [kept]


def test_alarm_that_was_deleted_or_changed_is_drift(world: World) -> None:
    deploy(world, "a", "b", **ERRORS)
    (made,) = alarms(world)

    before = sweep(world, HOUR)["drift"]
    world.make_alarm(made)
    changed = sweep(world, HOUR)["drift"]
    world.cloudwatch.delete_alarms(AlarmNames=[made])
    deleted = sweep(world, HOUR)["drift"]

    assert (before, changed, deleted) == ([], ["AlarmChanged"], ["AlarmDeleted"])


@pytest.mark.parametrize("is_alarmed_by_hand", [True, False], ids=["aborted", "not aborted"])
def test_only_an_abort_of_this_update_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_alarmed_by_hand: bool
) -> None:
    """The abort alarm of an earlier update is on still, because it cannot be made again."""
    monkeypatch.setenv("ABORT_ALARMS", "all")
    deploy(world, "a", "b", **ERRORS)
    world.make_alarm("test/abort/churn", "ALARM")
    monkeypatch.setenv("ABORT_ALARMS", "all" if is_alarmed_by_hand else "none")
    world.clock.sleep(HOUR)
    if is_alarmed_by_hand:
        at = world.clock.now() + 400
        world.clock.spawn(lambda: world.make_alarm("test/abort/churn", "ALARM"), name="abort", at=at)
    else:
        ring(world, 400)

    execution = world.run(request("c", **ERRORS))

    assert execution.error == "UpdateRolledBackError"
    assert world.bus[-1]["CauseClass"] == ("Aborted" if is_alarmed_by_hand else "Alarm")
