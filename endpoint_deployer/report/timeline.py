"""An execution as a timeline: its visits of states, their retries, and what the looks at the endpoint saw. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from endpoint_deployer.aws.history import SCHEDULED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from endpoint_deployer.aws.history import Moment
    from endpoint_deployer.json_document import Document


_WITHOUT_NEW_FLEET = {"NewFleetShare": 0.0, "Stages": [], "Variants": []}


@dataclass
class Visit:
    """One visit of a state.

    Attributes:
        state: Its name.
        kind: Its type, such as `Task` or `Wait`.
        entered: When it began.
        left: When it ended, or what is known last of it.
        failures: Its attempts that failed: when, the error and the cause.
        attempts: How often its function was called.
    """

    state: str
    kind: str
    entered: datetime
    left: datetime
    failures: list[Document] = field(default_factory=list)
    attempts: int = 0

    @property
    def has_failed(self) -> bool:
        """Whether its last attempt failed."""
        return 0 < self.attempts == len(self.failures)

    def document(self) -> Document:
        """Write it as JSON."""
        return {
            "State": self.state,
            "Type": self.kind,
            "EnteredAt": self.entered.isoformat(),
            "LeftAt": self.left.isoformat(),
            "Seconds": round((self.left - self.entered).total_seconds(), 3),
            "Attempts": self.attempts,
            "Failures": self.failures,
            "HasFailed": self.has_failed,
        }


def visits_of(moments: Iterable[Moment]) -> list[Visit]:
    """Return an execution's visits of states, in order."""
    visits: list[Visit] = []
    for moment in moments:
        if moment.kind.endswith("StateEntered"):
            kind = moment.kind.removesuffix("StateEntered")
            visits.append(Visit(moment.state, kind, moment.at, moment.at))
        elif visits and moment.state:
            visits[-1].left = moment.at
            visits[-1].attempts += moment.kind in SCHEDULED
            # A wait for an event that does not come ends in a timeout; it is not a failure.
            if moment.error and moment.kind != "TaskTimedOut":
                failure = {"At": moment.at.isoformat(), "Error": moment.error, "Cause": moment.cause}
                visits[-1].failures.append(failure)
    return visits


def looks_of(moments: Iterable[Moment]) -> Iterator[Document]:
    """Yield what each look at the endpoint saw: its status, its fleets, and the new revision's share of the traffic.

    Once an update is done, there is but one fleet, which is the new one until the endpoint is restored.
    """
    for moment in moments:
        data = moment.data if isinstance(moment.data, dict) else {}
        if moment.state == "RestoreEndpoint" and moment.kind == "LambdaFunctionSucceeded" and data.get("Restored"):
            yield {"EndpointStatus": "restored", **_WITHOUT_NEW_FLEET, "At": moment.at.isoformat()}
            continue
        if moment.error == "UpdateRolledBackError":
            yield {"EndpointStatus": "rolled back", **_WITHOUT_NEW_FLEET, "At": moment.at.isoformat()}
            continue
        look = data.get("Payload") if moment.kind == "TaskSubmitted" else data
        if moment.kind in {"TaskSubmitted", "TaskSucceeded"} and isinstance(look, dict) and look.get("EndpointStatus"):
            variants = look.get("Variants") or []
            weights = {
                fleet: sum(each.get("Weight") or 0 for each in variants if each.get("Fleet") == fleet)
                for fleet in ("Live", "New")
            }
            stages = sorted({f"{each['Fleet']}: {each['Stage']}" for each in variants if each.get("Stage")})
            yield {
                "At": moment.at.isoformat(),
                "EndpointStatus": look["EndpointStatus"],
                "NewFleetShare": 1.0 if look.get("InService") else round(weights["New"] / (weights["Live"] or 1), 4),
                "Stages": stages,
                "Variants": variants,
            }


def edges_of(definition: Document) -> Iterator[tuple[str, str, str]]:
    """Yield the transitions of a definition: from, to, and `next`, `choice` or `catch`."""
    for name, state in definition["States"].items():
        if "Next" in state:
            yield name, state["Next"], "next"
        if "Default" in state:
            yield name, state["Default"], "choice"
        for kind, branches in (("choice", state.get("Choices", [])), ("catch", state.get("Catch", []))):
            for branch in branches:
                yield name, branch["Next"], kind
