"""Variants of an endpoint config with their weights and counts, and their summaries in DescribeEndpoint.

Sources: API Reference, ProductionVariantSummary and PendingProductionVariantSummary; published answers of
DescribeEndpoint.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from local.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from local.simulator.stage import Stage

_KINDS = ("ProductionVariants", "ShadowProductionVariants")
_COPIED = ("ManagedInstanceScaling", "RoutingConfig")
_COUNT = "DesiredInstanceCount"
_WEIGHT = "DesiredWeight"


def all_variants(config: Document) -> Iterator[Document]:
    """Yield the production and the shadow variants of an endpoint config."""
    for kind in _KINDS:
        yield from config.get(kind, [])


def containers(model: Document) -> list[Document]:
    """Return the containers of a model."""
    return [model["PrimaryContainer"]] if "PrimaryContainer" in model else list(model.get("Containers", []))


@dataclass(frozen=True)
class Variants:
    """An endpoint config with the weight and the instance count that each of its variants has by now.

    Attributes:
        config: The endpoint config, which an endpoint keeps for itself: it may be deleted while the endpoint runs.
        weights: By variant.
        counts: By variant; what is serverless has none.
        images: The DeployedImages, by variant.
    """

    config: Document
    weights: dict[str, float]
    counts: dict[str, int]
    images: dict[str, list[Document]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Document, images: dict[str, list[Document]] | None = None) -> Variants:
        """Return the variants as the config has them, with the images that they run.

        Source: API Reference, ProductionVariant (InitialVariantWeight).
        """
        return cls(
            config,
            {each["VariantName"]: each.get("InitialVariantWeight", 1.0) for each in all_variants(config)},
            {
                each["VariantName"]: each.get("InitialInstanceCount", 1)
                for each in all_variants(config)
                if "ServerlessConfig" not in each
            },
            images or {},
        )

    def retaining(self, live: Variants, excluded: Collection[str]) -> Variants:
        """Return these variants with the weights and counts of the live ones, but for the excluded properties.

        Source: API Reference, UpdateEndpoint (RetainAllVariantProperties).
        """
        weights = {} if _WEIGHT in excluded else live.weights
        counts = {} if _COUNT in excluded else live.counts
        return replace(self, weights=_kept(self.weights, weights), counts=_kept(self.counts, counts))

    def scaled(self, desired: list[Document]) -> Variants:
        """Return these variants as UpdateEndpointWeightsAndCapacities wants them.

        Source: API Reference, UpdateEndpointWeightsAndCapacities.
        """
        weights = {each["VariantName"]: each[_WEIGHT] for each in desired if _WEIGHT in each}
        counts = {each["VariantName"]: each[_COUNT] for each in desired if _COUNT in each}
        return replace(self, weights=_kept(self.weights, weights), counts=_kept(self.counts, counts))

    def is_exceeded_by(self, target: Variants) -> bool:
        """Return whether other variants need more instances of any of these.

        Source: API Reference, UpdateEndpointWeightsAndCapacities (DesiredInstanceCount).
        """
        return any(count > self.counts.get(name, 0) for name, count in target.counts.items())

    def summaries(
        self, desired: Variants | None = None, *, part: float = 1.0, status: list[Document] | None = None
    ) -> Document:
        """Summarize the live fleet.

        Source: API Reference, ProductionVariantSummary.

        Args:
            desired: What it is being scaled to.
            part: The part of its instances that is there.
            status: The VariantStatus.
        """
        goal = desired or self
        return self._each(
            lambda name: {"CurrentWeight": self.weights[name], _WEIGHT: goal.weights[name]},
            lambda name: (math.ceil(self.counts[name] * part), goal.counts[name]),
            lambda variant: {key: variant[key] for key in _COPIED if key in variant},
            status,
        )

    def pending(self, stage: Stage, began: datetime, status: list[Document] | None) -> Document:
        """Summarize the new fleet: the PendingDeploymentSummary.

        Source: API Reference, PendingProductionVariantSummary.

        The current weight is the part of the desired one that traffic has been turned on for.
        """
        summaries = self._each(
            lambda name: {"CurrentWeight": self.weights[name] * stage.share, _WEIGHT: self.weights[name]},
            lambda name: (math.ceil(self.counts[name] * stage.new), self.counts[name]),
            lambda variant: {key: variant[key] for key in ("InstanceType", *_COPIED) if key in variant},
            status,
        )
        return {"EndpointConfigName": self.config["EndpointConfigName"], "StartTime": began, **summaries}

    def _each(
        self,
        weights: Callable[[str], Document],
        counts: Callable[[str], tuple[int, int]],
        more: Callable[[Document], Document],
        status: list[Document] | None,
    ) -> Document:
        summaries: Document = {}
        for kind in _KINDS:
            for variant in self.config.get(kind, []):
                name = variant["VariantName"]
                summary = {"VariantName": name, **weights(name), **more(variant)}
                if images := self.images.get(name):
                    summary["DeployedImages"] = images
                if serverless := variant.get("ServerlessConfig"):
                    # A serverless variant has a count, as answers of DescribeEndpoint show that people have published.
                    summary |= {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
                    summary["CurrentInstanceCount"] = 0
                else:
                    summary["CurrentInstanceCount"], summary[_COUNT] = counts(name)
                if status:
                    summary["VariantStatus"] = status
                summaries.setdefault(kind, []).append(summary)
        return summaries


def _kept(own: Document, other: Document) -> Document:
    return {name: other.get(name, value) for name, value in own.items()}
