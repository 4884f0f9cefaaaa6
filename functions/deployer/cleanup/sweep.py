"""One invocation of a sweep: it goes on where the one before stopped, and stops in time for the next one.

Endpoint configs come first, then models, then what is stored of revisions: a model is unused if no config names it, and
a stored request if its config and its models are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer import clock
from deployer.cleanup.ownership import is_unused_since
from deployer.cleanup.sweep_configs import sweep_configs
from deployer.cleanup.sweep_models import sweep_models
from deployer.cleanup.sweep_state import Kind, Phase
from deployer.cleanup.sweep_stored import sweep_stored
from deployer.errors import PermanentError, PermissionNotReadyError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from deployer.cleanup.in_use import Account
    from deployer.cleanup.store_view import StoreView
    from deployer.cleanup.sweep_state import Cursor, Rules


@dataclass(frozen=True, slots=True)
class Sweep:
    """What the phases of a sweep share.

    Attributes:
        account: What there is in SageMaker, and what of it is in use.
        store: What is stored of revisions.
        rules: What may be removed.
        cursor: Where the sweep is; the phases move it on.
        deadline: When to stop, and leave the rest to the next invocation.
    """

    account: Account
    store: StoreView
    rules: Rules
    cursor: Cursor
    deadline: datetime

    @property
    def is_over(self) -> bool:
        """Whether the time of this invocation is over."""
        return clock.now() >= self.deadline

    def is_unused(self, listed: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
        """Tell whether a listed resource is ours and old enough, by its tags."""
        return is_unused_since(self.rules.cutoff, listed["CreationTime"], tags, self.rules.stack)

    def remove(self, kind: Kind, name: str, delete: Callable[[], bool]) -> bool:
        """Remove something, unless this is a dry run, and count it; a refusal is counted, too.

        Args:
            kind: What it is.
            name: Its name.
            delete: Deletes it; returns False if the time was over before that was done.

        Returns:
            Whether it was removed, or would be.
        """
        try:
            if not self.rules.is_dry_run and not delete():
                return False
        except (PermanentError, PermissionNotReadyError) as error:
            self.cursor.refused.add(f"{name}: {type(error).__name__}")
            return False
        self.account.removed.add(name)
        self.cursor.count(kind, name)
        return True

    def run(self, announce: Callable[[], None]) -> bool:
        """Go on with the sweep; return whether it has ended.

        An error that passes ends only this invocation, if it has come further than the one before.

        Args:
            announce: Tells what was removed; called at the end.

        Raises:
            TransientError: SageMaker, S3 or EventBridge is not available.
        """
        before = self.cursor.model_dump()
        phases = {
            Phase.CONFIGS: (sweep_configs, Phase.MODELS),
            Phase.MODELS: (sweep_models, Phase.STORED),
            Phase.STORED: (sweep_stored, Phase.ANNOUNCE),
        }
        try:
            while self.cursor.phase is not Phase.ANNOUNCE:
                sweep, following = phases[self.cursor.phase]
                if not sweep(self):
                    return False
                self.cursor.enter(following)
            announce()
        except TransientError:
            if self.cursor.model_dump() == before:
                raise
            return False
        return True
