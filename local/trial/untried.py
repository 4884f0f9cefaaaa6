"""Assumptions that a trial does not look at, each with the reason."""

from __future__ import annotations

from local.trial.assumption import Row

_ENDPOINT = "needs an endpoint of its own"
_FAILURE = "needs a failure that nobody can order"

UNTRIED = tuple(
    Row(about, assumed, "", f"not tried: {reason}")
    for about, assumed, reason in (
        ("seconds of a first deployment", "180 s", "depends on the image and the instance"),
        ("the object of a failed asynchronous request", "the message of the error", _ENDPOINT),
        ("an inference component that cannot answer", "ValidationError", _ENDPOINT),
        ("the end of an inference component", "gone at once", _ENDPOINT),
        ("a container that answers 201", "ModelError", _ENDPOINT),
        ("sizes in instances of a variant scaled to none", "accepted", _ENDPOINT),
        ("deployment events of an update", "one for each change of what they report", "they are not waited for"),
        ("an alarm that does not exist", "accepted, and never on", _ENDPOINT),
        ("weights of 0 for a live endpoint", "refused", "if it is accepted, the endpoint answers nobody"),
        ("counts of two variants in one call", "refused", _ENDPOINT),
        ("a scale-out that fails", "the instances stay", _FAILURE),
        ("DesiredInstanceCount after a scale-out that fails", "the count of before", _FAILURE),
        ("weights after an update that is rolled back", "those of before", _FAILURE),
        ("statuses of an update that fails", "Updating, RollingBack, InService", _FAILURE),
    )
)
"""They stand in the report below what was looked at."""
