"""The hosting simulator refuses the updates that SageMaker does not do between two configs."""

from __future__ import annotations

import pytest

from deployer.aws.classification import classify
from deployer.errors import SageMakerRejectedError
from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import (
    ARN,
    ROLE,
    WAIT,
    Account,
    blue_green,
    canary,
    instances,
    percent,
    refused,
    rolling,
    serverless,
    variant,
)
from tests.unit.hosting.hosting_samples import ASYNC, BOUGHT

TWO = [variant(InitialInstanceCount=4), variant(VariantName="B", InitialInstanceCount=4)]
FOUR = [variant(InitialInstanceCount=4)]
BOTH = blue_green("ALL_AT_ONCE") | rolling(percent(50))
UPDATES: dict[str, tuple[list[Document], list[Document], Document, str]] = {
    "instances become serverless": (FOUR, [serverless()], {}, "Cannot update an instance based endpoint to a server"),
    "other names, guarded": (FOUR, [variant(VariantName="B")], canary(), "to have the same variant names"),
    "one name more, guarded": (FOUR, TWO, canary(), "to have the same variant names"),
    "two policies": (FOUR, FOUR, BOTH, "Only one update policy"),
    "rolling serverless": ([serverless()], [serverless()], rolling(percent(50)), "RollingUpdatePolicy is not support"),
    "rolling several variants": (TWO, TWO, rolling(percent(50)), "RollingUpdatePolicy is not supported"),
    "a canary of more than half": (FOUR, FOUR, canary(size=51), "CanarySize must be at most 50%"),
    "a canary of 3 instances of 4": (
        FOUR,
        FOUR,
        blue_green("CANARY", CanarySize=instances(3)),
        "CanarySize must be at most 50%",
    ),
    "a time that is less than the waits": (
        FOUR,
        FOUR,
        canary(MaximumExecutionTimeoutInSeconds=WAIT),
        "MaximumExecutionTimeoutInSeconds must be more than the waits of BlueGreenUpdatePolicy",
    ),
    "a time that is less than the waits of linear steps": (
        FOUR,
        FOUR,
        blue_green("LINEAR", LinearStepSize=percent(25), policy={"MaximumExecutionTimeoutInSeconds": 3 * WAIT}),
        "MaximumExecutionTimeoutInSeconds must be more than the waits of BlueGreenUpdatePolicy",
    ),
    "a time that is less than the waits of batches": (
        FOUR,
        FOUR,
        rolling(percent(50), MaximumExecutionTimeoutInSeconds=2 * WAIT),
        "MaximumExecutionTimeoutInSeconds must be more than the waits of RollingUpdatePolicy",
    ),
    "a canary without a size": (FOUR, FOUR, blue_green("CANARY"), "CanarySize is required"),
    "linear steps that are too small": (
        FOUR,
        FOUR,
        blue_green("LINEAR", LinearStepSize=percent(9)),
        "LinearStepSize must be between 10% and 50%",
    ),
    "linear steps that are too large": (
        FOUR,
        FOUR,
        blue_green("LINEAR", LinearStepSize=instances(3)),
        "LinearStepSize must be between 10% and 50%",
    ),
    "batches that are too small": (FOUR, FOUR, rolling(percent(4)), "MaximumBatchSize must be between 5% and 50%"),
    "batches that are too large": (FOUR, FOUR, rolling(instances(3)), "MaximumBatchSize must be between 5% and 50%"),
    "going back in batches that are too small": (
        FOUR,
        FOUR,
        rolling(percent(50), RollbackMaximumBatchSize=percent(4)),
        "RollbackMaximumBatchSize must be between 5% and 100%",
    ),
}


@pytest.mark.parametrize(("live", "wanted", "deployment", "said"), UPDATES.values(), ids=UPDATES)
def test_an_update_that_sagemaker_does_not_do_is_refused(
    live: list[Document], wanted: list[Document], deployment: Document, said: str
) -> None:
    """It is refused permanently, and the endpoint stays as it is."""
    account = Account()
    account.serve(*live)
    account.create_config("d", *wanted)
    guarded = {"DeploymentConfig": deployment} if deployment else {}

    code, message = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d", **guarded)

    assert said in message
    assert classify("UpdateEndpoint", code, message) is SageMakerRejectedError
    assert account.state == ("InService", "c")


def test_asynchronous_endpoint_stays_asynchronous() -> None:
    """AsyncInferenceConfig cannot be removed from an endpoint, and can be given to one."""
    account = Account()
    account.serve(**ASYNC)
    account.create_config("d")
    account.create_config("b", **ASYNC)

    said = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d")

    assert said[1] == "AsyncInferenceConfig cannot be removed from an endpoint."
    assert account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="b")


def test_marketplace_models_have_no_guardrails() -> None:
    """SageMaker shifts all traffic at once, and nothing bakes."""
    account = Account()
    account.sagemaker.create_model(ModelName="n", PrimaryContainer={"ModelPackageName": BOUGHT}, ExecutionRoleArn=ROLE)
    account.serve()
    account.update(canary())

    account.clock.sleep(account.settings.update_seconds + 2 * account.settings.stage_seconds)

    assert account.state == ("InService", "d")


def test_exclusions_without_retention_are_refused() -> None:
    """Exclusions need something to be excluded from."""
    account = Account()
    account.serve()
    account.create_config("d")
    excluded = [{"VariantPropertyType": "DesiredWeight"}]

    said = refused(
        account.sagemaker.update_endpoint,
        EndpointName="e",
        EndpointConfigName="d",
        ExcludeRetainedVariantProperties=excluded,
    )

    assert said[1] == "ExcludeRetainedVariantProperties can only be specified if RetainAllVariantProperties is true."


@pytest.mark.parametrize(
    "wanted",
    [[variant(InstanceType="ml.m5.xlarge")], [variant(VariantName="B")], [serverless(VariantName="C")]],
    ids=["another instance type", "removed", "removed for serverless"],
)
@pytest.mark.parametrize("scaled", [("e", "A"), ("e", "B"), ("f", "A")], ids=":".join)
def test_a_scaled_variant_keeps_its_instances(wanted: list[Document], scaled: tuple[str, str]) -> None:
    """While Application Auto Scaling manages it; other variants, and those of other endpoints, may change."""
    account = Account(options={"is_scaled": lambda *names: names == scaled})
    account.serve()
    account.create_config("d", *wanted)
    call = {"EndpointName": "e", "EndpointConfigName": "d"}
    is_serverless = "ServerlessConfig" in wanted[0]

    if scaled == ("e", "A") and not is_serverless:
        assert refused(account.sagemaker.update_endpoint, **call)[1] == (
            'The variant(s) "[A]" must be deregistered as scalable targets with AWS Auto Scaling '
            "before they can be removed or have their instance type updated."
        )
    elif is_serverless:
        assert refused(account.sagemaker.update_endpoint, **call)[1].startswith("Cannot update an instance based")
    else:
        assert account.sagemaker.update_endpoint(**call)


def test_a_scaled_variant_may_change_its_model() -> None:
    """Only the instance type is fixed."""
    account = Account(options={"is_scaled": lambda *_: True})
    account.serve()

    account.update()

    assert account.state == ("Updating", "c")


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        ([serverless()], [serverless(4096)]),
        ([serverless()], [variant()]),
        ([variant(InstanceType="ml.inf1.xlarge")], [variant(InstanceType="ml.inf1.2xlarge")]),
        ([serverless()], [serverless(VariantName="B")]),
    ],
    ids=["serverless", "from serverless", "Inf1", "with another name"],
)
def test_guardrails_are_passed_over_where_there_are_none(live: list[Document], wanted: list[Document]) -> None:
    """All traffic shifts at once, nothing bakes, and no alarm counts."""
    account = Account()
    account.serve(*live)
    account.alarms.add("errors")
    account.update(canary("errors"), *wanted)
    settings = account.settings

    account.clock.sleep(settings.update_seconds + 2 * settings.stage_seconds)

    assert account.state == ("InService", "d")
    assert 2 * settings.stage_seconds < WAIT


def test_the_attached_config_must_exist() -> None:
    """An endpoint whose config was deleted serves, and cannot be updated any more."""
    account = Account()
    account.serve()
    account.sagemaker.delete_endpoint_config(EndpointConfigName="c")
    account.create_config("d")

    said = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d")

    assert said == ("ValidationException", f'Could not find endpoint configuration "{ARN}endpoint-config/c".')
    assert account.invoke()["Model"] == "m"


def test_a_model_that_went_missing_fails_the_fleet() -> None:
    """The config and its model were there when they were looked up, and the model is gone when it is to be loaded."""
    account = Account(settings=Settings(update_seconds=60, rollback_seconds=60))
    account.serve()
    account.update()
    account.sagemaker.delete_model(ModelName="n")

    account.clock.sleep(120)

    assert account.state == ("InService", "c")
    assert account.describe()["FailureReason"] == "Could not find model n."
