"""What a simulator does: how far its replicas lag, how long things take, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with the calls of one operation.

    Attributes:
        operation: The API operation; `*` for any.
        kind: `stale` - the look-ups of the call see none of what was written last, as on a replica that lags;
            `throttled`, `unavailable` - the service answers so; `dropped` - the connection breaks;
            `killed` - the caller's process dies; `slow` - the answer takes `seconds`;
            `rejected` - the service answers with `code` and `message`.
        when: Whether it goes wrong before the call takes effect or after.
        times: How many matching calls it strikes; None for all of them.
        skip: How many matching calls pass before it strikes.
        probability: The share of the matching calls that it strikes, by the simulator's seed.
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
    """Something that goes wrong with a fleet.

    Attributes:
        config: Whose fleets: a part of the endpoint config's name; `*` is any.
        stage: `Creating` - the fleet does not come up; `Baking` - it comes up, gets traffic, and then fails;
            `RollingBack` - going back from it fails, and the endpoint ends as UpdateRollbackFailed.
        reason: The FailureReason.
        step: Which step of the traffic it strikes, or which batch of a rolling update; the first is 1.
        times: How many fleets it strikes; None for all of them.
    """

    config: str
    stage: Literal["Creating", "Baking", "RollingBack"]
    reason: str = ""
    step: int = 1
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All times are in seconds on the simulator's clock.

    Attributes:
        lag: How long the slowest replica takes to see what was written; the others are faster.
        replicas: How many there are; each read is answered by one, by the seed.
        create_seconds: How long an endpoint is Creating.
        update_seconds: How long the new fleet of an update, or a batch of a rolling one, takes before it gets traffic.
        stage_seconds: How long each of an update's short stages takes: turning traffic on, and ending the old fleet.
        delete_seconds: How long an endpoint is Deleting.
        rollback_seconds: How long it is RollingBack; for each batch, if a rolling update goes back in batches.
        scale_seconds: How long UpdateEndpointWeightsAndCapacities takes; with 0 it is done at once.
        system_update_seconds: How long an endpoint is SystemUpdating.
        role_delay: How long after the simulator's start execution roles cannot be assumed.
        failure_reasons: By endpoint config: the reason for which every endpoint fails that is made of it. The key is
            a part of the config's name; `*` is any.
        failures: What else goes wrong with fleets; the first that matches strikes.
        empties_failure_reason: Whether the FailureReason is gone when an update has been rolled back, as it often is.
            After an alarm it always is.
        broken_models: By model: the message with which a model without data answers every invocation. The key is a part
            of the model's image or name; `*` is any.
        answer_seconds: By model, as in `broken_models`: how long a model without data takes to answer.
        faults: What goes wrong with calls; the first that matches strikes.
        calls_per_second: Calls that the API answers each second before it throttles; None for no limit.
    """

    lag: float = 0.0
    replicas: int = 3
    create_seconds: float = 180.0
    update_seconds: float = 240.0
    stage_seconds: float = 10.0
    delete_seconds: float = 30.0
    rollback_seconds: float = 60.0
    scale_seconds: float = 0.0
    system_update_seconds: float = 300.0
    role_delay: float = 0.0
    failure_reasons: dict[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    empties_failure_reason: bool = False
    broken_models: dict[str, str] = field(default_factory=dict)
    answer_seconds: dict[str, float] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    calls_per_second: float | None = None
