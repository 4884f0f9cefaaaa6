"""Application Auto Scaling as far as SageMaker's endpoints need it: what is registered, and what is refused.

Nothing scales by itself. Sources: botocore's service model and the Application Auto Scaling API Reference; the words of
refusals are the service's where an issue quotes them, such as "The status should be in 'InService' to register it as a
scalable target" (aws/amazon-sagemaker-operator-for-k8s), and ours elsewhere.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.validate import ParamValidator

from local.autoscaling.entries import Entries
from local.environment import ACCOUNT_ID, REGION
from local.simulator import ServiceError
from local.simulator.errors import invalid
from local.simulator.validation import operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document
    from local.simulator.clock import Clock

SERVICE = "application-autoscaling"

Key = tuple[str, str, str]

_MOST_RESULTS = 50
_VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/[^/]+")
_RESOURCES = {
    "sagemaker:variant:DesiredInstanceCount": _VARIANT,
    "sagemaker:variant:DesiredProvisionedConcurrency": _VARIANT,
    "sagemaker:inference-component:DesiredCopyCount": re.compile(r"inference-component/[^/]+"),
}
_NO_DIMENSION = "Unsupported service namespace, resource type or scalable dimension"
_TAGGED_AGAIN = "The scalable target that you tried to tag already exists"  # terraform-aws-rds-aurora, pull request 420
_ROLE = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


class ScalingService:
    """Scalable targets, with their tags, policies and scheduled actions.

    Args:
        clock: The source of creation times.
        endpoint_of: Returns the record of an endpoint, None if there is none. Targets of endpoints that are changing
            are refused, and those of endpoints that are deleted are deregistered. Left out, it is not looked at.
    """

    def __init__(self, clock: Clock, endpoint_of: Callable[[str], Document | None] | None = None) -> None:
        self._clock = clock
        self._endpoint_of = endpoint_of
        self._lock = threading.RLock()
        self._targets: dict[Key, Document] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._entries = Entries(self.moment)

    def moment(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self._clock.now(), UTC)

    def call(self, name: str, parameters: Document) -> Document:
        """Do an operation of the API.

        Raises:
            ServiceError: The service refuses.
        """
        acts = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": self._describe,
            "DeregisterScalableTarget": self._deregister,
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            **{act: self._of_entries(act) for act in self._entries.acts},
        }
        if name not in acts:
            raise ServiceError("UnknownOperationException", f"Local AWS does not do {name}.")
        _check(name, parameters)
        with self._lock:
            self._forget_deleted()
            answer = acts[name](parameters)
        shape: Any = operation(name, SERVICE).output_shape
        problems = ParamValidator().validate(answer, shape)
        if problems.has_errors():
            raise AssertionError(f"{name} answers what the service model does not have: {problems.generate_report()}")
        return answer

    def is_scaled(self, endpoint: str, variant: str) -> bool:
        """Return whether a variant of an endpoint is a scalable target."""
        with self._lock:
            self._forget_deleted()
            return any(
                target["ResourceId"] == f"endpoint/{endpoint}/variant/{variant}" for target in self._targets.values()
            )

    def targets_of(self, endpoint: str) -> list[Document]:
        """Return the scalable targets of an endpoint."""
        with self._lock:
            self._forget_deleted()
            prefix = f"endpoint/{endpoint}/variant/"
            return [target for target in self._targets.values() if target["ResourceId"].startswith(prefix)]

    def deregister_all(self, endpoints: set[str]) -> None:
        """Deregister the variants of endpoints that are being deleted (Developer Guide, "Delete endpoints …")."""
        for endpoint in endpoints:
            for target in self.targets_of(endpoint):
                with self._lock:
                    self._deregister(target)

    def arn_of(self, parameters: Document) -> str:
        """Return the ARN of the target that a request names; that of all if it names none that is registered."""
        named = parameters.get("ResourceARN") or self._targets.get(_key(parameters), {}).get("ScalableTargetARN")
        return str(named or _arn("*"))

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return the tags of a target."""
        return self._tags.get(arn, {})

    def _register(self, parameters: Document) -> Document:
        resource = _RESOURCES.get(parameters["ScalableDimension"])
        match = resource.fullmatch(parameters["ResourceId"]) if resource else None
        if match is None:
            raise invalid(_NO_DIMENSION)
        endpoint = self._endpoint_of(match["endpoint"]) if self._endpoint_of and resource is _VARIANT else None
        if endpoint and endpoint["EndpointStatus"] != "InService":
            raise invalid("The status should be in 'InService' to register it as a scalable target")
        key = _key(parameters)
        if key in self._targets and parameters.get("Tags"):
            raise invalid(_TAGGED_AGAIN)
        known = self._targets.get(key) or {
            "RoleARN": _ROLE,
            "CreationTime": self.moment(),
            "SuspendedState": _NOT_SUSPENDED,
            "ScalableTargetARN": _arn(uuid4().hex),
        }
        given = {name: value for name, value in parameters.items() if name not in {"RoleARN", "SuspendedState", "Tags"}}
        suspended = {**known["SuspendedState"], **parameters.get("SuspendedState", {})}
        target = {**known, **given, "SuspendedState": suspended}
        if not {"MinCapacity", "MaxCapacity"} <= target.keys():
            raise invalid("MinCapacity and MaxCapacity are required to register a scalable target")
        if target["MinCapacity"] > target["MaxCapacity"]:
            raise invalid("Maximum capacity cannot be less than minimum capacity")
        self._targets[key] = target
        self._tags.setdefault(target["ScalableTargetARN"], {}).update(parameters.get("Tags", {}))
        return {"ScalableTargetARN": target["ScalableTargetARN"]}

    def _describe(self, parameters: Document) -> Document:
        ids, dimension = parameters.get("ResourceIds"), parameters.get("ScalableDimension")
        found = [
            target
            for target in self._targets.values()
            if target["ServiceNamespace"] == parameters["ServiceNamespace"]
            and (not ids or target["ResourceId"] in ids)
            and dimension in {None, target["ScalableDimension"]}
        ]
        size = parameters.get("MaxResults", _MOST_RESULTS)
        if not 1 <= size <= _MOST_RESULTS:
            raise invalid(f"Value '{size}' at 'maxResults' failed to satisfy constraint: 1 to {_MOST_RESULTS}")
        token = parameters.get("NextToken", "0")
        if not token.isdecimal():
            raise ServiceError("InvalidNextTokenException", "The next token supplied was invalid.")
        end = int(token) + size
        page = {"ScalableTargets": found[int(token) : end]}
        return {**page, "NextToken": str(end)} if end < len(found) else page

    def _deregister(self, parameters: Document) -> Document:
        self._require(parameters)
        target = self._targets.pop(_key(parameters))
        del self._tags[target["ScalableTargetARN"]]
        self._entries.delete_all(_key(parameters))
        return {}

    def _forget_deleted(self) -> None:
        """Deregister the targets of endpoints that are being deleted, or that came after the target."""
        for target in [*self._targets.values()] if self._endpoint_of else ():
            match = _VARIANT.fullmatch(target["ResourceId"])
            endpoint = self._endpoint_of(match["endpoint"]) if match and self._endpoint_of else None
            is_there = endpoint and endpoint["EndpointStatus"] != "Deleting"
            if not (is_there and endpoint and endpoint["CreationTime"] <= target["CreationTime"]):
                self._deregister(target)

    def _require(self, parameters: Document) -> None:
        if _key(parameters) not in self._targets:
            namespace, resource, dimension = _key(parameters)
            raise ServiceError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: {namespace}, resource ID: {resource}, "
                f"scalable dimension: {dimension}",
            )

    def _of_entries(self, name: str) -> Callable[[Document], Document]:
        def act(parameters: Document) -> Document:
            if name.startswith("Put"):
                self._require(parameters)
            return self._entries.acts[name](_key(parameters), parameters)

        return act

    def _list_tags(self, parameters: Document) -> Document:
        return {"Tags": self._known_tags(parameters)}

    def _tag(self, parameters: Document) -> Document:
        self._known_tags(parameters).update(parameters["Tags"])
        return {}

    def _known_tags(self, parameters: Document) -> dict[str, str]:
        if parameters["ResourceARN"] not in self._tags:
            raise ServiceError("ResourceNotFoundException", f"Resource {parameters['ResourceARN']} does not exist.")
        return self._tags[parameters["ResourceARN"]]


def _key(parameters: Document) -> Key:
    namespace, resource, dimension = (
        str(parameters.get(name, "")) for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")
    )
    return namespace, resource, dimension


def _arn(identifier: str) -> str:
    return f"arn:aws:{SERVICE}:{REGION}:{ACCOUNT_ID}:scalable-target/{identifier}"


def _check(name: str, parameters: Document) -> None:
    """Raise the ValidationException that the service answers to a request that does not fit its model."""
    shape: Any = operation(name, SERVICE).input_shape
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    for member, value in parameters.items():
        allowed = shape.members[member].metadata.get("enum")
        if allowed and value not in allowed:
            raise invalid(
                f"1 validation error detected: Value '{value}' at '{member[0].lower()}{member[1:]}' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]"
            )
