"""CloudWatch alarms: what they did during a deployment, and how one is raised to end a deployment."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document


_DIGEST_LENGTH = 12


def names_of(stack: Stack, request: Document) -> list[str]:
    """Return the alarms that roll a guarded update back, by its complete request: those that it names, and its own."""
    deployment = request.get("DeploymentConfig") or {}
    named = (deployment.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    own = (request.get("RollbackAlarms") or {}).get("Alarms") or []
    prefix = f"{stack.name}/rollback/{request.get('EndpointName')}-"
    return [*(alarm["AlarmName"] for alarm in named), *(prefix + _digest(alarm) for alarm in own if deployment)]


def _digest(alarm: Document) -> str:
    """Return what stands for the content of an alarm in its name, as the deployer makes it."""
    canonical = json.dumps(alarm, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]


def in_alarm(stack: Stack) -> dict[str, list[str]]:
    """Return the alarms of the stack's deployments that are in the state ALARM, by endpoint."""
    prefix, found = f"{stack.name}/rollback/", dict[str, list[str]]()
    pages = stack.client("cloudwatch").get_paginator("describe_alarms")
    for page in pages.paginate(AlarmNamePrefix=prefix, StateValue="ALARM"):
        # Local AWS ignores the state where a prefix is given.
        for name in (alarm["AlarmName"] for alarm in page["MetricAlarms"] if alarm["StateValue"] == "ALARM"):
            found.setdefault(name[len(prefix) : -_DIGEST_LENGTH - 1], []).append(name)
    return found


def abort_alarm(stack: Stack, endpoint: str) -> str:
    """Return the name of the alarm that the deployer gives an update with guardrails, so that it can be ended."""
    return f"{stack.name}/abort/{endpoint}"


class Alarms:
    """The alarms of the account.

    Args:
        stack: The stack.
    """

    def __init__(self, stack: Stack) -> None:
        self._client: Any = stack.client("cloudwatch")

    def raised(self, names: Iterable[str], since: datetime, until: datetime) -> Iterator[Document]:
        """Yield when alarms went into the state ALARM, and why."""
        for name in names:
            pages = self._client.get_paginator("describe_alarm_history").paginate(
                AlarmName=name, HistoryItemType="StateUpdate", StartDate=since, EndDate=until
            )
            for item in (item for page in pages for item in page["AlarmHistoryItems"]):
                state = json.loads(item.get("HistoryData") or "{}").get("newState") or {}
                if state.get("stateValue") == "ALARM":
                    yield {"AlarmName": name, "At": item["Timestamp"].isoformat(), "Reason": state.get("stateReason")}

    def exists(self, name: str) -> bool:
        """Return whether there is a metric alarm of this name."""
        return bool(self._client.describe_alarms(AlarmNames=[name])["MetricAlarms"])

    def set_to_alarm(self, name: str, reason: str) -> None:
        """Set an alarm to ALARM. CloudWatch sets it back at its next evaluation, often within seconds.

        So it says in its API Reference, SetAlarmState; a composite alarm stays until one of its children changes.
        """
        self._client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)

    def restore(self, name: str) -> None:
        """Set an alarm back to OK; its next evaluation decides."""
        self._client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="endpoint-deployer abort has ended")
