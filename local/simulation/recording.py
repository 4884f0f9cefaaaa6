"""The recording of a scenario: every effect on the account, every call and answer, and all executions."""

from __future__ import annotations

import functools
import math
import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from local.json_document import Document
from local.simulation.account_state import configs_of
from local.simulation.served_revisions import BASE, served_writes
from local.simulation.stages import staged_writes

if TYPE_CHECKING:
    from collections import Counter

    from local.simulation.records import (
        AlarmChange,
        Answered,
        Arrival,
        Call,
        Invocation,
        ObjectWrite,
        Probe,
        Registration,
        Write,
    )
    from local.simulation.runs import Run, SweepRun
    from local.simulation.scenario import Scenario

_VISIBILITY_SECONDS = 120.0
"""How long the deployer assumes that a change may stay invisible."""


@dataclass(frozen=True)
class Recording:
    """The recording of one scenario.

    Attributes:
        scenario: The scenario.
        began: When it started, in seconds since the epoch.
        settled: When all executions had ended, before the final requests.
        swept: When the last sweep had ended.
        runs: The executions that deploy, in the order in which they were requested.
        sweeps: The executions that sweep, in the order in which they were started.
        writes: The effects on SageMaker, in order.
        object_writes: The effects on the artifact bucket, in order.
        calls: The calls of SageMaker, in order.
        probes: Invocations at the moments of interest.
        arrivals: The events of SageMaker that arrived, in order.
        approval_events: The details of the events that request approvals.
        answers: What people answered to requests for approval, in order.
        bus: The details of the events that announce outcomes.
        sweep_events: The details of the events of sweeps.
        drift_events: The details of the events that report drift.
        missing_alarms: The alarms that did not exist while they guarded an update.
        own_alarms: The alarms of the stack that exist in the end.
        registrations: What the stack registered with Application Auto Scaling, in order.
        alarm_changes: The rollback alarms that people changed or deleted, in order.
        invocations: The invocations that CloudWatch counted, in order.
        log: What the functions logged.
        fired: How often each kind of fault fired, and how often each action was taken.
        failed_functions: The functions invoked by events that failed in all their attempts, with their errors.
        denied: Who was denied access to another service than SageMaker, by execution and function.
        secrets: Values that must not be disclosed.
    """

    scenario: Scenario
    began: float
    settled: float
    swept: float
    runs: list[Run]
    sweeps: list[SweepRun]
    writes: list[Write]
    object_writes: list[ObjectWrite]
    calls: list[Call]
    probes: list[Probe]
    arrivals: list[Arrival]
    approval_events: list[Document]
    answers: list[Answered]
    bus: list[Document]
    sweep_events: list[Document]
    drift_events: list[Document]
    missing_alarms: list[str]
    own_alarms: list[str]
    registrations: list[Registration]
    alarm_changes: list[AlarmChange]
    invocations: list[Invocation]
    log: str
    fired: Counter[str]
    failed_functions: list[str] = field(default_factory=list)
    denied: frozenset[tuple[str, str]] = frozenset()
    secrets: tuple[str, ...] = ()
    names: frozenset[str] = field(init=False)
    """The names of the executions that deploy."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(run.name for run in self.runs))

    @functools.cached_property
    def sweep_names(self) -> frozenset[str]:
        """The names of the executions that sweep."""
        return frozenset(sweep.name for sweep in self.sweeps)

    @functools.cached_property
    def served_writes(self) -> list[Write]:
        """The effects on SageMaker with each endpoint on the revision that it serves; see `served_revisions`."""
        return served_writes(self.writes, self.object_writes)

    def served(self, endpoint: str, config: str, moment: float) -> str:
        """Return the revision that an endpoint on an endpoint config served at a moment."""
        states = self._served_states[endpoint]
        before = states[: bisect_right(states, moment, key=lambda state: state[0])]
        return before[-1][2] if before and before[-1][1] == config else config

    @functools.cached_property
    def _served_states(self) -> dict[str, list[tuple[float, str, str]]]:
        """By endpoint: since when it has had which endpoint config and served which revision."""
        found: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
        for write in self.served_writes:
            if write.table == "endpoints" and write.value and BASE in write.value:
                found[write.name].append((write.time, write.value[BASE], write.value["EndpointConfigName"]))
        return found

    def is_answer_of(self, probe: Probe, revision: str) -> bool:
        """Return whether an endpoint answered an invocation, and certainly from a revision."""
        return (
            probe.answer == "ok"
            and len(probe.configs) == 1
            and self.served(probe.endpoint, *probe.configs, probe.time) == revision
        )

    @functools.cached_property
    def staged_writes(self) -> list[ObjectWrite]:
        """The changes of the first stage's bucket, with keys that begin with its name, if this is a second stage."""
        return staged_writes(self.scenario, self.began)

    @property
    def visibility_seconds(self) -> float:
        """How long a change may be invisible: the longer of what the deployer assumes and the replicas' lag."""
        return max(_VISIBILITY_SECONDS, self.scenario.longest_lag)

    def is_calm(self, start: float, end: float) -> bool:
        """Return whether no fault window was open in a period."""
        windows = ((self.began + each.start, self.began + each.end) for each in self.scenario.fault_windows)
        return not any(opened <= end and closed >= start for opened, closed in windows)

    def is_by_operator(self, write: Write) -> bool:
        """Return whether a person made a change beside the deployer."""
        return write.actor not in self.names | self.sweep_names and not write.is_asynchronous

    def is_taken_over(self, endpoint: str, since: float = -math.inf, until: float = math.inf) -> bool:
        """Return whether a person created, deleted or changed an endpoint, or removed tags of it or of its revisions.

        Other weights or counts do not count.
        """
        last = min(self.settled, until)
        return any(
            since <= write.time <= last and self.is_by_operator(write) and _is_change_of(endpoint, write)
            for write in self.writes
        )

    def is_disowned(self, endpoint: str) -> bool:
        """Return whether a person removed tags of an endpoint or its revisions: it may no longer be the stack's."""
        return any(
            self.is_by_operator(write) and write.is_untagging and _is_change_of(endpoint, write)
            for write in self.writes
        )

    def runs_of(self, endpoint: str) -> list[Run]:
        """Return the executions that were about an endpoint."""
        return [run for run in self.runs if run.endpoint == endpoint]


def _is_change_of(endpoint: str, write: Write) -> bool:
    if write.table == "tags":
        # An ARN has the name in lower case, as have all names in scenarios but for the T in the time of a revision.
        kind, _, name = write.name.rpartition(":")[2].partition("/")
        revision = Revision.parse(endpoint, re.sub(r"(\d{8})t(\d{6})", r"\1T\2", name))
        is_about = name == endpoint if kind == "endpoint" else revision is not None
        return is_about and write.is_untagging
    is_other_config = len(configs_of(write.value)) > 1
    return write.name == endpoint and bool(write.begins) and (write.begins != "Updating" or is_other_config)
