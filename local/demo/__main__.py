"""The demo: a model goes live, a better one takes over, a broken one is sent back. `python -m local.demo`."""

from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

import yaml
from rich.console import Console

from local.aws.build import build
from local.aws.errors import LocalAwsError
from local.aws.execution import follow
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.aws.stack import Stack
from local.demo.sample.client import Client, invoke
from local.demo.sample.training import MANIFEST, Trained, pack, train
from local.demo.story import Seen, Story
from local.simulator import Fault, Settings

_SPEED = 60.0
_LAG = 30.0
_EXECUTION_SECONDS = 120.0
_FEW = 20
_RETRIED = ("EndpointConfigNotVisibleError", "ModelNotVisibleError")
_SETTINGS = Settings(
    lag=_LAG,
    create_seconds=90.0,
    update_seconds=90.0,
    faults=(
        # By luck each look-up could be answered by a replica that is up to date. These two are not.
        Fault(operation="CreateEndpointConfig", kind="stale", times=1),
        Fault(operation="CreateEndpoint", kind="stale", times=1),
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
        remarks += [server.url, f"its clock runs {_SPEED:g} times as fast as ours, its replicas lag up to {_LAG:g} s"]
    with server:
        with story.chapter("Deploy the stack with sam deploy") as remarks:
            stack = Stack.deploy(server, template, {})
            remarks.append(f"s3://{stack.outputs.artifact_bucket}")
        with story.chapter("Train three models") as remarks:
            cast = Cast.trained()
            remarks += [f"{name}: {model.accuracy:.0%} right" for name, model in cast.models.items()]
        stack.server.control.settings = _SETTINGS
        Acts(story, stack, MANIFEST.read_bytes(), cast).play()


@dataclass(frozen=True)
class Cast:
    """The models that appear.

    Attributes:
        first: Has learnt from a few tumours.
        better: Has learnt from all.
        broken: Has learnt from swapped labels. It answers at once and in the right form, and nearly always wrongly.
    """

    first: Trained
    better: Trained
    broken: Trained

    @classmethod
    def trained(cls) -> Self:
        """Train them all."""
        return cls(train(_FEW), train(), train(labels_are_swapped=True))

    @property
    def models(self) -> dict[str, Trained]:
        """All of them by name."""
        return vars(self)


class Acts:
    """What the demo shows on a stack that is up.

    Args:
        story: Who tells it.
        stack: The stack.
        manifest: The `deployment.yaml` by which all models are deployed.
        cast: The models.
    """

    def __init__(self, story: Story, stack: Stack, manifest: bytes, cast: Cast) -> None:
        self._story = story
        self._stack = stack
        self._manifest = manifest
        self._cast = cast
        self._endpoint = str(yaml.safe_load(manifest)["EndpointName"])
        self._runtime = stack.server.client("sagemaker-runtime")

    def play(self) -> None:
        """Play all acts.

        Raises:
            DemoFailedError: Something did not happen as it should.
            ClientFailedError: An answer that the client got was none, or none of a model's.
        """
        self._make_alarms()
        self.begin()
        with self.client() as client:
            revision = self.improve(client)
            self.spoil(revision)
        counts = client.counts()
        if missing := self._cast.models.keys() - counts.keys():
            raise DemoFailedError(f"The client got no answer of these models: {', '.join(missing)}")
        of = ", ".join(f"{count} of the {name} model" for name, count in counts.items())
        self._story.say(
            f"[green]✓[/] The client got {counts.total()} answers in {client.seconds:.0f} s, and none failed: {of}"
        )

    def begin(self) -> None:
        """Act one: the first model makes the endpoint, though what was created is not visible at once."""
        self._upload("the request", "deployment.yaml", self._manifest, "AwaitingArtifact")
        _, seen = self._upload("the first model", "1/model.tar.gz", pack(self._cast.first), "Deployed")
        if not any(seen.retries[error] for error in _RETRIED):
            raise DemoFailedError("The replicas lagged, and yet nothing was retried")
        self._compare("first")

    def improve(self, client: Client) -> str:
        """Act two: the better model takes over, first for a part of the traffic; return its revision."""
        intro = "the better model, while a client keeps invoking the endpoint"
        outcome, seen = self._upload(intro, "2/model.tar.gz", pack(self._cast.better), "Deployed")
        if not any(0 < share < 1 for share in seen.shares):
            raise DemoFailedError("The better model got no traffic before it got all of it")
        both = client.side_by_side("first", "better")
        mixed = f"; while both answered, it gave {both['better']} of {both.total()} answers" if both else ""
        self._compare("better", mixed)
        return str(outcome["Revision"])

    def spoil(self, revision: str) -> None:
        """Act three: the broken model gets into service, does not pass its smoke test, and all is as it was before."""
        before = self._stack.made_for(self._endpoint)
        intro = "the broken model; it answers in the right form, but wrongly, so no call fails and no alarm rings"
        self._upload(intro, "3/model.tar.gz", pack(self._cast.broken), "Failed", "SmokeTestFailedError")
        endpoint = self._stack.endpoint(self._endpoint)
        if (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) != ("InService", revision):
            raise DemoFailedError(
                f"The endpoint is {endpoint['EndpointStatus']} on {endpoint['EndpointConfigName']}, not on {revision}"
            )
        if (after := self._stack.made_for(self._endpoint)) != before:
            raise DemoFailedError(f"SageMaker has {after}; before the broken model it had {before}")
        self._compare("better")

    def _make_alarms(self) -> None:
        """Make the alarms that the manifest names: on answers with a status of 500 or more."""
        rollback = yaml.safe_load(self._manifest)["DeploymentConfig"]["AutoRollbackConfiguration"]
        for alarm in rollback["Alarms"]:
            self._stack.server.client("cloudwatch").put_metric_alarm(
                AlarmName=alarm["AlarmName"],
                Namespace="AWS/SageMaker",
                MetricName="Invocation5XXErrors",
                Dimensions=[
                    {"Name": "EndpointName", "Value": self._endpoint},
                    {"Name": "VariantName", "Value": "AllTraffic"},
                ],
                Statistic="Sum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanOrEqualToThreshold",
                TreatMissingData="notBreaching",
            )

    def client(self) -> Client:
        """Return a client that asks about a tumour of which each model thinks differently."""
        for tumour in self._cast.better.measurements:
            answers = {name: model.predictions([tumour])[0] for name, model in self._cast.models.items()}
            if all(list(answers.values()).count(answer) == 1 for answer in answers.values()):
                return Client(self._runtime, self._endpoint, tumour, answers)
        raise DemoFailedError("The models cannot be told apart by their answers")

    def _upload(
        self, what: str, key: str, body: bytes, expected: str, error: str | None = None
    ) -> tuple[dict[str, Any], Seen]:
        stack, key = self._stack, f"models/{self._endpoint}/{key}"
        execution = stack.execution_of(stack.upload(key, body))
        self._story.say(f"[green]↑[/] {key} · {what}")
        moments = follow(stack.server.client("stepfunctions"), execution, timeout=_EXECUTION_SECONDS)
        seen = self._story.follow(moments)
        outcome = stack.outcome_of(execution)
        told = " ".join(filter(None, [outcome["Outcome"], outcome.get("Revision"), outcome.get("Error")]))
        self._story.step(seen.seconds, seen.end, f"[green]✉[/] The event bus was told: [bold]{told}[/]")
        if (outcome["Outcome"], outcome.get("Error")) != (expected, error):
            raise DemoFailedError(f"The outcome is {told}, not {expected}: {outcome.get('Cause', '')}")
        if seen.failures != Counter([error] if error else []):
            raise DemoFailedError(f"These steps failed: {dict(seen.failures)}")
        return outcome, seen

    def _compare(self, name: str, remark: str = "") -> None:
        """Ask the endpoint about all unseen tumours; its answers have to be those of a model on this machine."""
        model = self._cast.models[name]
        answers = invoke(self._runtime, self._endpoint, model.measurements)
        if answers != model.predictions(model.measurements):
            raise DemoFailedError(f"The endpoint does not answer as the {name} model itself does")
        right = [answer["class"] == diagnosis for answer, diagnosis in zip(answers, model.diagnoses, strict=True)]
        self._story.say(
            f"[green]✓[/] The endpoint answers for {len(right)} tumours as the {name} model on this machine does, "
            f"for [bold]{sum(right) / len(right):.0%}[/] rightly{remark}"
        )


if __name__ == "__main__":
    run_interruptible(main)
