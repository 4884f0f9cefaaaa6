"""Chooses the action for a revision by the current state of the endpoint, and rejects changes that would fail."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from deployer import clock
from deployer.endpoint_config import model_references
from deployer.errors import EndpointConfigNotVisibleError, EndpointNotVisibleError, LiveConfigMissingError
from deployer.json_document import Document
from deployer.planning.abort import abort_update
from deployer.planning.approval import LEAST_WAIT_SECONDS, approval_to_request
from deployer.planning.checked_update import checked_retention, checked_update, keeps_config
from deployer.planning.decisions import decide, next_look_seconds
from deployer.planning.draft_state import Content, Draft
from deployer.planning.live import Live
from deployer.planning.live_checks import case_problems, ownership_problems
from deployer.planning.look_at_scaling import find_targets, plan_scaling, stored_scaling
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.plan_warnings import plan_warnings
from deployer.planning.superseding import superseding
from deployer.planning.weights import weight_change
from deployer.request.problem import Problem, nearest, reject
from deployer.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from deployer.aws.monitoring import Monitoring
    from deployer.aws.s3_objects import Artifact
    from deployer.aws.sagemaker import SageMaker
    from deployer.aws.scaling import Scaling
    from deployer.planning.revision import Store
    from deployer.planning.settings import Settings

_CHANGING_ACTIONS = frozenset({Action.UPDATE, Action.RESUME, Action.CONFIRM, Action.UPDATE_TAGS})
"""The actions that change an existing endpoint, or its config."""

_VISIBLE_BY = timedelta(minutes=10)
"""The longest replica lag that is expected; later, a resource that is not found is gone."""


@dataclass(frozen=True, slots=True)
class Planning:
    """The adapters and the time for a decision.

    Attributes:
        sagemaker: The adapter of SageMaker.
        monitoring: The adapter of CloudWatch.
        scaling: The adapter of Application Auto Scaling.
        store: The store of model data.
        settings: The stack's settings.
        now: The current time.
        wait_seconds: Seconds until the next look, if another deployment has the endpoint.
        found: Endpoints that have been looked up, by their names; none is looked up twice for one decision.
        uploads: Uploads that have been looked up, by their URIs; the same.
    """

    sagemaker: SageMaker
    monitoring: Monitoring
    scaling: Scaling
    store: Store
    settings: Settings
    now: datetime
    wait_seconds: int
    found: dict[str, Live | None] = field(default_factory=dict)
    uploads: dict[str, Artifact] = field(default_factory=dict)

    def decided(self, draft: Draft, action: Action, before: Before | None = None, reason: str = "") -> Plan:
        """Make the plan of a draft, with the reason if nothing is deployed now.

        Raises:
            ApprovalTimedOutError: It needs the approval of a person, and nobody has answered in time.
        """
        seconds = next_look_seconds(draft.deadline, self.now, self.wait_seconds)
        warnings = plan_warnings(draft.request, action, self.settings.execution_role_arn, self.now)
        approval = approval_to_request(draft, action, before.previous if before else "", self.now)
        if approval:
            action, seconds = Action.APPROVE, max(seconds, LEAST_WAIT_SECONDS)
        return Plan.of(draft, action, seconds, before, approval=approval, reason=reason, warnings=warnings)


def find_live(planning: Planning, name: str) -> Live | None:
    """Look an endpoint up; if it is in service, with its endpoint config and the tags of that config.

    Raises:
        LiveConfigMissingError: Somebody has deleted that endpoint config.
        EndpointConfigNotVisibleError: A replica does not see it yet.
    """
    if name not in planning.found:
        planning.found[name] = _look_up(planning, name)
    return planning.found[name]


def _look_up(planning: Planning, name: str) -> Live | None:
    endpoint = planning.sagemaker.find_endpoint(name)
    if endpoint is None or endpoint["EndpointStatus"] != "InService":
        return Live.of(endpoint) if endpoint else None
    entry = planning.store.weights.entry(endpoint)
    live = Live.of(endpoint, served=entry.revision)
    # A run that has recorded its revision is at work on the endpoint, even if it has not changed it yet.
    modified_at = max(live.modified_at, entry.recorded_at or live.modified_at)
    configs = {each: planning.sagemaker.find_endpoint_config(each) for each in live.config_names}
    if missing := [each for each, config in configs.items() if config is None]:
        message = (
            f"Endpoint {name} serves the endpoint config {missing[0]}, which has been deleted, and SageMaker "
            "cannot update such an endpoint. It goes on serving. Create an endpoint config of that name again, with "
            "the same models, or delete the endpoint; then deploy again."
        )
        is_recent = clock.now() < modified_at + _VISIBLE_BY
        raise EndpointConfigNotVisibleError(message) if is_recent else LiveConfigMissingError(message)
    config = configs[live.config_name] or {}
    tags = planning.sagemaker.tags_of(config["EndpointConfigArn"]) if live.attached else {}
    lacks_weights = len(configs) > 1 and bool(weight_change(live.variants, config))
    return replace(live, config=config, tags=tags, lacks_weights=lacks_weights, modified_at=modified_at)


def missing_models(request: Document, sagemaker: SageMaker) -> Iterator[Problem]:
    """Yield the models that a request expects to exist in SageMaker, and that do not."""
    for path, name in model_references(request["EndpointConfig"] or {}):
        if name not in request["Models"] and sagemaker.find_model(name) is None:
            hint = nearest(name, request["Models"])
            yield Problem(path, f"'{name}' is neither a key of Models nor a model in SageMaker{hint}")


def choose_action(draft: Draft, planning: Planning) -> Plan:
    """Look at the endpoint, and choose the action for a draft.

    Raises:
        InvalidRequestError: The endpoint cannot be changed in this way, or not by this stack.
        EndpointFailedError: The endpoint cannot be changed at all.
    """
    live = find_live(planning, draft.endpoint_name)
    reject(case_problems(draft.endpoint_name, live.name if live else draft.endpoint_name))
    action = decide(draft.wanted, live, planning.now)
    if reason := superseding(draft, action, planning.store, planning.uploads):
        return planning.decided(draft, Action.SUPERSEDED, reason=reason)
    if action is Action.CREATE:
        reject(_creation_problems(draft))
    if action is Action.WAIT:
        abort_update(draft, live, planning.monitoring)
    if live is None or action is Action.WAIT:
        return planning.decided(draft, action, reason=waiting_reason(live))
    if action in {Action.CONFIRM, Action.NOTHING_TO_DO} and live.is_retagged_by(draft.wanted, draft.tag_record):
        action = Action.UPDATE_TAGS
    # An endpoint with a revision of this stack has the stack's tag. If somebody removed it, IAM denies the change.
    if action in _CHANGING_ACTIONS and live.tags.get(STACK_TAG) != draft.stack:
        _check_ownership(draft, live, planning.sagemaker)
    if action is Action.RESUME:
        return _resumed(draft, live, planning)
    facts, stored = Document(), None
    if action is Action.UPDATE:
        stored = planning.store.stored(live.name, live.config_name)
        facts = checked_update(draft, live, planning.monitoring, planning.scaling, stored)
    before = Before(
        previous=live.config_name,
        base=live.base_name,
        previous_arn=live.config["EndpointConfigArn"] if live.attached else "",
        tags_differ=draft.tag_record.digest != live.tag_record.digest,
        **facts,
    )
    if action is Action.UPDATE and keeps_config(draft, live, before, stored):
        action = Action.UPDATE_WEIGHTS
    return planning.decided(draft, action, before, superseded_reason(live) if action is Action.SUPERSEDED else "")


def _resumed(draft: Draft, live: Live, planning: Planning) -> Plan:
    """Plan to go on with what a run began that was stopped, or that did not learn that its call was accepted."""
    config = planning.sagemaker.find_endpoint_config(live.previous) if live.previous else None
    stored = planning.store.stored(live.name, live.previous) if live.previous else None
    scaling = plan_scaling(draft, stored_scaling(draft, stored), config or {}, [], planning.scaling)
    is_on_base = live.base_name != live.config_name
    action, base = (Action.UPDATE_WEIGHTS, live.base_name) if is_on_base else (Action.RESUME, live.previous)
    before = Before(previous=live.previous, base=base, tags_differ=True, scaling=scaling)
    return planning.decided(draft, action, before)


def check_change(draft: Draft, planning: Planning) -> None:
    """Check a request that is rejected anyway against the live endpoint, to report all its problems at once.

    Raises:
        InvalidRequestError: The endpoint cannot be changed in this way.
    """
    with suppress(LiveConfigMissingError, EndpointConfigNotVisibleError):
        live = find_live(planning, draft.endpoint_name)
        if live and live.status == "InService":
            config = draft.request["EndpointConfig"] or dict(live.config)
            known = Draft.of_run(draft, Content(request={**draft.request, "EndpointConfig": config}))
            targets = find_targets(known, dict(live.config), planning.scaling)
            checked_retention(known, live, planning.monitoring, targets)


def superseded_reason(live: Live) -> str:
    """Describe the later request that an endpoint serves."""
    return f"Endpoint {live.name} serves {live.config_name}, which was requested later{_confirmation(live)}"


def waiting_reason(live: Live | None) -> str:
    """Describe what has to end before an endpoint can be changed."""
    if live is None:
        return ""
    if live.is_waiting:
        return f"Endpoint {live.name} is {live.status}, to {live.pending_config_name or live.config_name}"
    return f"Endpoint {live.name} serves {live.config_name}, which is being tested"


def _confirmation(live: Live) -> str:
    newest = live.newest
    return f": {newest.name} asked for it again" if newest and newest.name != live.config_name else ""


def _check_ownership(draft: Draft, live: Live, sagemaker: SageMaker) -> None:
    """Check that an endpoint that is to be changed has the stack's tag.

    Raises:
        InvalidRequestError: It does not.
        EndpointNotVisibleError: It is young, and a replica may not show its tags yet.
    """
    tags = sagemaker.tags_of(live.arn)
    if not tags and clock.now() < live.created_at + _VISIBLE_BY:
        raise EndpointNotVisibleError(f"Endpoint {live.name} shows no tags yet.")
    reject(ownership_problems(live.arn, tags, draft.stack))


def _creation_problems(draft: Draft) -> Iterator[Problem]:
    if draft.smoke_test and "ExecutionRoleArn" in draft.request["EndpointConfig"]:
        yield Problem(
            "SmokeTest",
            "is not for the first deployment of an endpoint of inference components, which has none yet; leave it out, "
            "create the components, and test from the next deployment on",
        )
