"""UpdateTags: give the endpoint, its models and its config the tags of the newest request; no instance is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.planning.plan import Action, Plan, plan_of
from deployer.planning.tag_record import TagRecord, requested_tags, tag_changes
from deployer.runtime import sagemaker, step
from deployer.tags import TAGS_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.aws.sagemaker import SageMaker


@step(sagemaker)
def handler(event: Document) -> Document:
    """Return what was changed; the config comes last, as its record says that all the others are up to date."""
    plan = plan_of(event)
    service = sagemaker(plan)
    before = service.tags_of(plan.previous_arn) if plan.previous_arn else {}
    recorded = TagRecord.parse(before.get(TAGS_TAG, ""))
    is_live_config = plan.action is Action.UPDATE_TAGS
    if is_live_config and not plan.tag_record.replaces(recorded):
        return {"Tagged": []}
    tagged = []
    for arn, wanted in _resources(plan, service):
        changed, gone = tag_changes(service.tags_of(arn), wanted, recorded, plan.stack)
        if gone:
            service.delete_tags(arn, gone)
        if changed:
            service.add_tags(arn, changed)
        tagged += [arn] * bool(changed or gone)
    return {"Tagged": tagged}


def _resources(plan: Plan, service: SageMaker) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the ARN of each existing resource of the plan, and the request's tags for it."""
    yield service.describe_endpoint(plan.endpoint_name)["EndpointArn"], requested_tags(plan.request, {})
    for key, name in plan.model_names.items():
        if model := service.find_model(name):
            yield model["ModelArn"], requested_tags(plan.request, plan.request["Models"][key])
    if plan.action is Action.UPDATE_TAGS:
        config = requested_tags(plan.request, plan.request["EndpointConfig"])
        yield plan.previous_arn, {**config, TAGS_TAG: plan.tag_record.text}
