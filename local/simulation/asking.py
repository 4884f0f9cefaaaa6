"""Who asks for a deployment, and how: by an upload, a package, an event or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.simulation import requests
from local.simulation.story import Approval, Event, Manual, Upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from local.simulation.story import Ask, Verdict

_Common = dict[str, Any]


def ask(random: Random, name: str, endpoint: str, moment: float, deliveries: tuple[float, ...]) -> Ask:
    """Return a request of any kind.

    Args:
        random: Decides.
        name: What it is called in the story.
        endpoint: The endpoint that is meant.
        moment: When it is made, in seconds after the story's beginning.
        deliveries: After how many seconds each copy of its event arrives.
    """
    common = {"name": name, "at": moment, "endpoint": endpoint, "deliveries": deliveries}
    make = random.choices([*_WAYS], [*_WAYS.values()])[0]
    return make(random, common)


def _artifact(random: Random, common: _Common) -> Ask:
    key = f"{_folder(random, common)}/model.tar.gz"
    return Upload(**common, key=key, body=random.choice(["one", "two", "three"]))


def _manifest(random: Random, common: _Common) -> Ask:
    """Upload a manifest; now and then its event goes missing."""
    is_lost = random.choices([True, False], [1, 4])[0]
    told = {**common, "deliveries": ()} if is_lost else common
    return Upload(**told, key=f"{_folder(random, common)}/deployment.yaml", body=requests.manifest(random))


def _wrong_manifest(random: Random, common: _Common) -> Ask:
    body = random.choice(requests.WRONG_MANIFESTS)
    return Upload(**common, key=f"{_folder(random, common)}/deployment.yaml", body=body, verdict="wrong")


def _folder(random: Random, common: _Common) -> str:
    return f"models/{common['endpoint']}" + random.choice(["", "", "", "/v2"])


def _package(random: Random, common: _Common) -> Ask:
    status = random.choice(["Approved", "Approved", "Approved", "PendingManualApproval"])
    verdict: Verdict = "good" if status == "Approved" else "wrong"
    return Approval(**common, version=random.randint(1, 3), status=status, verdict=verdict)


def _good(random: Random, common: _Common) -> Ask:
    content = random.choices([*requests.CONTENTS, requests.BROKEN], [3, 3, 2, 2, 2])[0]
    document = requests.request(common["endpoint"], content, random)
    is_broken = content == requests.BROKEN and bool(document["Models"])
    return _told(random, {**common, "is_broken": is_broken}, document)


def _rollback(random: Random, common: _Common) -> Ask:
    return _told(random, {**common, "verdict": "depends"}, requests.rollback(common["endpoint"], random))


def _wrong(random: Random, common: _Common) -> Ask:
    return _told(random, {**common, "verdict": "wrong"}, requests.wrong(common["endpoint"], random))


def _stray(random: Random, common: _Common) -> Ask:
    """Put an event that is not for this deployer, though the rule let it through."""
    altered = random.choice([{"account": "999999999999"}, {"detail-type": "Something Else"}, {"time": "yesterday"}])
    document = requests.request(common["endpoint"], "a", random)
    return Event(**common, detail=document, altered=altered, verdict="wrong")


def _told(random: Random, common: _Common, document: Any) -> Ask:
    """Ask by an event, or by hand."""
    if random.choice([True, False]):
        return Manual(**common, document=document)
    return Event(**common, detail=document)


_WAYS: dict[Callable[[Random, _Common], Ask], int] = {
    _artifact: 15, _manifest: 8, _wrong_manifest: 3, _package: 7, _good: 45, _rollback: 12, _wrong: 9, _stray: 2,
}  # fmt: skip
"""The ways to ask, with their shares."""
