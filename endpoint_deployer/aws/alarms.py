"""CloudWatch alarms: what they did during a deployment, and how one is raised to end a deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document


def names_of(deployment_config: Document | None) -> list[str]:
    """Return the alarms that roll a deployment back, by its `DeploymentConfig`."""
    rollback = (deployment_config or {}).get("AutoRollbackConfiguration") or {}
    return [alarm["AlarmName"] for alarm in rollback.get("Alarms") or []]


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
        """Tell whether there is a metric alarm of this name."""
        return bool(self._client.describe_alarms(AlarmNames=[name])["MetricAlarms"])

    def ring(self, name: str, reason: str) -> None:
        """Set an alarm to ALARM. CloudWatch sets it back at its next evaluation, often within seconds.

        So it says in its API Reference, SetAlarmState; a composite alarm stays until one of its children changes.
        """
        self._client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)

    def restore(self, name: str) -> None:
        """Set an alarm back to OK; its next evaluation decides."""
        self._client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="endpoint-deployer abort has ended")
