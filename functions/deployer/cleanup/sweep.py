"""The common part of a sweep's phases: the account, the limits, and a cursor at which the next invocation continues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from deployer.cleanup.in_use import is_unused_since, stem_of
from deployer.errors import PermanentError, PermissionNotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deployer.aws.monitoring import Monitoring
    from deployer.aws.s3 import Objects
    from deployer.cleanup.in_use import Account, Listed

_MOST_NAMES = 50
"""How many names of a kind are listed in the event; an event of EventBridge holds 256 KiB in all."""


class _State(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), populate_by_name=True, extra="forbid")


class Tally(_State):
    """How many there are, and the names of the first of them."""

    count: int = 0
    names: list[str] = []

    def add(self, name: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.names) < _MOST_NAMES:
            self.names.append(name)


class Kind(StrEnum):
    """A kind of what a sweep removes, by the words of its event, its metric and the command line."""

    ENDPOINT_CONFIGS = "EndpointConfigs"
    MODELS = "Models"
    REVISIONS = "Revisions"
    ARTIFACTS = "Artifacts"
    ALARMS = "Alarms"


class Cursor(_State):
    """The position of a sweep between two invocations. It stays small, because it is part of the execution's data."""

    started_at: datetime
    phase: int = 0
    after: str = ""
    """The last name that was handled in this phase."""
    deployed: int = 0
    """How many deployed revisions were counted so far of the endpoint of `after`."""
    candidates: list[str] = []
    """Models that are unused as far as is known."""
    collected: str = ""
    """The last model that was a candidate."""
    removed: dict[str, Tally] = {kind: Tally() for kind in Kind}
    refused: Tally = Tally()


@dataclass(frozen=True)
class Sweep:
    """One invocation of a sweep.

    Attributes:
        account: The resources in SageMaker, and which of them are in use.
        objects: The adapter of S3.
        monitoring: The adapter of CloudWatch.
        bucket: The artifact bucket.
        stack: The stack whose resources may be removed.
        cutoff: Resources that were created or used later are kept.
        retained: How many deployed revisions of an existing endpoint stay.
        is_dry_run: Whether nothing is removed, but only listed.
        cursor: The position of the sweep, which `run_sweep` advances.
    """

    account: Account
    objects: Objects
    monitoring: Monitoring
    bucket: str
    stack: str
    cutoff: datetime
    retained: int
    is_dry_run: bool
    cursor: Cursor

    def remaining(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the names after the cursor, and move it: revisions first, and of each endpoint the newest first."""
        start = self.cursor.after
        for name in sorted(names, key=_order, reverse=True):
            if not start or _order(name) < _order(start):
                self.account.check_time()
                yield name
                self.cursor.after = name

    def remove(self, kind: Kind, name: str, delete: Callable[[str], None]) -> bool:
        """Remove a resource, unless this is a dry run, and count it; return False if the removal is refused."""
        try:
            if not self.is_dry_run:
                delete(name)
        except (PermanentError, PermissionNotReadyError) as error:
            self.cursor.refused.add(f"{name}: {type(error).__name__}")
            return False
        self.cursor.removed[kind].add(name)
        return True

    def is_unused(self, listed: Listed | None) -> bool:
        """Return whether a listed resource is there, ours, and old enough; its tags are read, as they are now."""
        if listed is None or listed.created_at >= self.cutoff:
            return False
        return is_unused_since(self.cutoff, listed.created_at, self.account.tags_of(listed), self.stack)

    def remove_unused(self, kind: Kind, listing: dict[str, Listed], name: str, delete: Callable[[str], None]) -> None:
        """Remove a model or an endpoint config, unless it is in use."""
        listed, is_last_look = listing.get(name), self.account.has_looked_at_endpoints
        is_unused = self.is_unused(listed) and not self.account.is_attached(name)
        # To look at all endpoints takes long, and a run meanwhile tags the resources that it is going to use.
        if is_unused and (is_last_look or self.is_unused(listed)) and self.remove(kind, name, delete):
            del listing[name]


def _order(name: str) -> tuple[str, str]:
    return stem_of(name), name
