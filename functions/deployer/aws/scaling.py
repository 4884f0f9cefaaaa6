"""The only code that changes Application Auto Scaling: scalable targets, their policies and scheduled actions.

Alarms that start step policies belong to these: Application Auto Scaling makes only those of other policies.

Only targets that bear the stack's tag are changed, and what belongs to them. Every method can be repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer import clock
from deployer.alarm_names import endpoint_of, scaling_prefix
from deployer.aws.monitoring import Monitoring
from deployer.aws.scaling_calls import NAMESPACE, ScalingCalls, Target
from deployer.aws.scaling_content import (
    ENTRY_NAMES,
    by_key,
    by_name,
    current_actions,
    holds,
    with_action,
)
from deployer.errors import AccessDeniedError, PermissionNotReadyError, ScalingRejectedError
from deployer.json_document import Document
from deployer.tags import STACK_TAG, tag_list

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from botocore.client import BaseClient


class Scaling(ScalingCalls):
    """Application Auto Scaling, for the endpoints of one stack.

    Only targets that bear the stack's tag are changed.
    """

    def __init__(self, client: Callable[[str], BaseClient], stack: str) -> None:
        super().__init__(client, stack)
        self._monitoring = Monitoring(client)

    def apply(self, endpoint_name: str, wanted: Iterable[Document], variant_names: Collection[str]) -> list[str]:
        """Make what is registered for an endpoint equal to the scaling of a revision; return what was changed.

        Args:
            endpoint_name: The endpoint, which is in service.
            wanted: The scaling of its variants.
            variant_names: Further variants, which this stack is not to scale.

        Raises:
            ScalingRejectedError: The service refuses it permanently, or somebody else scales one of the variants.
            EndpointNotVisibleError: The service does not see yet that the endpoint is in service.
            PermissionNotReadyError: IAM does not know the targets' tags yet.
            AlarmRejectedError: CloudWatch does not take an alarm.
            QuotaExceededError: The account may have no more of something.
        """
        named = by_key(wanted)
        found = self.targets(endpoint_name, {*variant_names, *(name for name, _ in named)})
        registered = {target.key: target for target in found}
        changed, alarms = self._deregister(found, lambda target: target.key not in named), list[Document]()
        for key, variant in named.items():
            target, differs = self._register(endpoint_name, variant, registered.get(key))
            changed += [target.variant_name] if differs else []
            for field in ENTRY_NAMES:
                described, names = self._equalize(target, field, variant[field])
                changed += names
                if field == "Policies":
                    alarms += [with_action(alarm, described) for alarm in variant["Alarms"]]
        return [*changed, *self._equalize_alarms(endpoint_name, alarms)]

    def set_aside(self, endpoint_name: str, variant_names: Collection[str]) -> list[str]:
        """Deregister those variants of an endpoint that this stack registered; return which."""
        return self._deregister(self.targets(endpoint_name, variant_names), lambda _: True)

    def _deregister(self, targets: Iterable[Target], is_unwanted: Callable[[Target], bool]) -> list[str]:
        """Deregister targets, and so delete their policies and actions (API Reference, DeregisterScalableTarget)."""
        unwanted = [target for target in targets if target.is_own and is_unwanted(target)]
        for target in unwanted:
            self._change(target, "DeregisterScalableTarget")
        return [target.variant_name for target in unwanted]

    def _register(self, endpoint_name: str, variant: Document, target: Target | None) -> tuple[Target, bool]:
        """Register a variant, if it is not registered like that; return the target, and whether it has changed."""
        name, dimension = variant["VariantName"], variant["ScalableDimension"]
        resource = f"endpoint/{endpoint_name}/variant/{name}"
        names = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}
        if target is not None and not target.is_own:
            raise ScalingRejectedError(
                f"Variant {name} is a scalable target that somebody else registered, {target.arn}."
            )
        if differs := target is None or not holds(target.described, variant["ScalableTarget"]):
            # The service refuses tags of a target that is there (terraform-aws-rds-aurora, pull request 420).
            tags = {} if target else {"Tags": {STACK_TAG: self._stack}}
            named = Target(name, dimension, names, is_own=target is not None)
            self._change(named, "RegisterScalableTarget", **variant["ScalableTarget"], **tags)
        return Target(name, dimension, names, is_own=True), differs

    def _equalize(self, target: Target, field: str, entries: Iterable[Document]) -> tuple[Document, list[str]]:
        """Put what a target lacks or has otherwise, and delete what it has beside that.

        Returns:
            What is known of each entry by its name, and the names of those that were changed.
        """
        put, delete = {
            "Policies": ("PutScalingPolicy", "DeleteScalingPolicy"),
            "ScheduledActions": ("PutScheduledAction", "DeleteScheduledAction"),
        }[field]
        described, wanted = self._entries_of(target, field), by_name(entries, field)
        unwanted = [name for name in described if name not in wanted]
        if field == "ScheduledActions":
            # What is over by now, after an update of hours or in a rollback, would be refused, and does nothing.
            wanted = current_actions(wanted, clock.now())
        outdated = [name for name, entry in wanted.items() if not holds(described.get(name), entry)]
        for name in outdated:
            described[name] = self._change(target, put, **wanted[name])
        for name in unwanted:
            self._change(target, delete, **{ENTRY_NAMES[field]: name})
        return described, [f"{target.variant_name}/{name}" for name in (*outdated, *unwanted)]

    def _equalize_alarms(self, endpoint_name: str, alarms: Iterable[Document]) -> list[str]:
        """Make the alarms of an endpoint's step policies that are not there or differ, and delete all others of it."""
        prefix = scaling_prefix(self._stack)
        alarms_there = self._monitoring.list_alarms(f"{prefix}{endpoint_name}-")
        # Another endpoint's name may begin with this one's.
        listed = [each for each in alarms_there if endpoint_of(each["AlarmName"], prefix) == endpoint_name]
        found, wanted = ({each["AlarmName"]: each for each in some} for some in (listed, alarms))
        outdated = [name for name, alarm in wanted.items() if not holds(found.get(name), alarm)]
        unwanted = [name for name in found if name not in wanted]
        for name in outdated:
            self._monitoring.make_alarm(wanted[name], tag_list({STACK_TAG: self._stack}))
        for name in unwanted:
            self._monitoring.delete_alarm(name)
        return [*outdated, *unwanted]

    def _change(self, target: Target, operation: str, **parameters: Any) -> Document:
        """Change a target or what belongs to it, which the functions' policies allow by its tag."""
        try:
            return self._call(operation, **target.names, **parameters)
        except AccessDeniedError as error:
            if not target.is_own:
                raise
            # It bears the stack's tag, which IAM learns late.
            raise PermissionNotReadyError(str(error)) from error
