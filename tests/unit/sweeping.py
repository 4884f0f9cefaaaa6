"""How tests sweep an account: in virtual time, and from one invocation to the next as the state machine does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from deployer.cleanup.in_use import Account
from deployer.cleanup.store_view import StoreView
from deployer.cleanup.sweep import Sweep
from deployer.cleanup.sweep_state import Cursor, Kind, Rules
from tests.unit.planning_samples import STACK

if TYPE_CHECKING:
    from tests.unit.hosting_account import Clock

BUCKET = "artifacts"
DAY = 24 * 60
"""Minutes."""


@dataclass
class Sweeper:
    """Sweeps an account.

    Attributes:
        sagemaker: The adapter of SageMaker, or what stands for it.
        objects: The adapter of S3, or what stands for it.
        clock: What time it is.
        retained: RetainedRevisions.
        invocation: How long one invocation may work.
        invocations: How many there were.
        largest: The characters of the largest cursor.
    """

    sagemaker: Any
    objects: Any
    clock: Clock
    retained: int = 2
    invocation: timedelta = timedelta(minutes=13)
    invocations: int = 0
    largest: int = 0

    @property
    def now(self) -> datetime:
        """The time."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def sweep(self, *, is_dry_run: bool = False) -> Cursor:
        """Sweep to the end; return what was counted."""
        cursor = Cursor(started_at=self.now)
        rules = Rules(STACK, self.now - timedelta(hours=24), self.retained, is_dry_run)
        while not self.invoke(cursor, rules):
            assert self.invocations < 100, "the sweep has no end"
            text = json.dumps(cursor.model_dump(mode="json", by_alias=True))
            self.largest = max(self.largest, len(text))
            cursor = Cursor.model_validate_json(text)
        return cursor

    def invoke(self, cursor: Cursor, rules: Rules) -> bool:
        """Sweep for as long as one invocation may; return whether the sweep has ended."""
        self.invocations += 1
        with mock.patch.multiple("deployer.clock", now=lambda: self.now, sleep=self.clock.sleep):
            sweep = Sweep(
                Account(self.sagemaker),
                StoreView(self.objects, BUCKET),
                rules,
                cursor,
                self.now + self.invocation,
            )
            return sweep.run(lambda: None)


def names(cursor: Cursor) -> dict[str, list[str]]:
    """Return the names of what was removed, by kind."""
    return {kind.value: sorted(tally.names) for kind, tally in cursor.removed.items()}


def count(cursor: Cursor, kind: Kind) -> int:
    """Return how many of a kind were removed."""
    return cursor.removed[kind].count if kind in cursor.removed else 0
