"""Makes the draft of a plan: the content of the revision, before the endpoint is looked at."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from deployer.aws.s3 import ARTIFACT_NAME, MANIFEST_NAME
from deployer.errors import InvalidRequestError
from deployer.planning.approval import required_approval
from deployer.planning.choose import check_change, missing_models
from deployer.planning.draft_state import Content, Draft, Run, Upload
from deployer.planning.plan import Action
from deployer.planning.resolve import Readiness, ResolvedRequest, check_smoke_test_body, resolve_request
from deployer.planning.revision import build_revision, containers_without_data
from deployer.planning.superseding import overwritten
from deployer.planning.triggers import parse_trigger
from deployer.request.problem import Problem, reject
from deployer.request.rejections import Rejections
from deployer.request.rules.scaling import scaling_problems
from deployer.request.rules.waits import timeout_problems
from deployer.request.scheduled_actions import past_problems
from deployer.request.smoke_test_rules import problems_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.planning.choose import Planning
    from deployer.planning.plan import Plan
    from deployer.planning.settings import Settings
    from deployer.planning.triggers import Trigger
    from deployer.request.model import DeploymentRequest

_NO_TAG_VALUE = re.compile(r"[^\w .:/=+@-]")


def draft_deployment(document: object, execution: Mapping[str, str], planning: Planning) -> Draft | Plan:
    """Read the input of an execution, and make the draft of what it deploys.

    That of a rollback has no content yet. It is the plan already if the action does not depend on the endpoint.

    Raises:
        InvalidRequestError: The request is wrong, or names something that does not exist.
    """
    settings, objects = planning.settings, planning.store.objects
    _check_execution_name(execution)
    started_at = datetime.fromisoformat(execution["StartTime"])
    trigger = parse_trigger(document, execution["Name"], started_at, settings.upload_location, settings.allowed_events)
    resolved = resolve_request(trigger, objects, settings.upload_location, settings.allowances)
    if resolved.artifact:
        planning.uploads[resolved.artifact.uri] = resolved.artifact
    run = _run(trigger, resolved.request, execution, settings)
    bare = Draft.of_run(run, Content(request=resolved.request.document()))
    if resolved.readiness is Readiness.OVERWRITTEN and resolved.artifact:
        reject(resolved.problems)
        return planning.decided(bare, Action.SUPERSEDED, reason=overwritten(resolved.artifact))
    if resolved.request.rollback:
        reject(resolved.problems)
        return bare
    content = _content_or_all_problems(bare, resolved, planning)
    if resolved.readiness is Readiness.AWAITING_ARTIFACT:
        return planning.decided(bare, Action.AWAITING_ARTIFACT, reason=_waiting_containers(resolved))
    return Draft.of_run(run, content)


def _check_execution_name(execution: Mapping[str, str]) -> None:
    """Check that a tag can name the execution (SageMaker API Reference, Tag); Step Functions allows more in names."""
    if wrong := sorted(set(_NO_TAG_VALUE.findall(execution["Name"]))):
        message = f"has {' '.join(wrong)}, which the tags of SageMaker do not take; start it under another name"
        raise InvalidRequestError(str(Problem(f"the name of the execution, {execution['Name']},", message)))


def _run(trigger: Trigger, request: DeploymentRequest, execution: Mapping[str, str], settings: Settings) -> Run:
    started_at, upload = datetime.fromisoformat(execution["StartTime"]), trigger.upload
    approval = required_approval(request.approval, request.endpoint_name, settings.approval_endpoints, started_at)
    return Run(
        execution=execution["Id"],
        stack=settings.stack_name,
        request_id=trigger.request_id,
        endpoint_name=request.endpoint_name,
        requested_at=trigger.requested_at,
        started_at=started_at,
        timeout_seconds=settings.deployment_timeout_seconds,
        approval=approval,
        upload=Upload(bucket=upload.bucket, key=upload.key, version=upload.version) if upload else None,
    )


def _content_or_all_problems(draft: Draft, resolved: ResolvedRequest, planning: Planning) -> Content:
    """Build the revision of a request, or reject it, also with what is wrong about the change of the live endpoint.

    Raises:
        InvalidRequestError: The request is wrong.
    """
    try:
        return _checked_content(draft, resolved, planning)
    except InvalidRequestError as error:
        with Rejections() as rejections:
            rejections.add(error)
            check_change(draft, planning)
        raise


def _checked_content(draft: Draft, resolved: ResolvedRequest, planning: Planning) -> Content:
    """Build the revision of a request, after all checks that need no endpoint; also while its artifact is missing.

    Raises:
        InvalidRequestError: Something is wrong; the message has a line for each problem.
    """
    request, settings, store = resolved.request, planning.settings, planning.store
    with Rejections() as rejections:
        with rejections.later():
            reject(resolved.problems)
        with rejections.later():
            reject(missing_models(draft.request, planning.sagemaker))
        with rejections.later():
            check_smoke_test_body(request.smoke_test, store.objects)
        content = build_revision(request, draft.requested_at, resolved.artifact, settings.defaults, store)
        config, models = content.request["EndpointConfig"], content.request["Models"]
        test_problems = problems_of(request.smoke_test, config, models) if request.smoke_test else ()
        waits = timeout_problems(request.deployment_config, config, settings.deployment_timeout_seconds)
        scaled = scaling_problems(content.request["Scaling"], config) if request.endpoint_config is None else ()
        past = past_problems(content.request["Scaling"], draft.started_at)
        reject([*test_problems, *waits, *scaled, *past])
        return content


def _waiting_containers(resolved: ResolvedRequest) -> str:
    paths = ", ".join(containers_without_data(resolved.request))
    return (
        f"{paths}: waits for a {ARTIFACT_NAME} in {resolved.searched} or below, outside of folders that have a "
        f"{MANIFEST_NAME} of their own; ModelDataUrl: null says that a container has no model data"
    )
