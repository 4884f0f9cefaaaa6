"""The state of an endpoint that its record does not show: its fleets and its rollout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.fleet import Traffic
from local.simulator.variants import Variants

if TYPE_CHECKING:
    from local.simulator.rollout import Rollout


@dataclass
class Endpoint:
    """An endpoint beyond its record.

    Attributes:
        name: Its name.
        config: The endpoint config that is attached; it may have been deleted.
        traffic: The fleets that answer its invocations.
        rollout: Its current rollout; None if it rests.
    """

    name: str
    config: Document
    traffic: Traffic = field(default_factory=Traffic)
    rollout: Rollout | None = None

    @property
    def variants(self) -> Variants:
        """The variants that it runs, or would run."""
        return self.traffic.live.variants if self.traffic.live else Variants.of(self.config)
