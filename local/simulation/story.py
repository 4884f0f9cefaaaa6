"""What happens in a story: who asks for what and when, what goes wrong, and what people do beside the deployer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from local.simulator.settings import Fault, Settings

Document = dict[str, Any]

Verdict = Literal["good", "wrong", "depends"]
"""Whether a request can be fulfilled: yes, no, or that depends on what else has happened by then."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happens.

    Attributes:
        name: What it is called; unique within the story.
        at: Seconds after the story's beginning.
    """

    name: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Ask(Step):
    """Somebody asks for a deployment.

    Attributes:
        endpoint: The endpoint that is meant.
        deliveries: After how many seconds each copy of the event starts an execution.
        verdict: Whether the request can be fulfilled.
        is_broken: Whether what it deploys cannot answer.
    """

    endpoint: str
    deliveries: tuple[float, ...] = (0.0,)
    verdict: Verdict = "good"
    is_broken: bool = False


@dataclass(frozen=True, kw_only=True)
class Upload(Ask):
    """An object is uploaded; without a delivery, its event goes missing."""

    key: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Approval(Ask):
    """A version of a model package changes its status."""

    version: int
    status: str = "Approved"


@dataclass(frozen=True, kw_only=True)
class Event(Ask):
    """An application puts an event; some members of it may be `altered`."""

    detail: Any
    altered: Document = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manual(Ask):
    """A person starts an execution."""

    document: Any


@dataclass(frozen=True, kw_only=True)
class Stop(Step):
    """A person stops an execution, named `<step>.<copy>`."""

    execution: str


@dataclass(frozen=True, kw_only=True)
class Redrive(Step):
    """A person redrives an execution."""

    execution: str


@dataclass(frozen=True, kw_only=True)
class Alarm(Step):
    """The alarm of the guardrails changes its state."""

    state: str


Deed = Literal[
    "take over", "shift weights", "scale", "delete endpoint", "use model", "attach config", "tag", "untag", "clean up",
    "make model", "system update", "half a rollback",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Beside(Step):
    """A person does something in SageMaker, to an endpoint or with one of its revisions.

    Attributes:
        deed: What it is.
        endpoint: The endpoint.
        choice: Which of its revisions, counted from the oldest and around, or which of its parts.
    """

    deed: Deed
    endpoint: str
    choice: int = 0


@dataclass(frozen=True)
class Outside:
    """Something that goes wrong with the calls of another service than SageMaker.

    Attributes:
        service: As botocore calls it.
        kind: What goes wrong.
        probability: The share of the calls that it strikes.
    """

    service: str
    kind: Literal["throttled", "unavailable", "dropped", "lost", "slow", "killed", "denied", "refused"]
    probability: float
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A time in which something goes wrong.

    Attributes:
        name: What it is.
        start: When it begins, in seconds after the story's beginning.
        end: When it is over.
        faults: What strikes calls of SageMaker.
        outside: What strikes calls of other services.
        settings: Members of the simulator's settings that are others meanwhile.
    """

    name: str
    start: float
    end: float
    faults: tuple[Fault, ...] = ()
    outside: tuple[Outside, ...] = ()
    settings: Document = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that happens, and nothing else does.

    Attributes:
        seed: Decides what is left to chance: replicas, jitter, whom a fault strikes.
        environment: What the functions are told.
        settings: How the simulator is when nothing goes wrong.
        steps: What happens.
        spells: What goes wrong, and when.
    """

    seed: int
    environment: dict[str, str]
    settings: Settings
    steps: tuple[Step, ...]
    spells: tuple[Spell, ...] = ()

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The requests."""
        return tuple(step for step in self.steps if isinstance(step, Ask))

    @property
    def endpoints(self) -> list[str]:
        """The endpoints that are asked for."""
        return sorted({ask.endpoint for ask in self.asks})

    @property
    def executions(self) -> int:
        """How many executions it starts."""
        return sum(len(ask.deliveries) for ask in self.asks)

    @property
    def parts(self) -> tuple[Step | Spell, ...]:
        """What it can do without."""
        return (*self.steps, *self.spells)

    def only(self, parts: tuple[Step | Spell, ...]) -> Story:
        """Return the story without the other parts."""
        return replace(
            self,
            steps=tuple(part for part in parts if isinstance(part, Step)),
            spells=tuple(part for part in parts if isinstance(part, Spell)),
        )
