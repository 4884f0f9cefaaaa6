"""MiniStack does as AWS does in what the stack relies on; each correction has a test that says whether it is needed."""

from __future__ import annotations

import inspect
import io
import json
import time
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.services import s3, stepfunctions

from deployer.json_document import Document
from local.aws.server import Server
from local.environment import ACCOUNT_ID, REGION, aws_environment
from local.simulator import EventDelivery, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


SPEED = 50.0
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/runs-functions"
CODE = """
def handler(event, context):
    if event.get("Fails"):
        raise ValueError(event["Fails"])
    return [context.function_version, event.get("Text", "") * event.get("Times", 1)]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Local AWS without the stack, with one function."""
    with Server(speed=SPEED) as running:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        running.client("iam").create_role(
            RoleName=ROLE.rpartition("/")[2], AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )
        make_function(running, "work")
        yield running


def make_function(server: Server, name: str) -> None:
    """Create a function."""
    server.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": packed(CODE)},
        Timeout=30,
    )


def packed(code: str) -> bytes:
    """Zip a function."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", code)
    return content.getvalue()


class Executions:
    """Runs small definitions on local AWS."""

    def __init__(self, server: Server) -> None:
        self.client = server.client("stepfunctions")
        self._count = 0

    def start(self, states: Document, document: Any = None) -> str:
        """Start an execution of a definition; return its ARN."""
        self._count += 1
        definition = {"StartAt": next(iter(states)), "States": {**states, "Done": {"Type": "Succeed"}}}
        name = f"test-{time.monotonic_ns()}-{self._count}"
        machine = self.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = self.client.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(document if document is not None else {})
        )
        return str(started["executionArn"])

    def run(self, states: Document, document: Any = None) -> Document:
        """Run an execution to its end, and describe it."""
        return self.ended(self.start(states, document))

    def ended(self, arn: str) -> Document:
        """Wait for the end of an execution, and describe it."""
        described: Document = wait_for(
            lambda: self.client.describe_execution(executionArn=arn), lambda got: got["status"] != "RUNNING"
        )
        return described

    def events(self, arn: str) -> list[Document]:
        """Return the history."""
        events: list[Document] = self.client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return events

    def token(self, arn: str) -> str:
        """Wait until a task waits for its token, and read the token from the history."""
        found = wait_for(lambda: [each for each in self.events(arn) if each["type"] == "TaskSubmitted"], bool)
        assert found
        return self.tokens(arn)[-1]

    def tokens(self, arn: str) -> list[str]:
        """Return the tokens of all attempts."""
        details = [each.get("taskScheduledEventDetails") for each in self.events(arn)]
        return [json.loads(each["parameters"])["Payload"]["Token"] for each in details if each]


@pytest.fixture
def executions(server: Server) -> Executions:
    """A place to run small definitions."""
    return Executions(server)


def wait_for(look: Callable[[], Any], is_done: Callable[[Any], bool], seconds: float = 30.0) -> Any:
    """Look until something is there; return what was seen last."""
    deadline = time.monotonic() + seconds
    while not is_done(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


def task(**more: Any) -> Document:
    """Build a Task state."""
    return {"Type": "Task", "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:work", "Next": "Done", **more}


def waiting(payload: Document | None = None, **more: Any) -> Document:
    """Build a Task state that waits for its token."""
    parameters = {"FunctionName": task()["Resource"], "Payload": {"Token.$": "$$.Task.Token", **(payload or {})}}
    return task(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters=parameters, **more)


def types(events: list[Document]) -> list[str]:
    """Return the types of events."""
    return [event["type"] for event in events]


def test_a_task_waits_for_its_token(executions: Executions) -> None:
    """The token is read from the history; what comes with it is the result, and comes once."""
    arn = executions.start({"A": waiting(TimeoutSeconds=3000)})
    token = executions.token(arn)

    executions.client.send_task_success(taskToken=token, output='{"a": 1}')
    described = executions.ended(arn)

    assert json.loads(described["output"]) == {"a": 1}
    assert types(executions.events(arn))[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    with pytest.raises(ClientError, match="TaskTimedOut"):
        executions.client.send_task_success(taskToken=token, output="{}")
    with pytest.raises(ClientError, match="InvalidToken"):
        executions.client.send_task_success(taskToken="none", output="{}")


def test_a_function_that_fails_fails_its_waiting_task(executions: Executions) -> None:
    """At once, not at the timeout; each attempt has a token of its own."""
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2}]

    described = executions.run({"A": waiting({"Fails": "broken"}, TimeoutSeconds=90_000, Retry=retry)})

    tokens = executions.tokens(described["executionArn"])
    assert described["status"] == "FAILED"
    assert "broken" in described["cause"]
    assert len(set(tokens)) == 3
    assert types(executions.events(described["executionArn"])).count("TaskFailed") == 3


def test_ministack_lets_a_function_with_a_token_fail_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it does no longer, the correction can go."""

    def fail(*_: Any) -> None:
        raise stepfunctions._ExecutionError("ValueError", "broken")

    monkeypatch.setattr(stepfunctions, "_call_lambda", fail)

    with pytest.raises(stepfunctions._ExecutionError) as error:
        stepfunctions._invoke_with_callback(waiting()["Resource"], {"FunctionName": "work"}, "t", {"TimeoutSeconds": 0})

    assert error.value.error == "States.Timeout"


def test_a_wait_for_a_token_ends_at_the_seconds_of_the_data(executions: Executions) -> None:
    """TimeoutSecondsPath counts, at the server's speed, and not the time that the function takes."""
    catch = [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.Failure", "Next": "Done"}]

    described = executions.run({"A": waiting(TimeoutSecondsPath="$.Seconds", Catch=catch)}, {"Seconds": 100})

    events = executions.events(described["executionArn"])
    moments = {event["type"]: event["timestamp"] for event in events}
    waited = (moments["TaskTimedOut"] - moments["TaskSubmitted"]).total_seconds()
    assert json.loads(described["output"])["Failure"]["Error"] == "States.Timeout"
    assert 100 / SPEED - 0.1 < waited < 100 / SPEED + 2
    assert events[2]["taskScheduledEventDetails"]["timeoutInSeconds"] == 100


def test_a_stopped_execution_waits_no_longer(executions: Executions) -> None:
    """It stays as it was stopped."""
    arn = executions.start({"A": waiting(TimeoutSeconds=90_000)})
    token = executions.token(arn)

    executions.client.stop_execution(executionArn=arn)

    wait_for(lambda: refusal(lambda: executions.client.send_task_success(taskToken=token, output="1")), bool, 5)
    assert executions.ended(arn)["status"] == "ABORTED"
    assert types(executions.events(arn))[-1] == "ExecutionAborted"


def refusal(call: Callable[[], Any]) -> str:
    """Return the code with which a call is refused; nothing if it is answered."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_functions_own_events_are_in_the_history(executions: Executions) -> None:
    """One that is called by its ARN takes five events."""
    described = executions.run({"A": task(TimeoutSeconds=30)}, {"Text": "x"})

    assert types(executions.events(described["executionArn"]))[1:6] == [
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
    ]


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {"a.$": "$.missing"}, "Next": "Done"},
        {"Type": "Wait", "SecondsPath": "$.missing", "Next": "Done"},
        {"Type": "Choice", "Choices": [{"Variable": "$.missing", "IsNull": True, "Next": "Done"}], "Default": "Done"},
        task(Parameters={"a.$": "$.missing"}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Done"}]),
    ],
)
def test_a_path_that_selects_nothing_ends_the_execution(executions: Executions, state: Document) -> None:
    """It is no null, and nothing catches the error."""
    described = executions.run({"A": state})

    assert (described["status"], described["error"]) == ("FAILED", "States.Runtime")
    assert "$.missing" in described["cause"]


def test_ministack_takes_a_missing_path_for_null() -> None:
    """If it does no longer, the correction can go."""
    assert stepfunctions._resolve_params_obj({"a.$": "$.missing"}, {}) == {"a": None}


def test_data_hold_no_more_than_256_kib(executions: Executions) -> None:
    """Input and result fit, both together do not, and nothing catches that."""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]
    document = {"Text": "x", "Times": 150_000, "Rest": "y" * 150_000}

    described = executions.run({"A": task(ResultPath="$.Result", Catch=catch)}, document)

    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_ministack_knows_no_limit_of_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it does, the correction can go."""
    monkeypatch.setattr(stepfunctions, "_invoke_resource", lambda *_: "x" * 300_000)

    output, _ = stepfunctions._execute_task(task(), {}, {"events": []}, {"State": {"Name": "A"}})

    assert len(output) == 300_000


def test_state_machines_can_see_the_time_ahead(server: Server, executions: Executions) -> None:
    """So that a day passes for what looks at the time of its state."""
    states = {"A": {"Type": "Pass", "Parameters": {"Now.$": "$$.State.EnteredTime"}, "Next": "Done"}}
    moments = []

    for ahead in (0.0, 86_400.0, 0.0):
        server.control.advance_step_functions(ahead)
        moments.append(json.loads(executions.run(states)["output"])["Now"])

    days = [int(moment[8:10]) for moment in moments]
    assert days[0] != days[1]
    assert days[0] == days[2]


def test_versions_of_a_function_keep_their_code(server: Server) -> None:
    """An update of the function changes what its newest version does, and no other."""
    client = server.client("lambda")
    make_function(server, "kept")
    first = client.publish_version(FunctionName="kept")["FunctionArn"]
    client.update_function_code(FunctionName="kept", ZipFile=packed("def handler(*_):\n    return 'changed'"))
    second = client.publish_version(FunctionName="kept")["FunctionArn"]

    answers = [json.loads(client.invoke(FunctionName=arn, Payload=b"{}")["Payload"].read()) for arn in (first, second)]

    assert answers == [["1", ""], "changed"]


def test_a_copy_overwrites_nothing_if_it_is_told_so(server: Server) -> None:
    """CopyObject with `If-None-Match: *` is refused where something is, and made where nothing is."""
    client = server.client("s3")
    client.create_bucket(Bucket="copies")
    source = {"Bucket": "copies", "Key": "source"}
    client.put_object(**source, Body=b"source")
    copy = {"Bucket": "copies", "Key": "copy", "CopySource": source, "IfNoneMatch": "*"}

    codes = [refusal(lambda: client.copy_object(**copy)) for _ in range(2)]

    assert codes == ["", "PreconditionFailed"]


def test_ministack_copies_without_asking() -> None:
    """If it heeds the header of a copy, too, the correction can go."""
    source = inspect.getsource(s3._copy_object)

    assert '"if-none-match"' not in source
    assert "_check_put_preconditions" not in source


def make_endpoint(server: Server, name: str, **tags: str) -> Any:
    """Create an endpoint; return the client that did."""
    sagemaker = server.client("sagemaker")
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    container = {"Image": "registry/m:1"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=listed)
    return sagemaker


def test_sagemakers_events_arrive_on_the_default_bus(server: Server) -> None:
    """The events arrive although nothing describes the endpoint."""
    server.control.settings = Settings(create_seconds=50.0, events=EventDelivery(seconds=(10.0, 10.0)))
    queue = server.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:heard"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    server.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    events = server.client("events")
    pattern = {"source": ["aws.sagemaker"], "detail": {"EndpointStatus": ["IN_SERVICE"]}}
    events.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="heard", Targets=[{"Id": "heard", "Arn": arn}])
    began = time.monotonic()

    make_endpoint(server, "heard", team="x")
    receive = server.client("sqs").receive_message
    messages = wait_for(lambda: receive(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []), bool)

    event = json.loads(messages[0]["Body"])
    assert time.monotonic() - began >= 60 / SPEED
    assert event["detail-type"] == "SageMaker Endpoint State Change"
    assert event["detail"]["EndpointName"] == "heard"
    assert event["detail"]["Tags"] == {"team": "x"}


def test_sagemaker_tells_times_of_the_wall(server: Server) -> None:
    """However fast its own clock runs: functions compare its times with theirs."""
    server.control.settings = Settings()
    time.sleep(0.5)  # 25 seconds of the simulator's
    sagemaker = server.client("sagemaker")

    sagemaker.create_model(ModelName="timed", PrimaryContainer={"Image": "registry/m:1"})
    created = sagemaker.describe_model(ModelName="timed")["CreationTime"]
    since = created - timedelta(seconds=1)
    listed = sagemaker.list_models(CreationTimeAfter=since, NameContains="timed")["Models"]

    assert abs(created.timestamp() - time.time()) < 5
    assert [model["CreationTime"] for model in listed] == [created]


def as_role(server: Server, name: str, *statements: Document) -> Any:
    """Return a client of SageMaker with the rights of a role."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam = server.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    assumed = server.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], REGION)
    url = aws_environment(server.url)["AWS_ENDPOINT_URL"]
    return session.client("sagemaker", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


def test_tags_reach_iam_late(server: Server) -> None:
    """A policy that asks for a tag denies what has just been created, and allows it a little later."""
    server.control.settings = Settings(tag_lag=60.0)
    condition = {"StringEquals": {"aws:ResourceTag/stack": "mine"}}
    role = as_role(server, "tagged", {"Action": "sagemaker:DeleteModel", "Resource": "*", "Condition": condition})
    server.client("sagemaker").create_model(
        ModelName="tagged", PrimaryContainer={"Image": "registry/m:1"}, Tags=[{"Key": "stack", "Value": "mine"}]
    )

    at_once = refusal(lambda: role.delete_model(ModelName="tagged"))
    codes = wait_for(lambda: refusal(lambda: role.delete_model(ModelName="tagged")), lambda code: not code, 10)

    assert at_once == "AccessDeniedException"
    assert codes == ""


@pytest.mark.parametrize("is_allowed", [False, True])
def test_deleting_a_scaled_endpoint_deregisters_its_variants(server: Server, is_allowed: bool) -> None:  # noqa: FBT001
    """The variants are deregistered with the rights of the caller of DeleteEndpoint."""
    server.control.settings = Settings(create_seconds=1.0, delete_seconds=1.0)
    name = f"scaled-{is_allowed}".lower()
    sagemaker = make_endpoint(server, name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 99})
    scaling = server.client("application-autoscaling")
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/A"}
    scaling.register_scalable_target(
        **target, ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=2
    )
    statements = [{"Action": "sagemaker:DeleteEndpoint", "Resource": "*"}]
    if is_allowed:
        statements.append({"Action": "application-autoscaling:DeregisterScalableTarget", "Resource": "*"})
    role = as_role(server, name, *statements)

    code = refusal(lambda: role.delete_endpoint(EndpointName=name))

    left = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
    assert code == ("" if is_allowed else "AccessDeniedException")
    assert bool(left["ScalableTargets"]) is not is_allowed
