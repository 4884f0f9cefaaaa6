"""A simulated account, as the tests of the hosting simulator use it: a clock, clients, and what requests look like."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.simulator import ServiceError, Settings, Simulator
from local.simulator.in_process import attach
from local.simulator.model_server import ModelServer
from tests.unit.manual_clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


ROLE = "arn:aws:iam::111122223333:role/runs-models"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"
WAIT = 600


@dataclass
class Storage:
    """S3 that holds what a test puts there."""

    objects: dict[str, bytes] = field(default_factory=dict)

    def read(self, bucket: str, key: str, _role: str) -> bytes:
        """Return an object."""
        uri = f"s3://{bucket}/{key}"
        if uri not in self.objects:
            raise ServiceError("ValidationException", f"Could not find model data at {uri}.")
        return self.objects[uri]

    def write(self, bucket: str, key: str, body: bytes, _role: str) -> None:
        """Write an object."""
        self.objects[f"s3://{bucket}/{key}"] = body

    def list_keys(self, bucket: str, prefix: str, _role: str) -> list[str]:
        """Return the keys below a prefix."""
        folder = f"s3://{bucket}/"
        return [uri.removeprefix(folder) for uri in self.objects if uri.startswith(f"{folder}{prefix}")]


@dataclass
class Account:
    """A simulated account, and clients of its two services."""

    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    options: Document = field(default_factory=dict)
    alarms: set[str] = field(default_factory=set)
    """The alarms that are on."""

    def __post_init__(self) -> None:
        """Make the simulator."""
        wired = {"alarm_is_on": self.alarms.__contains__, **self.options}
        self.simulator = Simulator(clock=self.clock, settings=self.settings, **wired)

    @cached_property
    def sagemaker(self) -> Any:
        """A client of SageMaker."""
        return self._client("sagemaker")

    @cached_property
    def runtime(self) -> Any:
        """A client of its runtime."""
        return self._client("sagemaker-runtime")

    def _client(self, service: str) -> Any:
        make: Any = boto3.client  # the stubs know services by literal names only
        client = make(service, config=Config(retries={"total_max_attempts": 1}))
        attach(client, self.simulator)
        return client

    def create_model(self, name: str = "m", **container: Any) -> None:
        """Create a model."""
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer={"Image": f"registry/{name}:1", **container}, ExecutionRoleArn=ROLE
        )

    def create_config(self, name: str = "c", *variants: Document, **more: Any) -> None:
        """Create an endpoint config of one variant, or of those given."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants) or [variant()], **more
        )

    def create_endpoint(self, name: str = "e", config: str = "c") -> None:
        """Create an endpoint."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    def describe(self) -> Any:
        """Describe the endpoint."""
        return self.sagemaker.describe_endpoint(EndpointName="e")

    def look(self) -> Any:
        """Describe the endpoint past the client, which is faster."""
        return self.simulator.call("DescribeEndpoint", {"EndpointName": "e"})

    @property
    def state(self) -> tuple[str, str]:
        """The endpoint's status, and the config that is attached to it."""
        described = self.look()
        return described["EndpointStatus"], described["EndpointConfigName"]

    def serve(self, *variants: Document, **more: Any) -> None:
        """Bring an endpoint into service on the config `c`, with the model `m`."""
        self.create_model()
        self.create_config("c", *variants, **more)
        self.create_endpoint()
        self.clock.sleep(self.simulator.settings.create_seconds)

    def update(self, deployment: Document | None = None, *variants: Document, **more: Any) -> None:
        """Begin to change the endpoint to the config `d`, with the model `n`."""
        if "n" not in self.simulator.resources()["Models"]:
            self.create_model("n")
        self.create_config("d", *(variants or [variant(ModelName="n")]))
        guarded = {"DeploymentConfig": deployment} if deployment else {}
        self.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="d", **guarded, **more)

    def invoke(self, **more: Any) -> Any:
        """Invoke the endpoint; return what it answers, in JSON."""
        return json.loads(self.runtime.invoke_endpoint(EndpointName="e", Body=b"{}", **more)["Body"].read())

    def models(self, invocations: int = 200, **more: Any) -> Counter[str]:
        """Invoke the endpoint so often, past the clients; return how often which model answered."""
        request = {"EndpointName": "e", "Body": b"{}", **more}
        answers = (self.simulator.invoke(request) for _ in range(invocations))
        return Counter(json.loads(answer["Body"])["Model"] for answer in answers)

    def stages(self, seconds: float = 10) -> list[tuple[str, str, str]]:
        """Look every so many seconds until the endpoint is in service; return status and stages (live, new) seen."""
        seen: list[tuple[str, str, str]] = []
        while not seen or seen[-1][0] not in {"InService", "UpdateRollbackFailed"}:
            described = self.look()
            fleets = [described, described.get("PendingDeploymentSummary", {})]
            variants = [fleet.get("ProductionVariants", [{}])[0] for fleet in fleets]
            live, new = (each["VariantStatus"][0]["Status"] if "VariantStatus" in each else "" for each in variants)
            if not seen or seen[-1] != (described["EndpointStatus"], live, new):
                seen.append((described["EndpointStatus"], live, new))
            self.clock.sleep(seconds)
        return seen


def variant(**changed: Any) -> Document:
    """Build a variant."""
    return {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def images(model: str, moment: Any) -> list[Document]:
    """Return the DeployedImages of a variant of a model: the image, and what its tag was resolved to."""
    image = f"registry/{model}:1"
    digest = hashlib.sha256(image.encode()).hexdigest()
    resolved = f"registry/{model}@sha256:{digest}"
    return [{"SpecifiedImage": image, "ResolvedImage": resolved, "ResolutionTime": moment}]


def serverless(memory: int = 2048, **changed: Any) -> Document:
    """Build a serverless variant."""
    config = {"MemorySizeInMB": memory, "MaxConcurrency": 5}
    return {"VariantName": "A", "ModelName": "m", "ServerlessConfig": config, **changed}


def percent(value: int) -> Document:
    """Build a size."""
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def instances(value: int) -> Document:
    """Build a size."""
    return {"Type": "INSTANCE_COUNT", "Value": value}


def blue_green(kind: str, *alarms: str, policy: Document | None = None, **routing: Any) -> Document:
    """Build a DeploymentConfig of the traffic's type."""
    traffic = {"Type": kind, "WaitIntervalInSeconds": WAIT, **routing}
    deployment: Document = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic, **(policy or {})}}
    return deployment | watching(*alarms)


def canary(*alarms: str, size: int = 10, **policy: Any) -> Document:
    """Build a DeploymentConfig that starts with a small part of the traffic."""
    return blue_green("CANARY", *alarms, policy=policy, CanarySize=percent(size))


def rolling(size: Document, *alarms: str, **policy: Any) -> Document:
    """Build a DeploymentConfig that goes by batches."""
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": WAIT, **policy}} | watching(
        *alarms
    )


def watching(*alarms: str) -> Document:
    """Build the part of a DeploymentConfig that names alarms."""
    named = [{"AlarmName": alarm} for alarm in alarms]
    return {"AutoRollbackConfiguration": {"Alarms": named}} if alarms else {}


def model_servers(account: Account) -> list[ModelServer]:
    """Return the processes that answer for the variant `A` of the endpoint, one for each instance."""
    fleet = account.simulator._lifecycle.endpoints["e"].traffic.live
    assert fleet
    servers = [instance.server for instance in fleet.instances["A"]]
    return [server for server in servers if isinstance(server, ModelServer)]


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Return the code and the message with which a call is refused."""
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]
