"""The demo's acts on the stack: a model goes live, a better one takes over, a broken one is sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError

from local.aws.execution_follower import VERSION_POINTER, input_has
from local.demo.demo_models import DemoModels
from local.demo.sample.client import invoke
from local.demo.sample.training import MANIFEST, Trained, pack
from local.trial.site import TrialFailedError

if TYPE_CHECKING:
    from local.json_document import Document
    from local.trial.events import Events
    from local.trial.site import Site

_ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})
_NEWEST = 20


class Acts:
    """Deploys the demo's models to an endpoint of the trial's name.

    Args:
        site: The account.
        events: What arrives on its buses.

    Attributes:
        statuses: The statuses of the endpoint and its config, as they were seen one after the other.
        executions: The ARN of each act's execution, by the name of its model.
    """

    def __init__(self, site: Site, events: Events) -> None:
        self._site, self._events = site, events
        self._models: dict[str, Trained] = DemoModels.train().by_name
        self.statuses: dict[str, list[str]] = {}
        self.executions: dict[str, str] = {}

    def run(self, during_update: Any) -> None:
        """Run all acts.

        Args:
            during_update: Called once with the site while the endpoint is updated.

        Raises:
            TrialFailedError: An act did not end as it should.
        """
        self._upload("manifest", "deployment.yaml", self._manifest(), "AwaitingArtifact")
        for name, outcome in (("first", "Deployed"), ("better", "Deployed"), ("broken", "Failed")):
            self._upload(name, "model.tar.gz", pack(self._models[name]), outcome, during_update)
            self._require_answers("better" if name == "broken" else name)

    def _manifest(self) -> bytes:
        """Return the demo's manifest for one instance of the trial's type; a second one is there during updates."""
        document: Document = yaml.safe_load(MANIFEST.read_text())
        document |= {"EndpointName": self._site.name, "Tags": {"purpose": "trial"}}
        document["Models"]["classifier"]["PrimaryContainer"]["Image"] = self._site.image
        (variant,) = document["EndpointConfig"]["ProductionVariants"]
        variant |= {"InstanceType": self._site.instance_type, "InitialInstanceCount": 1}
        del document["DeploymentConfig"]
        return yaml.safe_dump(document).encode()

    def _upload(self, act: str, file: str, body: bytes, expected: str, during_update: Any = None) -> None:
        site, s3 = self._site, self._site.client("s3")
        put = s3.put_object(Bucket=site.bucket, Key=f"models/{site.name}/{file}", Body=body)
        execution = str(site.wait_for(f"The execution of {act}", lambda: self._execution_of(put["VersionId"])))
        self.executions[act] = execution
        statuses = self.statuses[act] = []
        states = site.client("stepfunctions")

        def is_over() -> bool:
            self._events.receive()
            found = self._describe()
            if found and (not statuses or statuses[-1] != found["EndpointStatus"]):
                statuses.append(found["EndpointStatus"])
            if found and found["EndpointStatus"] == "Updating" and during_update and "during update" not in site.seen:
                site.seen["during update"] = found
                during_update(site)
            return states.describe_execution(executionArn=execution)["status"] in _ENDED

        site.wait_for(f"The end of {act}", is_over)
        outcome = site.wait_for(f"The event of {act}", lambda: self._events.of_outcome(execution))
        if outcome["Outcome"] != expected:
            raise TrialFailedError(
                f"{act} ended as {outcome['Outcome']}, not as {expected}: {outcome.get('Cause', '')}"
            )

    def _execution_of(self, version: str) -> str | None:
        """Return the execution that the event of an upload has started."""
        states = self._site.client("stepfunctions")
        listed = states.list_executions(stateMachineArn=self._site.state_machine, maxResults=_NEWEST)["executions"]
        for each in listed:
            started = states.describe_execution(executionArn=each["executionArn"])["input"]
            if input_has(started, VERSION_POINTER, version):
                return str(each["executionArn"])
        return None

    def _describe(self) -> Document | None:
        try:
            found: Document = self._site.client("sagemaker").describe_endpoint(EndpointName=self._site.name)
        except ClientError:
            return None
        return found

    def _require_answers(self, name: str) -> None:
        model = self._models[name]
        answers = invoke(self._site.client("sagemaker-runtime"), self._site.name, model.measurements)
        if answers != model.predictions(model.measurements):
            raise TrialFailedError(f"The endpoint does not answer as the {name} model does")
