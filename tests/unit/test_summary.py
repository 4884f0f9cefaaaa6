"""What a person reads who is woken by an outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.outcome import Outcome
from deployer.summary import summarize

if TYPE_CHECKING:
    from deployer.json_document import Document


def detail(outcome: str, **more: Any) -> Document:
    """Build what an event says."""
    return {"Outcome": outcome, "EndpointName": "churn", **more}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(
            detail(
                "Failed",
                CauseClass="HealthCheck",
                Cause="Endpoint churn is Failed: The container did not pass the ping health check.",
                NextAction="Read the container's log.",
                Restored="churn-0",
            ),
            "Endpoint churn: a deployment failed (HealthCheck). Endpoint churn is Failed: The container did not pass "
            "the ping health check. It serves churn-0 again. Next: Read the container's log.",
            id="failed",
        ),
        pytest.param(
            detail("Failed", CauseClass="Image", Cause='no "image"', NextAction="Push it.", Restored="deleted"),
            "Endpoint churn: a deployment failed (Image). no 'image'. The endpoint, which this deployment had created, "
            "was deleted. Next: Push it.",
            id="first deployment",
        ),
        pytest.param(
            detail("Failed", CauseClass="SmokeTest", Cause="x.", NextAction="Do.", RestoreError="AccessDeniedError"),
            "Endpoint churn: a deployment failed (SmokeTest). x. It could not be restored (AccessDeniedError) and may "
            "serve what failed. Next: Do.",
            id="not restored",
        ),
        pytest.param(
            {"Outcome": "Rejected", "Cause": "a: is wrong\nb: is wrong\nc: is wrong", "NextAction": "Correct it."},
            "An endpoint that is not named: a request was rejected, and nothing was changed. a: is wrong (and 2 more "
            "problems) Next: Correct it.",
            id="rejected",
        ),
        pytest.param(
            detail("Superseded", Reason="Endpoint churn serves churn-2, which was requested later"),
            "Endpoint churn: a deployment was superseded. Endpoint churn serves churn-2, which was requested later.",
            id="superseded",
        ),
        pytest.param(
            detail("Deployed", Revision="churn-1"), "Endpoint churn: is in service on churn-1.", id="deployed"
        ),
    ],
)
def test_summary_has_the_event_and_the_next_step(event: Document, expected: str) -> None:
    assert summarize(event) == expected


@pytest.mark.parametrize("outcome", Outcome)
@given(text=st.text())
def test_summary_fits_any_json_text(outcome: Outcome, text: str) -> None:
    """EventBridge puts it between quotation marks as it is."""
    summary = summarize(detail(outcome, Cause=text, Reason=text, CauseClass="X", Revision="r"))

    assert json.loads(f'"{summary}"') == summary
    assert len(summary) <= 1_001
