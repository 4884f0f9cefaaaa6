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
            `slow` - the answer takes `seconds`; `rejected` - the service answers with `code` and `message`.
        when: Whether it goes wrong before the call takes effect or after.
        times: How many matching calls it strikes; None for all of them.
        skip: How many matching calls pass before it strikes.
        probability: The share of the matching calls that it strikes, by the simulator's seed.
    """

    operation: str
    kind: Literal["stale", "throttled", "unavailable", "dropped", "slow", "rejected"]
    when: Literal["before", "after"] = "before"
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    code: str = "ValidationException"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All times are in seconds on the simulator's clock.

    Attributes:
        lag: How long the slowest replica takes to see what was written; the others are faster.
        replicas: How many there are; each read is answered by one, by the seed.
        create_seconds: How long an endpoint is Creating.
        update_seconds: How long the new fleet of an update takes before traffic shifts.
        delete_seconds: How long an endpoint is Deleting.
        rollback_seconds: How long it is RollingBack.
        role_delay: How long after the simulator's start execution roles cannot be assumed.
        failure_reasons: By endpoint config: the reason for which every endpoint fails that is made of it. The key is
            a part of the config's name; `*` is any.
        faults: What goes wrong with calls; the first that matches strikes.
        calls_per_second: Calls that the API answers each second before it throttles; None for no limit.
    """

    lag: float = 0.0
    replicas: int = 3
    create_seconds: float = 180.0
    update_seconds: float = 240.0
    delete_seconds: float = 30.0
    rollback_seconds: float = 60.0
    role_delay: float = 0.0
    failure_reasons: dict[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    calls_per_second: float | None = None
