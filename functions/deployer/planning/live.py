"""A live endpoint, in the parts that decisions depend on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployer.planning.names import Revision
from deployer.planning.tag_record import TagRecord
from deployer.tags import CONFIRMED_TAG, PENDING, PREVIOUS_TAG, STATE_TAG, TAGS_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

WAITING_STATUSES = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""Statuses that an endpoint leaves by itself (SageMaker API Reference, DescribeEndpoint)."""

PENDING_GRACE = timedelta(minutes=30)
"""How long other runs wait for an endpoint that serves a pending revision: its own run is testing or restoring it.

It is longer than a smoke test whose four tries all time out.
"""


@dataclass(frozen=True, slots=True)
class Live:
    """An endpoint, with the tags of the endpoint config that it serves.

    Attributes:
        name: The endpoint's name.
        status: Its `EndpointStatus`.
        config_name: The endpoint config of the revision that it serves.
        modified_at: Its `LastModifiedTime`.
        created_at: Its `CreationTime`.
        arn: Its ARN.
        failure_reason: Its `FailureReason`; empty if SageMaker gives none.
        pending_config_name: The endpoint config that it is being changed to; empty if it rests.
        config: The endpoint config that it serves, as DescribeEndpointConfig has it, where that was asked for.
        tags: The tags of that endpoint config, where they were asked for.
        base_name: The endpoint config that it has: that of the revision that it serves, or another one with the weights
            of that revision.
        lacks_weights: Whether it has the other one without them, because somebody else has changed it.
        variants: Its production variants with their weights and counts.
    """

    name: str
    status: str
    config_name: str
    modified_at: datetime
    created_at: datetime
    arn: str
    failure_reason: str = ""
    pending_config_name: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    base_name: str = ""
    lacks_weights: bool = False
    variants: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(
        cls,
        endpoint: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        served: str = "",
    ) -> Live:
        """Make it from the answers of DescribeEndpoint, DescribeEndpointConfig and ListTags.

        `served` is the revision whose weights its endpoint config has been given; empty if none is known.
        """
        attached = endpoint.get("EndpointConfigName", "")
        return cls(
            name=endpoint["EndpointName"],
            status=endpoint["EndpointStatus"],
            config_name=served or attached,
            base_name=attached,
            variants=tuple(endpoint.get("ProductionVariants", ())),
            modified_at=endpoint["LastModifiedTime"],
            created_at=endpoint["CreationTime"],
            arn=endpoint["EndpointArn"],
            failure_reason=endpoint.get("FailureReason", ""),
            pending_config_name=endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""),
            config=config or {},
            tags=tags or {},
        )

    @property
    def config_names(self) -> list[str]:
        """The endpoint config that it serves, and the one that it has, if that is another one."""
        return [*dict.fromkeys((self.config_name, self.base_name))]

    @property
    def attached(self) -> Revision | None:
        """The revision that it serves; None if this deployer did not make it."""
        return Revision.parse(self.name, self.config_name)

    @property
    def newest(self) -> Revision | None:
        """The newest revision that asked for the served content; None if this deployer did not make it."""
        attached, confirmed = self.attached, Revision.parse(self.name, self.tags.get(CONFIRMED_TAG, ""))
        return confirmed if attached and attached.is_confirmed_by(confirmed) else attached

    @property
    def is_waiting(self) -> bool:
        """Whether it is changing, and rests again by itself."""
        return self.status in WAITING_STATUSES

    @property
    def is_pending(self) -> bool:
        """Whether the revision that it serves has yet to be recorded as deployed.

        A revision always has tags: where none are visible, a replica lags.
        """
        return self.attached is not None and (not self.tags or self.tags.get(STATE_TAG) == PENDING)

    @property
    def tag_record(self) -> TagRecord:
        """The record of the tags of requests that it has."""
        return TagRecord.parse(self.tags.get(TAGS_TAG, ""))

    def is_retagged_by(self, revision: Revision, record: TagRecord) -> bool:
        """Return whether a request for the same content is the newest one, and asks for other tags."""
        is_newest = self.newest is not None and revision.requested_at >= self.newest.requested_at
        return is_newest and record.replaces(self.tag_record)

    def is_reserved(self, now: datetime) -> bool:
        """Return whether the run of the pending revision may still be testing it or restoring the endpoint."""
        return self.is_pending and now < self.modified_at + PENDING_GRACE

    @property
    def previous(self) -> str:
        """The endpoint config that it served before; empty if it was created for the one that it serves."""
        return self.tags.get(PREVIOUS_TAG, "")
