"""The hosting simulator behaves as SageMaker does, as far as that is known."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import classify
from local.hosting import Fault, Settings, Simulator
from local.hosting.in_process import attach
from local.hosting.permissions import required_permissions
from local.hosting.replicas import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROLE = "arn:aws:iam::111122223333:role/runs-models"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"


@dataclass
class Clock:
    """Time that passes when it is told to."""

    seconds: float = 1_790_000_000.0

    def now(self) -> float:
        """Return the time."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@dataclass
class Account:
    """A simulated account, and clients of its two services."""

    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the simulator and its clients."""
        self.simulator = Simulator(clock=self.clock, settings=self.settings, **self.options)
        config = Config(retries={"total_max_attempts": 1})
        self.sagemaker = boto3.client("sagemaker", config=config)
        self.runtime = boto3.client("sagemaker-runtime", config=config)
        attach(self.sagemaker, self.simulator)
        attach(self.runtime, self.simulator)

    def create_model(self, name: str = "m", **container: Any) -> None:
        """Create a model."""
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer={"Image": "registry/m:1", **container}, ExecutionRoleArn=ROLE
        )

    def create_config(self, name: str = "c", *variants: dict[str, Any], **more: Any) -> None:
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

    def serve(self) -> None:
        """Bring an endpoint into service on the config `c`."""
        self.create_model()
        self.create_config()
        self.create_endpoint()
        self.clock.sleep(self.settings.create_seconds)


def variant(**changed: Any) -> dict[str, Any]:
    """Build a variant."""
    return {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Return the code and the message with which a call is refused."""
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def account() -> Iterator[Account]:
    """An account without lag."""
    made = Account()
    yield made
    made.simulator.close()


def test_an_endpoint_comes_into_service_by_and_by(account: Account) -> None:
    """Creating takes its time; then the endpoint serves, with a summary of its variants."""
    account.create_model()
    account.create_config("c", variant(InitialInstanceCount=2, InitialVariantWeight=3))
    account.create_endpoint()

    assert account.describe()["EndpointStatus"] == "Creating"
    account.clock.sleep(account.settings.create_seconds)
    described = account.describe()

    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "c"
    assert described["LastModifiedTime"] > described["CreationTime"]
    assert described["ProductionVariants"][0]["CurrentWeight"] == 3
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_names_are_taken_and_missing_in_the_services_words(account: Account) -> None:
    """Every refusal reads as SageMaker's, and is classified as what it means."""
    account.serve()
    sagemaker = account.sagemaker
    model, config = f'"{ARN}model/m"', f'"{ARN}endpoint-config/c"'
    said = {
        "AlreadyExistsError": [
            (f"Cannot create already existing model {model}.", "CreateModel", account.create_model, {}),
            (
                f"Cannot create already existing endpoint configuration {config}.",
                "CreateEndpointConfig",
                account.create_config,
                {},
            ),
        ],
        "EndpointExistsError": [
            (
                f'Cannot create already existing endpoint "{ARN}endpoint/e".',
                "CreateEndpoint",
                account.create_endpoint,
                {},
            )
        ],
        "AlreadyAppliedError": [
            (
                'Cannot update endpoint with the currently in use endpoint configuration "c".',
                "UpdateEndpoint",
                sagemaker.update_endpoint,
                {"EndpointName": "e", "EndpointConfigName": "c"},
            )
        ],
        "EndpointMissingError": [
            (
                f'Could not find endpoint "{ARN}endpoint/none".',
                "UpdateEndpoint",
                sagemaker.update_endpoint,
                {"EndpointName": "None", "EndpointConfigName": "c"},
            )
        ],
        "EndpointConfigNotVisibleError": [
            (
                f'Could not find endpoint configuration "{ARN}endpoint-config/x".',
                "CreateEndpoint",
                sagemaker.create_endpoint,
                {"EndpointName": "f", "EndpointConfigName": "x"},
            )
        ],
        "ModelNotVisibleError": [
            (f'Could not find model "{ARN}model/x".', "DescribeModel", sagemaker.describe_model, {"ModelName": "x"})
        ],
    }
    for name, refusals in said.items():
        for message, operation, call, parameters in refusals:
            code, answered = refused(call, **parameters)

            assert answered == message
            assert classify(operation, code, answered).__name__ == name


def test_requests_are_checked_against_the_service_model(account: Account) -> None:
    """Enums and patterns, which botocore leaves to the service, are refused as the service does it."""
    code, message = refused(
        account.sagemaker.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[variant(InstanceType="ml.x")],
    )

    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value 'ml.x' at 'productionVariants.1.member.instanceType' "
        "failed to satisfy constraint: Member must satisfy enum value set: ["
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_created_becomes_visible_by_and_by(seed: int) -> None:
    """A look-up may be stale, even after a good one, until the lag has passed; never afterwards."""
    account = Account(settings=Settings(lag=60), options={"seed": seed})
    account.create_model()
    seen = []
    for _ in range(40):
        try:
            account.sagemaker.describe_model(ModelName="m")
            seen.append(True)
        except ClientError:
            seen.append(False)
        account.clock.sleep(1)
    account.clock.sleep(20)

    assert False in seen
    assert False in seen[seen.index(True) :], "a stale read after a good one"
    assert account.sagemaker.describe_model(ModelName="m")


@given(
    writes=st.lists(st.tuples(st.floats(0, 100), st.integers()), min_size=1, max_size=8),
    lag=st.floats(0, 60),
    seed=st.integers(0, 99),
)
def test_replicas_converge_and_never_invent(writes: list[tuple[float, int]], lag: float, seed: int) -> None:
    """A read shows something that was written before it, and once the lag has passed what was written last."""
    table: Table[int] = Table(Random(seed), 3, lambda: lag)  # noqa: S311 - repeatable
    now, written = 0.0, set[int | None]({None})
    for pause, value in writes:
        now += pause
        table.write("n", value, now)
        written.add(value)

        assert table.read("n", now) in written
        assert table.current("n") == value
    assert {table.read("n", now + lag) for _ in range(9)} == {writes[-1][1]}


def test_an_update_keeps_serving_until_the_new_fleet_is_there(account: Account) -> None:
    """While it updates, the old config is attached; a failed one rolls back to it."""
    account.serve()
    account.create_config("d")
    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="d")

    during = account.describe()
    busy = refused(account.sagemaker.delete_endpoint, EndpointName="e")
    account.clock.sleep(account.settings.update_seconds + 2 * account.settings.stage_seconds)

    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "c")
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == "d"
    assert busy == ("ValidationException", f'Cannot update in-progress endpoint "{ARN}endpoint/e".')
    assert (account.describe()["EndpointStatus"], account.describe()["EndpointConfigName"]) == ("InService", "d")


def test_a_failed_update_ends_in_service_on_the_old_config() -> None:
    """Capacity that cannot be had rolls an update back."""
    account = Account(settings=Settings(failure_reasons={"d": "InsufficientInstanceCapacity"}))
    account.serve()
    account.create_config("d")
    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="d")
    account.clock.sleep(account.settings.update_seconds)

    during = account.describe()["EndpointStatus"]
    account.clock.sleep(account.settings.rollback_seconds)
    after = account.describe()

    assert during == "RollingBack"
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "c")
    assert after["FailureReason"] == "InsufficientInstanceCapacity"


def test_an_alarm_rolls_a_canary_back() -> None:
    """While the canary bakes, an alarm that goes off brings the old fleet back, without a reason."""
    alarms = {"errors": False}
    account = Account(options={"alarm_is_on": lambda name: alarms[name]})
    account.serve()
    account.create_config("d")
    size = {"Type": "CAPACITY_PERCENT", "Value": 10}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 600, "CanarySize": size}
    account.sagemaker.update_endpoint(
        EndpointName="e",
        EndpointConfigName="d",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        },
    )
    account.clock.sleep(account.settings.update_seconds + 60)

    baking = account.describe()["EndpointStatus"]
    alarms["errors"] = True
    rolling_back = account.describe()["EndpointStatus"]
    account.clock.sleep(account.settings.rollback_seconds)
    after = account.describe()

    assert (baking, rolling_back) == ("Updating", "RollingBack")
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "c")
    assert "FailureReason" not in after


def test_a_failed_creation_can_only_be_deleted() -> None:
    """Failed is final: an update is refused, a deletion takes its time and then the name is free."""
    account = Account(settings=Settings(failure_reasons={"*": "The image 'x' does not exist."}))
    account.serve()
    account.create_config("d")

    failed = account.describe()
    busy = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d")
    account.sagemaker.delete_endpoint(EndpointName="e")
    deleting = account.describe()["EndpointStatus"]
    account.clock.sleep(account.settings.delete_seconds)

    assert (failed["EndpointStatus"], failed["FailureReason"]) == ("Failed", "The image 'x' does not exist.")
    assert busy == ("ValidationException", f'Cannot update endpoint "{ARN}endpoint/e" in status Failed.')
    assert deleting == "Deleting"
    assert refused(account.describe)[1].startswith("Could not find endpoint ")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("DescribeModel", "throttled"), "ThrottlingException"),
        (Fault("*", "unavailable"), "InternalFailure"),
        (Fault("DescribeModel", "rejected", code="AccessDeniedException", message="No."), "AccessDeniedException"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else value,
)
def test_a_fault_strikes_as_often_as_it_is_told_to(fault: Fault, code: str) -> None:
    """A fault strikes once by default, and then the call is as good as ever."""
    account = Account()
    account.create_model()
    account.simulator.settings = Settings(faults=(fault,))

    assert refused(account.sagemaker.describe_model, ModelName="m")[0] == code
    assert account.sagemaker.describe_model(ModelName="m")


def test_a_lost_answer_does_not_undo_its_effect() -> None:
    """A connection that breaks after the effect leaves the caller in the dark, and the model in the account."""
    account = Account(settings=Settings(faults=(Fault("CreateModel", "dropped", "after"),)))

    with pytest.raises(ConnectionClosedError):
        account.create_model()

    assert account.sagemaker.describe_model(ModelName="m")


def test_calls_that_come_too_fast_are_throttled() -> None:
    """The API answers a few calls a second, and more once time has passed."""
    account = Account(settings=Settings(calls_per_second=2))
    account.clock.sleep(1)

    answers = [account.simulator.call("ListModels", {}) for _ in range(2)]
    throttled = refused(account.sagemaker.list_models)
    account.clock.sleep(1)

    assert len(answers) == 2
    assert throttled == ("ThrottlingException", "Rate exceeded")
    assert account.sagemaker.list_models()["Models"] == []


def test_listings_are_filtered_sorted_and_paged(account: Account) -> None:
    """The newest comes first; names are found by a part; pages follow one another."""
    for name in ("churn-1", "fraud-1", "churn-2"):
        account.create_model(name)
        account.clock.sleep(1)

    pages = account.sagemaker.get_paginator("list_models").paginate(
        NameContains="churn", PaginationConfig={"PageSize": 1}
    )

    assert [[model["ModelName"] for model in page["Models"]] for page in pages] == [["churn-2"], ["churn-1"]]


def test_tags_are_set_listed_and_removed(account: Account) -> None:
    """Tags belong to an ARN; the same key is overwritten."""
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    account.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])

    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_weights_share_the_traffic(account: Account) -> None:
    """Two variants with the weights 2 and 1 answer two thirds and one third; a target is honoured."""
    account.create_model()
    account.create_config("c", variant(InitialVariantWeight=2), variant(VariantName="B", InitialVariantWeight=1))
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)

    answers = [account.runtime.invoke_endpoint(EndpointName="e", Body=b"") for _ in range(300)]
    share = sum(answer["InvokedProductionVariant"] == "A" for answer in answers) / len(answers)
    target = account.runtime.invoke_endpoint(EndpointName="e", Body=b"", TargetVariant="B")

    assert abs(share - 2 / 3) < 0.1
    assert target["InvokedProductionVariant"] == "B"


def archive(script: str) -> bytes:
    """Pack an inference script as SageMaker expects it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("code/inference.py")
        info.size = len(script.encode())
        tar.addfile(info, io.BytesIO(script.encode()))
    return packed.getvalue()


ADDER = """
def model_fn(model_dir):
    return 40

def predict_fn(data, model):
    return [sum(row) + model for row in data]
"""


def with_artifact(content: bytes) -> Account:
    """Make an account whose S3 holds one artifact, and an endpoint of it."""
    account = Account(options={"objects": lambda *_: content})
    account.create_model("m", ModelDataUrl="s3://b/model.tar.gz")
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account


def test_an_endpoint_really_answers() -> None:
    """The artifact's own script loads the model and predicts; what it raises is a ModelError."""
    account = with_artifact(archive(ADDER))
    try:
        answer = account.runtime.invoke_endpoint(EndpointName="e", Body=b"1,1\n2,0.5", ContentType="text/csv")
        error = refused(account.runtime.invoke_endpoint, EndpointName="e", Body=b"one", ContentType="text/csv")
    finally:
        account.simulator.close()

    assert json.loads(answer["Body"].read()) == [42.0, 42.5]
    assert error[0] == "ModelError"
    assert "could not convert string to float" in error[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(
            b"no archive", 'Failed to extract model data archive from URL "s3://b/model.tar.gz".', id="no archive"
        ),
        pytest.param(archive("import nothing_like_it"), "did not pass the ping health check", id="broken script"),
        pytest.param(archive("def model_fn(d): raise ValueError"), "did not pass the ping health check", id="no model"),
    ],
)
def test_a_model_that_cannot_be_served_fails_its_endpoint(content: bytes, reason: str) -> None:
    """The endpoint ends as Failed, for the reason that SageMaker gives."""
    account = with_artifact(content)

    described = account.describe()

    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_permissions_are_those_of_the_service_authorization_reference() -> None:
    """A call may need several permissions: for what it creates, what it uses, its tags and its role."""
    tags = [{"Key": "k", "Value": "v"}]
    model = required_permissions(
        "CreateModel", {"ModelName": "M", "ExecutionRoleArn": ROLE, "Tags": tags}, "111122223333", "us-east-1"
    )
    endpoint = required_permissions(
        "UpdateEndpoint", {"EndpointName": "E", "EndpointConfigName": "C"}, "111122223333", "us-east-1"
    )

    assert [(each.action, each.resource) for each in model] == [
        ("sagemaker:CreateModel", f"{ARN}model/M"),
        ("sagemaker:AddTags", f"{ARN}model/M"),
        ("iam:PassRole", ROLE),
    ]
    assert [(each.action, each.resource) for each in endpoint] == [
        ("sagemaker:UpdateEndpoint", f"{ARN}endpoint/e"),
        ("sagemaker:UpdateEndpoint", f"{ARN}endpoint-config/C"),
    ]
