"""Looks which revision a run's endpoint serves, where its endpoint config alone does not say so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.planning.plan import Action

if TYPE_CHECKING:
    from deployer.json_document import Document
    from deployer.planning.live import Live
    from deployer.planning.plan import Plan
    from deployer.planning.weight_record import WeightRecord


def seen_live(plan: Plan, endpoint: Document, record: WeightRecord) -> Live:
    """Return a described endpoint as it is during a run.

    The record says whose weights it has, if it rests on the run's own endpoint config, which a later run may have
    given other weights; or on the base of a change of weights, without the run's own weights.
    """
    live = plan.live(endpoint)
    is_own_config = live.base_name == plan.revision
    lacks_weights = plan.action is Action.UPDATE_WEIGHTS and not plan.is_attached_to(live)
    if live.status == "InService" and (is_own_config or (lacks_weights and live.base_name == plan.base)):
        served = record.served(endpoint)
        return replace(live, config_name=live.config_name if served == plan.revision else served)
    return live
