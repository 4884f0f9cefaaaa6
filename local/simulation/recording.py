"""What is recorded of a story: every effect on the account, every call, every probe, and how the executions went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulation.account import configs_of

if TYPE_CHECKING:
    from collections import Counter

    from local.simulation.runs import Run
    from local.simulation.story import Document, Story

_NAMES = ("EndpointName", "EndpointConfigName", "ModelName", "ResourceArn", "NameContains")


@dataclass(frozen=True)
class Write:
    """A record of the account changed.

    Attributes:
        time: When it did, in seconds since the epoch.
        actor: The execution or the step that called; for what SageMaker does by and by, whoever looked next.
        state: The state that the execution was in; nothing if it was no execution.
        table: `models`, `configs`, `endpoints` or `tags`.
        name: The record's name; of tags, the resource's ARN.
        value: What it is from now on; None where it was deleted.
        before: What it was; None where it was not there.
    """

    time: float
    actor: str
    state: str
    table: str
    name: str
    value: Document | None
    before: Document | None = None

    @property
    def begins(self) -> str:
        """What a call begins to do to an endpoint: `Creating`, `Updating` or `Deleting`; nothing for all else."""
        if self.table != "endpoints" or self.value is None:
            return ""
        status = str(self.value["EndpointStatus"])
        is_new = self.before is None or self.before["EndpointStatus"] != status
        return status if is_new and status in {"Creating", "Updating", "Deleting"} else ""


@dataclass(frozen=True)
class Call:
    """A call of SageMaker, when it ended and how: `ok`, the code of an error, or the name of what broke it off."""

    time: float
    actor: str
    state: str
    operation: str
    parameters: Document
    outcome: str
    attached: str = ""
    """Of an invocation: the endpoint config that answered."""
    message: str = ""
    seconds: float = 0.0

    @property
    def names(self) -> str:
        """What it was about."""
        found = [self.parameters[member] for member in _NAMES if member in self.parameters]
        return " ".join(name.rpartition(":")[2] for name in found)


@dataclass(frozen=True)
class Probe:
    """Somebody invoked an endpoint: the configs that may have answered, and the answer's code or `ok`."""

    time: float
    endpoint: str
    configs: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Recording:
    """What happened in one story.

    Attributes:
        story: The story.
        began: When it did, in seconds since the epoch.
        calmed: When everything had ended, and before somebody asked once more.
        runs: The executions, in the order in which they were asked for.
        writes: The effects on the account, in order.
        calls: The calls of SageMaker, in order.
        probes: Invocations at the moments of interest.
        bus: The details of the events that the bus took.
        log: What the functions logged.
        objects_written: Calls of S3 by the functions that are no reading.
        struck: How often each kind of fault struck.
        denied: Who was denied access to another service than SageMaker, by execution and state.
        secrets: What must not be told.
    """

    story: Story
    began: float
    calmed: float
    runs: list[Run]
    writes: list[Write]
    calls: list[Call]
    probes: list[Probe]
    bus: list[dict[str, Any]]
    log: str
    objects_written: list[str]
    struck: Counter[str]
    denied: frozenset[tuple[str, str]] = frozenset()
    secrets: tuple[str, ...] = ()
    names: frozenset[str] = field(init=False)
    """The executions' names."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(run.name for run in self.runs))

    def is_by_hand(self, write: Write) -> bool:
        """Tell whether a person did it, beside the deployer."""
        return write.actor not in self.names and not is_by_and_by(write)

    def is_taken_over(self, endpoint: str) -> bool:
        """Tell whether a person created, deleted or changed an endpoint, or took the deployer's tags off it.

        Other weights or counts are no change.
        """
        return any(
            self.is_by_hand(write)
            and (is_untagging(write) or (write.begins and (write.begins != "Updating" or _is_other_config(write))))
            for write in self.writes
            if _endpoint_of(write) == endpoint and write.time <= self.calmed
        )

    def runs_of(self, endpoint: str) -> list[Run]:
        """Return the executions that were about an endpoint."""
        return [run for run in self.runs if run.endpoint == endpoint]


def is_untagging(write: Write) -> bool:
    """Tell whether tags were taken off a resource that stays."""
    return write.table == "tags" and write.value is not None and bool((write.before or {}).keys() - write.value.keys())


def _is_other_config(write: Write) -> bool:
    return len(configs_of(write.value)) > 1


def _endpoint_of(write: Write) -> str:
    """Name the endpoint that a write is about; its ARN has it in lower case, as have all names in stories."""
    if write.table == "tags":
        return write.name.rpartition(":endpoint/")[2]
    return write.name if write.table == "endpoints" else ""


def is_by_and_by(write: Write) -> bool:
    """Tell whether SageMaker did it in its own time: an endpoint went live, rolled back, failed or is gone."""
    if write.table == "tags" and ":endpoint/" in write.name:
        return write.value is None
    return write.table == "endpoints" and not write.begins
