"""The alarms that the deployer makes for guarded updates: their names, and what a complete request says of them. Pure.

An alarm is named by its content, so that it never changes while it guards an update. Alarms are not part of the digest
of a revision: like guardrails, they say how an endpoint is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.alarm_names import rollback_prefix
from deployer.planning.names import digest
from deployer.request.rollback_alarms import expanded
from deployer.request.rules.rollback_alarms import without_variant_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.json_document import Document


def with_whole_alarms(request: Document, defaults: Document) -> Document:
    """Write out the alarms of a complete request with guardrails, or the stack's default ones if it has none.

    So a rollback to the revision makes the same alarms, whatever the stack's parameters are by then.

    Args:
        request: The complete request.
        defaults: The field `RollbackAlarms` of guarded updates that have none; empty for none.
    """
    config, wanted = request["EndpointConfig"], request.get("RollbackAlarms")
    if not request.get("DeploymentConfig"):
        return request
    if wanted is None:
        wanted = {} if without_variant_metrics(config) else defaults
    return {**request, "RollbackAlarms": {"Alarms": expanded(wanted, request["EndpointName"], config)}}


def rollback_alarms(request: Document, stack: str) -> dict[str, Document]:
    """Return the PutMetricAlarm requests of a complete request by their names; none without guardrails."""
    if not request.get("DeploymentConfig"):
        return {}
    endpoint_name, wanted = request["EndpointName"], request.get("RollbackAlarms") or {}
    alarms = expanded(wanted, endpoint_name, request["EndpointConfig"])
    named = {f"{rollback_prefix(stack)}{endpoint_name}-{digest(alarm)}": alarm for alarm in alarms}
    return {name: {**alarm, "AlarmName": name} for name, alarm in named.items()}


def with_alarms(deployment: Document, names: Iterable[str]) -> Document:
    """Add alarms to a DeploymentConfig."""
    rollback = deployment.get("AutoRollbackConfiguration", {})
    alarms = [*rollback.get("Alarms", []), *({"AlarmName": name} for name in names)]
    return {**deployment, "AutoRollbackConfiguration": {**rollback, "Alarms": alarms}}
