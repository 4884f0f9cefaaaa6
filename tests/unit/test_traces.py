"""What a step sends to X-Ray: its execution and its endpoint, and none of its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core.context import Context as TraceContext

from deployer import runtime
from deployer.errors import QuotaExceededError
from deployer.json_document import Document
from local.virtual_time.functions import Context

if TYPE_CHECKING:
    from collections.abc import Iterator


EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
PLAN = {"Execution": EXECUTION, "EndpointName": "churn", "Request": {"Environment": {"TOKEN": "hunter2"}}}
STARTED = {"Execution": {"Id": EXECUTION}, "Input": {"TOKEN": "hunter2"}}
ENDED = {"Execution": {"Id": EXECUTION}, "Plan": {"Action": "Create", "EndpointName": "churn"}, "Failure": None}


class Emitter:
    """Keeps what would go to X-Ray."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send_entity(self, entity: Any) -> None:
        """Take a segment that has ended."""
        self.sent.append(entity)


@pytest.fixture
def emitter(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emitter]:
    """Trace for once, within a segment as Lambda opens one."""
    recorder, emitter = runtime.tracer.provider, Emitter()
    monkeypatch.setenv("STACK_NAME", "test")
    monkeypatch.setattr(recorder, "emitter", emitter)
    monkeypatch.setattr(recorder, "context", TraceContext())
    monkeypatch.setattr(runtime.tracer, "disabled", False)
    global_sdk_config.set_sdk_enabled(True)
    recorder.begin_segment("Lambda", sampling=1)
    yield emitter
    global_sdk_config.set_sdk_enabled(False)


def traced(emitter: Emitter, event: Document, fails: bool = False) -> Any:  # noqa: FBT001, FBT002 - a case
    """Run a step and return its part of the trace."""

    @runtime.step
    def create(_: Document) -> Document:
        if fails:
            raise QuotaExceededError("CreateEndpoint: no instance left")
        return {"Answer": "hunter2"}

    if fails:
        with pytest.raises(QuotaExceededError):
            create(event, Context("create_endpoint", "1"))  # type: ignore[arg-type]
    else:
        create(event, Context("create_endpoint", "1"))  # type: ignore[arg-type]
    runtime.tracer.provider.end_segment()
    (segment,) = emitter.sent
    (subsegment,) = segment.subsegments
    return subsegment


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param({"Plan": PLAN}, {"execution": "run-1", "endpoint": "churn"}, id="planned"),
        pytest.param(ENDED, {"execution": "run-1", "endpoint": "churn"}, id="announced"),
        pytest.param(STARTED, {"execution": "run-1"}, id="not planned yet"),
    ],
)
def test_trace_is_annotated_with_execution_and_endpoint(
    emitter: Emitter, event: Document, expected: dict[str, str]
) -> None:
    subsegment = traced(emitter, event)

    assert {
        key: subsegment.annotations[key] for key in subsegment.annotations if key in {"execution", "endpoint"}
    } == expected
    assert subsegment.annotations["Service"] == "endpoint-deployer"


@pytest.mark.parametrize("fails", [False, True], ids=["answers", "fails"])
def test_no_data_of_the_execution_are_traced(emitter: Emitter, fails: bool) -> None:  # noqa: FBT001 - a case
    subsegment = traced(emitter, {"Plan": PLAN}, fails=fails)

    assert "hunter2" not in subsegment.serialize()
    assert getattr(subsegment, "fault", False) is fails
