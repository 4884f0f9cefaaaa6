"""Draws requests of which most differ in weights and instance counts only, and what happens besides.

All is drawn by itself, so that scenarios differ in nothing else from what they were without these requests.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Literal

from local.json_document import Document
from local.simulation import requests
from local.simulation.fault_windows import make_weight_faults
from local.simulation.scenario import Event, Manual, OperatorStep, Redrive, RequestStep, Stop, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.scenario import FaultWindow, Step, Validity

_SHARE = 0.5
"""The share of the scenarios with such requests."""

_STOPPED_SHARE, _SHIFTED_SHARE, _SWEPT_SHARE = 0.3, 0.08, 0.3
_PROMPT_SHARE = 0.6
_OWN_ENDPOINT = "split"
_HOUR = 3600.0
_WEIGHTS, _COUNTS = (0.5, 1, 5, 9), (1, 1, 2, 3)
_KINDS: dict[Literal["weights", "content", "guarded", "rollback"], int] = {
    "weights": 70, "content": 10, "guarded": 8, "rollback": 12,
}  # fmt: skip
"""The kinds of the requests after the first one, with their shares."""


class WeightChanges:
    """The requests of one scenario that differ in weights or counts only, with their faults.

    Args:
        key: Names the scenario.
        endpoints: Its endpoints; these requests are about one of them, or about one of their own.
        length: How many seconds it takes.
        draw_deliveries: Draws when the copies of an event arrive, at most so many.
    """

    def __init__(
        self, key: str, endpoints: list[str], length: float, draw_deliveries: Callable[[Random, int], tuple[float, ...]]
    ) -> None:
        self._random = Random(f"{key} weights")  # noqa: S311 - repeatable, not secret
        self._draw_deliveries = draw_deliveries
        self._endpoint = self._random.choice([_OWN_ENDPOINT, self._random.choice(endpoints)])
        is_drawn = self._random.random() < _SHARE
        self.requests: list[RequestStep] = list(self._requests(length)) if is_drawn else []

    def steps(self) -> Iterator[Step]:
        """Yield what people do besides: stops and redrives of these executions, other weights by hand, and sweeps."""
        random = self._random
        for number, request in enumerate(self.requests):
            moment = request.at + random.choice([0.0, request.deliveries[0]])
            if random.random() < _STOPPED_SHARE:
                at, name = moment + random.uniform(0, random.choice([5.0, 60.0, 600.0])), f"{request.name}.0"
                yield Stop(name=f"stop-{request.name}", at=round(at, 3), execution=name)
                later = random.choice([None, random.uniform(1, 60), random.uniform(60, 4000), 30 * _HOUR])
                if later is not None:
                    yield Redrive(name=f"redrive-{request.name}", at=round(at + later, 3), execution=name)
            if random.random() < _SHIFTED_SHARE:
                at, choice = round(moment + random.uniform(0, 900), 3), random.randint(0, 3)
                name = f"shift-{number}"
                yield OperatorStep(name=name, at=at, action="shift weights", endpoint=self._endpoint, choice=choice)
            if random.random() < _SWEPT_SHARE:
                yield Sweep(name=f"weights-sweep-{number}", at=round(moment + random.uniform(0, 24 * _HOUR), 3))

    def with_validity(self, made: list[Step]) -> Iterator[Step]:
        """Yield steps, in which a request of two variants depends on who scales one of them: its count would stay."""
        handed_over = any(isinstance(step, OperatorStep) and step.action == "hand over scaling" for step in made)
        valid = {each.name for each in self.requests if each.validity == "valid"} if handed_over else set()
        for step in made:
            if isinstance(step, RequestStep) and step.name in valid:
                yield replace(step, validity="depends")
            else:
                yield step

    def fault_windows(self) -> Iterator[FaultWindow]:
        """Yield windows in which changes of weights go wrong."""
        if self.requests:
            moments = [each.at + delay for each in self.requests for delay in each.deliveries]
            yield from make_weight_faults(self._random, moments)

    def _requests(self, length: float) -> Iterator[RequestStep]:
        """Yield a first request, and more that follow it at once or hours later."""
        random = self._random
        fleets: dict[str, tuple[float, int]] = {}
        content = random.choices([*requests.CONTENTS, requests.BROKEN], [2, 2, 2, 2, 3])[0]
        keys, moment = random.choice([("m",), ("a", "b")]), random.uniform(0, length)
        for number in range(random.choice([3, 3, 4, 5])):
            kind = random.choices([*_KINDS], [*_KINDS.values()])[0] if number else "weights"
            if kind == "content":
                content = random.choice(requests.CONTENTS)
            fleets = self._changed(fleets) if number else {key: (1, random.choice(_COUNTS)) for key in keys}
            document = self._document(fleets, content, is_first=not number)
            validity: Validity = "valid"
            if kind == "rollback":
                document, validity = requests.rollback(self._endpoint, random), "depends"
            elif kind == "guarded" and len(fleets) == 1:
                document = {**document, "DeploymentConfig": requests.GUARDRAILS[-1]}
            yield self._step(f"weights-{number}", moment, document, validity)
            moment += random.choice([0.5, 400.0, 1200.0, 1200.0, _HOUR, _HOUR, random.uniform(0, 6 * _HOUR)])

    def _changed(self, fleets: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
        """Change all weights, or the count of one variant, or now and then both, which is no single change."""
        random = self._random
        of = random.choices(["weights", "count", "both"], [5, 4, 1])[0]
        chosen = random.choice([*fleets])
        return {
            key: (
                weight if of == "count" else random.choice([each for each in _WEIGHTS if each != weight]),
                count
                if of == "weights" or key != chosen
                else random.choice([each for each in _COUNTS if each != count]),
            )
            for key, (weight, count) in fleets.items()
        }

    def _document(self, fleets: dict[str, tuple[float, int]], content: str, *, is_first: bool) -> Document:
        random = self._random
        variants = [
            {
                **requests.INSTANCES,
                "VariantName": "v" if len(fleets) == 1 else key,
                "ModelName": key,
                "InitialVariantWeight": weight,
                "InitialInstanceCount": count,
            }
            for key, (weight, count) in fleets.items()
        ]
        # A model that cannot answer is deployed without a test, so that a later change of weights fails.
        is_tested = random.random() < (0.5 if content == requests.BROKEN else 0.3)
        has_tags = random.random() < 0.2  # noqa: PLR2004 - a share
        return {
            "EndpointName": self._endpoint,
            "Models": {key: requests.model(content) for key in fleets},
            "EndpointConfig": {"ProductionVariants": variants},
            **({"SmokeTest": requests.ANSWERS} if is_tested and not (is_first and content == requests.BROKEN) else {}),
            **({"Tags": {"team": random.choice(["growth", "risk"])}} if has_tags else {}),
        }

    def _step(self, name: str, moment: float, document: Document, validity: Validity) -> RequestStep:
        is_prompt = self._random.random() < _PROMPT_SHARE
        deliveries = (0.0,) if is_prompt else self._draw_deliveries(self._random, 2)
        at = round(moment, 3)
        if self._random.random() < 0.5:  # noqa: PLR2004 - a share
            return Manual(
                name=name, at=at, endpoint=self._endpoint, deliveries=deliveries, validity=validity, document=document
            )
        return Event(
            name=name, at=at, endpoint=self._endpoint, deliveries=deliveries, validity=validity, detail=document
        )
