"""The state of an endpoint that may have to be restored: what SageMaker shows of it, and the record of its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.cleanup.put_back_weights import missing_weights
from deployer.json_document import Document
from deployer.planning.live import Live

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.plan import Plan
    from deployer.planning.weight_record import WeightRecord


@dataclass(frozen=True, slots=True)
class View:
    """The state of an endpoint in SageMaker, each part as one replica showed it.

    Attributes:
        endpoint: The endpoint, as DescribeEndpoint has it; None if it cannot be found.
        config: The plan's endpoint config, where the endpoint has it; None if it cannot be found.
        tags: The tags of that endpoint config; empty if they cannot be seen.
        endpoint_tags: The endpoint's own tags, if it may have to be deleted.
        served: The revision that it serves; empty for that of its endpoint config.
        lacks_weights: Whether it is on the run's base again, without the weights of the revision before.
    """

    endpoint: Document | None
    config: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    endpoint_tags: Mapping[str, str] = field(default_factory=dict)
    served: str = ""
    lacks_weights: bool = False

    @property
    def live(self) -> Live | None:
        """The endpoint; None if it cannot be found."""
        return Live.of(self.endpoint, served=self.served) if self.endpoint else None

    def is_on(self, config_name: str) -> bool:
        """Return whether the endpoint has an endpoint config, whichever revision's weights that has."""
        return self.live is not None and self.live.base_name == config_name


def is_under_way(plan: Plan, live: Live) -> bool:
    """Return whether a change of an endpoint with the plan's revision is under way, begun by this run."""
    return live.is_waiting and live.pending_config_name in {"", plan.revision, plan.previous}


def look(plan: Plan, sagemaker: SageMaker, record: WeightRecord) -> View:
    """Look at the endpoint, and at tags and weights only where the decision depends on them."""
    endpoint = sagemaker.find_endpoint(plan.endpoint_name)
    if endpoint is None:
        return View(None)
    # A later run may have given the run's own endpoint config other weights.
    is_read = plan.has_shared_base or endpoint.get("EndpointConfigName") == plan.revision
    served = record.served(endpoint) if is_read else ""
    live = Live.of(endpoint, served=served)
    if not plan.is_attached_to(live) or is_under_way(plan, live):
        is_back = (live.status, live.config_name, live.base_name) == ("InService", plan.previous, plan.base)
        is_lacking = is_back and plan.has_shared_base and bool(missing_weights(plan, endpoint, sagemaker))
        return View(endpoint, served=served, lacks_weights=is_lacking)
    config = sagemaker.find_endpoint_config(plan.wanted.name)
    tags = sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
    may_be_deleted = not plan.previous and not live.is_waiting
    endpoint_tags = sagemaker.tags_of(endpoint["EndpointArn"]) if may_be_deleted else {}
    return View(endpoint, config, tags, endpoint_tags, served)
