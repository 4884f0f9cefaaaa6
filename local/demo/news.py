"""What a step of the deployer has found out, in a few words: read from the data of the execution."""

from collections.abc import Callable
from typing import Any

Data = dict[str, Any]


def news_of(state: str, data: Data) -> str:
    """Return what a state of the machine tells of its own accord; nothing for most.

    Args:
        state: The state's name.
        data: The execution's data, as the state has left them.
    """
    return _NEWS[state](data) if state in _NEWS else ""


def share_of(endpoint: Data) -> float:
    """Return the share of the traffic that the new fleet has, of what DescribeEndpoint has left in the data.

    A variant's weight in the new fleet grows to what it is in the live one, as traffic is turned on for it.
    """
    return _sum("Weight", _fleet(endpoint, "New")) / (_sum("Weight", _fleet(endpoint, "Live")) or 1.0)


def _fleet(endpoint: Data, name: str) -> list[Data]:
    return [variant for variant in endpoint["Variants"] if variant["Fleet"] == name]


def _sum(member: str, variants: list[Data]) -> float:
    return sum(variant[member] or 0 for variant in variants)


def _progress(data: Data) -> str:
    endpoint = data["Endpoint"]
    status: str = endpoint["EndpointStatus"]
    new, live = _fleet(endpoint, "New"), _fleet(endpoint, "Live")
    if not (new and live):
        return status
    stages = [
        f"{name} fleet {stage}"
        for name, variants in (("new", new), ("old", live))
        for stage in dict.fromkeys(variant["Stage"] for variant in variants if variant["Stage"])
    ]
    count = f"{_sum('InstanceCount', new):.0f} new instances"
    return f"{status} · {', '.join(stages)} · {count} with {share_of(endpoint):.0%} of the traffic"


def _planned(data: Data) -> str:
    return "has to wait and to plan again" if data["Plan"]["Action"] == "Wait" else ""


def _proof(data: Data) -> str:
    return f"✓ as expected, in {data['Proof']['MaxLatencyMilliseconds']:.0f} ms"


def _undoing(data: Data) -> str:
    undo = data["Undo"]
    return f"undone; left: {', '.join(undo['Left']) or 'nothing'}" if undo["Done"] else ""


def _retired(data: Data) -> str:
    retired = data["Retirement"]["Retired"]
    return f"gone: {', '.join(retired)}" if retired else ""


_NEWS: dict[str, Callable[[Data], str]] = {
    "PlanDeployment": _planned,
    "DescribeEndpoint": _progress,
    "SmokeTestEndpoint": _proof,
    "UndoDeployment": _undoing,
    "RetireRevisions": _retired,
}
