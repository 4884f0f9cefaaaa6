"""Assumptions about changes of weights and counts of an endpoint that keeps its endpoint config."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from local.trial.assumption import Assumption

if TYPE_CHECKING:
    from local.json_document import Document
    from local.trial.events import Events
    from local.trial.site import Site

_WEIGHT = 0.1
"""Single precision has no such number, so what is described says which precision the service has."""

_SINGLE_PRECISION = 1e-6
_MODIFIED = "LastModifiedTime"


def change_weights(site: Site) -> None:
    """Change the weight of the only variant, which moves no traffic; then ask for what may be refused."""
    variant = {"VariantName": "AllTraffic", "DesiredWeight": _WEIGHT}
    site.seen["before weights"] = _describe(site)
    site.seen["weights"] = _change(site, variant)
    looks = site.seen["looks at weights"] = list[Any]()

    def is_done() -> bool:
        looks.append(_describe(site))
        weight = looks[-1]["ProductionVariants"][0]["CurrentWeight"]
        return bool(looks[-1]["EndpointStatus"] == "InService" and abs(weight - _WEIGHT) < _SINGLE_PRECISION)

    site.wait_for("The change of weights", is_done)
    site.seen["same weights"] = _change_and_wait(site, variant)
    answer = _change_and_wait(site, {**variant, "DesiredInstanceCount": 1})
    site.seen["weight and count"] = answer if answer == "accepted" else "refused"


def weight_assumptions(events: Events) -> list[Assumption]:
    """Return what can be seen of the change of weights."""
    return [
        Assumption("a change of weights", "accepted", lambda site: str(site.seen["weights"])),
        Assumption("statuses of a change of weights", "Updating, InService", _statuses),
        Assumption("weights while they are changed", "1.0, to be 0.1", lambda site: _weights(_during(site))),
        Assumption("weights after a change", "0.1, to be 0.1", lambda site: _weights(_after(site))),
        Assumption("weights as they are described", "0.1", _described_weight, is_measured=True),
        Assumption(
            "endpoint config after a change of weights", "the same", lambda site: _compared(site, "EndpointConfigName")
        ),
        Assumption("LastModifiedTime after a change of weights", "later", lambda site: _compared(site, _MODIFIED)),
        Assumption(
            "state-change events of a change of weights", "UPDATING, IN_SERVICE", lambda site: _kinds(site, events)
        ),
        Assumption("weights that are there already", "accepted", lambda site: str(site.seen["same weights"])),
        Assumption("a weight and a count in one call", "refused", lambda site: str(site.seen["weight and count"])),
    ]


def _change(site: Site, variant: Document) -> str:
    return site.answer_of(
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        EndpointName=site.name,
        DesiredWeightsAndCapacities=[variant],
    )


def _change_and_wait(site: Site, variant: Document) -> str:
    answer = _change(site, variant)
    site.wait_for("The end of the change", lambda: _describe(site)["EndpointStatus"] == "InService")
    return answer


def _describe(site: Site) -> Any:
    return site.client("sagemaker").describe_endpoint(EndpointName=site.name)


def _after(site: Site) -> Any:
    return site.seen["looks at weights"][-1]


def _during(site: Site) -> Any:
    return next((each for each in site.seen["looks at weights"] if each["EndpointStatus"] == "Updating"), None)


def _statuses(site: Site) -> str:
    """Return the statuses that were seen one after the other, from the first change on."""
    seen = [status for status, _ in groupby(each["EndpointStatus"] for each in site.seen["looks at weights"])]
    return ", ".join(seen[1:] if seen[:1] == ["InService"] else seen)


def _weights(described: Any) -> str:
    """Return the current and the desired weight, as far as single precision has them."""
    if described is None:
        return "not seen"
    (variant,) = described["ProductionVariants"]
    return f"{round(variant['CurrentWeight'], 6)}, to be {round(variant['DesiredWeight'], 6)}"


def _described_weight(site: Site) -> str:
    return str(_after(site)["ProductionVariants"][0]["CurrentWeight"])


def _compared(site: Site, member: str) -> str:
    before, after = site.seen["before weights"][member], _after(site)[member]
    return "the same" if before == after else "later" if after > before else "earlier"


def _kinds(site: Site, events: Events) -> str:
    """Return which statuses events report since the change, in the order of when each was so first."""
    events.receive()
    began = site.seen["before weights"][_MODIFIED].timestamp() * 1000
    details = sorted((each.event["detail"] for each in events.of_endpoint(site.name)), key=itemgetter(_MODIFIED))
    # An event has whole milliseconds.
    return ", ".join(dict.fromkeys(each["EndpointStatus"] for each in details if each[_MODIFIED] > began + 1))
