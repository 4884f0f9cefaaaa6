"""Application Auto Scaling for MiniStack, which does not have it: the scalable targets of SageMaker.

Targets are registered, described and deregistered. There are no policies or scheduled actions, so nothing scales.
"""

import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from botocore.validate import ParamValidator
from ministack.core.router import extract_access_key_id

from local.aws.authorization import enforce, requested_tags, resource_tags
from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.simulator import ServiceError
from local.simulator.clock import Clock
from local.simulator.errors import invalid
from local.simulator.permissions import Permission
from local.simulator.validation import operation
from local.simulator.wire import Response, respond

SERVICE = "application-autoscaling"
TARGET_PREFIX = "AnyScaleFrontendService."

_MOST_RESULTS = 50
_VARIANT = re.compile(r"endpoint/[^/]+/variant/[^/]+")
_RESOURCES = {
    "sagemaker:variant:DesiredInstanceCount": _VARIANT,
    "sagemaker:variant:DesiredProvisionedConcurrency": _VARIANT,
    "sagemaker:inference-component:DesiredCopyCount": re.compile(r"inference-component/[^/]+"),
}
_NO_DIMENSION = "Unsupported service namespace, resource type or scalable dimension"
_ROLE = (
    f"arn:aws:iam::{ACCOUNT_ID}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


class Scaling:
    """The handler of Application Auto Scaling's requests in MiniStack, which has checked their signatures."""

    def __init__(self, clock: Clock) -> None:
        """Begin without targets.

        Args:
            clock: The source of the targets' creation times.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._targets: dict[tuple[str, str, str], Document] = {}
        self._tags: dict[str, dict[str, str]] = {}

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Response:
        """Answer a request; the signature is that of all of MiniStack's handlers."""
        del method
        access_key = extract_access_key_id(headers, query)

        def authorize(name: str, parameters: Document) -> None:
            needed = self._required_permission(name, parameters)
            tags = parameters.get("Tags") or {}
            conditions = {**requested_tags(tags), **resource_tags(self._tags.get(needed.resource, {}))}
            enforce(needed, SERVICE, access_key, conditions)
            if tags:
                enforce(Permission(f"{SERVICE}:TagResource", needed.resource), SERVICE, access_key, conditions)

        # What is asked of the simulator there is `call` alone, which this class has, too.
        return respond(cast("Any", self), path, headers, body, authorize)

    def call(self, name: str, parameters: Document) -> Document:
        """Do an operation of the API.

        Raises:
            ServiceError: The service refuses.
        """
        acts = {
            "RegisterScalableTarget": self._register,
            "DescribeScalableTargets": self._describe,
            "DeregisterScalableTarget": self._deregister,
        }
        if name not in acts:
            raise ServiceError("UnknownOperationException", f"Local AWS does not do {name}.")
        _check(name, parameters)
        with self._lock:
            answer = acts[name](parameters)
        shape: Any = operation(name, SERVICE).output_shape
        problems = ParamValidator().validate(answer, shape)
        if problems.has_errors():
            raise AssertionError(f"{name} answers what the service model does not have: {problems.generate_report()}")
        return answer

    def is_scaled(self, endpoint: str, variant: str) -> bool:
        """Return whether a variant of an endpoint is a scalable target."""
        with self._lock:
            return any(
                target["ResourceId"] == f"endpoint/{endpoint}/variant/{variant}" for target in self._targets.values()
            )

    def authorize_deregistration(self, endpoint: str, access_key: str) -> None:
        """Make sure that the caller of DeleteEndpoint may deregister the endpoint's variants, if any are scaled.

        Source: SageMaker API Reference, DeleteEndpoint, and the actions that its console policies name beside it.

        Raises:
            ServiceError: No policy allows it.
        """
        for target in self._of_endpoint(endpoint):
            permission = self._required_permission("DeregisterScalableTarget", target)
            borne = resource_tags(self._tags.get(target["ScalableTargetARN"], {}))
            enforce(permission, SERVICE, access_key, borne)

    def deregister_all(self, endpoints: set[str]) -> None:
        """Deregister the variants of endpoints that are being deleted."""
        for endpoint in endpoints:
            for target in self._of_endpoint(endpoint):
                with self._lock:
                    self._deregister(target)

    def _of_endpoint(self, endpoint: str) -> list[Document]:
        with self._lock:
            prefix = f"endpoint/{endpoint}/variant/"
            return [target for target in self._targets.values() if target["ResourceId"].startswith(prefix)]

    def _register(self, parameters: Document) -> Document:
        resource = _RESOURCES.get(parameters["ScalableDimension"])
        if resource is None or not resource.fullmatch(parameters["ResourceId"]):
            raise invalid(_NO_DIMENSION)
        key = _key(parameters)
        known = self._targets.get(key) or {
            "RoleARN": _ROLE,
            "CreationTime": datetime.fromtimestamp(self._clock.now(), UTC),
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
        target = self._targets.pop(_key(parameters), None)
        if target is None:
            namespace, resource, dimension = _key(parameters)
            raise ServiceError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: {namespace}, resource ID: {resource}, "
                f"scalable dimension: {dimension}",
            )
        del self._tags[target["ScalableTargetARN"]]
        return {}

    def _required_permission(self, name: str, parameters: Document) -> Permission:
        """Return the permissions that a call needs.

        The source is the Service Authorization Reference, "Actions, resources, and condition keys for AWS Application
        Auto Scaling". The ARN of a target that does not exist yet is not known; AWS then asks for all.
        """
        if name not in {"RegisterScalableTarget", "DeregisterScalableTarget"}:
            return Permission(f"{SERVICE}:{name}", "*")
        target = self._targets.get(_key(parameters), {})
        context = {
            f"{SERVICE}:service-namespace": str(parameters.get("ServiceNamespace", "")),
            f"{SERVICE}:scalable-dimension": str(parameters.get("ScalableDimension", "")),
        }
        return Permission(f"{SERVICE}:{name}", target.get("ScalableTargetARN", _arn("*")), context)


def _key(parameters: Document) -> tuple[str, str, str]:
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
