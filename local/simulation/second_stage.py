"""Makes the scenario of a second stage: it deploys what the first stage's stack has deployed, by forwarded events.

The second stage changes nothing of the first one, so it runs after it, in a world of its own, whose time is that of the
first: each event is forwarded, and each object of the first stage's bucket changes, when it did there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.generator import Outline, complete, draw_deliveries
from local.simulation.stages import STAGING, STAGING_ACCOUNT, Promotion, StagedObject
from local.simulation.workload import make_request
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.simulation.recording import Recording
    from local.simulation.scenario import RequestStep, Scenario, Validity

_LOST_SHARE, _OTHER_OUTCOME_SHARE, _OTHER_ACCOUNT_SHARE, _OVERWRITTEN_SHARE = 0.08, 0.1, 0.05, 0.1
_MOST_COPIES = 3
_STORE = "revisions/"
_LATEST_PLAN_SECONDS = 2 * 86_400.0
"""How long after an event an execution of it may plan at the latest."""


def make_second_stage(first: Recording) -> Scenario | None:
    """Return the scenario of the second stage; None if the first one has none, or has announced nothing.

    Events are lost, doubled and late. Some are forwarded that no stack should take: of other outcomes, and of other
    accounts. Now and then somebody has overwritten a stored artifact before the event arrives.
    """
    key = f"{first.scenario.seed} second stage"
    random = Random(key)  # noqa: S311 - repeatable, not secret
    promotions = list(_promotions(first, random)) if first.scenario.is_promoted else []
    if not promotions:
        return None
    objects = [*_objects(first, promotions), *_overwritten_objects(promotions, random)]
    endpoints, length = sorted({each.endpoint for each in promotions}), max(each.at for each in promotions)
    outline = Outline(
        seed=first.scenario.seed,
        key=key,
        endpoints=endpoints,
        requests=[*(_with_validity(each, objects) for each in promotions), *_own_requests(random, endpoints, length)],
        length=length,
        environment={
            "PROMOTE_FROM": STAGING_ACCOUNT,
            "ALLOWED_BUCKET_ARNS": f"arn:aws:s3:::{STAGING}",
            "APPROVAL_ENDPOINTS": random.choice(["", "", "", "*"]),
        },
    )
    scenario = complete(outline, random)
    return replace(scenario, steps=tuple(sorted((*scenario.steps, *objects), key=lambda step: step.at)))


def _promotions(first: Recording, random: Random) -> Iterator[Promotion]:
    """Yield the events that are forwarded, each when it was put on the first stage's bus."""
    for number, detail in enumerate(first.bus):
        is_deployed = detail["Outcome"] == "Deployed"
        is_forwarded = bool(detail.get("EndpointName")) and (is_deployed or random.random() < _OTHER_OUTCOME_SHARE)
        put_at = datetime.fromisoformat(detail["StartedAt"]).timestamp() + detail["DurationSeconds"]
        # The final requests are the same in each stage.
        if is_forwarded and put_at <= first.settled:
            is_other = random.random() < _OTHER_ACCOUNT_SHARE
            validity: Validity = "valid" if is_deployed and not is_other else "invalid"
            promotion = Promotion(
                name=f"promotion-{number}",
                at=round(put_at - first.began, 3),
                endpoint=detail["EndpointName"],
                deliveries=() if random.random() < _LOST_SHARE else draw_deliveries(random, _MOST_COPIES),
                validity=validity,
                detail=json.loads(_moved(json.dumps(detail))),
                account="111111111111" if is_other else STAGING_ACCOUNT,
            )
            yield _with_stored_request(promotion, first) if is_deployed else promotion


def _with_stored_request(promotion: Promotion, first: Recording) -> Promotion:
    """Add the stored request of what was deployed, where its data are, and what the endpoint has loaded of them."""
    key = promotion.detail["StoredRequest"].removeprefix(f"s3://{STAGING}/")
    stored = next((each.content for each in first.object_writes if each.key == key and each.content), b"")
    document: Document = json.loads(stored)
    data = [each["Uri"].removeprefix(f"s3://{BUCKET}/") for each in document["Data"]]
    is_stored = all(each.startswith(_STORE) and not each.endswith("/") for each in data)
    probes = [each for each in first.probes if first.is_answer_of(each, document["Revision"])]
    request = {name: value for name, value in document["Request"].items() if value}
    return replace(
        promotion,
        stored=_moved(json.dumps(request)),
        keys=frozenset({key, *data}),
        digests=frozenset(each.digest for each in probes) if is_stored else frozenset(),
    )


def _moved(text: str) -> str:
    """Return a text whose URIs name the first stage's bucket as the second one knows it."""
    return text.replace(f"s3://{BUCKET}/", f"s3://{STAGING}/")


def _objects(first: Recording, promotions: list[Promotion]) -> Iterator[StagedObject]:
    """Yield the changes of what promotions need in the first stage's bucket."""
    keys = tuple({key for each in promotions for key in each.keys})
    for number, write in enumerate(first.object_writes):
        if any(_holds(key, write.key) for key in keys):
            body = write.content
            if body is not None and write.key.endswith("/request.json"):
                body = _moved(body.decode()).encode()
            at, name = max(0.0, round(write.time - first.began, 3)), f"staged-{number}"
            yield StagedObject(name=name, at=at, key=write.key, body=body, version=write.version)


def _holds(key: str, other: str) -> bool:
    """Return whether a key is another one, or that of its folder."""
    return key == other or (key.endswith("/") and other.startswith(key))


def _overwritten_objects(promotions: list[Promotion], random: Random) -> Iterator[StagedObject]:
    """Yield stored artifacts that somebody overwrites just before the first copy of an event arrives."""
    for each in promotions:
        artifacts = sorted(key for key in each.keys if key.startswith(_STORE) and key.endswith(".tar.gz"))
        if artifacts and each.deliveries and random.random() < _OVERWRITTEN_SHARE:
            at, body = each.at + min(each.deliveries) - 0.5, b"overwritten, and of another size"
            yield StagedObject(name=f"overwrite-{each.name}", at=round(at, 3), key=artifacts[0], body=body)


def _with_validity(promotion: Promotion, objects: Sequence[StagedObject]) -> Promotion:
    """Return a promotion with its validity: what is not any more what was deployed cannot be promoted."""
    if promotion.validity == "invalid" or not promotion.deliveries:
        return promotion
    planned_from = promotion.at + min(promotion.deliveries)
    planned_until = promotion.at + max(promotion.deliveries) + _LATEST_PLAN_SECONDS
    validity: Validity = "valid"
    for key in promotion.keys:
        changes = sorted((each for each in objects if _holds(key, each.key)), key=lambda each: each.at)
        # All that a folder holds was there from the beginning.
        later = [each for each in changes[1:] if 0 < each.at <= planned_until]
        is_overwritten = bool(later) and later[-1].name.startswith("overwrite-")
        if is_overwritten and later[-1].at <= planned_from:
            return replace(promotion, validity="invalid")
        validity = "depends" if later else validity
    return replace(promotion, validity=validity)


def _own_requests(random: Random, endpoints: list[str], length: float) -> Iterator[RequestStep]:
    """Yield requests of the second stage's own people."""
    for number in range(random.choice([0, 0, 1, 2])):
        moment, deliveries = round(random.uniform(0, length), 3), draw_deliveries(random, 1)
        yield make_request(random, f"own-{number}", random.choice(endpoints), moment, deliveries)
