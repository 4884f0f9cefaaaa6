"""The summary in the event of an outcome: a few sentences for a person who is woken by it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTH = 1_000

_BEGINNINGS = {
    "Deployed": "is in service on {Revision}.",
    "NothingToDo": "serves what was requested already.",
    "Superseded": "a deployment was superseded. {Reason}",
    "AwaitingArtifact": "a request waits for its artifact. {Reason}",
    "Planned": "a dry run has ended. Nothing was changed.",
    "Rejected": "a request was rejected, and nothing was changed. {Cause}",
    "TimedOut": "a deployment was not done in time, and SageMaker may still be at work. {Cause}",
    "Failed": "a deployment failed ({CauseClass}). {Cause}",
}


def summarize(detail: Mapping[str, Any]) -> str:
    """Return the sentences: what happened, why, what the endpoint serves now, and what to do next.

    Quotation marks and backslashes become apostrophes and slashes, so that EventBridge can put the text into JSON.

    Args:
        detail: What else the event says.
    """
    lines = str(detail.get("Cause", "")).splitlines() or [""]
    cause = f"{lines[0]} (and {len(lines) - 1} more problems)" if len(lines) > 1 else lines[0]
    words = {"Revision": "", "Reason": "", "CauseClass": "", **detail, "Cause": _sentence(cause)}
    words["Reason"] = _sentence(str(words["Reason"]))
    name = detail.get("EndpointName")
    parts = [
        f"Endpoint {name}:" if name else "An endpoint that is not named:",
        _BEGINNINGS[detail["Outcome"]].format_map(words),
        _restoration(detail),
        f"Next: {detail['NextAction']}" if "NextAction" in detail else "",
    ]
    text = " ".join(part.strip() for part in parts if part.strip())
    plain = "".join(each if each.isprintable() else " " for each in text.replace('"', "'").replace("\\", "/"))
    return plain if len(plain) <= _LENGTH else f"{plain[:_LENGTH]}…"


def _restoration(detail: Mapping[str, Any]) -> str:
    if "RestoreError" in detail:
        return f"It could not be restored ({detail['RestoreError']}) and may serve what failed."
    restored = detail.get("Restored")
    if restored == "deleted":
        return "The endpoint, which this deployment had created, was deleted."
    return f"It serves {restored} again." if restored else ""


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", ")", "!", "?")) else f"{text}."
