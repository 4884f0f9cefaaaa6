"""One invocation of a sweep: it goes on where the one before stopped, and stops in time for the next one.

Endpoint configs come first, then models, then what is stored of revisions: a model is unused if no config names it, and
a stored request if its config and its models are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from deployer.cleanup.in_use import OWN_MODEL, VISIBLE_BY, TimeIsUpError, is_unused_since, stem_of
from deployer.cleanup.sweep_stored import sweep_stored
from deployer.errors import PermanentError, PermissionNotReadyError, TransientError
from deployer.planning.names import revision_stem
from deployer.tags import DEPLOYED, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deployer.aws.s3 import Objects
    from deployer.cleanup.in_use import Account, Listed

MOST_CANDIDATES = 200
"""Models that one scan of the account's endpoint configs is made for; they are part of the execution's data."""


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


class Cursor(_State):
    """Where a sweep is from one invocation to the next. It stays small: it is part of the execution's data."""

    started_at: datetime
    phase: int = 0
    after: str = ""
    """What was dealt with last in this phase."""
    deployed: int = 0
    """How many deployed revisions of the endpoint were counted whose config is `after`."""
    candidates: list[str] = []
    """Models that are unused as far as is known."""
    collected: str = ""
    """The last model that was considered as a candidate."""
    removed: dict[str, Tally] = {kind: Tally() for kind in ("EndpointConfigs", "Models", "Revisions", "Artifacts")}
    refused: Tally = Tally()


@dataclass(frozen=True)
class Sweep:
    """One invocation of a sweep.

    Attributes:
        account: What there is in SageMaker, and what of it is in use.
        objects: The adapter of S3.
        bucket: The artifact bucket.
        stack: The stack whose resources may be removed.
        cutoff: What was created or used later stays.
        retained: How many deployed revisions of an existing endpoint stay.
        is_dry_run: Whether nothing is removed, but only listed.
        cursor: Where the sweep is; it moves.
    """

    account: Account
    objects: Objects
    bucket: str
    stack: str
    cutoff: datetime
    retained: int
    is_dry_run: bool
    cursor: Cursor

    def run(self, announce: Callable[[], None]) -> bool:
        """Go on with the sweep; return whether it has ended.

        An error that passes ends only this invocation, if it has come further than the one before.

        Args:
            announce: Called at the end with what was removed.

        Raises:
            TransientError: SageMaker, S3 or EventBridge is not available.
        """
        phases = (self._sweep_configs, self._sweep_models, lambda: sweep_stored(self), announce)
        before = self.cursor.model_dump()
        try:
            while self.cursor.phase < len(phases):
                phases[self.cursor.phase]()
                self.cursor.phase, self.cursor.after = self.cursor.phase + 1, ""
        except TimeIsUpError:
            return False
        except TransientError:
            if self.cursor.model_dump() == before:
                raise
            return False
        return True

    def remaining(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the names after the cursor, and move it: revisions first, and of each endpoint the newest first."""
        start = self.cursor.after
        for name in sorted(names, key=_order, reverse=True):
            if not start or _order(name) < _order(start):
                self.account.check_time()
                yield name
                self.cursor.after = name

    def remove(self, kind: str, name: str, delete: Callable[[str], None]) -> bool:
        """Remove something, unless this is a dry run, and count it; return False if that is refused."""
        try:
            if not self.is_dry_run:
                delete(name)
        except (PermanentError, PermissionNotReadyError) as error:
            self.cursor.refused.add(f"{name}: {type(error).__name__}")
            return False
        self.cursor.removed[kind].add(name)
        return True

    def is_unused(self, listed: Listed | None) -> bool:
        """Tell whether a listed resource is there, ours, and old enough; its tags are read, as they are now."""
        if listed is None or listed.created_at >= self.cutoff:
            return False
        return is_unused_since(self.cutoff, listed.created_at, self.account.tags_of(listed), self.stack)

    def _remove_unused(self, kind: str, listing: dict[str, Listed], name: str, delete: Callable[[str], None]) -> None:
        """Remove a model or an endpoint config, unless it is in use."""
        listed = listing.get(name)
        # The first look at the endpoints takes long, and a run notes on the tags what it is about to use.
        is_unused = self.is_unused(listed) and not self.account.is_attached(name) and self.is_unused(listed)
        if is_unused and self.remove(kind, name, delete):
            del listing[name]

    def _sweep_configs(self) -> None:
        """Remove the endpoint configs that are unused: of each endpoint the newest deployed revisions stay."""
        account, cursor = self.account, self.cursor
        stems = set(map(revision_stem, account.list_endpoints()))
        for name in self.remaining(filter(stem_of, account.configs)):
            if stem_of(name) != stem_of(cursor.after):
                cursor.deployed = 0
            may_be_retained = stem_of(name) in stems and cursor.deployed < self.retained
            tags = account.tags_of(account.configs[name]) if may_be_retained else {}
            if (tags.get(STACK_TAG), tags.get(STATE_TAG)) == (self.stack, DEPLOYED):
                cursor.deployed += 1
            else:
                self._remove_unused("EndpointConfigs", account.configs, name, account.delete_config)

    def _sweep_models(self) -> None:
        """Remove the models that no endpoint config of the account names, some at a time."""
        account, cursor = self.account, self.cursor
        while cursor.candidates or self._collect_candidates():
            for config in self.remaining(account.configs):
                if stem_of(cursor.after) and not stem_of(config):
                    # No more revisions: they name nearly all that are in use, and the others are many.
                    cursor.candidates = [each for each in cursor.candidates if self.is_unused(account.models.get(each))]
                self._strike_out(config)
            new = account.list_configs(CreationTimeAfter=cursor.started_at - VISIBLE_BY)
            account.configs.update(new)
            for config in new:
                self._strike_out(config)
            while cursor.candidates:
                self._remove_unused("Models", account.models, cursor.candidates[0], account.delete_model)
                del cursor.candidates[0]

    def _collect_candidates(self) -> bool:
        """Take the next models that may be ours and are old enough; return whether there are any."""
        cursor, models = self.cursor, self.account.models
        old = (name for name, listed in models.items() if OWN_MODEL.fullmatch(name) and listed.created_at < self.cutoff)
        cursor.candidates = sorted(name for name in old if name > cursor.collected)[:MOST_CANDIDATES]
        cursor.collected, cursor.after = max(cursor.candidates, default=""), ""
        return bool(cursor.candidates)

    def _strike_out(self, config: str) -> None:
        """Strike out the candidates that an endpoint config names, or may name if that cannot be known."""
        models, made_at = self.account.models, self.account.configs[config].created_at + VISIBLE_BY
        # A config names models that existed when it was made; only ours are made again after somebody deleted them.
        listed = {each for each in self.cursor.candidates if each in models}
        possible = {each for each in listed if stem_of(config) or models[each].created_at <= made_at}
        named = self.account.models_of(config) if possible else frozenset()
        struck = possible if named is None else named
        self.cursor.candidates = [each for each in self.cursor.candidates if each not in struck]


def _order(name: str) -> tuple[str, str]:
    return stem_of(name), name
