"""Settings of the simulator: replica lag, durations, faults, and how events arrive.

Sources of the defaults: times that users report (two to five minutes for an endpoint); EventBridge's own figures for
the delay of events. Faults and failures are the simulator's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the calls of one operation.

    Attributes:
        operation: The API operation; `*` for any.
        kind: `stale` - the look-ups of the call see none of what was written last, as on a replica that lags;
            `throttled`, `unavailable` - the service answers so; `dropped` - the connection breaks;
            `killed` - the caller's process is killed; `slow` - the answer takes `seconds`;
            `rejected` - the service answers with `code` and `message`.
        when: Whether it happens before the call takes effect or after.
        times: How many matching calls it affects; None for all of them.
        skip: How many matching calls pass before the first that it affects.
        probability: The share of the matching calls that it affects, by the simulator's seed.
        resource: Only calls match that have this text in EndpointName, EndpointConfigName, ModelName or ResourceArn.
    """

    operation: str
    kind: Literal["stale", "throttled", "unavailable", "dropped", "killed", "slow", "rejected"]
    when: Literal["before", "after"] = "before"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    code: str = "ValidationException"
    message: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure of a fleet.

    Attributes:
        config: Whose fleets: a part of the endpoint config's name; `*` is any.
        stage: `Creating` - the fleet does not come up; `Baking` - it comes up, gets traffic, and then fails;
            `RollingBack` - going back from it fails, and the endpoint ends as UpdateRollbackFailed.
        reason: The FailureReason.
        step: Which step of the traffic fails, or which batch of a rolling update; the first is 1.
        times: How many fleets fail; None for all of them.
    """

    config: str
    stage: Literal["Creating", "Baking", "RollingBack"]
    reason: str = ""
    step: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True)
class EventDelivery:
    """How `aws.sagemaker` events arrive: best effort, near real time, sometimes twice, in rare cases never.

    Assumed: how late they are (trial: "seconds from a change to its event").

    An event is lost, early, late or neither, in this order, by the simulator's seed.

    Attributes:
        seconds: The median and the 95th percentile of the seconds from the change to the event.
        lost: The share of the events that never arrive.
        doubled: The share that arrives twice, each time after a delay of its own.
        early: The share that arrives at the moment of the change, before a wait for it can begin.
        late: The share that arrives after `late_seconds`.
        late_seconds: The least and the most seconds of a late event.
    """

    seconds: tuple[float, float] = (1.0, 3.7)
    lost: float = 0.0
    doubled: float = 0.0
    early: float = 0.0
    late: float = 0.0
    late_seconds: tuple[float, float] = (60.0, 600.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """All times are in seconds on the simulator's clock.

    Assumed: each duration (trial: "seconds until a config can name a new model", "seconds of a first deployment").

    Attributes:
        lag: How long the slowest replica takes to see what was written; the others are faster.
        least_lag: How long even the fastest replica takes; with 0 it sees everything at once.
        tag_lag: How long IAM takes to see a resource's tags, or a change of them.
        replicas: How many there are; each read is answered by one, by the seed.
        create_seconds: How long an endpoint is Creating.
        update_seconds: How long the new fleet of an update, or a batch of a rolling one, takes before it gets traffic.
        stage_seconds: How long each of an update's short stages takes: turning traffic on, and ending the old fleet.
        delete_seconds: How long an endpoint is Deleting.
        rollback_seconds: How long it is RollingBack; for each batch, if a rolling update goes back in batches.
        scale_seconds: How long UpdateEndpointWeightsAndCapacities takes; with 0 it is done at once.
        system_update_seconds: How long an endpoint is SystemUpdating.
        component_seconds: How long an inference component is Creating.
        asynchronous_seconds: How long a request of InvokeEndpointAsync waits until an instance takes it.
        role_delay: How long after the simulator's start execution roles cannot be assumed.
        failure_reasons: By endpoint config: the reason for which every endpoint fails that is made of it. The key is
            a part of the config's name; `*` is any.
        failures: Other failures of fleets; the first that matches counts.
        empties_failure_reason: Whether the FailureReason is gone when an update has been rolled back, as it often is.
            After an alarm it always is.
        broken_models: By model: the message with which a model without data answers every invocation. The key is a part
            of the model's image or name; `*` is any.
        broken_streams: By model, as in `broken_models`: the message with which a stream ends after its first part.
        answer_seconds: By model, as in `broken_models`: how long a model without data takes to answer.
        faults: Faults of calls.
        calls_per_second: Calls that the API answers each second before it throttles; None for no limit.
        events: How events of what changes arrive.
    """

    lag: float = 0.0
    least_lag: float = 0.0
    tag_lag: float = 0.0
    replicas: int = 3
    create_seconds: float = 180.0
    update_seconds: float = 240.0
    stage_seconds: float = 10.0
    delete_seconds: float = 30.0
    rollback_seconds: float = 60.0
    scale_seconds: float = 0.0
    system_update_seconds: float = 300.0
    component_seconds: float = 60.0
    asynchronous_seconds: float = 2.0
    role_delay: float = 0.0
    failure_reasons: dict[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    empties_failure_reason: bool = False
    broken_models: dict[str, str] = field(default_factory=dict)
    broken_streams: dict[str, str] = field(default_factory=dict)
    answer_seconds: dict[str, float] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    calls_per_second: float | None = None
    events: EventDelivery = EventDelivery()
