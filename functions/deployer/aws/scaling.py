"""The only code that changes Application Auto Scaling: scalable targets, their policies and scheduled actions.

Only targets that bear the stack's tag are changed, and what belongs to them. Every method can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.aws.scaling_calls import ENTRY_NAMES, NAMESPACE, ScalingCalls, Target, by_key, by_name, holds
from deployer.errors import AccessDeniedError, PermissionNotReadyError, ScalingRejectedError
from deployer.json_document import Document
from deployer.tags import STACK_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


class Scaling(ScalingCalls):
    """Application Auto Scaling, for the endpoints of one stack.

    Only targets that bear the stack's tag are changed.
    """

    def apply(self, endpoint_name: str, wanted: Iterable[Document], variant_names: Collection[str]) -> list[str]:
        """Make what is registered for an endpoint equal to the scaling of a revision; return what was changed.

        Args:
            endpoint_name: The endpoint, which is in service.
            wanted: The scaling of its variants.
            variant_names: Further variants, which this stack is not to scale.

        Raises:
            ScalingRejectedError: The service refuses it for good, or somebody else scales one of the variants.
            EndpointNotVisibleError: The service does not see yet that the endpoint is in service.
            PermissionNotReadyError: IAM does not know the targets' tags yet.
        """
        named = by_key(wanted)
        found = self.targets(endpoint_name, {*variant_names, *(name for name, _ in named)})
        registered = {target.key: target for target in found}
        changed = self._deregister(found, lambda target: target.key not in named)
        for key, variant in named.items():
            changed += self._register(endpoint_name, variant, registered.get(key))
        return changed

    def set_aside(self, endpoint_name: str, variant_names: Collection[str]) -> list[str]:
        """Deregister those variants of an endpoint that this stack registered; return which."""
        return self._deregister(self.targets(endpoint_name, variant_names), lambda _: True)

    def _deregister(self, targets: Iterable[Target], is_unwanted: Callable[[Target], bool]) -> list[str]:
        """Deregister targets, and so delete their policies and actions (API Reference, DeregisterScalableTarget)."""
        unwanted = [target for target in targets if target.is_own and is_unwanted(target)]
        for target in unwanted:
            self._change(target, "DeregisterScalableTarget")
        return [target.variant_name for target in unwanted]

    def _register(self, endpoint_name: str, variant: Document, target: Target | None) -> list[str]:
        name, dimension = variant["VariantName"], variant["ScalableDimension"]
        resource = f"endpoint/{endpoint_name}/variant/{name}"
        names = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}
        changed: list[str] = []
        if target is not None and not target.is_own:
            raise ScalingRejectedError(f"Variant {name} is a scalable target of somebody else's, {target.arn}.")
        if target is None or not holds(target.described, variant["ScalableTarget"]):
            # The service refuses tags of a target that is there (terraform-aws-rds-aurora, pull request 420).
            tags = {} if target else {"Tags": {STACK_TAG: self._stack}}
            named = Target(name, dimension, names, is_own=target is not None)
            self._change(named, "RegisterScalableTarget", **variant["ScalableTarget"], **tags)
            changed.append(name)
        for field in ENTRY_NAMES:
            changed += self._equalize(Target(name, dimension, names, is_own=True), field, variant[field])
        return changed

    def _equalize(self, target: Target, field: str, entries: Iterable[Document]) -> list[str]:
        """Put what a target lacks or has otherwise, and delete what it has beside that."""
        put, delete = {
            "Policies": ("PutScalingPolicy", "DeleteScalingPolicy"),
            "ScheduledActions": ("PutScheduledAction", "DeleteScheduledAction"),
        }[field]
        described, wanted = self._entries_of(target, field), by_name(entries, field)
        outdated = [name for name, entry in wanted.items() if not holds(described.get(name), entry)]
        unwanted = [name for name in described if name not in wanted]
        for name in outdated:
            self._change(target, put, **wanted[name])
        for name in unwanted:
            self._change(target, delete, **{ENTRY_NAMES[field]: name})
        return [f"{target.variant_name}/{name}" for name in (*outdated, *unwanted)]

    def _change(self, target: Target, operation: str, **parameters: Any) -> None:
        """Change a target or what belongs to it, which the functions' policies allow by its tag."""
        try:
            self._call(operation, **target.names, **parameters)
        except AccessDeniedError as error:
            if not target.is_own:
                raise
            # It bears the stack's tag, which IAM learns late.
            raise PermissionNotReadyError(str(error)) from error
