"""The deployer broken on purpose: what a stack deploys of what another one has deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deployer.planning import draft, model_data, promotion, resolve, triggers
from local.simulation import scenario as steps
from local.simulation.stages import STAGING
from tests.machine.factories import KEY
from tests.machine.mutations import around, breaks
from tests.machine.scripted_scenarios import manual, scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from deployer.aws.s3 import Objects


def promoted_uploads(seed: int) -> steps.Scenario:
    """Two artifacts and a request are deployed, a quarter of an hour after one another, and promoted."""
    first = scenario(
        seed,
        steps.Upload(name="upload", at=0.0, endpoint="churn", key=KEY, body="one"),
        steps.Upload(name="other upload", at=900.0, endpoint="churn", key=KEY, body="two"),
        manual("request", 1800.0, "a"),
    )
    return replace(first, is_promoted=True)


@breaks("promotions_deploy_what_was_deployed", seed=1, make=promoted_uploads)
def promote_the_first(patch: pytest.MonkeyPatch) -> None:
    """Promotes the oldest revision that the other stack has stored, whichever its event names."""

    def promoted(inner: Callable[..., Any], uri: str, objects: Objects, *given: Any) -> Any:
        folder = uri.split("/", 3)[3].rpartition("/")[0].rpartition("/")[0]
        stored = [each.key for each in objects.list_objects(STAGING, f"{folder}/") if "request.json" in each.key]
        return inner(f"s3://{STAGING}/{min(stored)}", objects, *given)

    around(patch, resolve, "promoted_request", promoted)


@breaks("promotions_deploy_what_was_deployed", seed=0, make=promoted_uploads)
def load_from_the_other_stack(patch: pytest.MonkeyPatch) -> None:
    """Lets models load what another stack has stored, and sweeps some day."""
    around(
        patch,
        model_data._Resolver,
        "_is_copied",
        lambda inner, resolver, source, bucket, key: bucket != STAGING and inner(resolver, source, bucket, key),
    )


@breaks("invalid_requests_are_rejected", seed=5, make=promoted_uploads)
def promote_whatever_is_stored(patch: pytest.MonkeyPatch) -> None:
    """Promotes stored artifacts that are not any more what was deployed."""
    patch.setattr(promotion, "data_problems", lambda *_: ())


@breaks("invalid_requests_are_rejected", seed=4, make=promoted_uploads)
def promote_for_anybody(patch: pytest.MonkeyPatch) -> None:
    """Takes promotions of any account."""
    around(patch, triggers, "_parse_promotion", lambda inner, event, _: inner(event, event.account))


@breaks("nothing_goes_live_without_its_approval", seed=1, make=promoted_uploads)
def promote_without_approval(patch: pytest.MonkeyPatch) -> None:
    """Asks for no approval where only the stack requires one."""
    around(patch, draft, "required_approval", lambda inner, rule, name, _, *given: inner(rule, name, (), *given))
