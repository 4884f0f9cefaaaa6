"""The definition runs alike on a second interpreter, moto's: what it does is the language's meaning and no accident."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator import EventDelivery, Fault, Settings
from local.simulator.endpoint_events import STATE_CHANGE
from local.states_language.history import details_of
from local.virtual_time.functions import invoke, timeout_of
from tests.machine.factories import ALARM, ANSWERS, CANARY, deploy, request, rollback
from tests.machine.moto_interpreter import MotoRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


@dataclass(frozen=True)
class Trace:
    """The result of an interpreter for a request: the states, the end, the kinds of events, and SageMaker's calls."""

    states: list[str]
    error: str
    cause: str
    kinds: list[tuple[str, list[str]]]
    calls: list[tuple[str, str]]


class StepFunctions:
    """The service, as the functions call it while moto's interpreter runs an execution.

    Args:
        world: Whose service answers for all other executions.
        run: The execution.
    """

    def __init__(self, world: World, run: MotoRun) -> None:
        self._others, self._run = world.step_functions, run

    def call(self, operation: str, given: Document) -> Document:
        """Do an operation."""
        if operation == "SendTaskSuccess":
            self._run.send_success(given["taskToken"], given["output"])
            return {}
        if given["executionArn"] == self._run.arn:
            newest = self._run.events[::-1][: given["maxResults"]]
            return {"events": [{**event, "timestamp": 0} for event in newest]}
        return self._others.call(operation, given)


def on_moto(world: World, document: Any) -> Trace:
    """Run a request on moto's interpreter, in the world's time."""
    before = len(world.simulator.calls)

    def call(arn: str, payload: Any) -> Any:
        name = arn.rpartition(":")[2]
        module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        return invoke(module, payload, world.clock, timeout_of(name))

    run = MotoRun(world.machine.definition, document, world.clock, call)
    world.step_functions = StepFunctions(world, run)  # type: ignore[assignment]
    run.run()
    return Trace(run.states, *run.failure, kinds(run.events), calls(world, before))


def on_ours(world: World, document: Any) -> Trace:
    """Run a request on the interpreter of all other tests."""
    before = len(world.simulator.calls)
    execution = world.run(document, name="ours")
    return Trace(execution.states, execution.error, execution.cause, kinds(execution.events), calls(world, before))


def kinds(events: list[Document]) -> list[tuple[str, list[str]]]:
    """Return the types of events, and the members of the details of those that readers of histories look at.

    moto waits for a function's answer before it hears of the token; we do not, so TaskSubmitted may be missing.
    """
    read = {"TaskScheduled", "TaskStarted", "LambdaFunctionScheduled"}
    return [
        (event["type"], sorted(details_of(event)) if event["type"] in read else [])
        for event in events
        if event["type"] != "TaskSubmitted"
    ]


def calls(world: World, before: int) -> list[tuple[str, str]]:
    """Return what SageMaker was asked since, and how it went."""
    return [(call.operation, call.outcome) for call in world.simulator.calls[before:]]


TESTED = request("b", SmokeTest=ANSWERS, DeploymentConfig=CANARY)
LOST = EventDelivery(lost=1.0)
STALE = Settings(faults=(Fault("CreateEndpointConfig", "stale"), Fault("UpdateEndpoint", "stale", times=2)))
SCENARIOS: dict[str, tuple[str, Settings, Any, str]] = {
    "a new endpoint": ("", Settings(), TESTED, "Deployed"),
    "an update": ("a", Settings(), TESTED, "Deployed"),
    "an update without events": ("a", Settings(events=LOST), TESTED, "Deployed"),
    "retries by name": ("a", STALE, TESTED, "Deployed"),
    "nothing to do": ("b", Settings(), request("b"), "NothingToDo"),
    "a rollback": ("ab", Settings(), rollback(), "Deployed"),
    "a wrong request": ("", Settings(), {"EndpointName": "ch urn"}, "Rejected"),
    "no request": ("", Settings(), [1, 2], "Rejected"),
    "nothing to evaluate": ("", Settings(), {"EndpointName.$": "$.x", "Models": "States.Format('{}')"}, "Rejected"),
    "a refusal": ("a", Settings(faults=(Fault("UpdateEndpoint", "rejected", message="no"),)), TESTED, "Failed"),
    "a failed smoke test": ("a", Settings(broken_models={"b": "broken"}), TESTED, "Failed"),
    "a function that is killed": ("", Settings(faults=(Fault("CreateModel", "killed", "after"),)), TESTED, "Deployed"),
    "a look that is killed": ("", Settings(faults=(Fault("DescribeEndpoint", "killed", skip=2),)), TESTED, "Deployed"),
    "the deadline": ("", Settings(create_seconds=8000, events=LOST), request("b"), "TimedOut"),
}


@pytest.mark.parametrize(("live", "settings", "document", "end"), SCENARIOS.values(), ids=SCENARIOS)
def test_both_interpreters_run_the_definition_alike(
    make_world: Callable[..., Any], live: str, settings: Settings, document: Any, end: str
) -> None:
    """The same states and events in the same order, the same end, and the same calls."""
    traces = []
    for run in (on_ours, on_moto):
        world = make_world()
        world.make_alarm(ALARM)
        deploy(world, *live)
        world.clock.sleep(60)
        world.simulator.settings = settings
        # Of two events within a second the second may wake the execution again, or come too early for that.
        world.arrivals = lambda event: (0,) if event["detail-type"] == STATE_CHANGE else ()
        traces.append(run(world, document))

    ours, motos = traces
    assert ours.states[-1] == end
    assert motos == ours
