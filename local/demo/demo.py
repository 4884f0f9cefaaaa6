"""The steps of the demo on a running stack, and their checks."""

import json
import re
from collections import Counter
from dataclasses import dataclass

import yaml

from endpoint_deployer.aws.endpoint_watcher import EndpointWatcher
from endpoint_deployer.view.progress import Progress
from endpoint_deployer.view.progress_view import Observations, ProgressView
from local.aws.execution_follower import follow, wait_for_execution
from local.aws.stack import Stack
from local.demo.demo_models import DemoFailedError, DemoModels
from local.demo.sample.client import Client, invoke
from local.demo.sample.training import pack
from local.json_document import Document

_START_SECONDS = 20.0
_PAUSE_SECONDS = 0.2
_EXECUTION_SECONDS = 120.0
_TWO_DAYS = 2 * 86400.0
_NOT_VISIBLE = ("EndpointConfigNotVisibleError", "ModelNotVisibleError")


@dataclass(frozen=True)
class Ending:
    """How an execution has ended.

    Attributes:
        outcome: The detail of the event that announced it.
        observations: What was observed while it ran.
    """

    outcome: Document
    observations: Observations


class Demo:
    """Deploys the models to one endpoint, one after the other, and goes back to the first.

    Args:
        progress: Prints what happens.
        stack: The stack.
        manifest: The `deployment.yaml` by which all models are deployed.
        models: The models.
    """

    def __init__(self, progress: Progress, stack: Stack, manifest: bytes, models: DemoModels) -> None:
        self._progress = progress
        self._stack = stack
        self._manifest = manifest
        self._models = models
        self._artifacts = {name: pack(model) for name, model in models.by_name.items()}
        self._endpoint = str(yaml.safe_load(manifest)["EndpointName"])
        self._key = f"models/{self._endpoint}/model.tar.gz"
        self._runtime = stack.server.client("sagemaker-runtime")

    def run(self) -> None:
        """Run all of it.

        Raises:
            DemoFailedError: Something did not happen as it should.
            ClientFailedError: The client got no answer, or an answer that no model gives.
        """
        self._make_alarms()
        self.deploy_first()
        with self.client() as client:
            better = self.deploy_better(client)
            self.deploy_broken(better)
            self.roll_back()
        counts = client.counts()
        if missing := self._models.by_name.keys() - counts.keys():
            raise DemoFailedError(f"The client got no answer of these models: {', '.join(missing)}")
        of = ", ".join(f"{count} of the {name} model" for name, count in counts.items())
        self._progress.say(
            f"[green]✓[/] The client got {counts.total()} answers in {client.seconds:.0f} s, and none failed: {of}"
        )
        self.show_stored_copies()
        self.show_sweep()

    def client(self) -> Client:
        """Return the client that keeps invoking the endpoint."""
        return self._models.client(self._runtime, self._endpoint)

    def deploy_first(self) -> None:
        """Create the endpoint with the first model, although new resources are not visible at once."""
        self._upload("the request", "deployment.yaml", self._manifest, "AwaitingArtifact")
        ending = self._upload("the first model", "model.tar.gz", self._artifacts["first"], "Deployed")
        if not any(ending.observations.retries[error] for error in _NOT_VISIBLE):
            raise DemoFailedError("The replicas lagged, and yet nothing was retried")
        self._compare("first")

    def deploy_better(self, client: Client) -> str:
        """Let the better model take over, first for a part of the traffic; return its revision."""
        intro = "the better model under the same key, while a client keeps invoking the endpoint"
        ending = self._upload(intro, "model.tar.gz", self._artifacts["better"], "Deployed")
        if not any(0 < share < 1 for share in ending.observations.shares):
            raise DemoFailedError("The better model got no traffic before it got all of it")
        both = client.side_by_side("first", "better")
        mixed = f"; while both answered, it gave {both['better']} of {both.total()} answers" if both else ""
        self._compare("better", mixed)
        return str(ending.outcome["Revision"])

    def deploy_broken(self, better: str) -> None:
        """Deploy the broken model, which fails its smoke test; the endpoint goes back to the better one's revision."""
        intro = "a broken model under the same key; it answers wrongly, so no call fails and no alarm goes off"
        self._upload(intro, "model.tar.gz", self._artifacts["broken"], "Failed", "SmokeTestFailedError")
        self._require_revision(better)
        if self._read(self._key) != self._artifacts["broken"]:
            raise DemoFailedError(f"{self._key} does not hold the broken model")
        self._compare("better", f", although {self._key} holds the broken one now")

    def roll_back(self) -> None:
        """Request a rollback by an event; the first model answers again."""
        events = self._stack.server.client("events")
        entry = {
            "Source": "endpoint-deployer.requests",
            "DetailType": "Endpoint Deployment Requested",
            "Detail": json.dumps({"EndpointName": self._endpoint, "Rollback": True}),
        }
        event = events.put_events(Entries=[entry])["Entries"][0]["EventId"]
        self._progress.say("[green]→[/] an application's event: go back to the revision before")
        states, machine = self._stack.server.client("stepfunctions"), self._stack.outputs.state_machine_arn
        execution = wait_for_execution(states, machine, "/id", event, timeout=_START_SECONDS)
        outcome = self._follow(execution, "Deployed").outcome
        self._require_revision(str(outcome["Revision"]))
        self._compare("first", ": its bytes come from the stored copy")

    def show_stored_copies(self) -> None:
        """Show the stored revisions in the bucket; the copies are the bytes that were uploaded."""
        folder = f"revisions/{self._endpoint}/"
        s3, bucket = self._stack.server.client("s3"), self._stack.outputs.artifact_bucket
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=folder).get("Contents", [])]
        copies = {self._read(key) for key in keys if key.endswith("/model.tar.gz")}
        if copies != set(self._artifacts.values()):
            raise DemoFailedError(f"{folder} does not hold exactly the uploaded models: {', '.join(keys)}")
        requests = sum(key.endswith("/request.json") for key in keys)
        self._progress.say(f"[green]✓[/] {folder} keeps {len(copies)} exact copies and {requests} requests")

    def show_sweep(self) -> None:
        """Show what a sweep would delete in two days: the resources of the broken model."""
        swept = self._stack.sweep(dry_run=True, after=_TWO_DAYS)["Removed"]
        # The broken model had no alarms of the stack's.
        if any(removed["Count"] != (kind != "Alarms") for kind, removed in swept.items()):
            raise DemoFailedError(f"The sweep would not delete exactly what the broken model has left: {swept}")
        kinds = ", ".join(_words(kind).removesuffix("s") for kind, removed in swept.items() if removed["Count"])
        self._progress.say(
            f"[green]✓[/] A dry run of the sweep, as if in two days, names the broken model's {kinds}, and nothing else"
        )

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

    def _upload(self, what: str, name: str, body: bytes, expected: str, error: str | None = None) -> Ending:
        key = f"models/{self._endpoint}/{name}"
        execution = self._stack.execution_of(self._stack.upload(key, body))
        self._progress.say(f"[green]↑[/] {key} · {what}")
        return self._follow(execution, expected, error)

    def _follow(self, execution: str, expected: str, error: str | None = None) -> Ending:
        """Show an execution to its end, which has to be the expected one."""
        server = self._stack.server
        view = ProgressView(self._progress, folds=self._progress.console.is_terminal)
        with EndpointWatcher(server.client("sagemaker"), self._endpoint, view.on_endpoint, pause=_PAUSE_SECONDS):
            seen = view.follow(follow(server.client("stepfunctions"), execution, timeout=_EXECUTION_SECONDS))
        outcome = self._stack.outcome_of(execution)
        text = " ".join(filter(None, [outcome["Outcome"], outcome.get("Revision"), outcome.get("Error")]))
        self._progress.show_state(seen.seconds, seen.end, f"[green]✉[/] Event on the bus: [bold]{text}[/]")
        if (outcome["Outcome"], outcome.get("Error")) != (expected, error):
            raise DemoFailedError(f"The outcome is {text}, not {expected}: {outcome.get('Cause', '')}")
        if seen.failures != Counter([error] if error else []):
            raise DemoFailedError(f"These steps failed: {dict(seen.failures)}")
        return Ending(outcome, seen)

    def _require_revision(self, revision: str) -> None:
        endpoint = self._stack.endpoint(self._endpoint)
        if (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) != ("InService", revision):
            raise DemoFailedError(
                f"The endpoint is {endpoint['EndpointStatus']} on {endpoint['EndpointConfigName']}, not on {revision}"
            )

    def _read(self, key: str) -> bytes:
        s3, bucket = self._stack.server.client("s3"), self._stack.outputs.artifact_bucket
        return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _compare(self, name: str, remark: str = "") -> None:
        """Invoke the endpoint with all unseen tumours; its answers have to be those of a model on this machine."""
        model = self._models.by_name[name]
        answers = invoke(self._runtime, self._endpoint, model.measurements)
        if answers != model.predictions(model.measurements):
            raise DemoFailedError(f"The endpoint does not answer as the {name} model itself does")
        right = [answer["class"] == diagnosis for answer, diagnosis in zip(answers, model.diagnoses, strict=True)]
        self._progress.say(
            f"[green]✓[/] The endpoint answers for {len(right)} tumours as the {name} model on this machine does, "
            f"for [bold]{sum(right) / len(right):.0%}[/] rightly{remark}"
        )


def _words(name: str) -> str:
    """Return a PascalCase name as separate words."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
