"""The scaling of a revision: what to register, and what to set aside for a change. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.planning.scaling_alarms import step_alarms
from deployer.planning.state_data import StateData
from deployer.request.problem import Problem
from deployer.request.scaling import dimension, without_alarms
from deployer.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployer.aws.scaling_calls import Target


class PlannedScaling(StateData):
    """The scaling in a plan."""

    is_used: bool = False
    """Whether the revision, the one before it or the endpoint has any; nothing is called otherwise."""
    previous: tuple[Document, ...] = ()
    """The scaled variants of the revision that the endpoint serves before; see `scaled_variants`. Also those that a
    person handed over and that are set aside, as they were."""
    set_aside: tuple[str, ...] = ()
    """The variants that SageMaker does not change in this way while they are scalable targets."""
    handed_over: tuple[str, ...] = ()
    """The variants with targets of this stack's that the revision before does not scale: a person has tagged them, and
    they stay as they are."""


def requested_scaling(request: Document) -> Document:
    """Return the field `Scaling` of a complete request, without variants that the request does not have."""
    if not (scaling := request.get("Scaling")):
        return {}
    names = {variant["VariantName"] for variant in variants_of(request["EndpointConfig"])}
    return {name: wanted for name, wanted in scaling.items() if name in names}


def scaled_variants(request: Document, stack: str) -> list[Document]:
    """Return the scaling of a complete request, of each variant: see `deployer.aws.scaling_calls.ScalingCalls`."""
    if not (scaling := requested_scaling(request)):
        return []
    variants = {variant["VariantName"]: variant for variant in variants_of(request["EndpointConfig"])}
    return [
        {
            "VariantName": name,
            "ScalableDimension": dimension(variants[name]),
            **wanted,
            "Policies": [without_alarms(policy) for policy in wanted["Policies"]],
            "Alarms": [*step_alarms(name, wanted["Policies"], request["EndpointName"], stack)],
        }
        for name, wanted in scaling.items()
    ]


def changed_variants(config: Document, before: Document) -> list[str]:
    """Return the variants that only one of two endpoint configs has, or that run on other instances in each.

    SageMaker refuses such a change of a scalable target (Developer Guide, "Update endpoints that use auto scaling").
    """
    kinds = [
        {each["VariantName"]: (dimension(each), each.get("InstanceType")) for each in variants_of(part)}
        for part in (config, before)
    ]
    return sorted(name for name in kinds[0].keys() | kinds[1].keys() if kinds[0].get(name) != kinds[1].get(name))


def foreign_target_problems(request: Document, targets: Iterable[Target], stack: str) -> Iterator[Problem]:
    """Yield the variants whose scaling a request names, although somebody else has registered them."""
    for target in targets:
        if not target.is_own and target.variant_name in (request.get("Scaling") or {}):
            yield Problem(
                f"Scaling.{target.variant_name}",
                "names a variant that somebody else registered as a scalable target, which stays as it is. To let this "
                f"stack manage it, with all of its policies: aws application-autoscaling tag-resource --resource-arn "
                f"{target.arn} --tags {STACK_TAG}={stack}; or deregister it",
            )
