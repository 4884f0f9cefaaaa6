"""Application Auto Scaling for MiniStack, which does not have it: who may do what, and SageMaker's part in it."""

from collections.abc import Mapping
from typing import Any, cast

from ministack.core.router import extract_access_key_id

from local.autoscaling.service import SERVICE, ScalingService
from local.aws.authorization import enforce, requested_tags, resource_tags
from local.json_document import Document
from local.simulator.permissions import Permission
from local.simulator.wire import Response, respond

TARGET_PREFIX = "AnyScaleFrontendService."

_ON_ALL = ("DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions")


class Scaling(ScalingService):
    """The handler of Application Auto Scaling's requests in MiniStack, which has checked their signatures."""

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> Response:
        """Answer a request; the signature is that of all of MiniStack's handlers."""
        del method
        access_key = extract_access_key_id(headers, query)

        def authorize(name: str, parameters: Document) -> None:
            needed = self._required_permission(name, parameters)
            tags = parameters.get("Tags") or {}
            conditions = {**requested_tags(tags), **resource_tags(self.tags_of(needed.resource))}
            enforce(needed, SERVICE, access_key, conditions)
            if tags and name != "TagResource":
                enforce(Permission(f"{SERVICE}:TagResource", needed.resource), SERVICE, access_key, conditions)

        # What is asked of the simulator there is `call` alone, which this class has, too.
        return respond(cast("Any", self), path, headers, body, authorize)

    def authorize_deregistration(self, endpoint: str, access_key: str) -> None:
        """Make sure that the caller of DeleteEndpoint may deregister the endpoint's variants, if any are scaled.

        Source: SageMaker API Reference, DeleteEndpoint, and the actions that its console policies name beside it.

        Raises:
            ServiceError: No policy allows it.
        """
        for target in self.targets_of(endpoint):
            permission = self._required_permission("DeregisterScalableTarget", target)
            borne = resource_tags(self.tags_of(target["ScalableTargetARN"]))
            enforce(permission, SERVICE, access_key, borne)

    def _required_permission(self, name: str, parameters: Document) -> Permission:
        """Return the permissions that a call needs.

        The source is the Service Authorization Reference, "Actions, resources, and condition keys for AWS Application
        Auto Scaling". The ARN of a target that does not exist yet is not known; AWS then asks for all.
        """
        if name in _ON_ALL:
            return Permission(f"{SERVICE}:{name}", "*")
        named = {
            f"{SERVICE}:service-namespace": str(parameters.get("ServiceNamespace", "")),
            f"{SERVICE}:scalable-dimension": str(parameters.get("ScalableDimension", "")),
        }
        context = {} if "ResourceARN" in parameters else named
        return Permission(f"{SERVICE}:{name}", self.arn_of(parameters), context)
