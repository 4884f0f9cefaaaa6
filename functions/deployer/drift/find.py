"""Which differences between an endpoint and its deployed revision are drift. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from deployer.tags import PENDING, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from deployer.planning.live import Live
    from deployer.planning.names import Revision

VISIBLE_BY = timedelta(minutes=15)
"""How long after a change, or after the end of an execution, what is seen of an endpoint may be older than that."""


class Kind(StrEnum):
    """How an endpoint differs from what was deployed."""

    ENDPOINT_DELETED = "EndpointDeleted"
    ENDPOINT_FAILED = "EndpointFailed"
    CONFIG_REPLACED = "ConfigReplaced"
    CONFIG_DELETED = "ConfigDeleted"
    MODEL_DELETED = "ModelDeleted"
    STORED_DATA_DELETED = "StoredDataDeleted"
    ALARM_DELETED = "AlarmDeleted"
    ALARM_CHANGED = "AlarmChanged"
    SCALING_CHANGED = "ScalingChanged"
    IMAGE_CHANGED = "ImageChanged"
    UPLOAD_NOT_DEPLOYED = "UploadNotDeployed"
    NOT_INVOKED = "NotInvoked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; the message says what is wrong, in names only."""

    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class Upload:
    """The newest artifact below the folder of an endpoint.

    Attributes:
        key: Its key.
        version: Its version.
        uploaded_at: When it was uploaded.
    """

    key: str
    version: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """An endpoint, and the revision that was deployed to it.

    Attributes:
        endpoint_name: The endpoint.
        live: The endpoint, with the tags of its endpoint config; None if there is none.
        deployed: The newest revision that this stack recorded as deployed; None if there is none.
        is_in_store: Whether this stack stored the revision that the endpoint has.
        is_under_way: Whether an execution works on the endpoint, or has just ended.
        missing_models: The models that the endpoint's config names and SageMaker does not know.
        missing_data: The URIs of stored data that are gone.
        missing_alarms: The alarms that were made for the update to the endpoint's revision, and are gone.
        changed_alarms: Those that somebody has changed.
        changed_scaling: The variants of which something else is registered than the scaling of the endpoint's revision.
        changed_images: The images whose tag names another digest now than the one that the endpoint runs.
        versions: The versions of the data that the endpoint's revision was made of.
        upload: The newest artifact of the endpoint's folder, if there is one.
        invocations: How often the endpoint was invoked since `invoked_since`; None if that is not asked for.
        invoked_since: When the days without invocations begin.
    """

    endpoint_name: str
    live: Live | None
    deployed: Revision | None = None
    is_in_store: bool = False
    is_under_way: bool = False
    missing_models: tuple[str, ...] = ()
    missing_data: tuple[str, ...] = ()
    missing_alarms: tuple[str, ...] = ()
    changed_alarms: tuple[str, ...] = ()
    changed_scaling: tuple[str, ...] = ()
    changed_images: tuple[str, ...] = ()
    versions: frozenset[str] = field(default_factory=frozenset)
    upload: Upload | None = None
    invocations: float | None = None
    invoked_since: datetime | None = None


def find_drift(view: View, now: datetime, deployment_timeout: timedelta) -> list[Finding]:
    """Return how an endpoint differs from its deployed revision; nothing while that may be a deployment's doing.

    Args:
        view: The endpoint, and what was deployed to it.
        now: What time it is.
        deployment_timeout: How long an execution may take until an upload counts as never deployed.
    """
    live = view.live
    if view.is_under_way or (view.deployed is None and not view.is_in_store):
        return []
    if live is None:
        return [Finding(Kind.ENDPOINT_DELETED, f"The endpoint does not exist; {_name(view.deployed)} was deployed.")]
    if live.is_waiting or now < live.modified_at + VISIBLE_BY:
        return []
    if live.status != "InService":
        reason = live.failure_reason or "SageMaker gives no reason."
        return [Finding(Kind.ENDPOINT_FAILED, f"The endpoint is {live.status}: {reason}")]
    return [*_find_in_content(view, live), *_find_in_use(view, live, now - deployment_timeout - VISIBLE_BY)]


def _find_in_content(view: View, live: Live) -> Iterator[Finding]:
    """Yield what differs between the endpoint config that an endpoint has and the deployed revision."""
    attached, deployed = live.attached, view.deployed
    if attached is None or not view.is_in_store:
        yield Finding(Kind.CONFIG_REPLACED, f"The endpoint has {live.config_name}; {_name(deployed)} was deployed.")
        return
    if not live.config:
        # An endpoint config of this stack has tags. So what is served is there, and what it is a base of is not.
        name = live.base_name if live.tags else live.config_name
        yield Finding(Kind.CONFIG_DELETED, f"The endpoint's config {name} does not exist.")
    elif live.tags.get(STATE_TAG) == PENDING:
        yield Finding(
            Kind.CONFIG_REPLACED,
            f"The endpoint has {live.config_name}, which is still pending; no execution works on it any more.",
        )
    elif deployed and attached.order < deployed.order:
        yield Finding(
            Kind.CONFIG_REPLACED, f"The endpoint has the older {live.config_name}; {deployed.name} was deployed."
        )
    for name in view.missing_models:
        yield Finding(Kind.MODEL_DELETED, f"The endpoint's config names the model {name}, which does not exist.")
    for uri in view.missing_data:
        yield Finding(Kind.STORED_DATA_DELETED, f"{uri}, which belongs to {live.config_name}, does not exist.")
    for name in view.missing_alarms:
        yield Finding(Kind.ALARM_DELETED, f"The alarm {name}, made for {live.config_name}, does not exist.")
    for name in view.changed_alarms:
        yield Finding(Kind.ALARM_CHANGED, f"The alarm {name}, made for {live.config_name}, is not as it was made.")
    if view.changed_scaling:
        names = ", ".join(view.changed_scaling)
        yield Finding(Kind.SCALING_CHANGED, f"The registered scaling of {names} is not that of {live.config_name}.")


def _find_in_use(view: View, live: Live, uploaded_before: datetime) -> Iterator[Finding]:
    """Yield images and an artifact that are newer than what the endpoint runs, and that nobody invokes it."""
    for image in view.changed_images:
        yield Finding(Kind.IMAGE_CHANGED, f"The tag of {image} names another image now than the endpoint runs.")
    upload, newest = view.upload, live.newest
    if (
        upload
        and newest
        and upload.version not in view.versions
        and newest.requested_at < upload.uploaded_at.replace(microsecond=0)
        and upload.uploaded_at < uploaded_before
    ):
        yield Finding(
            Kind.UPLOAD_NOT_DEPLOYED,
            f"{upload.key} was uploaded at {upload.uploaded_at.isoformat(timespec='seconds')}, "
            f"after {newest.name} was requested, and is not deployed.",
        )
    since = view.invoked_since
    if view.invocations == 0 and since and live.modified_at < since:
        yield Finding(Kind.NOT_INVOKED, f"Nobody has invoked the endpoint since {since.isoformat(timespec='seconds')}.")


def _name(revision: Revision | None) -> str:
    return revision.name if revision else "no revision"
