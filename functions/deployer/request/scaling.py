"""The scaling of one variant that a request asks for, in the words of Application Auto Scaling's API. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT = "sagemaker:variant:DesiredInstanceCount"
"""The scalable dimension of a variant on instances."""

CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
"""The scalable dimension of a serverless variant."""


class ScalingPolicy(BaseModel):
    """A PutScalingPolicy request without the names of the variant."""

    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="allow", frozen=True, strict=True)

    alarms: list[Document] = []
    """Of a policy of the type StepScaling: the alarms that start it, as PutMetricAlarm requests without names, tags and
    AlarmActions. Metrics of SageMaker get the dimensions of the variant where they have none."""


class VariantScaling(BaseModel):
    """How Application Auto Scaling manages one variant; the deployer fills in which variant that is."""

    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True)

    scalable_target: Document
    """A RegisterScalableTarget request without the names of the variant."""
    policies: list[ScalingPolicy] = []
    """PutScalingPolicy requests without the names of the variant; step policies with their `Alarms`."""
    scheduled_actions: list[Document] = []
    """PutScheduledAction requests without the names of the variant."""


_NAMES = frozenset({"ServiceNamespace", "ResourceId", "ScalableDimension"})

OPERATIONS = {
    "ScalableTarget": ("RegisterScalableTarget", _NAMES | {"RoleARN", "Tags"}),
    "Policies": ("PutScalingPolicy", _NAMES),
    "ScheduledActions": ("PutScheduledAction", _NAMES),
}
"""The operation whose requests a field holds, and the members of these that the deployer fills in."""


STEP_ALARM_NAMES = frozenset({"AlarmName", "AlarmActions", "Tags"})
"""The members of a step policy's alarms that the deployer fills in."""


def without_alarms(policy: Document) -> Document:
    """Return the PutScalingPolicy request of a policy: its alarms are the deployer's own."""
    return {member: value for member, value in policy.items() if member != "Alarms"}


def dimension(variant: Mapping[str, object]) -> str:
    """Return the scalable dimension of a variant of an endpoint config."""
    return CONCURRENCY if "ServerlessConfig" in variant else COUNT


def most_instances(scaling: Mapping[str, Document], variant: Document) -> int:
    """Return how many instances the scaling of a request lets a variant have; 0 if it does not scale it."""
    target = scaling.get(variant.get("VariantName", ""), {}).get("ScalableTarget", {})
    return int(target.get("MaxCapacity", 0))
