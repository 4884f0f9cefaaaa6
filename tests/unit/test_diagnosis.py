"""What went wrong, as a class and one next step, by SageMaker's real messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deployer import errors
from deployer.diagnosis import NEXT_ACTIONS, CauseClass, cause_class, failing_variant, is_shown_by_log

MESSAGES = [json.loads(line) for line in Path(__file__).with_name("sagemaker_errors.jsonl").read_text().splitlines()]
OPERATIONS = Path(__file__).parents[2].joinpath("docs/operations.md").read_text()

REASONS = {
    "due to InsufficientInstanceCapacity": CauseClass.CAPACITY,
    "Unable to locate at least 2 availability zone(s)": CauseClass.CAPACITY,
    "did not pass the ping health check": CauseClass.HEALTH_CHECK,
    "CannotStartContainerError": CauseClass.CONTAINER_START,
    "Image size 12704675783": CauseClass.IMAGE,
    "The image '763104351884": CauseClass.IMAGE,
    "Failed to extract model data archive": CauseClass.ARCHIVE,
    "Failed to download model data": CauseClass.MODEL_DATA,
}
"""The class of each FailureReason, by a part of it."""

REFUSALS = {
    "Could not access model data at": CauseClass.ROLE,
    "Could not find model data at": CauseClass.MODEL_DATA,
    "Requested image": CauseClass.IMAGE,
    "Unsupported manifest media type": CauseClass.IMAGE,
    "The account-level service limit": CauseClass.QUOTA,
    "Failed to set desired instance count": CauseClass.QUOTA,
}
"""The class of answers to calls; all others are those of a wrong request."""


def reasons() -> list[str]:
    """Return the real texts of FailureReason."""
    return [each["message"] for each in MESSAGES if each["code"] == "FailureReason"]


@pytest.mark.parametrize("reason", reasons())
@pytest.mark.parametrize(
    ("error", "form"),
    [
        pytest.param("EndpointFailedError", "Endpoint churn is Failed: {}", id="failed"),
        pytest.param("UpdateRolledBackError", "Endpoint churn serves churn-1 again: {}", id="rolled back"),
    ],
)
def test_reason_of_an_endpoint_has_its_class(reason: str, error: str, form: str) -> None:
    (expected,) = {cause for part, cause in REASONS.items() if part in reason}

    assert cause_class(error, form.format(reason)) is expected


@pytest.mark.parametrize(
    "message",
    [each["message"] for each in MESSAGES if each["code"] in {"ValidationException", "ResourceLimitExceeded"}],
)
def test_answer_to_a_call_has_its_class(message: str) -> None:
    expected = next((cause for part, cause in REFUSALS.items() if message.startswith(part)), CauseClass.REQUEST)

    assert cause_class("SageMakerRejectedError", message) is expected


@pytest.mark.parametrize(
    ("error", "message", "expected"),
    [
        ("UpdateRolledBackError", "Endpoint churn serves churn-1 again: In state ALARM: churn-5xx.", CauseClass.ALARM),
        ("UpdateRolledBackError", "Endpoint churn serves churn-1 again: It was aborted by hand.", CauseClass.ABORTED),
        ("UpdateRolledBackError", "Endpoint churn serves churn-1 again: SageMaker gives no reason", CauseClass.UNKNOWN),
        ("EndpointFailedError", "Request to service failed. If failure persists", CauseClass.SERVICE),
        (
            "EndpointFailedError",
            "CapacityError: Unable to provision requested ML compute capacity.",
            CauseClass.CAPACITY,
        ),
        ("UpdateRolledBackError", "longer than MaximumExecutionTimeoutInSeconds.", CauseClass.TIMEOUT),
        ("SmokeTestFailedError", "Answer 1 of 1: ping health check", CauseClass.SMOKE_TEST),
        ("QuotaExceededError", "CreateEndpoint: no instance left", CauseClass.QUOTA),
        ("AccessDeniedError", "not authorized", CauseClass.PERMISSION),
        ("Lambda.Unknown", "", CauseClass.UNKNOWN),
    ],
)
def test_error_has_its_class(error: str, message: str, expected: CauseClass) -> None:
    assert cause_class(error, message) is expected


def test_every_class_has_one_next_action_which_the_documents_have_too() -> None:
    assert NEXT_ACTIONS.keys() == set(CauseClass)
    assert not [cause for cause, action in NEXT_ACTIONS.items() if f"| `{cause}` | " not in OPERATIONS]
    assert not [action for action in NEXT_ACTIONS.values() if f" | {action} |\n" not in OPERATIONS]


def test_errors_that_have_a_class_of_their_own_exist() -> None:
    """A renamed error keeps its class."""
    own = [name for name in vars(errors) if name.endswith("Error") and cause_class(name, "") is not CauseClass.UNKNOWN]

    assert {"RoleNotReadyError", "QuotaExceededError", "SmokeTestFailedError", "AccessDeniedError"} <= set(own)
    assert len(own) == 18


def test_failing_variant_is_the_one_that_sagemaker_names() -> None:
    named = {name for reason in reasons() if (name := failing_variant(reason))}

    assert named == {"beta", "AllTraffic"}
    assert failing_variant("Image size 1 is greater") == ""


def test_log_shows_failures_of_containers_only() -> None:
    assert is_shown_by_log(CauseClass.HEALTH_CHECK)
    assert not is_shown_by_log(CauseClass.CAPACITY)
