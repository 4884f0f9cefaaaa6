"""What every step runs in: settings, and logs that tell whose they are."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from deployer.errors import QuotaExceededError
from deployer.runtime import Settings, logger, step
from local.virtual_time.functions import Context

PLAN = {"Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1", "EndpointName": "churn"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that the template sets."""
    for name, value in {
        "ACCOUNT_ID": "111122223333",
        "STACK_NAME": "test",
        "ARTIFACT_BUCKET": "artifacts",
        "ARTIFACT_PREFIX": "models/",
        "EXECUTION_ROLE_ARN": "arn:aws:iam::111122223333:role/r",
        "ALLOWED_BUCKET_ARNS": "arn:aws:s3:::data, arn:aws:s3:::more",
        "ALLOWED_IMAGES": "",
        "ALLOW_NEWER_VALUES": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_settings_are_what_the_template_says() -> None:
    """Lists are split, empty ones allow everything, and the stack's own bucket and role are always allowed."""
    allowances = Settings.from_environment().allowances

    assert allowances.buckets == ("artifacts", "data", "more")
    assert allowances.role_patterns == ("arn:aws:iam::111122223333:role/r",)
    assert allowances.image_patterns == ()
    assert allowances.open_enums


@pytest.mark.usefixtures("environment")
def test_an_error_is_logged_by_its_name_with_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of the log names execution, endpoint and error; the error goes on to the state machine."""
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    @step
    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise QuotaExceededError("CreateEndpoint: no instance left")

    with pytest.raises(QuotaExceededError):
        refuse({"Plan": PLAN, "Secret": "hunter2"}, Context("create_endpoint", "1"))  # type: ignore[arg-type]

    line = next(json.loads(line) for line in log.getvalue().splitlines() if "Step raised" in line)
    assert (line["execution"], line["endpoint"]) == ("run-1", "churn")
    assert (line["error"], line["cause"]) == ("QuotaExceededError", "CreateEndpoint: no instance left")
    assert "hunter2" not in log.getvalue()
