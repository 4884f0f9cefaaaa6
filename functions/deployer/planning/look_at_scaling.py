"""The scaling of a live endpoint, for a plan: that of the revision before, and what is registered now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.planning.plan import Plan
from deployer.planning.scaling import PlannedScaling, changed_variants, scaled_variants

if TYPE_CHECKING:
    from deployer.aws.scaling import Scaling
    from deployer.aws.scaling_calls import Target
    from deployer.json_document import Document
    from deployer.planning.draft_state import Draft
    from deployer.planning.revision_store import StoredRevision


def find_targets(draft: Draft, live_config: Document, scaling: Scaling) -> list[Target]:
    """Return the scalable targets among the variants that an endpoint has, and among those that are requested."""
    variants = (*variants_of(live_config), *variants_of(draft.request["EndpointConfig"]))
    return scaling.targets(draft.endpoint_name, {variant["VariantName"] for variant in variants})


def plan_scaling(
    draft: Draft, before: list[Document], previous_config: Document, targets: list[Target], scaling: Scaling
) -> PlannedScaling:
    """Decide whether there is any scaling to take care of, and what has to be set aside for the change.

    Args:
        draft: The draft.
        before: The scaling of the revision that the endpoint serves before.
        previous_config: The endpoint config of that, as SageMaker describes it.
        targets: The scalable targets among the endpoint's variants.
        scaling: The adapter of Application Auto Scaling.
    """
    own = {target.variant_name for target in targets if target.is_own}
    # A plan that is decided again may have set it aside before.
    was_used = isinstance(draft, Plan) and draft.scaling.is_used
    if not (draft.request.get("Scaling") or before or own or was_used):
        return PlannedScaling()
    changed = changed_variants(draft.request["EndpointConfig"], previous_config)
    handed_over = own - {each["VariantName"] for each in before}
    # No request says how these are scaled, so they are read before the change takes them away.
    taken = handed_over.intersection(changed)
    read = [scaling.scaling_of(each) for each in targets if each.is_own and each.variant_name in taken]
    return PlannedScaling(
        is_used=True,
        previous=(*before, *read),
        set_aside=tuple(changed),
        handed_over=tuple(sorted(handed_over - taken)),
    )


def stored_scaling(draft: Draft, stored: StoredRevision | None) -> list[Document]:
    """Return the scaling of a stored revision; none if it is not stored, or not in a format that can be read."""
    return scaled_variants(stored.request, draft.stack) if stored else []
