"""The adapter of SageMaker: what it settles by itself, and what it raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.sagemaker import CONFIRMED_TAG, Hosting, holds
from deployer.planning.revision import EXECUTION_TAG, REVISION_TAG, UNPROVEN_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"
ROLE = "arn:aws:iam::111122223333:role/runs-models"
MODEL: dict[str, Any] = {
    "ModelName": "churn-m-1",
    "PrimaryContainer": {"Image": "registry/churn:1"},
    "ExecutionRoleArn": ROLE,
    "Tags": [{"Key": EXECUTION_TAG, "Value": EXECUTION}, {"Key": REVISION_TAG, "Value": "churn-3"}],
}
CONFIG: dict[str, Any] = {
    "EndpointConfigName": "churn-c-1",
    "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-m-1", "InitialVariantWeight": 1.0}],
    "Tags": [{"Key": "team", "Value": "growth"}, {"Key": REVISION_TAG, "Value": "churn-c-1"}],
}
UPDATE = {"EndpointName": "churn", "EndpointConfigName": "churn-c-1"}
MOMENT = 1764000000
ROLLING = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 20}, "WaitIntervalInSeconds": 60}


@pytest.fixture
def client() -> Any:
    """A client of SageMaker that reaches nothing."""
    config = Config(retries={"total_max_attempts": 1})
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("sagemaker", region_name="us-east-1", config=config, **credentials)


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """What SageMaker is going to answer, in order; every answer has to be asked for."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def hosting(client: Any) -> Hosting:
    """The adapter, on behalf of one execution."""
    return Hosting(client, execution=EXECUTION, names={"churn-m-1", "churn-c-1"})


def refuse(stub: Stubber, operation: str, message: str, code: str = "ValidationException", status: int = 400) -> None:
    """Let the next call be refused."""
    stub.add_client_error(operation, code, message, http_status_code=status)


def describe_config(stub: Stubber, **changed: Any) -> None:
    """Let the next call describe the config."""
    content = {member: value for member, value in CONFIG.items() if member != "Tags"}
    answer = {**content, "EndpointConfigArn": f"{ARN}endpoint-config/churn-c-1", "CreationTime": MOMENT, **changed}
    stub.add_response("describe_endpoint_config", answer)


def describe_endpoint(stub: Stubber, config_name: str, **more: Any) -> None:
    """Let the next call describe the endpoint."""
    answer = {
        "EndpointName": "churn",
        "EndpointArn": f"{ARN}endpoint/churn",
        "EndpointConfigName": config_name,
        "EndpointStatus": "Updating",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        **more,
    }
    stub.add_response("describe_endpoint", answer)


def list_tags(stub: Stubber, execution: str) -> None:
    """Let the next call tell which execution made a resource."""
    stub.add_response("list_tags", {"Tags": [{"Key": EXECUTION_TAG, "Value": execution}]})


def find_equal_model(stub: Stubber, tags: dict[str, str]) -> None:
    """Let CreateModel find a model there of equal content, with tags."""
    refuse(stub, "create_model", f'Cannot create already existing model "{ARN}model/churn-m-1".')
    content = {member: value for member, value in MODEL.items() if member != "Tags"}
    stub.add_response("describe_model", {**content, "ModelArn": f"{ARN}model/churn-m-1", "CreationTime": MOMENT})
    stub.add_response("list_tags", {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


def test_a_model_that_this_execution_has_made_is_success(hosting: Hosting, stub: Stubber) -> None:
    """A repeated CreateModel, after a lost answer for one, finds the model and has nothing to claim."""
    find_equal_model(stub, {EXECUTION_TAG: EXECUTION})

    assert hosting.create_model(MODEL) is False


@pytest.mark.parametrize(
    ("revision", "may_vanish"),
    [pytest.param("churn-1", False, id="of the live revision"), pytest.param("churn-2", True, id="of another one")],
)
def test_a_model_that_another_execution_has_made_is_claimed(
    hosting: Hosting, stub: Stubber, revision: str, *, may_vanish: bool
) -> None:
    """It bears this run's tags from now on; unless nobody undoes its revision, they have to be seen first."""
    find_equal_model(stub, {EXECUTION_TAG: "another", REVISION_TAG: revision})
    stub.add_response("add_tags", {}, {"ResourceArn": f"{ARN}model/churn-m-1", "Tags": MODEL["Tags"]})

    assert hosting.create_model(MODEL, {"churn-1"}) is may_vanish


def test_the_claim_of_a_newer_revision_stays(hosting: Hosting, stub: Stubber) -> None:
    """One tag holds one claim, and the newest is the one that counts."""
    for _ in range(2):
        find_equal_model(stub, {EXECUTION_TAG: "another", REVISION_TAG: "churn-4"})

    assert hosting.create_model(MODEL) is True
    assert hosting.create_model(MODEL, has_waited=True) is False


def test_a_claim_that_an_older_one_has_replaced_is_laid_again(hosting: Hosting, stub: Stubber) -> None:
    """After the wait it can be seen that an older run did not see the claim; then it has to be waited for again."""
    find_equal_model(stub, {EXECUTION_TAG: "another", REVISION_TAG: "churn-2"})
    stub.add_response("add_tags", {}, {"ResourceArn": f"{ARN}model/churn-m-1", "Tags": MODEL["Tags"]})

    assert hosting.create_model(MODEL, has_waited=True) is True


def test_a_model_that_exists_with_other_content_is_a_conflict(hosting: Hosting, stub: Stubber) -> None:
    """A model made by hand under our name is not taken for ours."""
    refuse(stub, "create_model", f'Cannot create already existing model "{ARN}model/churn-m-1".')
    other = {"ModelName": "churn-m-1", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "registry/other:1"}}
    stub.add_response("describe_model", {**other, "ModelArn": f"{ARN}model/churn-m-1", "CreationTime": MOMENT})

    with pytest.raises(errors.AlreadyExistsError, match="something else"):
        hosting.create_model(MODEL)


def test_a_config_that_exists_with_equal_content_is_success(hosting: Hosting, stub: Stubber) -> None:
    """What the service adds by itself, and tags, make no other content."""
    refuse(
        stub,
        "create_endpoint_config",
        f'Cannot create already existing endpoint configuration "{ARN}endpoint-config/churn-c-1".',
    )
    describe_config(stub, EnableNetworkIsolation=False)
    list_tags(stub, EXECUTION)

    assert hosting.create_endpoint_config(CONFIG) is False


def test_an_endpoint_of_this_execution_that_exists_is_success(hosting: Hosting, stub: Stubber) -> None:
    """The answer to CreateEndpoint may get lost; its tag tells whose endpoint it is."""
    refuse(stub, "create_endpoint", f'Cannot create already existing endpoint "{ARN}endpoint/churn".')
    describe_endpoint(stub, "churn-c-1", EndpointStatus="Creating")
    list_tags(stub, EXECUTION)

    hosting.create_endpoint(UPDATE)


def test_an_endpoint_of_another_execution_is_planned_anew(hosting: Hosting, stub: Stubber) -> None:
    """Somebody else's endpoint is not ours, even with our config: the execution plans again."""
    refuse(stub, "create_endpoint", f'Cannot create already existing endpoint "{ARN}endpoint/churn".')
    describe_endpoint(stub, "churn-c-1", EndpointStatus="Creating")
    list_tags(stub, "another execution")

    with pytest.raises(errors.EndpointExistsError):
        hosting.create_endpoint(UPDATE)


IN_PROGRESS = f'Cannot update in-progress endpoint "{ARN}endpoint/churn".'
IN_USE = 'Cannot update endpoint with the currently in use endpoint configuration "churn-c-1".'


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_an_update_of_this_execution_is_success(hosting: Hosting, stub: Stubber, message: str) -> None:
    """The answer to UpdateEndpoint may get lost; tried again, it finds its effect pending or attached."""
    pending = {"PendingDeploymentSummary": {"EndpointConfigName": "churn-c-1"}} if message == IN_PROGRESS else {}
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0" if pending else "churn-c-1", **pending)

    hosting.update_endpoint(UPDATE, is_retry=True)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_the_same_update_by_somebody_else_is_planned_anew(hosting: Hosting, stub: Stubber, message: str) -> None:
    """What this execution has not tried yet cannot be its effect; nothing has to be looked at to know that."""
    refuse(stub, "update_endpoint", message)

    with pytest.raises(errors.EndpointBusyError) as busy:
        hosting.update_endpoint(UPDATE, is_retry=False)

    assert message in str(busy.value)


@pytest.mark.parametrize("is_retry", [True, False], ids=["tried again", "tried first"])
def test_an_update_of_somebody_else_is_planned_anew(hosting: Hosting, stub: Stubber, *, is_retry: bool) -> None:
    """While another config is on its way, this one has to wait."""
    refuse(stub, "update_endpoint", IN_PROGRESS)
    if is_retry:
        describe_endpoint(stub, "churn-c-0", PendingDeploymentSummary={"EndpointConfigName": "churn-c-9"})

    with pytest.raises(errors.EndpointBusyError):
        hosting.update_endpoint(UPDATE, is_retry=is_retry)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_an_update_that_cannot_be_seen_yet_is_looked_for_again(hosting: Hosting, stub: Stubber, message: str) -> None:
    """A replica that lags describes the endpoint as it was: whose update it is can only be told later."""
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0", EndpointStatus="InService")

    with pytest.raises(errors.EndpointNotVisibleError, match="shows no sign"):
        hosting.update_endpoint(UPDATE, is_retry=True)


def test_an_update_says_what_it_is_told(hosting: Hosting, stub: Stubber) -> None:
    """Guardrails and what is retained go to SageMaker as they are."""
    request = {**UPDATE, "RetainAllVariantProperties": True, "DeploymentConfig": {"RollingUpdatePolicy": ROLLING}}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, request)

    hosting.update_endpoint(request, is_retry=False)


def test_going_back_asks_for_the_config_that_was_there(hosting: Hosting, stub: Stubber) -> None:
    """Without guardrails, but with the counts that are kept."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    asked = {"EndpointName": "churn", "EndpointConfigName": "churn-c-0", "RetainAllVariantProperties": True}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, asked)

    hosting.go_back("churn", "churn-c-0", {"RetainAllVariantProperties": True})


@pytest.mark.parametrize(
    "message",
    [IN_USE.replace("c-1", "c-0"), f'Could not find endpoint "{ARN}endpoint/churn".'],
    ids=["it is back already", "the endpoint is gone"],
)
def test_nothing_to_go_back_from_is_success(hosting: Hosting, stub: Stubber, message: str) -> None:
    """Undoing may be repeated, and somebody may have done it before."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    hosting.go_back("churn", "churn-c-0", {})


@pytest.mark.parametrize(
    ("message", "raised"),
    [
        (IN_PROGRESS, errors.EndpointBusyError),
        (
            f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-0".',
            errors.EndpointConfigNotVisibleError,
        ),
        (f'Could not find model "{ARN}model/churn-m-1".', errors.ModelNotVisibleError),
        (f'Could not find model "{ARN}model/another".', errors.SageMakerRejectedError),
    ],
    ids=["it is changing", "the config is not visible", "its model is not visible", "a model is gone"],
)
def test_going_back_may_have_to_wait(
    hosting: Hosting, stub: Stubber, message: str, raised: type[errors.DeployerError]
) -> None:
    """What has just been seen is there, even if a replica lags; what it is made of is there, too."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    with pytest.raises(raised):
        hosting.go_back("churn", "churn-c-0", {})


def test_there_is_no_way_back_to_a_config_that_is_gone(hosting: Hosting, stub: Stubber) -> None:
    """Nothing is asked of the endpoint then."""
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-0".')

    with pytest.raises(errors.DeployerError):
        hosting.go_back("churn", "churn-c-0", {})


@pytest.mark.parametrize(("execution", "is_ours"), [(EXECUTION, True), ("another execution", False)])
def test_a_revision_is_of_the_execution_that_its_tag_names(
    hosting: Hosting, stub: Stubber, execution: str, *, is_ours: bool
) -> None:
    """Of two runs with the same content and second, one made the config."""
    describe_config(stub)
    list_tags(stub, execution)

    assert hosting.made_revision("churn-c-1") is is_ours


REVISION = "churn-20261124T120000-0123456789ab"


@pytest.mark.parametrize(
    ("config", "tags", "is_unproven"),
    [
        pytest.param(REVISION, [{"Key": UNPROVEN_TAG, "Value": "true"}], True, id="unproven"),
        pytest.param(REVISION, [{"Key": EXECUTION_TAG, "Value": EXECUTION}], False, id="proven"),
        pytest.param(REVISION, [], True, id="tags not seen yet"),
        pytest.param("made-by-hand", None, False, id="made by hand"),
    ],
)
def test_a_resting_endpoint_is_described_with_all_that_planning_needs(
    hosting: Hosting, stub: Stubber, config: str, tags: list[dict[str, str]] | None, *, is_unproven: bool
) -> None:
    """Who confirmed it, and whether its revision has yet to pass its smoke test."""
    describe_endpoint(stub, config, EndpointStatus="InService")
    stub.add_response("list_tags", {"Tags": [{"Key": CONFIRMED_TAG, "Value": REVISION}]})
    if tags is not None:
        describe_config(stub, EndpointConfigName=config)
        stub.add_response("list_tags", {"Tags": tags})

    live = hosting.find_live("churn")

    assert live is not None
    assert (live.endpoint_status, live.endpoint_config_name) == ("InService", config)
    assert (live.confirmed, live.is_unproven) == (REVISION, is_unproven)


def test_a_changing_endpoint_takes_one_call(hosting: Hosting, stub: Stubber) -> None:
    """Whoever waits for it asks often, and needs to know no more than what it is being changed to."""
    describe_endpoint(
        stub, REVISION, EndpointStatus="Updating", PendingDeploymentSummary={"EndpointConfigName": "churn-c-9"}
    )

    live = hosting.find_live("churn")

    assert live is not None
    assert (live.endpoint_status, live.pending_config_name) == ("Updating", "churn-c-9")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the adapter has paused, in seconds; here it does not."""
    taken: list[float] = []
    monkeypatch.setattr("deployer.aws.sagemaker_calls.sleep", taken.append)
    return taken


def test_a_throttled_call_is_made_again(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """It has had no effect, whatever it was; the pauses grow."""
    for _ in range(3):
        stub.add_client_error("create_model", "ThrottlingException", "Rate exceeded")
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/churn-m-1"})

    Hosting(client, execution=EXECUTION, patience=20.0).create_model(MODEL)

    assert len(pauses) == 3
    assert 0.5 <= pauses[0] <= 1.0 <= pauses[1] <= 2.0 <= pauses[2] <= 4.0


def test_throttled_calls_wear_patience_out(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """However many calls a step makes, it pauses for no longer than it has patience, but for the last pause."""
    for _ in range(2):
        stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    hosting = Hosting(client, patience=0.4)

    with pytest.raises(errors.SageMakerThrottledError):
        hosting.find_model("churn-m-1")
    stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    with pytest.raises(errors.SageMakerThrottledError):
        hosting.find_model("churn-m-1")

    assert len(pauses) == 1


def test_only_throttled_calls_are_made_again(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """Of any other failure nobody knows here whether it has had an effect."""
    stub.add_client_error("create_model", "InternalFailure", "Try again", http_status_code=500)

    with pytest.raises(errors.SageMakerUnavailableError):
        Hosting(client, patience=20.0).create_model(MODEL)

    assert pauses == []


def test_a_revision_is_proven_by_taking_its_mark_away(hosting: Hosting, stub: Stubber) -> None:
    """It may be taken away twice."""
    arn = f"{ARN}endpoint-config/churn-c-1"
    describe_config(stub)
    stub.add_response("delete_tags", {}, {"ResourceArn": arn, "TagKeys": [UNPROVEN_TAG]})

    hosting.prove("churn-c-1")


def test_revisions_are_listed_from_the_newest_to_the_oldest(hosting: Hosting, stub: Stubber) -> None:
    """Over all pages, and without the configs of other endpoints whose names hold this one's."""
    names = ["churn-20261124T120000-0123456789ab", "my-churn-20261124T120000-0123456789ab", "churn-by-hand"]
    newer = "churn-20261124T120001-0123456789ab"
    for page, more in ((names, {"NextToken": "more"}), ([newer], {})):
        summaries = [
            {"EndpointConfigName": name, "EndpointConfigArn": f"{ARN}endpoint-config/{name}", "CreationTime": MOMENT}
            for name in page
        ]
        stub.add_response("list_endpoint_configs", {"EndpointConfigs": summaries, **more})

    assert list(hosting.revisions("churn")) == [newer, names[0]]


DELETIONS: dict[str, tuple[str, str]] = {
    "endpoint": ("describe_endpoint", f'Could not find endpoint "{ARN}endpoint/churn-x".'),
    "endpoint_config": (
        "describe_endpoint_config",
        f'Could not find endpoint configuration "{ARN}endpoint-config/churn-x".',
    ),
    "model": ("describe_model", f'Could not find model "{ARN}model/churn-x".'),
}


@pytest.mark.parametrize("kind", DELETIONS)
def test_what_is_gone_is_deleted(client: Any, stub: Stubber, kind: str) -> None:
    """A deletion may be repeated, although a policy by tags lets nobody delete what is not there."""
    describe, message = DELETIONS[kind]
    refuse(stub, f"delete_{kind}", message)
    refuse(stub, f"delete_{kind}", "not authorized", code="AccessDeniedException")
    refuse(stub, describe, message)

    for _ in range(2):
        getattr(Hosting(client), f"delete_{kind}")("churn-x")


def test_what_a_policy_protects_is_not_deleted(client: Any, stub: Stubber) -> None:
    """What is there and may not be deleted is no success."""
    refuse(stub, "delete_endpoint_config", "not authorized", code="AccessDeniedException")
    describe_config(stub)

    with pytest.raises(errors.AccessDeniedError):
        Hosting(client).delete_endpoint_config("churn-c-1")


def test_what_sagemaker_does_not_know_is_not_found(hosting: Hosting, stub: Stubber) -> None:
    """For planning, absence is an answer and no error."""
    refuse(stub, "describe_endpoint", f'Could not find endpoint "{ARN}endpoint/churn".')
    refuse(stub, "describe_model", f'Could not find model "{ARN}model/churn-m-1".')
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-1".')

    assert hosting.find_endpoint("churn") is None
    assert hosting.find_model("churn-m-1") is None
    assert hosting.find_endpoint_config("churn-c-1") is None


def test_the_cause_is_in_sagemakers_own_words(hosting: Hosting, stub: Stubber) -> None:
    """An error says which call was refused, and why, word for word."""
    refuse(stub, "create_model", "Requested image registry/churn:1 not found.")

    with pytest.raises(errors.SageMakerRejectedError) as refused:
        hosting.create_model(MODEL)

    assert str(refused.value) == "CreateModel: Requested image registry/churn:1 not found."


def test_a_server_fault_passes_whatever_its_code(hosting: Hosting, stub: Stubber) -> None:
    """HTTP says enough: a 5xx is the service's fault."""
    refuse(stub, "create_model", "?", code="UnknownError", status=503)

    with pytest.raises(errors.SageMakerUnavailableError):
        hosting.create_model(MODEL)


@pytest.mark.parametrize(
    "lost", [ReadTimeoutError, ConnectionClosedError, EndpointConnectionError, ConnectTimeoutError]
)
def test_a_lost_connection_passes(hosting: Hosting, client: Any, lost: type[Exception]) -> None:
    """A call without an answer may be repeated, since every step can be."""

    def lose(**_: Any) -> None:
        raise lost(endpoint_url="https://api.sagemaker")

    client.meta.events.register("before-send.sagemaker.CreateModel", lose)

    with pytest.raises(errors.SageMakerUnavailableError):
        hosting.create_model(MODEL)


@pytest.mark.parametrize(
    ("described", "requested", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="more is described"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="less is described"),
        pytest.param({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, True, id="nested"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, False, id="longer list"),
        pytest.param({"a": 1}, {"a": 1.0}, True, id="whole number as float"),
        pytest.param({"a": "1"}, {"a": 1}, False, id="text is no number"),
    ],
)
def test_content_is_compared_by_what_was_requested(described: object, requested: object, *, expected: bool) -> None:
    """What SageMaker adds does not count; everything that was requested does."""
    assert holds(described, requested) is expected
