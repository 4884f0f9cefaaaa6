"""A stage of a rollout.

Source: API Reference, VariantStatus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Stage:
    """Duration, traffic and instances of one stage.

    Attributes:
        name: A VariantStatus of the API; empty while nothing but time passes.
        seconds: How long it takes.
        share: The part of the traffic that the new fleet answers.
        new: The part of the new fleet that is there.
        old: The part of the old fleet that is there.
        step: Which step of the traffic, or which batch, it belongs to; the first is 1.
    """

    name: Literal["Creating", "ActivatingTraffic", "Baking", "Updating", "Deleting", ""]
    seconds: float
    share: float = 0.0
    new: float = 0.0
    old: float = 1.0
    step: int = 1

    @property
    def is_watched(self) -> bool:
        """Whether alarms are looked at: while traffic shifts and bakes.

        Source: API Reference, ProductionVariantStatus (Baking).
        """
        return self.name in {"ActivatingTraffic", "Baking"}
