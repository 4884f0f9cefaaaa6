"""One-line summaries of what a state has done, from the execution's data, and of an endpoint, from its description."""

from collections.abc import Callable

from endpoint_deployer.json_document import Document

RESTING_STATUSES = frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"})
"""Statuses of an endpoint that stay until somebody changes it."""


def summarize_state(state: str, data: Document) -> str:
    """Return what a state has done, or an empty text for states whose name says it all.

    Args:
        state: The state's name.
        data: The execution's data, as the state has left them.
    """
    return _SUMMARIES[state](data) if state in _SUMMARIES else ""


def summarize_endpoint(endpoint: Document) -> str:
    """Return the status of an endpoint, and of both its fleets while a new one takes over.

    Args:
        endpoint: An answer of DescribeEndpoint.
    """
    status: str = endpoint["EndpointStatus"]
    new, old = _new_fleet(endpoint), endpoint.get("ProductionVariants", [])
    if not (new and old):
        return status
    stages = [
        f"{name} fleet {stage}"
        for name, variants in (("new", new), ("old", old))
        for stage in dict.fromkeys(_stage(variant) for variant in variants)
        if stage
    ]
    count = f"{_sum('CurrentInstanceCount', new):.0f} new instances"
    return f"{status} · {', '.join(stages)} · {count} with {new_fleet_share(endpoint):.0%} of the traffic"


def new_fleet_share(endpoint: Document) -> float:
    """Return the share of the traffic that the new fleet of a described endpoint gets, from 0 to 1.

    A variant's weight in the new fleet grows to its weight in the old one, as traffic is shifted to it.
    """
    old = endpoint.get("ProductionVariants", [])
    return _sum("CurrentWeight", _new_fleet(endpoint)) / (_sum("CurrentWeight", old) or 1.0)


def _new_fleet(endpoint: Document) -> list[Document]:
    variants: list[Document] = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    return variants


def _stage(variant: Document) -> str:
    statuses = variant.get("VariantStatus")
    return str(statuses[0]["Status"]) if statuses else ""


def _sum(member: str, variants: list[Document]) -> float:
    return sum(variant.get(member) or 0 for variant in variants)


def _plan(data: Document) -> str:
    plan = data["Plan"]
    if plan["Action"] == "Wait":
        return "another deployment changes the endpoint: wait, and plan again"
    if plan["Action"] == "Approve":
        return f"waits for a person: endpoint-deployer approve {plan['EndpointName']}, or reject"
    return f"goes back to what {plan['Source']} was made of" if plan.get("Source") else ""


def _copies(data: Document) -> str:
    return ", ".join(f"exact copy {copy['Target']}" for copy in data["Plan"]["Copies"])


def _look(data: Document) -> str:
    status = str(data["Endpoint"].get("EndpointStatus", ""))
    return status if status in RESTING_STATUSES else ""


def _smoke_test(data: Document) -> str:
    return f"✓ as expected, in {data['SmokeTest']['MaxLatencyMilliseconds']:.0f} ms"


def _restore(data: Document) -> str:
    restore = data["Restore"]
    if not restore["Done"]:
        return ""
    return "✓ the endpoint is deleted" if restore.get("Restored") == "deleted" else "✓ the endpoint is as it was"


_SUMMARIES: dict[str, Callable[[Document], str]] = {
    "PlanDeployment": _plan,
    "PlanAgain": _plan,
    "StoreRevision": _copies,
    "DescribeEndpoint": _look,
    "SmokeTestEndpoint": _smoke_test,
    "RestoreEndpoint": _restore,
}
