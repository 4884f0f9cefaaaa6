"""Calls of Application Auto Scaling's API, and the errors for its answers (Application Auto Scaling API Reference)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from deployer import clock
from deployer.aws.scaling_content import ENTRY_NAMES, as_put, by_key, by_name, current_actions, holds, with_action
from deployer.errors import (
    AccessDeniedError,
    DeployerError,
    EndpointNotVisibleError,
    ListingTooLongError,
    MonitoringUnavailableError,
    QuotaExceededError,
    ScalingRejectedError,
)
from deployer.json_document import Document
from deployer.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from botocore.client import BaseClient

NAMESPACE = "sagemaker"

_GONE = "ObjectNotFoundException"
_REJECTED = frozenset({"ValidationException", "FailedResourceAccessException", "PayloadTooLargeException"})
_NOT_IN_SERVICE = "'InService'"
_THERE_ALREADY = "already exists"
"""Of a new target with tags: an answer was lost, or the listing lags (API Reference, RegisterScalableTarget)."""
_MOST_PAGES = 20
"""Of fifty entries each: a target has at most 50 policies and 200 scheduled actions."""


@dataclass(frozen=True, slots=True)
class Target:
    """A registered scalable target.

    Attributes:
        variant_name: The variant that it is.
        dimension: Its scalable dimension.
        described: What DescribeScalableTargets says of it.
        is_own: Whether it bears the stack's tag.
    """

    variant_name: str
    dimension: str
    described: Document
    is_own: bool

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.described.get("ScalableTargetARN", ""))

    @property
    def key(self) -> tuple[str, str]:
        """The variant, and which of its dimensions is scaled."""
        return self.variant_name, self.dimension

    @property
    def names(self) -> Document:
        """The members that identify it in each call."""
        return {member: self.described[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension")}


class ScalingCalls:
    """Base class of the adapter of Application Auto Scaling: calls, listings and comparisons.

    The scaling of a variant is a document: `VariantName`, `ScalableDimension`, and as the request has them
    `ScalableTarget`, `Policies` and `ScheduledActions`; `Alarms` are the PutMetricAlarm requests for its step policies,
    each with the `PolicyName` of its policy and without actions.

    Args:
        client: Returns the client of a service. Most deployments do not need it.
        stack: The stack whose targets may be changed.
    """

    def __init__(self, client: Callable[[str], BaseClient], stack: str) -> None:
        self._client = client
        self._stack = stack

    def targets(self, endpoint_name: str, variant_names: Collection[str]) -> list[Target]:
        """Return the scalable targets among the variants of an endpoint, of every dimension."""
        ids = {f"endpoint/{endpoint_name}/variant/{name}": name for name in variant_names}
        if not ids:
            return []
        found = self._list("DescribeScalableTargets", "ScalableTargets", ResourceIds=sorted(ids))
        return [
            Target(ids[each["ResourceId"]], each["ScalableDimension"], each, is_own=self._is_own(each))
            for each in found
        ]

    def differences(self, endpoint_name: str, wanted: Iterable[Document], variant_names: Collection[str]) -> list[str]:
        """Return the variants whose registered scaling differs from that of a revision."""
        named = by_key(wanted)
        found = self.targets(endpoint_name, {*variant_names, *(name for name, _ in named)})
        registered = {target.key: target for target in found if target.is_own}
        differing = {name for name, _ in named.keys() ^ registered.keys()}
        for key in named.keys() & registered.keys():
            if not self._is_as_wanted(registered[key], named[key]):
                differing.add(key[0])
        return sorted(differing)

    def scaling_of(self, target: Target) -> Document:
        """Return the scaling of a registered variant, with which it can be registered again.

        Alarms that somebody made for its step policies are not known; they name the ARNs of these policies.
        """
        entries = {
            field: [as_put(field, entry) for entry in self._entries_of(target, field).values()] for field in ENTRY_NAMES
        }
        return {
            "VariantName": target.variant_name,
            "ScalableDimension": target.dimension,
            "ScalableTarget": as_put("ScalableTarget", target.described),
            **entries,
            "Alarms": [],
        }

    def step_alarms(self, endpoint_name: str, wanted: Iterable[Document]) -> list[Document]:
        """Return the alarms of step policies, with the policies' ARNs; without any where there is no such policy."""
        named = by_key(each for each in wanted if each["Alarms"])
        alarms: list[Document] = []
        for target in self.targets(endpoint_name, {name for name, _ in named}):
            if target.is_own and target.key in named:
                policies = self._entries_of(target, "Policies")
                alarms += [with_action(alarm, policies) for alarm in named.pop(target.key)["Alarms"]]
        return [*alarms, *(with_action(alarm, {}) for variant in named.values() for alarm in variant["Alarms"])]

    def _is_as_wanted(self, target: Target, variant: Document) -> bool:
        if not holds(target.described, variant["ScalableTarget"]):
            return False
        for field in ENTRY_NAMES:
            described, wanted = self._entries_of(target, field), by_name(variant[field], field)
            if field == "ScheduledActions":
                described, wanted = (current_actions(actions, clock.now()) for actions in (described, wanted))
            if described.keys() != wanted.keys() or not holds(described, wanted):
                return False
        return True

    def _entries_of(self, target: Target, field: str) -> Document:
        """Describe the policies or the scheduled actions of a target, by their names."""
        operation, member = {
            "Policies": ("DescribeScalingPolicies", "ScalingPolicies"),
            "ScheduledActions": ("DescribeScheduledActions", "ScheduledActions"),
        }[field]
        return by_name(self._list(operation, member, **target.names), field)

    def _is_own(self, described: Document) -> bool:
        # The service model does not require the ARN; a target without one can bear no tag.
        if not (arn := described.get("ScalableTargetARN")):
            return False
        answer = self._call("ListTagsForResource", ResourceARN=arn)
        return bool(answer.get("Tags", {}).get(STACK_TAG) == self._stack)

    def _list(self, operation: str, member: str, **parameters: Any) -> Iterator[Document]:
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._call(operation, **{"ServiceNamespace": NAMESPACE, **parameters, **token})
            yield from page[member]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}
        raise ListingTooLongError(f"{operation}: there are more than {_MOST_PAGES} pages, and no more are read.")

    def _call(self, operation: str, **parameters: Any) -> Document:
        try:
            answer: Document = getattr(self._client("application-autoscaling"), xform_name(operation))(**parameters)
        except ClientError as error:
            code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
            if code == _GONE and operation.startswith(("Delete", "Deregister", "ListTags")):
                return {}
            raise _error_class(code, message)(f"{operation}: {code}: {message}") from error
        except ParamValidationError as error:
            # It is not sent: the service model does not have it so.
            raise ScalingRejectedError(f"{operation}: {error}") from error
        except BotoCoreError as error:
            raise MonitoringUnavailableError(f"{operation}: {error}") from error
        return answer


def _error_class(code: str, message: str) -> type[DeployerError]:
    if code.startswith("AccessDenied"):
        return AccessDeniedError
    if code.startswith("LimitExceeded"):
        return QuotaExceededError
    if code in _REJECTED and _THERE_ALREADY not in message:
        return EndpointNotVisibleError if _NOT_IN_SERVICE in message else ScalingRejectedError
    return MonitoringUnavailableError
