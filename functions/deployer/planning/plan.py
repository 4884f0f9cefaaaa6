"""The plan of one execution: decided by PlanDeployment, read by every later step from the execution's data."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import Field

from deployer.endpoint_config import with_model_names
from deployer.json_document import Document
from deployer.planning.draft_state import Draft
from deployer.planning.live import Live
from deployer.planning.rollback_alarms import with_alarms
from deployer.planning.scaling import PlannedScaling
from deployer.planning.state_data import StateData
from deployer.planning.tag_record import requested_tags
from deployer.planning.weights import weight_change
from deployer.request.containers import without_empty_data
from deployer.tags import (
    EXECUTION_TAG,
    PENDING,
    PREVIOUS_TAG,
    STACK_TAG,
    STATE_TAG,
    TAGS_TAG,
    USED_AT_TAG,
    tag_list,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from deployer.planning.approval_state import Approval


class Action(StrEnum):
    """The action of the state machine for a plan."""

    CREATE = "Create"
    UPDATE = "Update"
    UPDATE_WEIGHTS = "UpdateWeights"
    RESUME = "Resume"
    APPROVE = "Approve"
    WAIT = "Wait"
    CONFIRM = "Confirm"
    UPDATE_TAGS = "UpdateTags"
    NOTHING_TO_DO = "NothingToDo"
    SUPERSEDED = "Superseded"
    AWAITING_ARTIFACT = "AwaitingArtifact"
    PLANNED = "Planned"


class Before(StateData):
    """The config that an endpoint serves before a run changes it, and the settings that stay."""

    previous: str = ""
    """The endpoint config that the endpoint serves while this revision is not live; empty if there is no endpoint."""
    previous_arn: str = ""
    base: str = ""
    """The endpoint config that the endpoint has by then: `previous`, or one with the weights of `previous`."""
    retention: Document = Field(default_factory=dict)
    """The parameters of UpdateEndpoint that say what it keeps of the live variants."""
    tags_differ: bool = False
    """Whether what the endpoint serves was requested with other tags."""
    scaling: PlannedScaling = PlannedScaling()


class Plan(Draft, Before):
    """The plan of one execution: a draft with an action."""

    action: Action
    wait_seconds: int
    """Seconds until the endpoint is looked at again, if another deployment has it."""
    reason: str = ""
    """Why nothing is deployed now, such as the containers that wait for an artifact."""
    warnings: list[str] = Field(default_factory=list)
    """Warnings about what the deployer cannot check."""
    preview: Document = Field(default_factory=dict)
    """The preview of a dry run or of a request for approval; empty for other runs."""

    @classmethod
    def of(  # noqa: PLR0913 - by name
        cls,
        draft: Draft,
        action: Action,
        wait_seconds: int,
        before: Before | None = None,
        *,
        approval: Approval | None = None,
        reason: str = "",
        warnings: Sequence[str] = (),
    ) -> Plan:
        """Decide on a draft.

        There is nothing `before` if there is no endpoint, or it is changing; `approval` is one that is requested now.
        """
        before = before or Before(scaling=PlannedScaling(is_used=bool(draft.request.get("Scaling"))))
        content = {name: getattr(draft, name) for name in Draft.model_fields if name != "approval"}
        return cls(
            **content,
            **dict(before),
            approval=approval or draft.approval,
            action=action,
            wait_seconds=wait_seconds,
            reason=reason,
            warnings=[*warnings],
        )

    @property
    def is_to_announce(self) -> bool:
        """Whether a person has yet to be asked to approve it."""
        return self.action is Action.APPROVE and self.approval is not None and not self.approval.is_announced

    @property
    def change(self) -> Action:
        """The action once a person has approved it."""
        if self.action is Action.APPROVE and self.approval:
            return Action(self.approval.action)
        return self.action

    @property
    def names(self) -> frozenset[str]:
        """The models and the endpoint config that this run creates or relies on."""
        return frozenset({self.revision or "", *self.model_names.values()}) - {""}

    def is_attached_to(self, live: Live) -> bool:
        """Return whether the endpoint has, or is being changed to, this plan's revision."""
        return self.revision in {live.config_name, live.pending_config_name}

    @property
    def has_shared_base(self) -> bool:
        """Whether the endpoint config of its base has, or gets, the weights of another revision."""
        return bool(self.previous) and (self.action is Action.UPDATE_WEIGHTS or self.base != self.previous)

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on with what a run of the same request began; the config before that is not described."""
        return self.action is Action.RESUME or (self.action is Action.UPDATE_WEIGHTS and not self.previous_arn)

    @property
    def keeps_counts(self) -> bool:
        """Whether the endpoint keeps the instance counts that it has, as those of scaled variants."""
        excluded = [each["VariantPropertyType"] for each in self.retention.get("ExcludeRetainedVariantProperties", [])]
        return bool(self.retention) and "DesiredInstanceCount" not in excluded

    def live(self, endpoint: Mapping[str, Any]) -> Live:
        """Return a described endpoint as it is during this run: on its base it serves what the run has made of that.

        That is the revision before, or this plan's revision once its weights are there, or are on their way.
        """
        live = Live.of(endpoint)
        if not self.base or live.base_name != self.base:
            return live
        if self.action is not Action.UPDATE_WEIGHTS:
            return replace(live, config_name=self.previous)
        is_new = live.is_waiting or not weight_change(live.variants, self.request["EndpointConfig"])
        return replace(live, config_name=self.wanted.name if is_new else self.previous)

    def is_rolled_back(self, live: Live) -> bool:
        """Return whether the endpoint serves its previous config again."""
        return live.status == "InService" and bool(self.previous) and live.config_name == self.previous

    def model_requests(self, now: datetime) -> Iterator[Document]:
        """Yield the CreateModel requests."""
        for key, name in self.model_names.items():
            model = without_empty_data(self.request["Models"][key])
            yield self._tagged({**model, "ModelName": name}, _used_at(now))

    def endpoint_config_request(self, now: datetime) -> Document:
        """Return the CreateEndpointConfig request."""
        config = with_model_names(self.request["EndpointConfig"], self.model_names)
        own = {STATE_TAG: PENDING, PREVIOUS_TAG: self.previous, **_used_at(now)}
        if self.tag_record.digest:
            own[TAGS_TAG] = self.tag_record.text
        return self._tagged({**config, "EndpointConfigName": self.revision}, own)

    def endpoint_request(self) -> Document:
        """Return the CreateEndpoint request."""
        return self._tagged({"EndpointName": self.endpoint_name, "EndpointConfigName": self.revision}, {})

    def update_request(self, alarms: Collection[str] = ()) -> Document:
        """Return the UpdateEndpoint request, with more alarms that roll it back if some are given."""
        deployment = self.deployment_config
        if deployment and alarms:
            deployment = with_alarms(deployment, alarms)
        guardrails = {"DeploymentConfig": deployment} if deployment else {}
        names = {"EndpointName": self.endpoint_name, "EndpointConfigName": self.revision}
        return {**names, **self.retention, **guardrails}

    def _tagged(self, document: Document, own: Mapping[str, str]) -> Document:
        """Add tags: those of the request, those of this resource alone, and the deployer's, which win."""
        common = {EXECUTION_TAG: self.execution, STACK_TAG: self.stack}
        return {**document, "Tags": tag_list({**requested_tags(self.request, document), **common, **own})}


def plan_of(state_data: Document) -> Plan:
    """Read the plan from an execution's data."""
    return Plan.model_validate(state_data["Plan"])


def _used_at(now: datetime) -> dict[str, str]:
    return {USED_AT_TAG: now.isoformat(timespec="seconds")}
