"""Makes the scenario of a seed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Literal

from local.simulation import scenario as steps
from local.simulation.drawn_settings import draw_alarm_settings, draw_environment, draw_settings
from local.simulation.drift_steps import drift_settings, drift_steps
from local.simulation.fault_windows import make_alarm_faults, make_fault_windows
from local.simulation.requests import EXTERNAL_MODEL, SHARED_KEY
from local.simulation.stages import Promotion
from local.simulation.weight_changes import WeightChanges
from local.simulation.workload import make_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.scenario import OperatorAction, OperatorStep, RequestStep, Scenario, Step

_MOST_EXECUTIONS = 8
_PROMOTED_SHARE = 0.2
"""The share of the scenarios that a second stage follows."""

_GUARDED_SHARE = 0.6
"""The share of the scenarios whose final requests have guardrails."""

_DECISIONS: tuple[Literal["Approve", "Reject"] | None, ...] = ("Approve", "Approve", "Approve", "Reject", None)
_HOUR = 3600.0
_DAY = 24 * _HOUR
_NAMES = ("churn", "churn-a", "fraud", "an-endpoint-with-a-name-that-is-as-long-as-sagemaker-allows-one")
_ACTIONS: tuple[OperatorAction, ...] = (
    "take over", "shift weights", "shift weights", "delete endpoint", "use model", "attach config", "tag", "untag",
    "clean up", "clean up", "scale", "system update", "fail rollback", "overwrite artifact", "overwrite artifact",
    "delete artifact", "replace instances", "replace instances", "delete live config",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What is requested in a scenario.

    Attributes:
        seed: The scenario's.
        key: Names those of its draws that depend on no others.
        endpoints: The endpoints.
        requests: The requests.
        length: How many seconds it takes, but for copies of events that come later.
        environment: Settings of the stack that are not drawn.
    """

    seed: int
    key: str
    endpoints: list[str]
    requests: list[RequestStep]
    length: float
    environment: dict[str, str] = field(default_factory=dict)


def make_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    length = random.choice([600.0, _HOUR, 3 * _HOUR, 12 * _HOUR, 36 * _HOUR])
    endpoints = random.sample(_NAMES, random.choice([1, 1, 1, 2, 3]))
    requests = list(_requests(random, endpoints, length))
    outline = Outline(seed=seed, key=str(seed), endpoints=endpoints, requests=requests, length=length)
    is_promoted = Random(f"{seed} promoted").random() < _PROMOTED_SHARE  # noqa: S311 - repeatable, not secret
    return replace(complete(outline, random), is_promoted=is_promoted)


def complete(outline: Outline, random: Random) -> Scenario:
    """Return a scenario with the settings, the faults, and all that people do."""
    endpoints, requests, length = outline.endpoints, outline.requests, outline.length
    # Steps that should coincide with a deployment are drawn close to the requests.
    moments = [request.at + delay for request in requests for delay in request.deliveries] or [0.0]
    has_operator, has_stops, has_external_model = random.choices([True, False], [4, 6], k=3)
    operator = list(_operator(random, endpoints, moments, length)) if has_operator else []
    environment, settings = draw_environment(random), draw_settings(random)
    # Drawn by itself, so that scenarios differ in nothing else from what they were without these alarms.
    own = Random(f"{outline.key} alarms")  # noqa: S311 - repeatable, not secret
    environment |= draw_alarm_settings(own) | drift_settings(outline.key) | outline.environment
    shortest_change = min(settings.create_seconds, settings.update_seconds)
    windows = tuple(make_fault_windows(random, moments, length, most_lag=0.8 * shortest_change))
    guarded = [each.at + delay for each in requests if "DeploymentConfig" in _text(each) for delay in each.deliveries]
    windows += tuple(make_alarm_faults(own, guarded or moments))
    weights = WeightChanges(outline.key, endpoints, length, draw_deliveries)
    windows += tuple(weights.fault_windows())
    made: list[Step] = [
        *_with_validity([*requests, *weights.requests], operator),
        *weights.steps(),
        *operator,
        *(_stops(random, requests) if has_stops else ()),
        *(_alarms(random, moments) if any('"AlarmName"' in _text(request) for request in requests) else ()),
        *_own_alarms(own, guarded),
        *_sweeps(random, moments, length, windows),
        *_stack_updates(random, own, moments),
        *_answers([*requests, *weights.requests], is_required=bool(environment.get("APPROVAL_ENDPOINTS"))),
        *_false_events(random, endpoints, moments),
    ]
    if has_external_model:
        made.append(steps.OperatorStep(name="create-model", at=0.0, action="create model", endpoint=endpoints[0]))
    made += drift_steps(outline.key, endpoints, made)
    return steps.Scenario(
        seed=outline.seed,
        environment=environment,
        settings=settings,
        steps=tuple(sorted(weights.with_validity(made), key=lambda step: step.at)),
        fault_windows=windows,
        is_guarded=Random(f"{outline.key} guarded").random() < _GUARDED_SHARE,  # noqa: S311 - likewise
    )


def _requests(random: Random, endpoints: list[str], length: float) -> Iterator[RequestStep]:
    """Yield requests that start 1 to 8 executions in all."""
    wanted, started, number = random.randint(1, _MOST_EXECUTIONS), 0, 0
    # Requests of about the same time coincide.
    moments = [random.uniform(0, length) for _ in range(random.randint(1, 3))]
    while started < wanted:
        number += 1
        moment = random.choice(moments) + random.choice([0.0, 0.5, 1.0, random.uniform(0, 600)])
        deliveries = draw_deliveries(random, wanted - started)
        name, endpoint = f"request-{number}", random.choice(endpoints)
        request = make_request(random, name, endpoint, round(moment, 3), deliveries)
        started += max(1, len(request.deliveries))
        yield request


def draw_deliveries(random: Random, most: int) -> tuple[float, ...]:
    """Return when the copies of an event arrive: mostly one and at once, but also late, twice, and after days."""
    copies = min(most, random.choice([1, 1, 1, 1, 2, 2, 3]))
    soon, late = random.uniform(0, 900), random.uniform(1800, 7200)
    delays = [0.0, 0.0, 0.5, 2.0, 60.0, soon, late, random.uniform(0, _DAY), 3 * _DAY]
    weights = [8, 4, 2, 2, 2, 4, 2, 1, 1]
    return tuple(round(delay, 3) for delay in random.choices(delays, weights, k=copies))


def _with_validity(requests: list[RequestStep], operator: list[OperatorStep]) -> Iterator[RequestStep]:
    """Yield the requests, each with its validity in this scenario: some depend on what is live or what is in S3."""
    scaled = {step.endpoint for step in operator if step.action == "scale"}
    actions = {step.action for step in operator}
    for request in requests:
        text = _text(request)
        others = [other for other in requests if other is not request and other.endpoint == request.endpoint]
        is_upload = isinstance(request, steps.Upload)
        # What an upload means depends on the other objects that lie there when its event arrives.
        is_overwritten = is_upload and any(isinstance(other, steps.Upload) for other in others)
        is_overwritten = is_overwritten or (is_upload and bool(actions & {"overwrite artifact", "delete artifact"}))
        depends = (
            (SHARED_KEY in text and "delete artifact" in actions)
            or EXTERNAL_MODEL in text
            or "DeploymentConfig" in text
            or ("ServerlessConfig" in text and bool(others))
            or request.endpoint in scaled
        )
        is_open = is_overwritten or (depends and request.validity == "valid")
        yield replace(request, validity="depends") if is_open else request


def _text(request: RequestStep) -> str:
    match request:
        case steps.Manual():
            return json.dumps(request.document)
        case steps.Event():
            return json.dumps(request.detail)
        case steps.Upload():
            return request.body
        case Promotion():
            return request.stored
    return ""


def _operator(random: Random, endpoints: list[str], moments: list[float], length: float) -> Iterator[OperatorStep]:
    """Yield the actions of operators."""
    for number in range(random.randint(1, 3)):
        anytime, meanwhile = random.uniform(0, length + _HOUR), random.choice(moments) + random.uniform(0, 1800)
        at, action = round(random.choice([anytime, meanwhile]), 3), random.choice(_ACTIONS)
        endpoint, choice = random.choice(endpoints), random.randint(0, 3)
        yield steps.OperatorStep(name=f"operator-{number}", at=at, action=action, endpoint=endpoint, choice=choice)


def _stops(random: Random, requests: list[RequestStep]) -> Iterator[Step]:
    """Yield executions that are stopped, and mostly redriven."""
    runs = [(request, copy, delay) for request in requests for copy, delay in enumerate(request.deliveries)]
    for number, (request, copy, delay) in enumerate(random.sample(runs, min(len(runs), random.choice([1, 1, 2])))):
        moment = request.at + delay + random.uniform(0, random.choice([10.0, 400.0, 2000.0]))
        yield steps.Stop(name=f"stop-{number}", at=round(moment, 3), execution=f"{request.name}.{copy}")
        later = random.choice([None, random.uniform(1, 60), random.uniform(60, 4000), 2 * _DAY])
        if later is not None:
            at = round(moment + later, 3)
            yield steps.Redrive(name=f"redrive-{number}", at=at, execution=f"{request.name}.{copy}")


def _alarms(random: Random, moments: list[float]) -> Iterator[Step]:
    for _ in range(random.choice([0, 1])):
        moment = round(random.choice(moments) + random.uniform(0, 1800), 3)
        yield steps.Alarm(name="alarm-on", at=moment, state="ALARM")
        yield steps.Alarm(name="alarm-off", at=round(moment + random.uniform(60, 1200), 3), state="OK")


def _own_alarms(random: Random, moments: list[float]) -> Iterator[Step]:
    """Yield when the alarms that the deployer has made by then go off, while a guarded update may run."""
    for number in range(random.choice([0, 1, 2]) if moments else 0):
        moment = round(random.choice(moments) + random.uniform(200, 1200), 3)
        yield steps.Alarm(name=f"own-alarms-on-{number}", at=moment, state="ALARM", is_own=True)
        off = round(moment + random.uniform(60, 600), 3)
        yield steps.Alarm(name=f"own-alarms-off-{number}", at=off, state="OK", is_own=True)


def _sweeps(
    random: Random, moments: list[float], length: float, windows: tuple[steps.FaultWindow, ...]
) -> Iterator[Step]:
    """Yield sweeps at any time, while something is deployed, and while something goes wrong."""
    for number in range(random.choice([0, 1, 2, 4])):
        choices = [random.uniform(0, length + _DAY), random.choice(moments) + random.uniform(0, 1800)]
        choices += [random.uniform(window.start, window.end) for window in windows[:1]]
        at, is_dry_run = round(random.choice(choices), 3), random.random() < 0.1  # noqa: PLR2004 - a share
        yield steps.Sweep(name=f"sweep-{number}", at=at, is_dry_run=is_dry_run)


def _answers(requests: list[RequestStep], *, is_required: bool) -> Iterator[Step]:
    """Yield the answers to requests for approval; some stay unanswered."""
    for request in requests:
        if is_required or '"Approval"' in _text(request):
            random = Random(f"{request.name} {request.at} answers")  # noqa: S311 - repeatable, not secret
            for copy, delay in enumerate(request.deliveries):
                decision = random.choice(_DECISIONS)
                if decision:
                    at = round(request.at + delay + random.uniform(0, 3000), 3)
                    name, execution = f"answer-{request.name}-{copy}", f"{request.name}.{copy}"
                    yield steps.Answer(name=name, at=at, execution=execution, decision=decision)


def _stack_updates(random: Random, own: Random, moments: list[float]) -> Iterator[Step]:
    """Yield updates of the stack, which change its parameters."""
    for number in range(random.choice([0, 0, 0, 1, 2])):
        at, changed = round(random.choice(moments) + random.uniform(0, 1800), 3), draw_environment(random)
        changed |= draw_alarm_settings(own)
        yield steps.StackUpdate(name=f"stack-update-{number}", at=at, environment=changed)


def _false_events(random: Random, endpoints: list[str], moments: list[float]) -> Iterator[Step]:
    for number in range(random.choice([0, 0, 1, 3])):
        at = round(random.choice(moments) + random.uniform(0, 900), 3)
        yield steps.FalseEvent(name=f"false-event-{number}", at=at, endpoint=random.choice(endpoints))
