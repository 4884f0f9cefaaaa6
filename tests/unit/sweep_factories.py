"""How tests sweep an account: in virtual time, and from one invocation to the next as the state machine does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from deployer.cleanup.in_use import Account
from deployer.cleanup.run_sweep import run_sweep
from deployer.cleanup.sweep import Cursor, Sweep
from deployer.planning.weight_record import WeightRecord
from tests.unit.planning_samples import STACK
from tests.unit.sweep_fakes import FakeMonitoring

if TYPE_CHECKING:
    from tests.unit.manual_clock import Clock

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
        monitoring: What stands for the adapter of CloudWatch.
        retained: RetainedRevisions.
        invocation: How long one invocation may work.
        invocations: How many there were.
        largest: The characters of the largest cursor.
    """

    sagemaker: Any
    objects: Any
    clock: Clock
    monitoring: Any = field(default_factory=FakeMonitoring)
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
        while not self.invoke(cursor, is_dry_run=is_dry_run):
            assert self.invocations < 100, "the sweep has no end"
            text = json.dumps(cursor.model_dump(mode="json", by_alias=True))
            self.largest = max(self.largest, len(text))
            cursor = Cursor.model_validate_json(text)
        return cursor

    def invoke(self, cursor: Cursor, *, is_dry_run: bool = False) -> bool:
        """Sweep for as long as one invocation may; return whether the sweep has ended."""
        self.invocations += 1
        with mock.patch.multiple("deployer.clock", now=lambda: self.now, sleep=self.clock.sleep):
            sweep = Sweep(
                account=Account(self.sagemaker, self.now + self.invocation, WeightRecord(self.objects, BUCKET)),
                objects=self.objects,
                monitoring=self.monitoring,
                bucket=BUCKET,
                stack=STACK,
                cutoff=cursor.started_at - timedelta(hours=24),
                retained=self.retained,
                is_dry_run=is_dry_run,
                cursor=cursor,
            )
            return run_sweep(sweep, lambda: None)


def names(cursor: Cursor) -> dict[str, list[str]]:
    """Return the names of what was removed, by kind."""
    return {kind: sorted(tally.names) for kind, tally in cursor.removed.items() if tally.count}
