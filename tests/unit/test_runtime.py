"""What every step runs in: logs that name the execution, and adapters on its behalf."""

from __future__ import annotations

import io
import json

import pytest

from deployer.errors import QuotaExceededError
from deployer.json_document import Document
from deployer.runtime import logger, step
from tests.unit.lambda_context import lambda_context

EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
PLAN = {"Execution": EXECUTION, "EndpointName": "churn"}
UPLOAD = {"detail-type": "Object Created", "detail": {"object": {"key": "models/churn/model.tar.gz"}}}
CHANGED = {"detail-type": "SageMaker Endpoint State Change", "detail": {"EndpointName": "churn"}}


def test_error_is_logged_with_its_name_its_execution_and_its_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setenv("STACK_NAME", "test")
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    @step()
    def refuse(_: Document) -> Document:
        raise QuotaExceededError("CreateEndpoint: no instance left")

    with pytest.raises(QuotaExceededError):
        refuse({"Plan": PLAN, "Secret": "hunter2"}, lambda_context("create_endpoint"))

    line = next(json.loads(line) for line in log.getvalue().splitlines() if "Step raised" in line)
    assert (line["execution"], line["endpoint"]) == ("run-1", "churn")
    assert (line["error"], line["cause"]) == ("QuotaExceededError", "CreateEndpoint: no instance left")
    assert "hunter2" not in log.getvalue()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"Plan": PLAN}, {"execution": "run-1", "endpoint": "churn"}, id="planned"),
        pytest.param(
            {"Execution": {"Id": EXECUTION}, "Plan": {"Action": "Create", "EndpointName": "churn"}, "Failure": None},
            {"execution": "run-1", "endpoint": "churn"},
            id="announced",
        ),
        pytest.param({"Execution": {"Id": EXECUTION}, "Input": {}}, {"execution": "run-1"}, id="not planned yet"),
        pytest.param(
            {"Execution": {"Id": EXECUTION}, "Input": UPLOAD},
            {"execution": "run-1", "endpoint": "churn"},
            id="upload, not planned yet",
        ),
        pytest.param(CHANGED, {"endpoint": "churn"}, id="event of SageMaker"),
    ],
)
def test_each_line_of_the_log_names_trace_execution_and_endpoint(
    monkeypatch: pytest.MonkeyPatch, event: Document, expected: dict[str, str]
) -> None:
    """X-Ray's own id of the trace leads from a line to the trace of its execution, and back."""
    log = io.StringIO()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-6a7e8feb-0123456789abcdef01234567;Parent=1;Sampled=1")
    monkeypatch.setenv("ARTIFACT_PREFIX", "models/")
    monkeypatch.setattr(logger.registered_handler, "stream", log)

    @step()
    def log_line(_: Document) -> Document:
        logger.info("Line")
        return {}

    log_line(event, lambda_context("create_endpoint"))

    line = json.loads(log.getvalue())
    assert {key: line[key] for key in ("execution", "endpoint") if key in line} == expected
    assert line["xray_trace_id"] == "1-6a7e8feb-0123456789abcdef01234567"
