"""Invariants of alarms: none is missing while it guards an update, and none is left that guards nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deployer.cleanup.sweep_alarms import alarms_of
from deployer.planning.abort import abort_alarm
from deployer.planning.rollback_alarms import rollback_alarms
from local.simulation.account_state import at
from local.virtual_time.world import STACK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run


def no_alarm_is_missing_while_it_guards(recording: Recording) -> Iterator[str]:
    """A guarded update names the alarms of its request, and each exists from its beginning to its end."""
    for name in recording.missing_alarms:
        yield f"{name} did not exist while it guarded an update"
    by_name = {run.name: run for run in recording.runs}
    for call in recording.calls:
        run = by_name.get(call.actor)
        if run and (call.function, call.operation, call.outcome) == ("UpdateEndpoint", "UpdateEndpoint", "ok"):
            rollback = call.parameters.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
            named = {alarm["AlarmName"] for alarm in rollback.get("Alarms", [])}
            lacking = _wanted(run) - named
            yield f"{run.name} updated {run.endpoint} without {', '.join(sorted(lacking))}" if lacking else ""


def _wanted(run: Run) -> set[str]:
    """Return the alarms that the complete request of an execution asks for, and those that it names."""
    request = run.plan["Request"]
    rollback = (request.get("DeploymentConfig") or {}).get("AutoRollbackConfiguration", {})
    return {*rollback_alarms(request, STACK_NAME), *(alarm["AlarmName"] for alarm in rollback.get("Alarms", []))}


def alarms_without_use_are_swept(recording: Recording) -> Iterator[str]:
    """After the last sweep, a stored request names each alarm, or it ends the updates of an endpoint that exists."""
    contents = {write.key: write.content for write in recording.object_writes}
    requests = [json.loads(text) for key, text in contents.items() if text and key.endswith("/request.json")]
    used = {name for each in requests for name in alarms_of(each["Request"], STACK_NAME)}
    used |= {abort_alarm(STACK_NAME, name) for name in at(recording.writes, recording.swept).endpoints}
    for name in recording.own_alarms:
        yield "" if name in used else f"{name} is left, which guards nothing"
