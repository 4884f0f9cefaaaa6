"""Checks of a change against the live endpoint, and the parameters that say what the change keeps. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import is_serverless, variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem, listed
from deployer.request.rules.guardrails import instance_size_problems, unguarded
from deployer.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


COUNTS_STAY: Document = {
    "RetainAllVariantProperties": True,
    "ExcludeRetainedVariantProperties": [
        {"VariantPropertyType": "DesiredWeight"},
        {"VariantPropertyType": "DataCaptureConfig"},
    ],
}
"""Parameters of UpdateEndpoint that keep the live instance counts, and nothing else."""


def live_problems(config: Document, live_config: Document, deployment: Document | None) -> Iterator[Problem]:
    """Yield the problems of changing an endpoint from its attached config to a new one.

    Args:
        config: The wanted endpoint config.
        live_config: The attached one, as DescribeEndpointConfig has it.
        deployment: The request's `DeploymentConfig`, if it has any.
    """
    names, live_names = ({variant["VariantName"] for variant in variants_of(each)} for each in (config, live_config))
    if deployment and names != live_names:
        yield Problem(
            "EndpointConfig.ProductionVariants",
            f"are {listed(names)}, and the live ones {listed(live_names)}; guardrails need the same variant names",
        )
    if deployment and (why := unguarded(live_config)):
        yield Problem("DeploymentConfig", f"is not for {why}, which are live; SageMaker would ignore it")
    if is_serverless(config) and not is_serverless(live_config):
        yield Problem(
            "EndpointConfig.ProductionVariants",
            "are serverless, and the live ones run on instances; SageMaker does not change one into the other",
        )
    if "AsyncInferenceConfig" in live_config and "AsyncInferenceConfig" not in config:
        yield Problem(
            "EndpointConfig.AsyncInferenceConfig",
            "is missing; the live endpoint is asynchronous and stays so. Keep it, or use an endpoint of another name",
        )


def case_problems(name: str, live_name: str) -> Iterator[Problem]:
    """Yield that an endpoint was found under a name of another case, which SageMaker takes for the same."""
    if name != live_name:
        yield Problem("EndpointName", f"'{name}' is the endpoint '{live_name}' for SageMaker; write it like that")


def ownership_problems(endpoint_arn: str, tags: Mapping[str, str], stack: str) -> Iterator[Problem]:
    """Yield a problem if an endpoint does not belong to this stack; a tag lets the stack change it.

    Args:
        endpoint_arn: The endpoint's ARN.
        tags: Its tags.
        stack: The stack's name.
    """
    if (owner := tags.get(STACK_TAG)) != stack:
        whose = f"belongs to the stack '{owner}'" if owner else "was not created by this stack"
        yield Problem(
            "EndpointName",
            f"names an endpoint that {whose}, and stays as it is. To let this stack change it: aws sagemaker add-tags "
            f"--resource-arn {endpoint_arn} --tags Key={STACK_TAG},Value={stack}",
        )


def alarm_names(deployment: Document | None) -> list[str]:
    """Return the alarms that a request's guardrails name, in their order."""
    rollback = (deployment or {}).get("AutoRollbackConfiguration", {})
    return [alarm.get("AlarmName", "") for alarm in rollback.get("Alarms", [])]


def alarm_problems(deployment: Document | None, states: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the alarms of a request's guardrails that do not exist, or that would roll the update back at once.

    Args:
        deployment: The request's `DeploymentConfig`, if it has any.
        states: The state of each alarm that exists.
    """
    for index, name in enumerate(alarm_names(deployment)):
        path = f"DeploymentConfig.AutoRollbackConfiguration.Alarms[{index}].AlarmName"
        if not name:
            yield Problem(path, "is missing")
        elif name not in states:
            yield Problem(path, f"'{name}' is not a CloudWatch alarm of this account and region")
        elif states[name] == "ALARM":
            yield Problem(
                path,
                f"'{name}' is in state ALARM, so SageMaker would roll the update back; request it again once it is OK",
            )


def made_alarm_problems(names: Iterable[str], states: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the alarms of a request's `RollbackAlarms` that are there already and would roll the update back at once.

    Args:
        names: Their names.
        states: The state of each alarm that exists.
    """
    for name in (name for name in names if states.get(name) == "ALARM"):
        yield Problem(
            "RollbackAlarms",
            f"'{name}', which is there already, is in state ALARM, so SageMaker would roll the update back; request "
            "it again once it is OK, or with other alarms",
        )


def size_problems(deployment: Document | None, config: Document, retained: Document) -> Iterator[Problem]:
    """Yield sizes in instances that are not an allowed part of the new fleet.

    Where live counts are kept, the initial counts say nothing about the new fleet.

    Args:
        deployment: The request's `DeploymentConfig`, if it has any.
        config: The wanted endpoint config.
        retained: The parameters of UpdateEndpoint that say what it keeps.
    """
    excluded = [each["VariantPropertyType"] for each in retained.get("ExcludeRetainedVariantProperties", [])]
    keeps_counts = bool(retained) and "DesiredInstanceCount" not in excluded
    if deployment and not keeps_counts:
        yield from instance_size_problems(deployment, config)


def scaling_problems(
    config: Document, live_config: Document, scaled: Collection[str], foreign: Collection[str], *, counts_stay: bool
) -> Iterator[Problem]:
    """Yield the changes that are impossible while Application Auto Scaling manages variants.

    Their instance type stays until their scalable target is deregistered (Application Auto Scaling, "Update endpoints
    that use automatic scaling"), which the deployer does only with those that the stack registered. As UpdateEndpoint
    keeps the counts of all variants or none, so do the others', if the deployer keeps them by itself.

    Args:
        config: The wanted endpoint config.
        live_config: The attached one.
        scaled: The variants that are managed.
        foreign: Those of them that somebody else registered.
        counts_stay: Whether the counts are kept although the request does not say so.
    """
    live = {variant["VariantName"]: variant for variant in variants_of(live_config)}
    if gone := set(foreign) - {variant["VariantName"] for variant in variants_of(config)}:
        yield Problem(
            "EndpointConfig.ProductionVariants",
            f"lack {listed(gone)}, which Application Auto Scaling manages; deregister the scalable targets first",
        )
    for index, variant in enumerate(variants_of(config)):
        before = live.get(variant["VariantName"])
        if before is None or not scaled:
            continue
        path = f"EndpointConfig.ProductionVariants[{index}]"
        if variant["VariantName"] in foreign:
            yield from _type_problems(path, variant, before)
        elif counts_stay and variant["VariantName"] not in scaled:
            yield from _count_problems(path, variant, before, scaled)


def _type_problems(path: str, variant: Document, before: Document) -> Iterator[Problem]:
    if variant.get("InstanceType") != before.get("InstanceType"):
        yield Problem(
            f"{path}.InstanceType",
            f"cannot change from {before.get('InstanceType')} while Application Auto Scaling manages the variant; "
            "deregister its scalable target first",
        )


def _count_problems(path: str, variant: Document, before: Document, scaled: Collection[str]) -> Iterator[Problem]:
    if variant.get("InitialInstanceCount") != before.get("InitialInstanceCount"):
        yield Problem(
            f"{path}.InitialInstanceCount",
            f"cannot change from {before.get('InitialInstanceCount')} in an update that keeps the counts of "
            f"{listed(scaled)}, which Application Auto Scaling manages; see RetainAllVariantProperties",
        )


def retention(is_asked_for: bool | None, excluded: list[Document], scaled: Collection[str]) -> Document:  # noqa: FBT001
    """Return the retention parameters of UpdateEndpoint: those of the request, or else to keep managed counts."""
    if is_asked_for is None:
        return COUNTS_STAY if scaled else {}
    if not is_asked_for:
        return {}
    return {"RetainAllVariantProperties": True, **({"ExcludeRetainedVariantProperties": excluded} if excluded else {})}


def alarm_reason(alarming: Collection[str], abort: str = "") -> str:
    """Return the alarms that explain why an update was rolled back, as text; empty if none is in alarm."""
    if abort in alarming:
        return f"It was aborted by hand: {abort} is in state ALARM."
    return f"In state ALARM: {listed(alarming)}." if alarming else ""
