"""Random requests: by an upload, a model package, an event or a person."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulation import requests
from local.simulation.scenario import Approval, Event, Manual, Upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import RequestStep, Validity

_Common = Document

_DRY_SHARE = 0.08
_APPROVAL_SHARE = 0.12


def make_request(random: Random, name: str, endpoint: str, moment: float, deliveries: tuple[float, ...]) -> RequestStep:
    """Return a request of a random kind.

    Args:
        random: Decides.
        name: The step's name.
        endpoint: The endpoint that is meant.
        moment: When it is made, in seconds after the scenario's start.
        deliveries: After how many seconds each copy of its event arrives.
    """
    common = {"name": name, "at": moment, "endpoint": endpoint, "deliveries": deliveries}
    make = random.choices([*_KINDS], [*_KINDS.values()])[0]
    return make(random, common)


def _artifact(random: Random, common: _Common) -> RequestStep:
    key = f"{_folder(random, common)}/model.tar.gz"
    return Upload(**common, key=key, body=random.choice(["one", "two", "three"]))


def _manifest(random: Random, common: _Common) -> RequestStep:
    """Upload a manifest; its event is lost now and then."""
    is_lost = random.choices([True, False], [1, 4])[0]
    delivered = {**common, "deliveries": ()} if is_lost else common
    return Upload(**delivered, key=f"{_folder(random, common)}/deployment.yaml", body=requests.manifest(random))


def _invalid_manifest(random: Random, common: _Common) -> RequestStep:
    body = random.choice(requests.INVALID_MANIFESTS)
    return Upload(**common, key=f"{_folder(random, common)}/deployment.yaml", body=body, validity="invalid")


def _folder(random: Random, common: _Common) -> str:
    return f"models/{common['endpoint']}" + random.choice(["", "", "", "/v2"])


def _package(random: Random, common: _Common) -> RequestStep:
    status = random.choice(["Approved", "Approved", "Approved", "PendingManualApproval"])
    validity: Validity = "valid" if status == "Approved" else "invalid"
    return Approval(**common, version=random.randint(1, 3), status=status, validity=validity)


def _valid(random: Random, common: _Common) -> RequestStep:
    content = random.choices([*requests.CONTENTS, requests.BROKEN], [3, 3, 2, 2, 2])[0]
    return _by_event_or_person(random, common, requests.request(common["endpoint"], content, random))


def _rollback(random: Random, common: _Common) -> RequestStep:
    document = requests.rollback(common["endpoint"], random)
    return _by_event_or_person(random, {**common, "validity": "depends"}, document)


def _invalid(random: Random, common: _Common) -> RequestStep:
    document = requests.invalid(common["endpoint"], random)
    return _by_event_or_person(random, {**common, "validity": "invalid"}, document)


def _foreign(random: Random, common: _Common) -> RequestStep:
    """Put an event that is not meant for this deployer, though the rule let it through."""
    altered = random.choice([{"account": "999999999999"}, {"detail-type": "Something Else"}, {"time": "yesterday"}])
    document = requests.request(common["endpoint"], "a", random)
    return Event(**common, detail=document, altered=altered, validity="invalid")


def _by_event_or_person(random: Random, common: _Common, document: Any) -> RequestStep:
    if common.get("validity") != "invalid" and _is_dry(common):
        document = {**document, "DryRun": True}
    if common.get("validity") != "invalid" and _needs_approval(common):
        document = {**document, "Approval": {"TimeoutHours": 1}}
    if common.get("validity") != "invalid":
        document = requests.with_alarms(document, Random(f"{common['name']} {common['at']} alarms"))  # noqa: S311
    if random.choice([True, False]):
        return Manual(**common, document=document)
    return Event(**common, detail=document)


def _needs_approval(common: _Common) -> bool:
    """Draw by the request alone, likewise."""
    return Random(f"{common['name']} {common['at']} approval").random() < _APPROVAL_SHARE  # noqa: S311 - repeatable


def _is_dry(common: _Common) -> bool:
    """Draw by the request alone, so that scenarios differ in nothing else from what they were without dry runs."""
    return Random(f"{common['name']} {common['at']}").random() < _DRY_SHARE  # noqa: S311 - repeatable, not secret


_KINDS: dict[Callable[[Random, _Common], RequestStep], int] = {
    _artifact: 20, _manifest: 8, _invalid_manifest: 3, _package: 6, _valid: 40, _rollback: 14, _invalid: 7, _foreign: 2,
}  # fmt: skip
"""The kinds of requests, with their shares."""
