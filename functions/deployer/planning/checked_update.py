"""Checks an update against the live endpoint, its alarms and its scaling, and collects facts for the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of, with_model_names
from deployer.json_document import Document
from deployer.planning.live_checks import (
    alarm_names,
    alarm_problems,
    live_problems,
    made_alarm_problems,
    retention,
    scaling_problems,
    size_problems,
)
from deployer.planning.look_at_scaling import find_targets, plan_scaling, stored_scaling
from deployer.planning.rollback_alarms import rollback_alarms
from deployer.planning.scaling import foreign_target_problems
from deployer.planning.weights import changes_only_weights, is_one_change
from deployer.request.problem import reject
from deployer.request.rules.rollback_alarms import count_problems
from deployer.request.rules.waits import limit_problems, timeout_problems
from deployer.request.scaling import COUNT, dimension

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.aws.monitoring import Monitoring
    from deployer.aws.scaling import Scaling
    from deployer.aws.scaling_calls import Target
    from deployer.planning.draft_state import Draft
    from deployer.planning.live import Live
    from deployer.planning.plan import Before
    from deployer.planning.revision_store import StoredRevision


def checked_update(
    draft: Draft, live: Live, monitoring: Monitoring, scaling: Scaling, stored: StoredRevision | None
) -> Document:
    """Check a draft against the endpoint; return the facts that the plan needs.

    Args:
        draft: The draft.
        live: The endpoint, with its config.
        monitoring: The adapter of CloudWatch.
        scaling: The adapter of Application Auto Scaling.
        stored: The stored revision that the endpoint serves; None if there is none.

    Raises:
        InvalidRequestError: The endpoint cannot be changed in this way.
    """
    config = dict(live.config)
    targets, before = find_targets(draft, config, scaling), stored_scaling(draft, stored)
    return {
        "retention": checked_retention(draft, live, monitoring, targets, before),
        "scaling": plan_scaling(draft, before, config, targets, scaling),
    }


def checked_retention(
    draft: Draft, live: Live, monitoring: Monitoring, targets: list[Target], before: Iterable[Document] = ()
) -> Document:
    """Check a draft against the attached config, the alarms and the scaling; return the retention parameters.

    Variants that the live revision scales keep their counts, too, while another run's change has set the targets aside.
    """
    config, attached = with_model_names(draft.request["EndpointConfig"], draft.model_names), dict(live.config)
    on_instances = {variant["VariantName"] for variant in variants_of(attached) if dimension(variant) == COUNT}
    known = [target for target in targets if target.dimension == COUNT and target.variant_name in on_instances]
    scaled, foreign = {each.variant_name for each in known}, {each.variant_name for each in known if not each.is_own}
    scaled |= on_instances & {each["VariantName"] for each in before}
    made = rollback_alarms(draft.request, draft.stack)
    alarms = monitoring.alarm_states([*alarm_names(draft.deployment_config), *made])
    is_asked_for = draft.request.get("RetainAllVariantProperties")
    retained = retention(is_asked_for, draft.request.get("ExcludeRetainedVariantProperties", []), scaled)
    reject(
        [
            *live_problems(config, attached, draft.deployment_config),
            *alarm_problems(draft.deployment_config, alarms),
            *made_alarm_problems(made, alarms),
            *count_problems(draft.request),
            *size_problems(draft.deployment_config, config, retained),
            *limit_problems(draft.deployment_config or {}, config),
            *timeout_problems(draft.deployment_config, config, draft.timeout_seconds),
            *scaling_problems(config, attached, scaled, foreign, counts_stay=is_asked_for is None),
            *foreign_target_problems(draft.request, targets, draft.stack),
        ]
    )
    return retained


def keeps_config(draft: Draft, live: Live, before: Before, stored: StoredRevision | None) -> bool:
    """Return whether the endpoint keeps its config, because only weights or one count are to be changed.

    Guardrails and retained properties are those of UpdateEndpoint. Application Auto Scaling changes counts itself.
    """
    if draft.deployment_config or before.retention or before.scaling.is_used:
        return False
    is_known = changes_only_weights(stored, draft.request, draft.model_names)
    return is_known and is_one_change(live.variants, draft.request["EndpointConfig"])
