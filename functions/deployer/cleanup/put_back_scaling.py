"""Puts back the scaling that an endpoint had before a run, once it serves what it served before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of

if TYPE_CHECKING:
    from deployer.aws.scaling import Scaling
    from deployer.planning.live import Live
    from deployer.planning.plan import Plan


def put_back_scaling(plan: Plan, live: Live | None, scaling: Scaling) -> bool:
    """Register what the revision before has, if the endpoint rests on it; return whether it does.

    Args:
        plan: The plan of the run.
        live: The endpoint; None if it cannot be found.
        scaling: The adapter of Application Auto Scaling.
    """
    if live is None or (live.status, live.config_name) != ("InService", plan.previous):
        return False
    names = {variant["VariantName"] for variant in variants_of(plan.request["EndpointConfig"])}
    # No request says how these were scaled, so they stay as they are.
    scaling.apply(plan.endpoint_name, plan.scaling.previous, names - {*plan.scaling.handed_over})
    return True
