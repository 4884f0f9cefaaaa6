"""The demo, as a newcomer plays it."""

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

from deployer.request.smoke_test import Answer, SmokeTest, disappointments
from local.aws.execution import Moment
from local.aws.processes import ProgramFailedError
from local.demo import demo
from local.demo.sample.client import Client, ClientFailedError
from local.demo.sample.training import MANIFEST
from local.demo.story import Story
from local.settings import ROOT

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.demo.sample.training import Trained

DEMO_SECONDS = 240
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def cast() -> demo.Cast:
    """The models of the demo."""
    return demo.Cast.trained()


def manifest(endpoint: str, *without: str) -> bytes:
    """Return the demo's manifest for another endpoint, without some of its members."""
    request = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return yaml.safe_dump({k: v for k, v in request.items() if k not in without} | {"EndpointName": endpoint}).encode()


def moment(kind: str, *, state: str = "DescribeEndpoint", **changes: Any) -> Moment:
    """Return something that happens in an execution."""
    return Moment(at=STARTED, state=state, kind=kind, **changes)


def seen(status: str, share: float | None) -> dict[str, Any]:
    """Return an execution's data after a look at an endpoint; the share of the traffic is the new fleet's, if any."""
    weights = {} if share is None else {"Live": 1.0, "New": share}
    return {
        "Endpoint": {
            "EndpointStatus": status,
            "Variants": [
                {"Fleet": fleet, "Stage": "Baking", "Weight": weight, "InstanceCount": 1}
                for fleet, weight in weights.items()
            ],
        }
    }


def answer_of(model: Trained, tumours: list[list[float]]) -> Answer:
    """Return what an endpoint answers that serves a model."""
    return Answer(200, json.dumps({"predictions": model.predictions(tumours)}).encode(), 1.0)


def test_demo_shows_three_models_from_upload_to_answers() -> None:
    """It ends with status 0, and its plain lines tell of uploads, retries, a canary, smoke tests and the client."""
    played = subprocess.run(
        [sys.executable, "-m", "local.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "\x1b" not in played.stdout
    for line in (
        r"The event bus was told: AwaitingArtifact",
        r"models/tumours/1/model\.tar\.gz",
        r"CreateEndpointConfig +↻+ ModelNotVisibleError",
        r"CreateEndpoint +↻+ EndpointConfigNotVisibleError",
        r"SmokeTestEndpoint +✓ as expected",
        r"The event bus was told: Deployed tumours-",
        r"The endpoint answers for 143 tumours as the first model on this machine does, for 88% rightly",
        r"models/tumours/2/model\.tar\.gz",
        r"DescribeEndpoint +Updating.* 25% of the traffic",
        r"The endpoint answers for 143 tumours as the better model on this machine does, for 96% rightly",
        r"models/tumours/3/model\.tar\.gz",
        r"SmokeTestEndpoint +✗ SmokeTestFailedError",
        r"UndoDeployment +undone; left: nothing",
        r"The event bus was told: Failed tumours-\S+ SmokeTestFailedError",
        r"The client got \d+ answers in \d+ s, and none failed",
    ):
        assert re.search(line, played.stdout), line


def test_demo_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever of it does not happen, the demo names it and does not end with status 0."""

    def fail() -> None:
        raise ProgramFailedError("sam build ended with status 1")

    monkeypatch.setattr(demo, "build", fail)

    assert demo.main() == 1
    assert "sam build ended with status 1" in capsys.readouterr().out


def test_what_does_not_happen_is_noticed(stack: Stack, cast: demo.Cast) -> None:
    """Where nothing lags, no canary is asked for and no smoke test, there is nothing of what the acts have to show."""
    acts = demo.Acts(Story(Console(quiet=True)), stack, manifest("unproven", "DeploymentConfig", "SmokeTest"), cast)

    with pytest.raises(demo.DemoFailedError, match="nothing was retried"):
        acts.begin()
    with pytest.raises(demo.DemoFailedError, match="no traffic before it got all of it"), acts.client() as client:
        acts.improve(client)
    with pytest.raises(demo.DemoFailedError, match=r"The outcome is Deployed .*, not Failed"):
        acts.spoil(stack.endpoint("unproven")["EndpointConfigName"])


def test_client_counts_what_it_did_not_get(stack: Stack, cast: demo.Cast) -> None:
    """It asks once for each answer, and an endpoint that does not answer fails it."""
    runtime, tumour = stack.server.client("sagemaker-runtime"), cast.first.measurements[0]

    with Client(runtime, "missing", tumour, {"first": cast.first.predictions([tumour])[0]}) as client:
        pass

    with pytest.raises(ClientFailedError, match=r"answers failed.*Endpoint missing"):
        client.counts()


def test_client_counts_wrong_answers(stack: Stack, cast: demo.Cast, artifact: bytes) -> None:
    """An answer that is none of the models', fails it, too."""
    stack.outcome_of(stack.execution_of(stack.upload("models/other/model.tar.gz", artifact)))
    runtime, tumour = stack.server.client("sagemaker-runtime"), cast.first.measurements[0]

    with Client(runtime, "other", tumour, {"first": cast.first.predictions([tumour])[0]}) as client:
        pass

    with pytest.raises(ClientFailedError, match="No model answers"):
        client.counts()


def test_smoke_test_knows_good_models_from_broken_ones(cast: demo.Cast) -> None:
    """The tumours in the manifest are ones that no model has seen, and only the broken model takes them for others."""
    test = SmokeTest.model_validate(yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["SmokeTest"])
    tumours = [[float(number) for number in row.split(",")] for row in (test.body or "").splitlines()]

    passed = {
        name: not list(disappointments(test.expect, answer_of(model, tumours))) for name, model in cast.models.items()
    }

    assert all(tumour in cast.first.measurements for tumour in tumours)
    assert passed == {"first": True, "better": True, "broken": False}


@pytest.mark.parametrize(
    ("is_terminal", "news"),
    [
        pytest.param(False, ["↻↻ EndpointNotVisibleError", "Updating", "Updating.* 25%", "InService"], id="plain"),
        pytest.param(
            True, ["↻↻ EndpointNotVisibleError", "Updating.* → 25% of the traffic → InService"], id="terminal"
        ),
    ],
)
def test_story_tells_changes_once(is_terminal: bool, news: list[str]) -> None:  # noqa: FBT001 - a parameter
    """A loop is a line for each change in plain output, and in all one line on a terminal; retries are one for each."""
    told = io.StringIO()
    story = Story(Console(file=told, width=200, highlight=False, force_terminal=is_terminal))
    looks = [("Updating", 0.0), ("Updating", 0.0), ("Updating", 0.25), ("Updating", 0.25), ("InService", None)]
    moments = [
        moment("ExecutionStarted"),
        moment("TaskStateEntered"),
        *[
            each
            for _ in range(2)
            for each in (moment("TaskFailed", error="EndpointNotVisibleError"), moment("TaskScheduled"))
        ],
        *[each for look in looks for each in (moment("TaskStateEntered"), moment("TaskStateExited", data=seen(*look)))],
        moment("SucceedStateEntered", state="Deployed"),
    ]

    summary = story.follow(moments)

    lines = re.findall(r"0\.0 s\S*  DescribeEndpoint +(.+)", re.sub(r"\x1b\[[\d;?]*\w", "", told.getvalue()))
    assert len(lines) == len(news)
    assert all(re.match(pattern, line) for pattern, line in zip(news, lines, strict=True))
    assert summary.retries == {"EndpointNotVisibleError": 2}
    assert summary.shares == [0.0, 0.0, 0.25, 0.25, 0.0]
