"""Starts and ends the instances of endpoints; each loads its model when it comes up.

Source: Developer Guide, "Use Amazon SageMaker AI hosting": an instance loads what the URL holds when the instance
comes up, so a scale-out loads what was overwritten meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulator.fleet import Fleet
from local.simulator.model_server import BrokenModelError

if TYPE_CHECKING:
    from local.simulator.endpoint import Endpoint
    from local.simulator.loading import Loader
    from local.simulator.variants import Variants


class Provisioner:
    """Starts and ends instances. Where a method returns a text, it is why instances do not come up; None if they do.

    Args:
        loader: Loads the models.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def start(self, endpoint: str, variants: Variants, part: float = 1.0) -> Fleet:
        """Start a part of the instances of an endpoint's production variants.

        Source: Developer Guide, "Use Amazon SageMaker AI hosting".

        Raises:
            BrokenModelError: One of them cannot run.
        """
        fleet = Fleet(endpoint, variants, self._loader)
        try:
            fleet.resize(variants.counts, part)
        except Exception:
            fleet.end()
            raise
        return fleet

    def start_new(self, endpoint: Endpoint, target: Variants, part: float) -> str | None:
        """Bring the fleet that takes over to a part of its instances.

        Source: Developer Guide, "Blue/Green Deployments", "Rolling Deployments".
        """
        traffic = endpoint.traffic
        try:
            if traffic.new is None:
                traffic.new = self.start(endpoint.name, target, part)
            else:
                traffic.new.resize(target.counts, part)
        except BrokenModelError as error:
            return str(error)
        return None

    @staticmethod
    def keep(endpoint: Endpoint, part: float) -> str | None:
        """Bring the live fleet to a part of its instances: those that come up again load their models again.

        Source: Developer Guide, "Rolling Deployments".
        """
        live = endpoint.traffic.live
        try:
            if live:
                live.resize(live.variants.counts, part)
        except BrokenModelError as error:
            return str(error)
        return None

    @staticmethod
    def scale(endpoint: Endpoint, target: Variants, failure: str = "") -> str | None:
        """Bring the live fleet to other weights or to another count; the count stays if new instances do not come up.

        They do not if there is a `failure`, or if their model cannot run.

        Source: API Reference, UpdateEndpointWeightsAndCapacities; Developer Guide, "Check the status of a scaling
        activity" (a quota is refused at the call). Assumed: what stays (trial: "a scale-out that fails",
        "DesiredInstanceCount after a scale-out that fails").
        """
        live = endpoint.traffic.live
        if live is None:
            return None
        try:
            live.resize(live.variants.counts if failure else target.counts)
        except BrokenModelError as error:
            live.resize(live.variants.counts)
            failure = str(error)
        if failure:
            return failure
        live.variants = target
        return None

    def replace(self, endpoint: Endpoint) -> str | None:
        """Replace all live instances by new ones.

        Source: API Reference, DescribeEndpoint (SystemUpdating changes nothing that was asked for).
        """
        old = endpoint.traffic.live
        try:
            if old:
                endpoint.traffic.live = self.start(endpoint.name, old.variants)
                old.end()
        except BrokenModelError as error:
            return str(error)
        return None
