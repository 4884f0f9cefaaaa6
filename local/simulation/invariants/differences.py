"""How an endpoint differs from its live revision in what other services have of it. Used by the invariants of drift."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.registrations import summary, without_alarms
from local.virtual_time.world import BUCKET, STACK_NAME

if TYPE_CHECKING:
    from local.simulation.recording import Recording

_DAY = 86_400.0
_ALARM_PREFIX = f"{STACK_NAME}/rollback/"


class Differences:
    """The stored objects, scaling and alarms of a recording's revisions, at any moment of it.

    Args:
        recording: The recording.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @functools.cached_property
    def scaling(self) -> dict[str, Document]:
        """The scaling of each stored revision."""
        return {
            name: {
                variant: summary(each["ScalableTarget"], each["Policies"], each["ScheduledActions"], _started(each))
                for variant, each in (stored["Request"].get("Scaling") or {}).items()
            }
            for name, stored in self._stored.items()
        }

    @functools.cached_property
    def _stored(self) -> dict[str, Document]:
        """The stored requests, by their revisions."""
        written = (each for each in self._recording.object_writes if each.content)
        requests = (each for each in written if each.key.endswith("/request.json"))
        return {each.key.split("/")[-2]: json.loads(each.content or b"") for each in requests}

    def kinds(self, record: Document, moment: float) -> set[str]:
        """Return the kinds of differences of an endpoint in service at a moment."""
        config = record["EndpointConfigName"]
        if config not in self._stored:
            return set()
        is_scaled = without_alarms(self.registered(record, moment)) == without_alarms(self.scaling[config])
        found = {
            "ScalingChanged": not is_scaled,
            "StoredDataDeleted": self._lacks_data(config, moment),
            "NotInvoked": self._is_idle(record, moment),
        }
        return {kind for kind, is_so in found.items() if is_so} | self._alarm_kinds(config, moment)

    def are_step_alarms_whole(self, record: Document, moment: float) -> bool:
        """Return whether each step policy of what an endpoint serves is there, and is started by its alarms."""
        wanted = self.scaling.get(record["EndpointConfigName"])
        return wanted is None or self.registered(record, moment) == wanted

    def registered(self, record: Document, moment: float) -> Document:
        """Return what was registered of an endpoint last, before a moment and after the endpoint was created."""
        name, since = record["EndpointName"], record["CreationTime"].timestamp()
        known = (each for each in self._recording.registrations if each.endpoint == name)
        before = [each for each in known if since <= each.time <= moment]
        return before[-1].scaled if before else {}

    def _lacks_data(self, config: str, moment: float) -> bool:
        """Return whether a stored copy of an object that a revision loads is gone."""
        for each in self._stored[config]["Data"]:
            key = each["Uri"].removeprefix(f"s3://{BUCKET}/")
            written = [write for write in self._recording.object_writes if write.key == key and write.time <= moment]
            if each["CopiedFrom"] and written and written[-1].content is None:
                return True
        return False

    def _is_idle(self, record: Document, moment: float) -> bool:
        """Return whether nobody has invoked an endpoint for as many days as the stack says."""
        days = int(self._recording.scenario.environment.get("IDLE_ENDPOINT_DAYS", "0"))
        since, name = moment - days * _DAY, record["EndpointName"]
        invoked = any(each.endpoint == name and since < each.time <= moment for each in self._recording.invocations)
        return bool(days) and record["LastModifiedTime"].timestamp() < since and not invoked

    def _alarm_kinds(self, config: str, moment: float) -> set[str]:
        """Return what people did to the alarms that were made for the updates to a revision, until they were remade."""
        made: dict[str, float] = {}
        used = set[str]()
        for call in self._recording.calls:
            if (call.operation, call.outcome) == ("UpdateEndpoint", "ok") and call.time <= moment:
                rollback = call.parameters.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
                names = {each["AlarmName"] for each in rollback.get("Alarms", [])}
                made |= dict.fromkeys(names, call.time)
                used |= names if call.parameters["EndpointConfigName"] == config else set()
        changes = (each for each in self._recording.alarm_changes if each.time <= moment)
        last = {each.name: each for each in changes if each.name in used and each.name.startswith(_ALARM_PREFIX)}
        return {each.kind for name, each in last.items() if made[name] < each.time}


def _started(scaled: Document) -> list[str]:
    """Return the policies of a variant that alarms are to start, each once for each alarm."""
    return [policy["PolicyName"] for policy in scaled["Policies"] for _ in policy["Alarms"]]
