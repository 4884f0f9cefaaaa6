"""What every step runs in: logs that name the execution, and adapters on its behalf."""

from __future__ import annotations

import io
import json

import pytest

from deployer.errors import QuotaExceededError
from deployer.json_document import Document
from deployer.runtime import logger, step
from local.virtual_time.functions import Context

PLAN = {"Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1", "EndpointName": "churn"}


def test_error_is_logged_with_its_name_its_execution_and_its_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setenv("STACK_NAME", "test")
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    @step
    def refuse(_: Document) -> Document:
        raise QuotaExceededError("CreateEndpoint: no instance left")

    with pytest.raises(QuotaExceededError):
        refuse({"Plan": PLAN, "Secret": "hunter2"}, Context("create_endpoint", "1"))  # type: ignore[arg-type]

    line = next(json.loads(line) for line in log.getvalue().splitlines() if "Step raised" in line)
    assert (line["execution"], line["endpoint"]) == ("run-1", "churn")
    assert (line["error"], line["cause"]) == ("QuotaExceededError", "CreateEndpoint: no instance left")
    assert "hunter2" not in log.getvalue()
