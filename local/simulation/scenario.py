"""Scenarios: requests, faults and operator actions, each with its time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from local.json_document import Document

if TYPE_CHECKING:
    from local.simulator.settings import Fault, Settings

Validity = Literal["valid", "invalid", "depends"]
"""Whether a request can be fulfilled: yes, no, or depending on what else has happened by then."""

FINAL_REQUEST_PREFIX = "final"
"""The names of the last requests begin with it: they have to be fulfilled, whatever has happened before."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a scenario.

    Attributes:
        name: Its name, unique within the scenario.
        at: Seconds after the scenario's start.
    """

    name: str
    at: float


@dataclass(frozen=True, kw_only=True)
class RequestStep(Step):
    """A deployment is requested.

    Attributes:
        endpoint: The endpoint that is meant.
        deliveries: After how many seconds each copy of the event starts an execution.
        validity: Whether the request can be fulfilled.
    """

    endpoint: str
    deliveries: tuple[float, ...] = (0.0,)
    validity: Validity = "valid"


@dataclass(frozen=True, kw_only=True)
class Upload(RequestStep):
    """An object is uploaded. Without a delivery, its event is lost."""

    key: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Approval(RequestStep):
    """A version of a model package changes its status."""

    version: int
    status: str = "Approved"


@dataclass(frozen=True, kw_only=True)
class Event(RequestStep):
    """An application puts an event, of which some members may be `altered`."""

    detail: Any
    altered: Document = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manual(RequestStep):
    """A person starts an execution."""

    document: Any


@dataclass(frozen=True, kw_only=True)
class Stop(Step):
    """A person stops an execution, named `<step>.<copy>`."""

    execution: str


@dataclass(frozen=True, kw_only=True)
class Answer(Step):
    """A person answers an execution, named `<step>.<copy>`, once it waits for approval."""

    execution: str
    decision: Literal["Approve", "Reject"]


@dataclass(frozen=True, kw_only=True)
class Redrive(Step):
    """A person redrives an execution."""

    execution: str


@dataclass(frozen=True, kw_only=True)
class Alarm(Step):
    """The alarm that requests name changes its state, or those that the deployer has made."""

    state: str
    is_own: bool = False


@dataclass(frozen=True, kw_only=True)
class Sweep(Step):
    """The schedule, or a person, starts a sweep."""

    is_dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class StackUpdate(Step):
    """The stack is updated: functions get other settings.

    Executions that are under way keep the published versions of the functions, and so their settings.

    Attributes:
        environment: The environment variables that change.
    """

    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class FalseEvent(Step):
    """An `aws.sagemaker` event arrives that no change has caused, as one does that is very late or very early."""

    endpoint: str


OperatorAction = Literal[
    "take over", "shift weights", "scale", "delete endpoint", "use model", "attach config", "tag", "untag", "clean up",
    "create model", "system update", "fail rollback", "overwrite artifact", "delete artifact", "replace instances",
    "delete live config", "change alarm", "delete alarm", "change scaling", "delete copy", "invoke endpoint",
    "hand over scaling",
]  # fmt: skip
"""The actions of an operator; see `local.simulation.operator_actions` and `local.simulation.other_services`."""


@dataclass(frozen=True, kw_only=True)
class OperatorStep(Step):
    """A person acts on an endpoint, or on one of its revisions, beside the deployer.

    Attributes:
        action: What they do.
        endpoint: The endpoint.
        choice: Which of its revisions, counted from the oldest and around, or which of its parts.
    """

    action: OperatorAction
    endpoint: str
    choice: int = 0


@dataclass(frozen=True)
class ServiceFault:
    """A fault of calls to another service than SageMaker.

    Attributes:
        service: As botocore calls it.
        kind: What goes wrong.
        probability: The share of the calls for which it fires.
        seconds: How much longer a slow call takes.
    """

    service: str
    kind: Literal["throttled", "unavailable", "dropped", "lost", "slow", "killed", "denied", "refused"]
    probability: float
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class FaultWindow:
    """A fault window: a period with certain faults.

    Attributes:
        name: Its name.
        start: When it begins, in seconds after the scenario's start.
        end: When it is over.
        faults: Faults of calls to SageMaker.
        service_faults: Faults of calls to other services.
        settings: Fields of the simulator's settings that have other values meanwhile.
    """

    name: str
    start: float
    end: float
    faults: tuple[Fault, ...] = ()
    service_faults: tuple[ServiceFault, ...] = ()
    settings: Document = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """All that happens in a run of the simulation.

    Attributes:
        seed: Decides all that is random: replicas, jitter, for which calls a fault fires.
        environment: The settings of the functions at the start.
        settings: The simulator's settings outside of fault windows.
        steps: What happens.
        fault_windows: What goes wrong, and when.
        is_guarded: Whether the final requests have guardrails with alarms, where the endpoint can have them.
        is_promoted: Whether a second stage deploys what is deployed in it; see `local.simulation.second_stage`.
    """

    seed: int
    environment: dict[str, str]
    settings: Settings
    steps: tuple[Step, ...]
    fault_windows: tuple[FaultWindow, ...] = ()
    is_guarded: bool = False
    is_promoted: bool = False

    @property
    def requests(self) -> tuple[RequestStep, ...]:
        """The steps that request deployments."""
        return tuple(step for step in self.steps if isinstance(step, RequestStep))

    @property
    def endpoints(self) -> list[str]:
        """The endpoints that are requested."""
        return sorted({request.endpoint for request in self.requests})

    @property
    def longest_lag(self) -> float:
        """The most seconds for which a change of SageMaker may be invisible."""
        windows = [getattr(self.settings, name) for name in ("lag", "least_lag")]
        windows += [float(each.settings.get(name, 0.0)) for each in self.fault_windows for name in ("lag", "least_lag")]
        return float(max(windows))

    @property
    def parts(self) -> tuple[Step | FaultWindow, ...]:
        """The parts of it that shrinking can leave out."""
        return (*self.steps, *self.fault_windows)

    def only(self, parts: tuple[Step | FaultWindow, ...]) -> Scenario:
        """Return the scenario without its other parts."""
        return replace(
            self,
            steps=tuple(part for part in parts if isinstance(part, Step)),
            fault_windows=tuple(part for part in parts if isinstance(part, FaultWindow)),
        )
