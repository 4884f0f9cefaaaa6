"""A seed becomes a story."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from local.simulation import asking
from local.simulation.requests import BROKEN, THEIR_MODEL
from local.simulation.spells import MOST_LAG, spells
from local.simulation.story import Alarm, Ask, Beside, Deed, Event, Manual, Redrive, Step, Stop, Story, Upload
from local.simulator import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_EXECUTIONS = 8
_HOUR = 3600.0
_DAY = 24 * _HOUR
_NAMES = ("churn", "churn-a", "fraud", "an-endpoint-with-a-name-that-is-as-long-as-sagemaker-allows-one")
_DEEDS: tuple[Deed, ...] = (
    "take over", "shift weights", "shift weights", "delete endpoint", "use model", "attach config", "tag", "untag",
    "clean up", "clean up", "scale", "system update", "half a rollback",
)  # fmt: skip


def make_story(seed: int) -> Story:
    """Return the story of a seed."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    length = random.choice([600.0, _HOUR, 3 * _HOUR, 12 * _HOUR])
    endpoints = random.sample(_NAMES, random.choice([1, 1, 1, 2, 3]))
    asks = list(_asks(random, endpoints, length))
    # What is to meet a deployment happens about when there is one.
    moments = [ask.at + delay for ask in asks for delay in ask.deliveries] or [0.0]
    has_hands, has_crashes, has_model = random.choices([True, False], [3, 7], k=3)
    hands = list(_hands(random, endpoints, moments, length)) if has_hands else []
    steps: list[Step] = [
        *_judged(asks, {step.endpoint for step in hands if step.deed == "scale"}),
        *hands,
        *(_crashes(random, asks) if has_crashes else ()),
        *(_alarms(random, moments) if any("Alarms" in _text(ask) for ask in asks) else ()),
    ]
    if has_model:
        steps.append(Beside(name="make-model", at=0.0, deed="make model", endpoint=endpoints[0]))
    return Story(
        seed=seed,
        environment=_environment(random),
        settings=_settings(random),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        spells=tuple(spells(random, moments, length)),
    )


def _environment(random: Random) -> dict[str, str]:
    return {
        "RETAINED_REVISIONS": random.choice(["1", "2", "3", "3", "10"]),
        "POLL_INTERVAL_SECONDS": random.choice(["5", "30", "30", "60"]),
        "DEPLOYMENT_TIMEOUT_SECONDS": random.choice(["1200", "3600", "7200", "28800"]),
    }


def _settings(random: Random) -> Settings:
    """Say how the simulator is; nothing takes less time than replicas may lag, as nothing does at AWS."""
    return Settings(
        lag=random.choice([0.0, 0.0, 1.0, 5.0, 30.0, MOST_LAG]),
        create_seconds=random.choice([150.0, 180.0, 600.0]),
        update_seconds=random.choice([150.0, 240.0, 900.0]),
        delete_seconds=random.choice([5.0, 30.0, 300.0]),
        rollback_seconds=random.choice([30.0, 60.0, 600.0]),
        scale_seconds=random.choice([0.0, 60.0]),
        role_delay=random.choice([0.0, 0.0, 0.0, 20.0, 100.0]),
        empties_failure_reason=random.choice([True, False]),
        broken_models={f"/{BROKEN}:": "cannot predict"},
    )


def _asks(random: Random, endpoints: list[str], length: float) -> Iterator[Ask]:
    """Yield requests that start 1 to 8 executions in all."""
    wanted, started, number = random.randint(1, _MOST_EXECUTIONS), 0, 0
    # What comes at about the same time meets.
    moments = [random.uniform(0, length) for _ in range(random.randint(1, 3))]
    while started < wanted:
        number += 1
        moment = random.choice(moments) + random.choice([0.0, 1.0, random.uniform(0, 600)])
        deliveries = _deliveries(random, wanted - started)
        ask = asking.ask(random, f"ask-{number}", random.choice(endpoints), round(moment, 3), deliveries)
        started += max(1, len(ask.deliveries))
        yield ask


def _deliveries(random: Random, most: int) -> tuple[float, ...]:
    """Say when the copies of an event arrive: mostly one and at once, but late, twice, and after days, too."""
    copies = min(most, random.choice([1, 1, 1, 1, 2, 2, 3]))
    delays = [0.0, 0.0, 0.5, 2.0, 60.0, random.uniform(0, 900), random.uniform(0, _DAY), 3 * _DAY]
    weights = [8, 4, 2, 2, 2, 4, 1, 1]
    return tuple(round(delay, 3) for delay in random.choices(delays, weights, k=copies))


def _judged(asks: list[Ask], scaled: set[str]) -> Iterator[Ask]:
    """Yield the requests with what is to be thought of them beside each other: some depend on what is live."""
    for ask in asks:
        text = _text(ask)
        beside = [other for other in asks if other is not ask and other.endpoint == ask.endpoint]
        depends = (
            (isinstance(ask, Upload) and any(isinstance(other, Upload) for other in beside))
            or (ask.verdict == "good" and (THEIR_MODEL in text or "DeploymentConfig" in text))
            or (ask.verdict == "good" and "ServerlessConfig" in text and bool(beside))
            or (ask.verdict == "good" and ask.endpoint in scaled)
        )
        yield replace(ask, verdict="depends") if depends else ask


def _text(ask: Ask) -> str:
    match ask:
        case Manual():
            return json.dumps(ask.document)
        case Event():
            return json.dumps(ask.detail)
        case Upload():
            return ask.body
    return ""


def _hands(random: Random, endpoints: list[str], moments: list[float], length: float) -> Iterator[Beside]:
    """Yield what people do beside the deployer."""
    for number in range(random.randint(1, 3)):
        anywhen, meanwhile = random.uniform(0, length + _HOUR), random.choice(moments) + random.uniform(0, 1800)
        moment = round(random.choice([anywhen, meanwhile]), 3)
        deed, endpoint = random.choice(_DEEDS), random.choice(endpoints)
        yield Beside(name=f"beside-{number}", at=moment, deed=deed, endpoint=endpoint, choice=random.randint(0, 3))


def _crashes(random: Random, asks: list[Ask]) -> Iterator[Step]:
    """Yield executions that are stopped, and mostly redriven."""
    runs = [(ask, copy, delay) for ask in asks for copy, delay in enumerate(ask.deliveries)]
    for number, (ask, copy, delay) in enumerate(random.sample(runs, min(len(runs), random.choice([1, 1, 2])))):
        moment = ask.at + delay + random.uniform(0, random.choice([10.0, 400.0, 2000.0]))
        yield Stop(name=f"stop-{number}", at=round(moment, 3), execution=f"{ask.name}.{copy}")
        later = random.choice([None, random.uniform(1, 60), random.uniform(60, 4000), 2 * _DAY])
        if later is not None:
            yield Redrive(name=f"redrive-{number}", at=round(moment + later, 3), execution=f"{ask.name}.{copy}")


def _alarms(random: Random, moments: list[float]) -> Iterator[Step]:
    for _ in range(random.choice([0, 1])):
        moment = round(random.choice(moments) + random.uniform(0, 1800), 3)
        yield Alarm(name="alarm-on", at=moment, state="ALARM")
        yield Alarm(name="alarm-off", at=round(moment + random.uniform(60, 1200), 3), state="OK")
