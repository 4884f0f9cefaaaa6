"""What a sweep knows from one invocation of its function to the next: where it is, and what it has removed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from enum import StrEnum
from typing import Any

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

_MOST_NAMES = 50
"""How many names of a kind are told; an event of EventBridge holds 256 KiB in all."""


class Kind(StrEnum):
    """What a sweep removes."""

    ENDPOINT_CONFIGS = "EndpointConfigs"
    MODELS = "Models"
    REVISIONS = "Revisions"
    ARTIFACTS = "Artifacts"


class Phase(StrEnum):
    """What a sweep is at; the later phases need what the earlier ones have removed."""

    CONFIGS = "Configs"
    MODELS = "Models"
    STORED = "Stored"
    ANNOUNCE = "Announce"


class _State(BaseModel):
    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), populate_by_name=True, extra="forbid", validate_assignment=True
    )


class Tally(_State):
    """How many there are, and the names of the first of them."""

    count: int = 0
    names: list[str] = []

    def add(self, name: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.names) < _MOST_NAMES:
            self.names.append(name)


class Cursor(_State):
    """Where a sweep is. It stays small, because it is part of the execution's data."""

    started_at: datetime
    phase: Phase = Phase.CONFIGS
    after: str = ""
    """What was dealt with last in this phase."""
    deployed: int = 0
    """How many deployed revisions of the endpoint have been counted for whose config `after` is."""
    candidates: dict[str, datetime] = {}
    """Models that are unused as far as is known, with the time of their creation."""
    since: datetime | None = None
    """When the check of all endpoint configs for the candidates began."""
    checked: str = ""
    """The endpoint config that was checked last."""
    removed: dict[Kind, Tally] = {}
    refused: Tally = Tally()

    def enter(self, phase: Phase) -> None:
        """Go on with the beginning of a phase."""
        self.phase, self.after = phase, ""

    def end_check(self) -> None:
        """Forget the candidates."""
        self.candidates, self.since, self.checked = {}, None, ""

    def count(self, kind: Kind, name: str) -> None:
        """Count something that was removed."""
        self.removed.setdefault(kind, Tally()).add(name)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sweep may remove.

    Attributes:
        stack: The stack whose resources these are.
        cutoff: What was created or used later stays.
        retained: How many deployed revisions of an existing endpoint stay.
        is_dry_run: Whether nothing is removed, but only told.
    """

    stack: str
    cutoff: datetime
    retained: int
    is_dry_run: bool = False


def summarize(cursor: Cursor, rules: Rules, now: datetime) -> dict[str, Any]:
    """Return the detail of the event that tells what a sweep has removed, or would remove."""
    return {
        "DryRun": rules.is_dry_run,
        "StartedAt": cursor.started_at.isoformat(),
        "EndedAt": now.isoformat(),
        "Removed": {kind.value: cursor.removed.get(kind, Tally()).model_dump(by_alias=True) for kind in Kind},
        "Refused": cursor.refused.model_dump(by_alias=True),
    }
