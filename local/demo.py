"""The demo: a model is trained, uploaded, deployed by the shipped stack, and answers. `python -m local.demo`."""

import json
from time import monotonic
from typing import Any

import yaml
from rich.console import Console

from local.build import build
from local.errors import LocalAwsError
from local.execution import follow
from local.hosting import Fault, Settings
from local.interrupts import run_interruptible
from local.sample.training import MANIFEST, Trained, pack, train
from local.server import Server
from local.stack import Stack
from local.story import Story

_SPEED = 20.0
_EXECUTION_SECONDS = 120.0
_RETRIED = ("EndpointConfigNotVisibleError", "ModelNotVisibleError")
_SETTINGS = Settings(
    lag=40.0,
    create_seconds=120.0,
    faults=(
        # By luck each look-up could be answered by a replica that is up to date. These two are not.
        Fault(operation="CreateEndpointConfig", kind="stale", times=1),
        Fault(operation="CreateEndpoint", kind="stale", times=2),
    ),
)


class DemoFailedError(LocalAwsError):
    """Something that the demo shows did not happen."""


def main() -> int:
    """Play the demo; return 0 only if all of it happened."""
    console, begin = Console(highlight=False), monotonic()
    story = Story(console)
    try:
        _play(story)
    except LocalAwsError as error:
        story.say(f"[bold red]The demo failed[/]: {type(error).__name__}: {error}")
        return 1
    story.say(f"[bold green]All of it happened[/], in {monotonic() - begin:.0f} s. Nothing is left running.")
    return 0


def _play(story: Story) -> None:
    with story.chapter("Build the stack with sam build"):
        template = build()
    with story.chapter("Start local AWS, IAM enforced") as remarks:
        server = Server(speed=_SPEED)
        remarks.append(server.url)
    with server:
        with story.chapter("Deploy the stack with sam deploy"):
            stack = Stack.deploy(server, template, {})
        with story.chapter("Train a model") as remarks:
            trained = train()
            remarks.append(f"right for {trained.accuracy:.0%} of {len(trained.diagnoses)} tumours it has not seen")
        _deploy(story, stack, trained)
        _invoke(story, stack, trained)


def _deploy(story: Story, stack: Stack, trained: Trained) -> None:
    stack.server.control.settings = _SETTINGS
    story.say(f"SageMaker's replicas lag up to {_SETTINGS.lag:g} s; its clock runs {_SPEED:g} times as fast as ours")
    folder = f"models/{_endpoint_name()}"
    _upload(story, stack, f"{folder}/deployment.yaml", MANIFEST.read_bytes(), "AwaitingArtifact")
    _upload(story, stack, f"{folder}/model.tar.gz", pack(trained), "Deployed")
    if not any(story.retries[error] for error in _RETRIED):
        raise DemoFailedError("The replicas lagged, and yet nothing was retried")


def _upload(story: Story, stack: Stack, key: str, body: bytes, expected: str) -> None:
    execution = stack.execution_of(stack.upload(key, body))
    story.say(f"[green]↑[/] s3://{stack.outputs.artifact_bucket}/{key}")
    story.follow(follow(stack.server.client("stepfunctions"), execution, timeout=_EXECUTION_SECONDS))
    outcome = stack.outcome_of(execution)
    told = " ".join(filter(None, [f"[bold]{outcome['Outcome']}[/]", outcome.get("Revision")]))
    story.say(f"[green]✉[/] The event bus was told: {told}")
    if outcome["Outcome"] != expected:
        raise DemoFailedError(f"The outcome is {outcome['Outcome']}, not {expected}: {outcome.get('Cause', '')}")


def _invoke(story: Story, stack: Stack, trained: Trained) -> None:
    runtime = stack.server.client("sagemaker-runtime")
    for diagnosis in ("malignant", "benign"):
        measurements = trained.measurements[trained.diagnoses.index(diagnosis)]
        answer = _prediction(runtime, measurements)
        own = trained.predict(measurements)
        story.say(
            f"[green]✓[/] {_endpoint_name()} says [bold]{answer['class']}[/] ({answer['probability']:.1%}); "
            f"the model on this machine says {own}; the diagnosis is {diagnosis}"
        )
        if answer["class"] != own:
            raise DemoFailedError(f"The endpoint says {answer['class']}, the model itself says {own}")


def _prediction(runtime: Any, measurements: list[float]) -> dict[str, Any]:
    body = ",".join(map(str, measurements))
    answer = runtime.invoke_endpoint(EndpointName=_endpoint_name(), ContentType="text/csv", Body=body)
    prediction: dict[str, Any] = json.loads(answer["Body"].read())["predictions"][0]
    return prediction


def _endpoint_name() -> str:
    return str(yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["EndpointName"])


if __name__ == "__main__":
    run_interruptible(main)
