"""The scenarios of the clients: create or change an endpoint, with replica lag or another difficulty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local.simulator import Settings
from local.simulator.settings import Failure, Fault

if TYPE_CHECKING:
    from local.json_document import Document
    from local.simulator import Simulator
    from local.simulator.clock import Clock

ENDPOINT = "churn"
REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com/churn"
BEFORE, WANTED, OTHER = f"{REGISTRY}:before", f"{REGISTRY}:wanted", f"{REGISTRY}:other"

BUCKET, DATA_KEY = "artifacts", "model.tar.gz"
DATA = f"s3://{BUCKET}/{DATA_KEY}"

LAGS = (0, 1, 10, 60, 120)
_CALL_SECONDS = 0.2
_SETTLED_SECONDS = 3 * 3600.0

_BASE = Settings(faults=(Fault("*", "slow", times=None, seconds=_CALL_SECONDS),))
_UNHEALTHY = Failure("*", "Creating", reason="The primary container did not pass the ping health check.")


@dataclass(frozen=True)
class Scenario:
    """The events of a run.

    Attributes:
        name: As the tables have it.
        action: `create` or `update`.
        settings: How SageMaker behaves from the moment that the client begins.
        is_busy: Whether somebody else begins to change the endpoint just before.
        succeeds: Whether the endpoint can serve what is wanted in the end.
    """

    name: str
    action: str
    settings: Settings
    is_busy: bool = False
    succeeds: bool = True

    @property
    def service_seconds(self) -> float:
        """How long SageMaker itself takes for it, at the least."""
        if self.action == "create":
            return self.settings.create_seconds
        return self.settings.update_seconds + 2 * self.settings.stage_seconds


def _lagging(action: str, lag: int) -> Scenario:
    return Scenario(f"{lag} s", action, replace(_BASE, lag=lag))


CREATIONS = tuple(_lagging("create", lag) for lag in LAGS)
UPDATES = tuple(_lagging("update", lag) for lag in LAGS)
FAULTS = (
    Scenario("SageMaker rolls the update back", "update", replace(_BASE, failures=(_UNHEALTHY,)), succeeds=False),
    Scenario(
        "three of ten calls are throttled",
        "create",
        replace(_BASE, faults=(*_BASE.faults, Fault("*", "throttled", times=None, probability=0.3))),
    ),
    Scenario("somebody else is changing the endpoint", "update", _BASE, is_busy=True),
)


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        version: What was driven.
        error: What the client reports; empty for a success.
        is_served: Whether the endpoint serves what is wanted, once everything has settled.
        left: Models, configs and endpoints that the run made and nothing serves.
        calls: Calls of SageMaker's API.
        seconds: From the beginning to the client's report.
    """

    version: str
    error: str
    is_served: bool
    left: int
    calls: int
    seconds: float

    @property
    def is_success(self) -> bool:
        """Whether it is done, and the client says so."""
        return self.is_served and not self.error

    @property
    def is_misreported(self) -> bool:
        """Whether the client reports something else than what is true."""
        return self.is_served != (not self.error)


class Account:
    """The account as it is before a run and after it; past all clients.

    Args:
        simulator: SageMaker.
        clock: Its clock.
    """

    def __init__(self, simulator: Simulator, clock: Clock) -> None:
        self.simulator, self._clock = simulator, clock
        self._before: set[tuple[str, str]] = set()

    def prepare(self, scenario: Scenario) -> None:
        """Let the difficulty begin, for which an endpoint is there already if it is to be updated."""
        if scenario.is_busy:
            self.make_config("other", OTHER)
            self._clock.sleep(_SETTLED_SECONDS)
            self._call("UpdateEndpoint", EndpointName=ENDPOINT, EndpointConfigName="other")
        self._before = self._names()
        self.simulator.settings = scenario.settings
        self.simulator.calls.clear()

    def serve_before(self) -> None:
        """Bring an endpoint into service."""
        self.make_config("before", BEFORE)
        self._call("CreateEndpoint", EndpointName=ENDPOINT, EndpointConfigName="before")
        self._clock.sleep(_SETTLED_SECONDS)

    def make_config(self, name: str, image: str) -> None:
        """Make an endpoint config and its model."""
        role = "arn:aws:iam::111122223333:role/runs-models"
        self._call(
            "CreateModel",
            ModelName=name,
            PrimaryContainer={"Image": image, "ModelDataUrl": DATA},
            ExecutionRoleArn=role,
        )
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
        variants = [{**variant, "InitialInstanceCount": 1, "InitialVariantWeight": 1.0}]
        self._call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=variants)

    def result(self, version: str, error: str, seconds: float) -> Result:
        """Return what came of a run that has just ended."""
        calls = len(self.simulator.calls)
        self._clock.sleep(_SETTLED_SECONDS)
        found = self.simulator.resources()
        used: set[tuple[str, str]] = set()
        image = status = ""
        if endpoint := found["Endpoints"].get(ENDPOINT):
            status = str(endpoint["EndpointStatus"])
            config = str(endpoint["EndpointConfigName"])
            model = str(found["EndpointConfigs"][config]["ProductionVariants"][0]["ModelName"])
            image = str(found["Models"][model]["PrimaryContainer"]["Image"])
            used = {("Endpoints", ENDPOINT), ("EndpointConfigs", config), ("Models", model)}
        is_served = (image, status) == (WANTED, "InService")
        return Result(version, error, is_served, len(self._names() - self._before - used), calls, seconds)

    def _names(self) -> set[tuple[str, str]]:
        return {(kind, name) for kind, found in self.simulator.resources().items() for name in found}

    def _call(self, operation: str, **parameters: object) -> Document:
        return self.simulator.call(operation, dict(parameters))
