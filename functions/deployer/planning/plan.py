"""Decisions, as pure functions: what has to happen to an endpoint, and whether it has happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from deployer.errors import (
    DeploymentSupersededError,
    DeploymentTimedOutError,
    EndpointFailedError,
    EndpointNotVisibleError,
    UpdateRolledBackError,
)
from deployer.planning.names import Revision
from deployer.request.rules import model_names

if TYPE_CHECKING:
    from collections.abc import Mapping

WAITING_STATUSES = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""Statuses that an endpoint leaves by itself (SageMaker API Reference, DescribeEndpoint)."""

_PROVING = timedelta(minutes=30)
"""How long others wait for a smoke test; longer than four tries take that all run out of time."""

_SLOWEST_POLL_SECONDS = 300
_POLLS_PER_ELAPSED = 20


class Action(StrEnum):
    """What the state machine does with a plan."""

    CREATE = "Create"
    UPDATE = "Update"
    RESUME = "Resume"
    WAIT = "Wait"
    CONFIRM = "Confirm"
    NOTHING_TO_DO = "NothingToDo"
    SUPERSEDED = "Superseded"
    AWAITING_ARTIFACT = "AwaitingArtifact"


class _StateData(BaseModel):
    """Part of an execution's data, in the words of SageMaker's API."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), populate_by_name=True, frozen=True, extra="ignore"
    )


class Live(_StateData):
    """An endpoint as SageMaker has it."""

    endpoint_status: str
    endpoint_config_name: str = ""
    last_modified_time: datetime
    failure_reason: str = ""
    confirmed: str = ""
    """The revision that last asked for what the endpoint serves already; it came later than the attached one."""
    pending_config_name: str = ""
    """The endpoint config that the endpoint is being changed to."""
    is_unproven: bool = False
    """Whether the attached revision has yet to pass its smoke test."""

    def is_being_proven(self, now: datetime) -> bool:
        """Tell whether the run that attached the revision still has the time to test it, and to go back."""
        return self.is_unproven and now < self.last_modified_time + _PROVING

    def revision(self, endpoint_name: str) -> Revision | None:
        """The newest revision that asked for what the endpoint serves; None if this deployer did not make it."""
        attached = Revision.parse(endpoint_name, self.endpoint_config_name)
        confirmed = Revision.parse(endpoint_name, self.confirmed)
        return confirmed if attached and attached.is_confirmed_by(confirmed) else attached


class Plan(_StateData):
    """What one execution is going to do; every later step reads it from the execution's data."""

    action: Action
    execution: str
    """The execution's ARN."""
    request_id: str
    """The event's id, or the execution's name."""
    endpoint_name: str
    requested_at: datetime
    started_at: datetime
    deadline: datetime
    poll_seconds: int
    """Seconds to wait before looking, or planning, again."""
    revision: str = ""
    """Name of the endpoint config."""
    models: list[dict[str, Any]] = []
    """CreateModel requests."""
    endpoint_config: dict[str, Any] = {}
    """A CreateEndpointConfig request."""
    deployment_config: dict[str, Any] | None = None
    is_retention_asked_for: bool | None = None
    """The request's RetainAllVariantProperties."""
    excluded_from_retention: list[dict[str, Any]] = []
    """The request's ExcludeRetainedVariantProperties."""
    retention: dict[str, Any] = {}
    """What UpdateEndpoint is told to keep of the live variants."""
    smoke_test: dict[str, Any] | None = None
    tags: list[dict[str, str]] = []
    source: str = ""
    """The revision that a rollback takes its content from."""
    live: Live | None = None
    """The endpoint as it was when this was planned."""

    @property
    def wanted(self) -> Revision:
        """The revision, taken apart."""
        wanted = Revision.parse(self.endpoint_name, self.revision)
        if wanted is None:
            raise ValueError(f"{self.revision} is no revision of {self.endpoint_name}")
        return wanted

    def is_carried_out_by(self, live: Live | None) -> bool:
        """Tell whether the endpoint has, or is being changed to, this plan's revision."""
        return live is not None and self.revision in {live.endpoint_config_name, live.pending_config_name}

    def is_rolled_back(self, live: Live) -> bool:
        """Tell whether the endpoint serves again what it served when this was planned."""
        before = self.live.endpoint_config_name if self.live else None
        return live.endpoint_status == "InService" and live.endpoint_config_name == before

    @property
    def safe_revisions(self) -> frozenset[str]:
        """Revisions that nobody undoes or retires: the live one, and the one that a rollback goes back to."""
        return frozenset({self.source, self.live.endpoint_config_name} if self.live else {self.source}) - {""}

    @property
    def names(self) -> frozenset[str]:
        """The models and the endpoint config that this run creates or relies on."""
        return frozenset({self.revision, *model_names(self.endpoint_config)})


def decide(revision: Revision, endpoint_name: str, live: Live | None, now: datetime) -> Action:
    """Decide what a wanted revision means for the endpoint as it is now.

    Raises:
        EndpointFailedError: The endpoint is in a status that only a person gets it out of.
    """
    if live is None:
        return Action.CREATE
    if live.endpoint_status in WAITING_STATUSES or live.is_being_proven(now):
        return Action.WAIT
    if live.endpoint_status != "InService":
        raise EndpointFailedError(
            f"Endpoint {endpoint_name} is {live.endpoint_status} and cannot be changed. {live.failure_reason}".rstrip()
        )
    newest = live.revision(endpoint_name)
    if newest is None:
        return Action.UPDATE
    if newest.digest == revision.digest and not live.is_unproven:
        return Action.CONFIRM if newest.is_confirmed_by(revision) else Action.NOTHING_TO_DO
    return Action.SUPERSEDED if revision.order < newest.order else Action.UPDATE


def in_service(plan: Plan, endpoint: Live, now: datetime) -> bool:
    """Tell whether the deployment is done; False while it is under way.

    Raises:
        EndpointNotVisibleError: The answer is older than the change that this run made.
        EndpointFailedError: The endpoint ended in a status that it cannot leave.
        UpdateRolledBackError: It serves what it served before.
        DeploymentSupersededError: It serves something else.
        DeploymentTimedOutError: It is still under way after the deadline.
    """
    name, reason = plan.endpoint_name, endpoint.failure_reason or "SageMaker gives no reason; see its logs and alarms."
    if endpoint.endpoint_status == "InService":
        return _is_served(plan, endpoint, reason)
    if endpoint.endpoint_status == "Deleting" and plan.live is None:
        raise EndpointNotVisibleError(f"Endpoint {name} is seen as the one that had the name before.")
    if endpoint.endpoint_status not in WAITING_STATUSES - {"Deleting"}:
        raise EndpointFailedError(f"Endpoint {name} is {endpoint.endpoint_status}: {reason}")
    check_deadline(plan.deadline, now, f"Endpoint {name} is still {endpoint.endpoint_status}")
    return False


def _is_served(plan: Plan, endpoint: Live, reason: str) -> bool:
    name, served = plan.endpoint_name, endpoint.endpoint_config_name
    if served == plan.revision:
        return True
    if plan.live and served == plan.live.endpoint_config_name:
        if endpoint.last_modified_time <= plan.live.last_modified_time:
            raise EndpointNotVisibleError(f"Endpoint {name} shows no sign of the update yet.")
        raise UpdateRolledBackError(f"Endpoint {name} serves {served} again: {reason}")
    other = Revision.parse(name, served)
    if other and other.order < plan.wanted.order:
        # An older request took its turn between the rollback and this look.
        raise UpdateRolledBackError(f"Endpoint {name} serves {served}, which was requested earlier: {reason}")
    raise DeploymentSupersededError(f"Endpoint {name} was changed to {served} meanwhile.")


def check_deadline(deadline: datetime, now: datetime, what: str) -> None:
    """Raise DeploymentTimedOutError if the deadline has passed."""
    if now > deadline:
        raise DeploymentTimedOutError(f"{what} at the deadline, {deadline.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.")


def progress(endpoint: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tell how far each variant is, of the live fleet and of the one that takes over: its stage, share and count."""
    pending = endpoint.get("PendingDeploymentSummary", {})
    return [
        {
            "VariantName": variant["VariantName"],
            "Fleet": fleet,
            "Stage": variant["VariantStatus"][0]["Status"] if variant.get("VariantStatus") else None,
            "Weight": variant.get("CurrentWeight"),
            "InstanceCount": variant.get("CurrentInstanceCount"),
        }
        for fleet, part in (("Live", endpoint), ("New", pending))
        for kind in ("ProductionVariants", "ShadowProductionVariants")
        for variant in part.get(kind, [])
    ]


def next_poll(poll_seconds: int, elapsed: timedelta) -> int:
    """Return the seconds until the next look: a twentieth of the time gone by, within bounds.

    So the end of a short deployment is seen at once, and one of 8 hours fits the history of an execution.
    """
    return max(poll_seconds, min(_SLOWEST_POLL_SECONDS, int(elapsed.total_seconds()) // _POLLS_PER_ELAPSED))
