"""Whatever goes wrong and wherever: the endpoint serves the old version or the new one, and nothing is left behind.

The points are not listed by hand: a run without faults tells which calls it makes and which states it enters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.outcome import Outcome
from local.simulator import Fault, Settings
from tests.machine.factories import ALARM, ANSWERS, CANARY, deploy, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Settings(broken_models={"bad": "cannot predict"}, create_seconds=45, update_seconds=45)


def prepare(world: Any, old: str) -> None:
    """Bring an endpoint to what it serves before the run that things go wrong with."""
    world.make_alarm(ALARM)
    if old:
        deploy(world, old)
    world.clock.sleep(60)


def wanted(new: str) -> dict[str, Any]:
    """Build the request of that run, with all that a request can have."""
    return request(new, SmokeTest=ANSWERS, DeploymentConfig=CANARY)


SCENARIOS = {"a new endpoint": ("", "b"), "an update": ("a", "b"), "an update that is not proven": ("a", "bad")}
PASSING = {
    "throttled": Fault("", "throttled"),
    "failed after the effect": Fault("", "unavailable", "after"),
    "connection lost before the effect": Fault("", "dropped"),
    "connection lost after the effect": Fault("", "dropped", "after"),
    "function killed before the effect": Fault("", "killed"),
    "function killed after the effect": Fault("", "killed", "after"),
    "function out of time": Fault("", "slow", seconds=310),
}


def points(make_world: Callable[..., Any], old: str, new: str) -> Iterator[tuple[str, int]]:
    """Yield each call that the run makes, as its operation and how many of that one went before."""
    world = make_world(SETTINGS)
    prepare(world, old)
    before = len(world.simulator.calls)
    world.run(wanted(new))
    counts: Counter[str] = Counter()
    for call in world.simulator.calls[before:]:
        yield call.operation, counts[call.operation]
        counts[call.operation] += 1


def check(world: Any, old: str, new: str, before: dict[str, list[str]], point: object) -> None:
    """The endpoint serves one version or the other, the outcome says which, and the account holds nothing else."""
    outcome = world.bus[-1]
    grown = {kind: set(names) - set(before[kind]) for kind, names in world.names.items()}
    assert all(set(before[kind]) <= set(names) for kind, names in world.names.items()), point
    if outcome["Outcome"] in {Outcome.DEPLOYED, Outcome.NOTHING_TO_DO}:
        assert serves(world) == new, point
        assert grown["EndpointConfigs"] == {outcome["Revision"]}, point
        assert len(grown["Models"]) == 1, point
    else:
        assert outcome["Outcome"] == Outcome.FAILED, point
        assert serves(world) == old, point
        assert not any(grown.values()), (point, grown)
    assert "UndoError" not in outcome, point


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize(("old", "new"), SCENARIOS.values(), ids=SCENARIOS)
def test_what_passes_is_survived_at_every_call(make_world: Any, old: str, new: str, fault: Fault) -> None:
    """A fault that passes changes nothing of how a run ends, whichever call it strikes, and in undoing, too."""
    expected = "b" if new == "b" else "a"
    for operation, number in points(make_world, old, new):
        world = make_world(SETTINGS)
        prepare(world, old)
        before = world.names
        world.simulator.settings = replace(SETTINGS, faults=(replace(fault, operation=operation, skip=number),))

        world.run(wanted(new))

        check(world, old, new, before, (operation, number))
        assert serves(world) == expected, (operation, number)


@pytest.mark.parametrize(("old", "new"), [SCENARIOS["a new endpoint"], SCENARIOS["an update"]], ids=[*SCENARIOS][:2])
def test_what_stays_undoes_the_run_at_every_call(make_world: Any, old: str, new: str) -> None:
    """A permanent refusal of any call ends the run at once; what it did is taken back."""
    for operation, number in points(make_world, old, new):
        world = make_world(SETTINGS)
        prepare(world, old)
        before = world.names
        fault = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
        world.simulator.settings = replace(SETTINGS, faults=(fault,))

        world.run(wanted(new))

        check(world, old, new, before, (operation, number))


STATUSES = {
    "SystemUpdating": (Outcome.FAILED, "UpdateRolledBackError"),
    "RollingBack": (Outcome.FAILED, "UpdateRolledBackError"),
    "InService": (Outcome.FAILED, "UpdateRolledBackError"),
    "OutOfService": (Outcome.FAILED, "EndpointFailedError"),
    "Failed": (Outcome.FAILED, "EndpointFailedError"),
    "UpdateRollbackFailed": (Outcome.FAILED, "EndpointFailedError"),
    "Deleting": (Outcome.FAILED, "EndpointFailedError"),
}
"""What the endpoint is found in during an update, and how the run ends then."""


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_during_an_update_has_its_end(make_world: Any, status: str) -> None:
    """The run ends by name; it deletes neither the endpoint nor what the endpoint still has."""
    world = make_world(SETTINGS)
    prepare(world, "a")
    before = world.names
    began = world.clock.now()
    execution = world.machine.start(wanted("b"))
    world.clock.spawn(lambda: world.simulator.set_status("churn", status), name="somebody", at=began + 150)

    world.machine.run()

    assert (world.bus[-1]["Outcome"], execution.error) == STATUSES[status]
    assert world.count("DeleteEndpoint") == 0
    assert {kind: set(names) - {"churn"} for kind, names in world.names.items()} == {
        kind: set(names) - {"churn"} for kind, names in before.items()
    }


def test_every_status_of_the_api_is_known() -> None:
    """A status that SageMaker adds is noticed here first."""
    from deployer.request.service_model import sagemaker  # noqa: PLC0415 - the test's own

    waited_for = {"Creating", "Updating"}

    assert set(sagemaker().shape_for("EndpointStatus").enum) == STATUSES.keys() | waited_for


@pytest.mark.parametrize(("old", "new"), SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("pause", [1, 1200, 90_000], ids=["at once", "after 20 minutes", "after a day"])
def test_a_run_that_is_stopped_and_redriven_ends_well(make_world: Any, old: str, new: str, pause: int) -> None:
    """Stopped in any state, and redriven at once, later, or too late for its deadline."""
    world = make_world(SETTINGS)
    prepare(world, old)
    began = world.clock.now()
    moments = [moment - began for moment in entered(world.run(wanted(new)))]
    for moment in moments:
        world = make_world(SETTINGS)
        prepare(world, old)
        before = world.names
        began = world.clock.now()
        execution = world.machine.start(wanted(new))
        world.machine.stop(execution, at=began + moment + 0.001)
        world.machine.run(began + moment + pause)
        if execution.status == "ABORTED":
            world.machine.redrive(execution)

        world.machine.run()

        outcome = world.bus[-1]["Outcome"]
        if outcome != Outcome.TIMED_OUT:
            check(world, old, new, before, moment)
        else:
            assert pause == 90_000
            assert serves(world) in {old, new}
            assert not old or world.count("DeleteEndpoint") == 0


def entered(execution: Any) -> list[float]:
    """Return when an execution entered its states, each moment once."""
    from datetime import datetime  # noqa: PLC0415 - the test's own

    moments = [event["timestamp"] for event in execution.events if "stateEnteredEventDetails" in event]
    return sorted({datetime.fromisoformat(moment).timestamp() for moment in moments})
