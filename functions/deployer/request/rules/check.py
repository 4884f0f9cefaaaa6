"""All rules between the fields of a request. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.request.problem import Problem
from deployer.request.rules.asynchronous import asynchronous_problems
from deployer.request.rules.guardrails import guardrail_problems
from deployer.request.rules.models import model_problems, reference_problems
from deployer.request.rules.rollback_alarms import rollback_alarm_problems
from deployer.request.rules.scaling import scaling_problems
from deployer.request.rules.serverless import serverless_problems
from deployer.request.rules.shadow import shadow_problems
from deployer.request.rules.tags import tag_problems
from deployer.request.rules.variants import variant_problems

if TYPE_CHECKING:
    from collections.abc import Iterator


def broken_rules(request: Document) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a request whose every field is right by itself."""
    models, config = request["Models"], request.get("EndpointConfig")
    for key, model in models.items():
        yield from model_problems(f"Models.{key}", model)
    if config is not None:
        yield from variant_problems(config)
        yield from serverless_problems(config, models)
        yield from asynchronous_problems(config, models)
        yield from shadow_problems(config, models)
        yield from reference_problems(config, models)
    if deployment := request.get("DeploymentConfig"):
        yield from guardrail_problems(deployment, config, models)
    yield from rollback_alarm_problems(request)
    yield from scaling_problems(request["Scaling"], config)
    yield from tag_problems(request)
    yield from _own_field_problems(request)


def _own_field_problems(request: Document) -> Iterator[Problem]:
    if request.get("ExcludeRetainedVariantProperties") and not request.get("RetainAllVariantProperties"):
        yield Problem("ExcludeRetainedVariantProperties", "needs RetainAllVariantProperties: true beside it")
    if request.get("Rollback"):
        for field in ("Models", "EndpointConfig", "Scaling", "Tags"):
            if request.get(field):
                yield Problem("Rollback", f"cannot be used with {field}; it deploys what an earlier revision held")
