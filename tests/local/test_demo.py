"""The demo: what it shows, what it notices, and how it prints the progress of an execution."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rich.console import Console

from deployer.json_document import Document
from deployer.request.expectations import Answer, mismatches
from deployer.request.smoke_test import SmokeTest
from endpoint_deployer.aws.history import Moment
from endpoint_deployer.view.progress import Progress
from endpoint_deployer.view.progress_view import ProgressView
from local.aws.processes import ProgramFailedError
from local.demo import __main__ as program
from local.demo.demo import Demo
from local.demo.demo_models import DemoFailedError, DemoModels
from local.demo.sample.client import Client, ClientFailedError
from local.demo.sample.training import MANIFEST
from local.environment import ROOT

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.demo.sample.training import Trained

DEMO_SECONDS = 240
STARTED = datetime(2026, 1, 1, tzinfo=UTC)

LINES = (
    r"Event on the bus: AwaitingArtifact",
    r"models/tumours/model\.tar\.gz · the first model",
    r"StoreRevision +exact copy revisions/tumours/artifacts/\w+/model\.tar\.gz",
    r"CreateEndpointConfig +↻+ ModelNotVisibleError",
    r"CreateEndpoint +↻+ EndpointConfigNotVisibleError",
    r"DescribeEndpoint +Creating",
    r"DescribeEndpoint +InService",
    r"SmokeTestEndpoint +✓ as expected",
    r"Event on the bus: Deployed tumours-",
    r"The endpoint answers for 143 tumours as the first model on this machine does, for 88% rightly",
    r"models/tumours/model\.tar\.gz · the better model",
    r"DescribeEndpoint +Updating.* 25% of the traffic",
    r"The endpoint answers for 143 tumours as the better model on this machine does, for 96% rightly",
    r"models/tumours/model\.tar\.gz · a broken model",
    r"SmokeTestEndpoint +✗ SmokeTestFailedError",
    r"RestoreEndpoint +✓ the endpoint is as it was",
    r"Event on the bus: Failed tumours-\S+ SmokeTestFailedError",
    r"as the better model on this machine does, .* although models/tumours/model\.tar\.gz holds the broken one now",
    r"an application's event: go back",
    r"PlanDeployment +goes back to what tumours-\S+ was made of",
    r"as the first model on this machine does, .*: its bytes come from the stored copy",
    r"The client got \d+ answers in \d+ s, and none failed",
    r"revisions/tumours/ keeps 3 exact copies and 4 requests",
    r"A dry run of the sweep, .* names the broken model's endpoint config, model, revision, artifact, and nothing",
)
"""What the demo prints, in this order, among other lines."""


@pytest.fixture(scope="module")
def models() -> DemoModels:
    """The models of the demo."""
    return DemoModels.train()


def manifest(endpoint: str, *without: str) -> bytes:
    """Return the demo's manifest for another endpoint, without some of its members."""
    request = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return yaml.safe_dump({k: v for k, v in request.items() if k not in without} | {"EndpointName": endpoint}).encode()


def moment(kind: str, *, state: str = "DescribeEndpoint", **changes: Any) -> Moment:
    """Return an event of an execution."""
    return Moment(at=STARTED, state=state, kind=kind, **changes)


def endpoint(status: str, share: float | None = None) -> Document:
    """Return a description of an endpoint; the share of the traffic is the new fleet's, if there is one."""
    described: Document = {"EndpointStatus": status, "ProductionVariants": [{"CurrentWeight": 1.0}]}
    if share is not None:
        baking = {"CurrentWeight": share, "CurrentInstanceCount": 1, "VariantStatus": [{"Status": "Baking"}]}
        described["PendingDeploymentSummary"] = {"ProductionVariants": [baking]}
    return described


def answer_of(model: Trained, tumours: list[list[float]]) -> Answer:
    """Return what an endpoint answers that serves a model."""
    return Answer(200, json.dumps({"predictions": model.predictions(tumours)}).encode(), 1.0)


def test_demo_shows_three_models_and_a_rollback() -> None:
    """It ends with status 0; its plain lines show uploads, retries, a canary, smoke tests, copies and the client."""
    demo = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "\x1b" not in demo.stdout
    rest = demo.stdout
    for line in LINES:
        found = re.search(line, rest)
        assert found, f"{line}\n\n{demo.stdout}"
        rest = rest[found.start() :]


def test_failed_demo_ends_with_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo names any failure and ends with status 1."""

    def fail() -> None:
        raise ProgramFailedError("sam build ended with status 1")

    monkeypatch.setattr(program, "build", fail)
    monkeypatch.setattr(sys, "argv", ["demo"])

    assert program.main() == 1
    assert "sam build ended with status 1" in capsys.readouterr().out


def test_demo_fails_if_a_step_has_no_effect(stack: Stack, models: DemoModels) -> None:
    """It fails without a lag, a canary and a smoke test, for it does not see what it is to show."""
    plain = manifest("unguarded", "DeploymentConfig", "SmokeTest")
    demo = Demo(Progress(Console(quiet=True)), stack, plain, models)

    with pytest.raises(DemoFailedError, match="nothing was retried"):
        demo.deploy_first()
    with pytest.raises(DemoFailedError, match="no traffic before it got all of it"), demo.client() as client:
        demo.deploy_better(client)
    with pytest.raises(DemoFailedError, match=r"The outcome is Deployed .*, not Failed"):
        demo.deploy_broken(stack.endpoint("unguarded")["EndpointConfigName"])


def test_client_counts_missing_answers(stack: Stack, models: DemoModels) -> None:
    """It makes each call once, and a call without an answer is a failure."""
    runtime, tumour = stack.server.client("sagemaker-runtime"), models.first.measurements[0]

    with Client(runtime, "missing", tumour, {"first": models.first.predictions([tumour])[0]}) as client:
        pass

    with pytest.raises(ClientFailedError, match=r"answers failed.*Endpoint missing"):
        client.counts()


def test_client_counts_wrong_answers(stack: Stack, models: DemoModels, artifact: bytes) -> None:
    """An answer that no model gives is a failure, too."""
    stack.outcome_of(stack.execution_of(stack.upload("models/other/model.tar.gz", artifact)))
    runtime, tumour = stack.server.client("sagemaker-runtime"), models.first.measurements[0]

    with Client(runtime, "other", tumour, {"first": models.first.predictions([tumour])[0]}) as client:
        pass

    with pytest.raises(ClientFailedError, match="No model answers"):
        client.counts()


def test_smoke_test_fails_the_broken_model_only(models: DemoModels) -> None:
    """No model was trained on the tumours in the manifest, and only the broken one classifies them wrongly."""
    test = SmokeTest.model_validate(yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["SmokeTest"])
    tumours = [[float(number) for number in row.split(",")] for row in (test.body or "").splitlines()]

    passed = {
        name: not list(mismatches(test.expect, answer_of(model, tumours))) for name, model in models.by_name.items()
    }

    assert all(tumour in models.first.measurements for tumour in tumours)
    assert passed == {"first": True, "better": True, "broken": False}


@pytest.mark.parametrize(
    ("is_terminal", "summaries"),
    [
        pytest.param(False, ["↻↻ EndpointNotVisibleError", "Updating", "Updating.* 25%", "InService"], id="plain"),
        pytest.param(
            True, ["↻↻ EndpointNotVisibleError", "Updating.* → 25% of the traffic → InService"], id="terminal"
        ),
    ],
)
def test_progress_view_shows_each_change_once(is_terminal: bool, summaries: list[str]) -> None:  # noqa: FBT001 - a parameter
    """Plain output has a line for each change, and a terminal one line in all; retries are an arrow each."""
    printed = io.StringIO()
    console = Console(file=printed, width=200, highlight=False, force_terminal=is_terminal)
    view = ProgressView(Progress(console), folds=is_terminal)
    retry = (moment("TaskFailed", error="EndpointNotVisibleError"), moment("TaskScheduled"))

    view.follow([moment("ExecutionStarted"), moment("TaskStateEntered"), *retry, *retry])
    # A replica that lags answers with what was shown already, or with the status from before the update.
    looks = [("InService", None), ("Updating", 0.0), ("InService", None), ("Updating", 0.25), ("Updating", 0.0)]
    for status, share in looks:
        view.on_endpoint(endpoint(status, share))
    observations = view.follow(
        [
            moment("TaskStateExited", data={"Endpoint": {"InService": True, "EndpointStatus": "InService"}}),
            moment("SucceedStateEntered", state="Deployed"),
        ]
    )

    lines = re.findall(r"[\d.]+ s\S*  DescribeEndpoint +(.+)", re.sub(r"\x1b\[[\d;?]*\w", "", printed.getvalue()))
    assert len(lines) == len(summaries)
    assert all(re.match(pattern, line) for pattern, line in zip(summaries, lines, strict=True))
    assert observations.retries == {"EndpointNotVisibleError": 2}
    assert observations.shares == [0.0, 0.25, 0.0]
    assert observations.end == "Deployed"


def test_progress_view_takes_a_look_without_an_event_for_no_failure() -> None:
    """The wait for an event that does not come ends in a timeout, which the state machine expects."""
    printed = io.StringIO()
    view = ProgressView(Progress(Console(file=printed, width=200)), folds=False)

    observations = view.follow(
        [
            moment("ExecutionStarted"),
            moment("TaskStateEntered"),
            moment("TaskTimedOut", error="States.Timeout"),
            moment("TaskStateExited", data={}),
        ]
    )

    assert not observations.failures
    assert "Timeout" not in printed.getvalue()
