"""Decisions: the action for an endpoint, whether a change has ended, and when to look again. Pure."""

from __future__ import annotations

from datetime import UTC, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from deployer.errors import (
    DeploymentSupersededError,
    DeploymentTimedOutError,
    EndpointFailedError,
    EndpointNotVisibleError,
    UpdateRolledBackError,
)
from deployer.json_document import Document
from deployer.planning.live import WAITING_STATUSES
from deployer.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from deployer.planning.live import Live
    from deployer.planning.names import Revision
    from deployer.planning.plan import Plan

_LONGEST_WAIT_SECONDS = 300
_LOOKS_PER_ELAPSED = 8
_LONGEST_FIRST_LOOK_SECONDS = 900
_DEADLINE_MARGIN_SECONDS = 10


def decide(revision: Revision, live: Live | None, now: datetime) -> Action:
    """Choose the action for a wanted revision by the current state of the endpoint.

    Args:
        revision: The wanted revision.
        live: The endpoint, with the tags of its config if it is in service; None if there is none.
        now: What time it is.

    Raises:
        EndpointFailedError: The endpoint is in a status that only a person can resolve.
    """
    if live is None:
        return Action.CREATE
    if live.is_waiting:
        return Action.WAIT
    check_in_service(live)
    if live.is_reserved(now):
        return Action.WAIT
    if live.is_pending and live.config_name == revision.name:
        # The run that asked for it was stopped, or did not learn that its call was accepted.
        return Action.RESUME
    return _compare(revision, live)


def check_in_service(live: Live) -> None:
    """Raise EndpointFailedError if a resting endpoint is in a status that only a person can resolve."""
    if live.status != "InService":
        raise EndpointFailedError(
            f"Endpoint {live.name} is {live.status} and cannot be changed. {live.failure_reason}".rstrip()
        )


def _compare(revision: Revision, live: Live) -> Action:
    """Choose the action by content and age, for an endpoint in service that no other run is using."""
    newest = live.newest
    if newest is None:
        return Action.UPDATE
    if newest.digest == revision.digest and not live.is_pending:
        if not newest.is_confirmed_by(revision):
            return Action.NOTHING_TO_DO
        return Action.UPDATE if live.lacks_weights else Action.CONFIRM
    return Action.SUPERSEDED if revision.order < newest.order else Action.UPDATE


def in_service(plan: Plan, live: Live, requested_at: datetime, now: datetime, preceding: Iterable[str] = ()) -> bool:
    """Return whether the endpoint is in service on the plan's revision; False while the change is under way.

    Args:
        plan: The plan of the run.
        live: The endpoint, as one replica shows it.
        requested_at: When SageMaker had accepted the run's change.
        now: What time it is.
        preceding: The endpoint configs that were served before the one that the endpoint has, the latest first.

    Raises:
        EndpointNotVisibleError: A replica shows the endpoint as it was before this run's change.
        EndpointFailedError: The endpoint ended in a status that it cannot leave.
        UpdateRolledBackError: SageMaker rolled the update back, whatever the endpoint serves since.
        DeploymentSupersededError: It serves something else.
        DeploymentTimedOutError: It is still under way after the deadline.
    """
    reason = live.failure_reason or "SageMaker gives no reason; see its logs and alarms."
    if live.status == "InService":
        return _is_served(plan, live, requested_at, reason, preceding)
    if live.status == "Deleting" and not plan.previous:
        raise EndpointNotVisibleError(f"Endpoint {live.name} is still shown as the endpoint that had this name before.")
    if live.status not in WAITING_STATUSES - {"Deleting"}:
        raise EndpointFailedError(f"Endpoint {live.name} is {live.status}: {reason}")
    is_others = live.pending_config_name not in {"", plan.revision} and live.config_name == plan.previous
    if is_others and live.modified_at > requested_at:
        # The next update can only begin once SageMaker has rolled this one back.
        raise UpdateRolledBackError(
            f"Endpoint {live.name} served {live.config_name} again, and is being changed to "
            f"{live.pending_config_name}: {reason}"
        )
    check_deadline(plan.deadline, now, f"Endpoint {live.name} is still {live.status}")
    return False


def _is_served(plan: Plan, live: Live, requested_at: datetime, reason: str, preceding: Iterable[str]) -> bool:
    if live.config_name == plan.revision:
        return True
    if plan.is_rolled_back(live):
        if live.modified_at <= requested_at:
            raise EndpointNotVisibleError(f"Endpoint {live.name} shows no sign of the update yet.")
        raise UpdateRolledBackError(f"Endpoint {live.name} serves {live.config_name} again: {reason}")
    if _is_after_rollback(plan, live, preceding):
        raise UpdateRolledBackError(
            f"Endpoint {live.name} served {plan.previous} again, and serves {live.config_name} since: {reason}"
        )
    raise DeploymentSupersededError(f"Endpoint {live.name} was changed to {live.config_name} meanwhile.")


def _is_after_rollback(plan: Plan, live: Live, preceding: Iterable[str]) -> bool:
    """Return whether another request was deployed after SageMaker had rolled the plan's update back.

    An older request never replaces a newer one. Each request is planned for what the endpoint serves, so a newer one
    has replaced either the plan's revision, or the config that the endpoint had before it.
    """
    if live.attached and live.attached.order < plan.wanted.order:
        return True
    served = next((name for name in preceding if name in {plan.revision, plan.previous}), plan.revision)
    return served != plan.revision


def check_deadline(deadline: datetime, now: datetime, state: str) -> None:
    """Raise DeploymentTimedOutError if the deadline has passed."""
    if now >= deadline:
        raise DeploymentTimedOutError(f"{state} at the deadline, {deadline.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC.")


def progress(endpoint: Mapping[str, Any]) -> list[Document]:
    """Return the stage, share and count of each variant, of the live fleet and of the one that takes over."""
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


def wait_seconds(shortest: int, elapsed: timedelta) -> int:
    """Return the seconds until a waiting run looks again: an eighth of the time since its start, within bounds.

    Short waits are noticed early, and a wait of 12 hours fits the 25,000 events of an execution's history.
    """
    return max(shortest, min(_LONGEST_WAIT_SECONDS, int(elapsed.total_seconds()) // _LOOKS_PER_ELAPSED))


def first_look_seconds(deadline: datetime, now: datetime) -> int:
    """Return the seconds until the first look at an endpoint that no event reports on.

    The interval doubles with each look, so that the last interval is at most as long as the change has taken.
    The first is chosen so that a later one falls just before the deadline: n looks take (2^n - 1) times the first.
    """
    left = max(1.0, (deadline - now).total_seconds())
    looks = next(n for n in range(1, 64) if left / (2**n - 1) <= _LONGEST_FIRST_LOOK_SECONDS)
    return max(1, int(left // (2**looks - 1)))


def next_look_seconds(deadline: datetime, now: datetime, planned: int) -> int:
    """Return the seconds until the next look: those planned, or fewer if they would end seconds after the deadline."""
    left = (deadline - now).total_seconds()
    return planned if planned <= left + _DEADLINE_MARGIN_SECONDS else max(1, ceil(left))


def requested(deadline: datetime, now: datetime, requested_at: datetime) -> Document:
    """Return the data that later steps need about a change that SageMaker has accepted.

    Args:
        deadline: The end of the deployment timeout.
        now: What time it is.
        requested_at: When SageMaker had accepted the change; what it dates earlier was before.
    """
    return {"RequestedAt": requested_at.isoformat(), "LookSeconds": first_look_seconds(deadline, now)}
