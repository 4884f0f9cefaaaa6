"""The adapter of SageMaker: what it settles by itself, and what it raises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from deployer import errors
from deployer.aws.sagemaker import SageMaker, holds
from deployer.aws.sagemaker_calls import _MOST_PAGES
from deployer.json_document import Document
from deployer.tags import (
    CONFIRMED_TAG,
    DEPLOYED,
    EXECUTION_TAG,
    PENDING,
    PREVIOUS_TAG,
    STACK_TAG,
    STATE_TAG,
    USED_AT_TAG,
    tag_list,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1"
STACK = "deployer"
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"
MODEL_ARN, CONFIG_ARN, ENDPOINT_ARN = f"{ARN}model/churn-m-1", f"{ARN}endpoint-config/churn-c-1", f"{ARN}endpoint/churn"
ROLE = "arn:aws:iam::111122223333:role/runs-models"
USED_AT = "2026-11-24T12:00:00+00:00"
COMMON = {"team": "growth", EXECUTION_TAG: EXECUTION, STACK_TAG: STACK, USED_AT_TAG: USED_AT}
MODEL: Document = {
    "ModelName": "churn-m-1",
    "PrimaryContainer": {"Image": "registry/churn:1"},
    "ExecutionRoleArn": ROLE,
    "Tags": tag_list(COMMON),
}
CONFIG: Document = {
    "EndpointConfigName": "churn-c-1",
    "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-m-1", "InitialVariantWeight": 1.0}],
    "Tags": tag_list({**COMMON, STATE_TAG: PENDING, PREVIOUS_TAG: "churn-c-0"}),
}
UPDATE = {"EndpointName": "churn", "EndpointConfigName": "churn-c-1"}
MOMENT = 1764000000
ROLLING = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 20}, "WaitIntervalInSeconds": 60}


@pytest.fixture
def client() -> Any:
    """A client of SageMaker that reaches nothing."""
    return boto3.client("sagemaker", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """What SageMaker is going to answer, in order; every answer has to be asked for."""
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def service(client: Any) -> SageMaker:
    """The adapter, on behalf of one execution."""
    return SageMaker(client, execution=EXECUTION, stack=STACK, names={"churn-m-1", "churn-c-1"})


def refuse(stub: Stubber, operation: str, message: str, code: str = "ValidationException", status: int = 400) -> None:
    """Let the next call be refused."""
    stub.add_client_error(operation, code, message, http_status_code=status)


def deny(stub: Stubber, operation: str) -> None:
    """Let the next call be denied."""
    refuse(stub, operation, "User is not authorized", code="AccessDeniedException")


def describe_model(stub: Stubber, **changed: Any) -> None:
    """Let the next call describe the model."""
    content = {member: value for member, value in MODEL.items() if member != "Tags"}
    stub.add_response("describe_model", {**content, "ModelArn": MODEL_ARN, "CreationTime": MOMENT, **changed})


def describe_config(stub: Stubber, **changed: Any) -> None:
    """Let the next call describe the config."""
    content = {member: value for member, value in CONFIG.items() if member != "Tags"}
    answer = {**content, "EndpointConfigArn": CONFIG_ARN, "CreationTime": MOMENT, **changed}
    stub.add_response("describe_endpoint_config", answer)


def describe_endpoint(stub: Stubber, config_name: str = "churn-c-1", **more: Any) -> None:
    """Let the next call describe the endpoint."""
    answer = {
        "EndpointName": "churn",
        "EndpointArn": ENDPOINT_ARN,
        "EndpointConfigName": config_name,
        "EndpointStatus": "Updating",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        **more,
    }
    stub.add_response("describe_endpoint", answer)


def list_tags(stub: Stubber, arn: str, **tags: str) -> None:
    """Let the next call list the tags of a resource."""
    stub.add_response("list_tags", {"Tags": tag_list(tags)}, {"ResourceArn": arn})


def add_tags(stub: Stubber, arn: str, tags: dict[str, str]) -> None:
    """Let the next call set exactly these tags of a resource."""
    stub.add_response("add_tags", {}, {"ResourceArn": arn, "Tags": tag_list(tags)})


EXISTING = {
    "create_model": f'Cannot create already existing model "{MODEL_ARN}".',
    "create_endpoint_config": f'Cannot create already existing endpoint configuration "{CONFIG_ARN}".',
    "create_endpoint": f'Cannot create already existing endpoint "{ENDPOINT_ARN}".',
}


def test_model_is_created_with_its_tags(service: SageMaker, stub: Stubber) -> None:
    stub.add_response("create_model", {"ModelArn": MODEL_ARN}, MODEL)

    service.create_model(MODEL)


def test_model_that_exists_with_equal_content_is_noted_as_used(service: SageMaker, stub: Stubber) -> None:
    """So the sweep spares it. What SageMaker adds by itself, and other tags, are no content."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub, EnableNetworkIsolation=False)
    list_tags(stub, MODEL_ARN, **{STACK_TAG: STACK})
    add_tags(stub, MODEL_ARN, {EXECUTION_TAG: EXECUTION, USED_AT_TAG: USED_AT})

    service.create_model(MODEL)


@pytest.mark.parametrize("tags", [{STACK_TAG: "another"}, {}], ids=["another stack's", "nobody's, or not visible yet"])
def test_model_of_somebody_else_is_used_and_stays_as_it_is(
    service: SageMaker, stub: Stubber, tags: dict[str, str]
) -> None:
    """The policy lets only this stack's be tagged. If it is deleted before a config names it, it is created again."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **tags)

    service.create_model(MODEL)


def test_young_model_of_this_run_needs_no_tags(service: SageMaker, stub: Stubber) -> None:
    """Its creation was answered too late, and IAM does not know its tags yet."""
    own = {STACK_TAG: STACK, EXECUTION_TAG: EXECUTION, USED_AT_TAG: "2026-11-24T11:59:00+00:00"}
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **own)
    deny(stub, "add_tags")
    list_tags(stub, MODEL_ARN, **own)

    service.create_model(MODEL)


def test_young_model_of_another_run_is_tagged_when_iam_knows_whose_it_is(service: SageMaker, stub: Stubber) -> None:
    own = {STACK_TAG: STACK, EXECUTION_TAG: "another execution", USED_AT_TAG: USED_AT}
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **own)
    deny(stub, "add_tags")
    list_tags(stub, MODEL_ARN, **own)

    with pytest.raises(errors.PermissionNotReadyError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"PrimaryContainer": {"Image": "registry/other:1"}}, id="another image"),
        pytest.param({"ExecutionRoleArn": f"{ROLE}-2"}, id="another role"),
        pytest.param({"PrimaryContainer": {}}, id="less"),
    ],
)
def test_model_that_exists_with_other_content_is_a_conflict(
    service: SageMaker, stub: Stubber, changed: Document
) -> None:
    """A model that somebody made under its name is not taken for the deployer's, and not tagged."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub, **changed)

    with pytest.raises(errors.AlreadyExistsError) as conflict:
        service.create_model(MODEL)

    assert str(conflict.value) == (
        f"CreateModel: {EXISTING['create_model']} It holds something else than this deployment asks for."
    )


def test_model_that_exists_and_is_not_visible_is_looked_for_again(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", EXISTING["create_model"])
    refuse(stub, "describe_model", f'Could not find model "{MODEL_ARN}".')

    with pytest.raises(errors.ModelNotVisibleError):
        service.create_model(MODEL)


def test_config_is_created_with_its_tags(service: SageMaker, stub: Stubber) -> None:
    stub.add_response("create_endpoint_config", {"EndpointConfigArn": CONFIG_ARN}, CONFIG)

    assert service.create_endpoint_config(CONFIG) == CONFIG_ARN


def test_config_that_exists_with_equal_content_becomes_the_responsibility_of_the_run(
    service: SageMaker, stub: Stubber
) -> None:
    """Its state stays as it is: the revision may have been deployed before."""
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub, EnableNetworkIsolation=False)
    list_tags(stub, CONFIG_ARN, **{STACK_TAG: STACK})
    add_tags(stub, CONFIG_ARN, {EXECUTION_TAG: EXECUTION, USED_AT_TAG: USED_AT, PREVIOUS_TAG: "churn-c-0"})

    assert service.create_endpoint_config(CONFIG) == CONFIG_ARN


@pytest.mark.parametrize(
    ("tags", "raised", "why"),
    [
        ({STACK_TAG: "another"}, errors.AlreadyExistsError, "It does not belong to this stack."),
        ({}, errors.EndpointConfigNotVisibleError, "It shows no tags yet."),
    ],
    ids=["another stack's", "whose is not visible yet"],
)
def test_config_of_another_stack_is_a_conflict(
    service: SageMaker, stub: Stubber, tags: dict[str, str], raised: type[errors.DeployerError], why: str
) -> None:
    """A run that takes responsibility for it tags it, and the policy allows tags only on this stack's resources."""
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub)
    list_tags(stub, CONFIG_ARN, **tags)

    with pytest.raises(raised, match=rf"{re.escape(why)}$"):
        service.create_endpoint_config(CONFIG)


def test_config_that_exists_with_other_content_is_a_conflict(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub, ProductionVariants=[{**CONFIG["ProductionVariants"][0], "InitialVariantWeight": 2.0}])

    with pytest.raises(errors.AlreadyExistsError, match=r"It holds something else than this deployment asks for\.$"):
        service.create_endpoint_config(CONFIG)


def test_config_that_exists_and_is_not_visible_is_looked_for_again(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{CONFIG_ARN}".')

    with pytest.raises(errors.EndpointConfigNotVisibleError):
        service.create_endpoint_config(CONFIG)


def test_endpoint_of_this_execution_that_exists_is_success(service: SageMaker, stub: Stubber) -> None:
    """The answer to an earlier call was lost; the tag names the owner of the endpoint."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    describe_endpoint(stub, EndpointStatus="Creating")
    list_tags(stub, ENDPOINT_ARN, **{EXECUTION_TAG: EXECUTION})

    service.create_endpoint(UPDATE)


@pytest.mark.parametrize("tags", [{EXECUTION_TAG: "another execution"}, {}], ids=["another execution", "nobody"])
def test_endpoint_of_somebody_else_that_exists_is_planned_again(
    service: SageMaker, stub: Stubber, tags: dict[str, str]
) -> None:
    """Even with the config of this run."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    describe_endpoint(stub, EndpointStatus="Creating")
    list_tags(stub, ENDPOINT_ARN, **tags)

    with pytest.raises(errors.EndpointExistsError):
        service.create_endpoint(UPDATE)


def list_endpoints(stub: Stubber, *names: str) -> None:
    """Let the next call list endpoints."""
    moments = {"CreationTime": MOMENT, "LastModifiedTime": MOMENT, "EndpointStatus": "InService"}
    listed = [{"EndpointName": name, "EndpointArn": ENDPOINT_ARN, **moments} for name in names]
    stub.add_response("list_endpoints", {"Endpoints": listed}, {"MaxResults": 100, "NameContains": "churn"})


@pytest.mark.parametrize(
    ("names", "raised", "message"),
    [
        (("churn-2", "Churn"), errors.SageMakerRejectedError, "differs from that of the endpoint Churn by case only"),
        (("churn-2",), errors.EndpointNotVisibleError, "cannot be seen yet"),
    ],
    ids=["another case", "not visible yet"],
)
def test_name_that_is_taken_by_no_visible_endpoint_may_differ_by_case(
    service: SageMaker, stub: Stubber, names: tuple[str, ...], raised: type[errors.DeployerError], message: str
) -> None:
    """CreateEndpoint compares names without their case."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    refuse(stub, "describe_endpoint", f'Could not find endpoint "{ENDPOINT_ARN}".')
    list_endpoints(stub, *names)

    with pytest.raises(raised, match=message):
        service.create_endpoint(UPDATE)


IN_PROGRESS = f'Cannot update in-progress endpoint "{ARN}endpoint/churn".'
IN_USE = 'Cannot update endpoint with the currently in use endpoint configuration "churn-c-1".'


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_update_of_this_execution_is_success(service: SageMaker, stub: Stubber, message: str) -> None:
    """The answer to UpdateEndpoint may get lost; tried again, it finds its effect pending or attached."""
    pending = {"PendingDeploymentSummary": {"EndpointConfigName": "churn-c-1"}} if message == IN_PROGRESS else {}
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0" if pending else "churn-c-1", **pending)

    service.update_endpoint(UPDATE, is_retry=True)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_same_update_by_somebody_else_is_planned_again(service: SageMaker, stub: Stubber, message: str) -> None:
    """What this execution has not tried yet cannot be its effect."""
    refuse(stub, "update_endpoint", message)

    with pytest.raises(errors.EndpointBusyError) as busy:
        service.update_endpoint(UPDATE, is_retry=False)

    assert message in str(busy.value)


@pytest.mark.parametrize("is_retry", [True, False], ids=["tried again", "tried first"])
def test_update_of_somebody_else_is_planned_again(service: SageMaker, stub: Stubber, *, is_retry: bool) -> None:
    refuse(stub, "update_endpoint", IN_PROGRESS)
    if is_retry:
        describe_endpoint(stub, "churn-c-0", PendingDeploymentSummary={"EndpointConfigName": "churn-c-9"})

    with pytest.raises(errors.EndpointBusyError):
        service.update_endpoint(UPDATE, is_retry=is_retry)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_update_that_is_not_visible_yet_is_looked_for_again(service: SageMaker, stub: Stubber, message: str) -> None:
    """A replica that lags describes the endpoint as it was: the owner of the update is known only later."""
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0", EndpointStatus="InService")

    with pytest.raises(errors.EndpointNotVisibleError, match="shows no sign"):
        service.update_endpoint(UPDATE, is_retry=True)


@pytest.mark.parametrize(
    ("tags", "raised"),
    [({STACK_TAG: STACK}, errors.PermissionNotReadyError), ({STACK_TAG: "another"}, errors.AccessDeniedError)],
    ids=["own", "another stack's"],
)
@pytest.mark.parametrize("change", ["update", "revert"])
def test_change_that_iam_denies_is_tried_again_if_the_endpoint_is_own(
    service: SageMaker, stub: Stubber, change: str, tags: dict[str, str], raised: type[errors.DeployerError]
) -> None:
    """The policy allows it by the endpoint's tag, which reaches IAM late."""
    if change == "revert":
        describe_config(stub, EndpointConfigName="churn-c-0")
    deny(stub, "update_endpoint")
    describe_endpoint(stub, "churn-c-0")
    list_tags(stub, ENDPOINT_ARN, **tags)

    with pytest.raises(raised):
        service.revert("churn", "churn-c-0", {}) if change == "revert" else service.update_endpoint(
            UPDATE, is_retry=False
        )


def test_update_is_requested_as_planned(service: SageMaker, stub: Stubber) -> None:
    request = {**UPDATE, "RetainAllVariantProperties": True, "DeploymentConfig": {"RollingUpdatePolicy": ROLLING}}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, request)

    service.update_endpoint(request, is_retry=False)


def test_reverting_requests_the_config_that_was_there(service: SageMaker, stub: Stubber) -> None:
    """Without guardrails: it has been deployed before. Counts that are kept stay so."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    asked = {"EndpointName": "churn", "EndpointConfigName": "churn-c-0", "RetainAllVariantProperties": True}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, asked)

    service.revert("churn", "churn-c-0", {"RetainAllVariantProperties": True})


@pytest.mark.parametrize(
    "message",
    [IN_USE.replace("c-1", "c-0"), f'Could not find endpoint "{ARN}endpoint/churn".'],
    ids=["it is back already", "the endpoint is gone"],
)
def test_reverting_what_is_reverted_or_gone_is_success(service: SageMaker, stub: Stubber, message: str) -> None:
    """The step is repeated, and somebody may have done it before."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    service.revert("churn", "churn-c-0", {})


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
def test_reverting_raises_what_sagemaker_answers(
    service: SageMaker, stub: Stubber, message: str, raised: type[errors.DeployerError]
) -> None:
    """The config that has just been described is there, and so are its models, even if a replica lags."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    with pytest.raises(raised):
        service.revert("churn", "churn-c-0", {})


def test_reverting_to_a_config_that_is_gone_is_not_requested(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-0".')

    with pytest.raises(errors.EndpointConfigNotVisibleError):
        service.revert("churn", "churn-c-0", {})


def test_revision_is_confirmed_by_a_tag_of_the_config(service: SageMaker, stub: Stubber) -> None:
    add_tags(stub, CONFIG_ARN, {CONFIRMED_TAG: "churn-c-2"})

    service.confirm(CONFIG_ARN, "churn-c-2")


def test_tags_are_set_one_by_one(service: SageMaker, stub: Stubber) -> None:
    add_tags(stub, CONFIG_ARN, {STATE_TAG: DEPLOYED, "team": "growth"})

    service.add_tags(CONFIG_ARN, {STATE_TAG: DEPLOYED, "team": "growth"})


@pytest.mark.parametrize(
    ("stack", "raised"),
    [
        pytest.param({STACK_TAG: STACK}, errors.PermissionNotReadyError, id="own"),
        pytest.param({STACK_TAG: "another"}, errors.AccessDeniedError, id="another stack"),
        pytest.param({}, errors.AccessDeniedError, id="nobody"),
    ],
)
def test_denied_tags_are_set_again_if_the_resource_bears_the_tag_of_the_stack(
    service: SageMaker, stub: Stubber, stack: dict[str, str], raised: type[errors.DeployerError]
) -> None:
    """The tag has not reached IAM yet."""
    deny(stub, "add_tags")
    list_tags(stub, CONFIG_ARN, **stack)

    with pytest.raises(raised, match="not authorized"):
        service.add_tags(CONFIG_ARN, {STATE_TAG: DEPLOYED})


def test_tags_are_read_by_their_keys(service: SageMaker, stub: Stubber) -> None:
    list_tags(stub, CONFIG_ARN, team="growth", cost="7")

    assert service.tags_of(CONFIG_ARN) == {"team": "growth", "cost": "7"}


def test_resource_that_is_gone_has_no_tags(service: SageMaker, stub: Stubber) -> None:
    """A replica that lags describes an endpoint that was deleted, and ListTags does not know it any more."""
    refuse(stub, "list_tags", "Resource does not exist.")

    assert service.tags_of(ENDPOINT_ARN) == {}


def test_refused_list_of_tags_is_no_empty_list(service: SageMaker, stub: Stubber) -> None:
    """Whatever else ListTags refuses is an error."""
    refuse(stub, "list_tags", "1 validation error detected")

    with pytest.raises(errors.SageMakerRejectedError, match="1 validation error"):
        service.tags_of(ENDPOINT_ARN)


LISTINGS: dict[str, tuple[str, str, Callable[[SageMaker], Iterator[Document]]]] = {
    "endpoints": ("list_endpoints", "Endpoints", lambda service: service.list_endpoints(NameContains="churn")),
    "configs": (
        "list_endpoint_configs",
        "EndpointConfigs",
        lambda service: service.list_endpoint_configs(NameContains="churn"),
    ),
    "models": ("list_models", "Models", lambda service: service.list_models(NameContains="churn")),
}
MEMBERS = {"Endpoints": "Endpoint", "EndpointConfigs": "EndpointConfig", "Models": "Model"}


def summary(member: str, name: str) -> Document:
    """Build an entry of a listing."""
    kind = MEMBERS[member]
    more = {"EndpointStatus": "InService", "LastModifiedTime": MOMENT} if kind == "Endpoint" else {}
    return {f"{kind}Name": name, f"{kind}Arn": f"{ARN}{kind.lower()}/{name}", "CreationTime": MOMENT, **more}


@pytest.mark.parametrize(("operation", "member", "list_all"), LISTINGS.values(), ids=LISTINGS)
def test_listing_goes_through_all_pages(
    service: SageMaker,
    stub: Stubber,
    operation: str,
    member: str,
    list_all: Callable[[SageMaker], Iterator[Document]],
) -> None:
    """A filtered listing may have empty pages between."""
    pages: list[tuple[list[str], dict[str, str], dict[str, str]]] = [
        (["a", "b"], {"NextToken": "1"}, {}),
        ([], {"NextToken": "2"}, {"NextToken": "1"}),
        (["c"], {}, {"NextToken": "2"}),
    ]
    for names, more, token in pages:
        answer = {member: [summary(member, name) for name in names], **more}
        stub.add_response(operation, answer, {"MaxResults": 100, "NameContains": "churn", **token})

    found = [entry[f"{MEMBERS[member]}Name"] for entry in list_all(service)]

    assert found == ["a", "b", "c"]


def test_listing_without_an_end_is_given_up(service: SageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_call", lambda *_, **__: {"Models": [], "NextToken": "more"})

    with pytest.raises(errors.SageMakerRejectedError, match=f"more than {_MOST_PAGES} pages"):
        list(service.list_models())


@dataclass(frozen=True)
class Deletion:
    """How one kind of resource is deleted, and how SageMaker answers."""

    operation: str
    arn: str
    delete: Callable[[SageMaker], None]
    describe: Callable[[Stubber], None]
    missing: str

    def miss(self, stub: Stubber, operation: str) -> None:
        """Let the next call not find the resource."""
        refuse(stub, operation, f'Could not find {self.missing} "{self.arn}".')

    @property
    def lookup(self) -> str:
        """The call that describes the resource."""
        return self.operation.replace("delete", "describe")


DELETIONS = {
    "endpoint": Deletion(
        "delete_endpoint", ENDPOINT_ARN, lambda service: service.delete_endpoint("churn"), describe_endpoint, "endpoint"
    ),
    "config": Deletion(
        "delete_endpoint_config",
        CONFIG_ARN,
        lambda service: service.delete_endpoint_config("churn-c-1"),
        describe_config,
        "endpoint configuration",
    ),
    "model": Deletion(
        "delete_model", MODEL_ARN, lambda service: service.delete_model("churn-m-1"), describe_model, "model"
    ),
}


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_resource_is_deleted_with_one_call(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    stub.add_response(kind.operation, {})

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_resource_that_is_gone_counts_as_deleted(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    kind.miss(stub, kind.operation)

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_denied_deletion_of_what_is_gone_is_success(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    """The policy allows deletions by tag, and what is not there has none."""
    deny(stub, kind.operation)
    kind.miss(stub, kind.lookup)

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_denied_deletion_of_what_bears_the_tag_of_the_stack_is_tried_again(
    service: SageMaker, stub: Stubber, kind: Deletion
) -> None:
    """The tag has not reached IAM yet."""
    deny(stub, kind.operation)
    kind.describe(stub)
    list_tags(stub, kind.arn, **{STACK_TAG: STACK})

    with pytest.raises(errors.PermissionNotReadyError, match="not authorized"):
        kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
@pytest.mark.parametrize("tags", [{}, {STACK_TAG: "another"}], ids=["no tag", "another stack"])
def test_denied_deletion_of_what_belongs_to_somebody_else_is_denied(
    service: SageMaker, stub: Stubber, kind: Deletion, tags: dict[str, str]
) -> None:
    deny(stub, kind.operation)
    kind.describe(stub)
    list_tags(stub, kind.arn, **tags)

    with pytest.raises(errors.AccessDeniedError, match="not authorized"):
        kind.delete(service)


def test_changing_endpoint_is_not_deleted(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "delete_endpoint", f'Cannot update in-progress endpoint "{ENDPOINT_ARN}".')

    with pytest.raises(errors.EndpointBusyError):
        service.delete_endpoint("churn")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the adapter would have taken, in seconds."""
    taken: list[float] = []
    monkeypatch.setattr("deployer.clock.sleep", taken.append)
    return taken


def test_throttled_call_is_made_again_after_growing_pauses(client: Any, stub: Stubber, pauses: list[float]) -> None:
    for _ in range(3):
        stub.add_client_error("create_model", "ThrottlingException", "Rate exceeded")
    stub.add_response("create_model", {"ModelArn": f"{ARN}model/churn-m-1"})

    SageMaker(client, throttle_seconds=20.0).create_model(MODEL)

    assert len(pauses) == 3
    assert 0.5 <= pauses[0] <= 1.0 <= pauses[1] <= 2.0 <= pauses[2] <= 4.0


def test_pauses_of_all_calls_together_are_bounded(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """But for the last pause, which may exceed the bound."""
    for _ in range(2):
        stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    service = SageMaker(client, throttle_seconds=0.4)

    with pytest.raises(errors.SageMakerThrottledError):
        service.find_model("churn-m-1")
    stub.add_client_error("describe_model", "ThrottlingException", "Rate exceeded")
    with pytest.raises(errors.SageMakerThrottledError):
        service.find_model("churn-m-1")

    assert len(pauses) == 1


def test_failed_call_is_not_made_again(client: Any, stub: Stubber, pauses: list[float]) -> None:
    """Only a throttled call is known to have had no effect."""
    stub.add_client_error("create_model", "InternalFailure", "Try again", http_status_code=500)

    with pytest.raises(errors.SageMakerUnavailableError):
        SageMaker(client, throttle_seconds=20.0).create_model(MODEL)

    assert pauses == []


def test_what_sagemaker_does_not_know_is_not_found(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "describe_endpoint", f'Could not find endpoint "{ARN}endpoint/churn".')
    refuse(stub, "describe_model", f'Could not find model "{ARN}model/churn-m-1".')
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-1".')

    assert service.find_endpoint("churn") is None
    assert service.find_model("churn-m-1") is None
    assert service.find_endpoint_config("churn-c-1") is None


def test_error_has_the_operation_and_sagemakers_own_words(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", "Requested image registry/churn:1 not found.")

    with pytest.raises(errors.SageMakerRejectedError) as refused:
        service.create_model(MODEL)

    assert str(refused.value) == "CreateModel: Requested image registry/churn:1 not found."


def test_server_fault_is_transient_whatever_its_code(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", "?", code="UnknownError", status=503)

    with pytest.raises(errors.SageMakerUnavailableError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    "lost", [ReadTimeoutError, ConnectionClosedError, EndpointConnectionError, ConnectTimeoutError]
)
def test_lost_connection_is_transient(service: SageMaker, client: Any, lost: type[BotoCoreError]) -> None:
    def lose(**_: Any) -> None:
        raise lost(endpoint_url="https://api.sagemaker")

    client.meta.events.register("before-send.sagemaker.CreateModel", lose)

    with pytest.raises(errors.SageMakerUnavailableError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    ("described", "requested", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="more is described"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="less is described"),
        pytest.param({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, True, id="nested"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, False, id="longer list"),
        pytest.param({"a": 1}, {"a": 1.0}, True, id="whole number as float"),
        pytest.param({"a": "1"}, {"a": 1}, False, id="text is no number"),
        pytest.param({"a": "1"}, {"a": {}}, False, id="text is no mapping"),
        pytest.param({"a": {"b": 1}}, {"a": []}, False, id="a mapping is no list"),
    ],
)
def test_content_is_compared_by_what_was_requested(described: object, requested: object, *, expected: bool) -> None:
    """What SageMaker adds does not count; everything that was requested does."""
    assert holds(described, requested) is expected
