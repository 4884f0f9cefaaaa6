"""Runs a scenario: its steps, then the final requests, then the sweeps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from local.simulation.driver import Driver
from local.simulation.fault_injector import FaultInjector
from local.simulation.recorder import Recorder
from local.simulation.recording import Recording
from local.simulation.requests import ALARM, SECRETS, final_request
from local.simulation.scenario import FINAL_REQUEST_PREFIX, Manual, Sweep
from local.simulation.second_stage import make_second_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.json_document import Document
    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

_HOUR = 3600.0
_STUCK = frozenset({"Failed", "OutOfService", "UpdateRollbackFailed"})
_FINAL_SWEEPS = 3
"""How many sweeps follow the last deployment, an hour apart."""


def run_scenario(scenario: Scenario, make_world: Callable[..., World]) -> Recording:
    """Run a scenario in a world of its own, and return what happened."""
    world = make_world(scenario.settings, scenario.seed)
    with world.machine:
        world.make_alarm(ALARM)
        faults = FaultInjector(world, scenario)
        recorder = Recorder(world, faults)
        with recorder.watching_objects():
            driver = Driver(world, scenario, faults)
        with recorder.watching_objects(), driver.deployment.applied():
            began = world.clock.now()
            settled = _run_steps(world, scenario, driver, recorder)
        return Recording(
            scenario=scenario,
            began=began,
            settled=settled,
            swept=world.clock.now(),
            runs=[*driver.runs, *driver.repairs()],
            sweeps=driver.sweeps,
            writes=recorder.writes,
            object_writes=recorder.object_writes,
            calls=recorder.calls,
            probes=recorder.probes,
            arrivals=recorder.arrivals,
            approval_events=list(world.approvals),
            answers=driver.answers,
            bus=list(world.bus),
            sweep_events=list(world.sweeps),
            drift_events=list(world.drift),
            missing_alarms=sorted(world.account.missing_alarms),
            own_alarms=world.own_alarms(),
            registrations=recorder.registrations,
            alarm_changes=driver.operator.others.alarm_changes,
            invocations=driver.operator.others.invocations,
            log=world.log.getvalue(),
            fired=recorder.fired + faults.fired + _operator_actions(driver),
            failed_functions=[f"{function}: {error}" for function, error in world.rules.failures],
            denied=frozenset(faults.denied),
            secrets=SECRETS,
        )


def run_stages(scenario: Scenario, make_world: Callable[..., World]) -> Iterator[Recording]:
    """Run a scenario, and the second stage of it if it has one; yield what happened in each."""
    recording = run_scenario(scenario, make_world)
    yield recording
    following = make_second_stage(recording)
    if following is not None:
        yield run_scenario(following, make_world)


def _run_steps(world: World, scenario: Scenario, driver: Driver, recorder: Recorder) -> float:
    """Run the steps, the final requests and the sweeps; return when the last execution of a step had ended."""
    world.machine.run()
    world.clock.sleep(1.0)
    settled = world.clock.now()
    _make_final_requests(world, scenario, driver)
    recorder.probe()
    _sweep(world, driver)
    recorder.probe()
    return settled


def _operator_actions(driver: Driver) -> Counter[str]:
    return +Counter({f"operator: {action}": times for action, times in driver.operator.done.items()})


def _make_final_requests(world: World, scenario: Scenario, driver: Driver) -> None:
    """Resolve statuses that only a person can resolve, and request a deployment of every endpoint."""
    world.clock.sleep(_HOUR)
    world.make_alarm(ALARM)
    resources = world.simulator.resources()
    for name, endpoint in resources["Endpoints"].items():
        has_config = endpoint["EndpointConfigName"] in resources["EndpointConfigs"]
        if endpoint["EndpointStatus"] in _STUCK or not has_config:
            driver.operator.call("DeleteEndpoint", EndpointName=name)
    driver.operator.deregister_scalable_targets()
    # With replicas that lag, an update may take longer than the shortest timeout.
    driver.deployment.update({"DEPLOYMENT_TIMEOUT_SECONDS": "28800", "APPROVAL_ENDPOINTS": ""})
    world.clock.sleep(_HOUR)
    endpoints = world.simulator.resources()["Endpoints"]
    for endpoint_name in scenario.endpoints:
        guarded = _guarded_variant(endpoints.get(endpoint_name, {})) if scenario.is_guarded else ""
        document = final_request(endpoint_name, guarded)
        name = f"{FINAL_REQUEST_PREFIX}-{endpoint_name}"
        driver.act(Manual(name=name, at=0.0, endpoint=endpoint_name, document=document))
    world.machine.run()


def _guarded_variant(endpoint: Document) -> str:
    """Return the variant of an endpoint that can have guardrails; empty if there is none, or another one beside it."""
    variants = endpoint.get("ProductionVariants", [])
    is_on_instances = len(variants) == 1 and "CurrentServerlessConfig" not in variants[0]
    return str(variants[0]["VariantName"]) if is_on_instances else ""


def _sweep(world: World, driver: Driver) -> None:
    """Let the retention pass, and sweep."""
    world.clock.sleep(float(driver.deployment.settings["UNUSED_RETENTION_HOURS"]) * _HOUR + 1.0)
    for number in range(_FINAL_SWEEPS):
        driver.act(Sweep(name=f"{FINAL_REQUEST_PREFIX}-sweep-{number}", at=0.0))
        world.machine.run()
        world.clock.sleep(_HOUR)
