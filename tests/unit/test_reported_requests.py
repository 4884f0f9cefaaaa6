"""Requests that people who deploy SageMaker endpoints have published or complained about, with the right outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.choose import choose_action
from deployer.planning.draft import draft_deployment
from deployer.planning.plan import Action, Plan
from deployer.planning.settings import Settings
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import EXECUTION, NOON, STACK
from tests.unit.request_samples import REGISTRY, ROLE, percent, request, routing, variant, with_config

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from tests.unit.planning_account import PlanningAccount

GATED = "s3://jumpstart-private-cache-prod-us-east-1/some-llm/v1/"


def settings(**changed: Any) -> Settings:
    """Build the settings of a stack with a default instance type and no default image."""
    values = {
        "account_id": "111122223333",
        "stack_name": STACK,
        "artifact_bucket": BUCKET,
        "artifact_prefix": "models/",
        "execution_role_arn": ROLE,
        "default_instance_type": "ml.m5.large",
        "allowed_bucket_arns": "arn:aws:s3:::jumpstart-private-cache-prod-us-east-1",
    }
    return Settings.model_validate({**values, **changed})


def drafted(account: PlanningAccount, document: object, **changed: Any) -> tuple[Draft, Action | None]:
    """Draft a deployment."""
    execution = {"Id": EXECUTION, "Name": "run-1", "StartTime": account.now.isoformat()}
    return draft_deployment(document, execution, settings(**changed), account.store, account.planning)


def manifest_of(account: PlanningAccount, **document: Any) -> Document:
    """Upload a manifest; build its event."""
    key = "models/churn/deployment.yaml"
    uploaded = account.put(key, yaml.safe_dump(document).encode())
    return {
        "id": "event-1",
        "account": "111122223333",
        "time": NOON.isoformat(),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "version-id": uploaded.version, "etag": "0"}},
    }


def lines_of(account: PlanningAccount, document: object, **changed: Any) -> list[str]:
    """Return what is said of an input that is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        drafted(account, document, **changed)
    return str(rejected.value).splitlines()


def made(found: Draft) -> Document:
    """Return the only CreateModel request of a draft."""
    (model,) = Plan.of(found, Action.CREATE, 60).model_requests(NOON)
    return model


LLM = {
    "PrimaryContainer": {
        "Image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/vllm:server-sagemaker-cuda-v1",
        "Environment": {"SM_VLLM_MODEL": "some-org/some-20b"},
    }
}
LARGE = {"ProductionVariants": [{"InstanceType": "ml.g5.2xlarge", "InitialInstanceCount": 1}]}


def test_container_that_waits_for_an_artifact_is_named(account: PlanningAccount) -> None:
    found, action = drafted(account, manifest_of(account, Models={"llm": LLM}, EndpointConfig=LARGE))

    assert action is Action.AWAITING_ARTIFACT
    assert found.reason == (
        "Models.llm.PrimaryContainer: waits for a model.tar.gz in s3://artifacts/models/churn/ or below, outside of "
        "folders that have a deployment.yaml of their own; ModelDataUrl: null says that a container has no model data"
    )


def test_container_that_fetches_its_weights_itself_waits_for_nothing(account: PlanningAccount) -> None:
    model = {"PrimaryContainer": {**LLM["PrimaryContainer"], "ModelDataUrl": None}}

    found, action = drafted(account, manifest_of(account, Models={"llm": model}, EndpointConfig=LARGE))

    assert action is None
    assert made(found)["PrimaryContainer"] == LLM["PrimaryContainer"]


def test_container_without_data_is_the_same_revision_with_and_without_the_word(account: PlanningAccount) -> None:
    said = {"PrimaryContainer": {**LLM["PrimaryContainer"], "ModelDataUrl": None}}

    unsaid, _ = drafted(account, request(Models={"llm": LLM}))
    found, _ = drafted(account, request(Models={"llm": said}))

    assert (found.revision, found.model_names) == (unsaid.revision, unsaid.model_names)


def container(name: str, **more: Any) -> Document:
    """Build a container of a pipeline."""
    return {"ContainerHostname": name, "Image": f"{REGISTRY}/{name}:1", **more}


def test_pipeline_gets_the_archive_where_it_says_so(account: PlanningAccount) -> None:
    upload = account.put("models/churn/model.tar.gz")
    pipe = {
        "InferenceExecutionConfig": {"Mode": "Serial"},
        "Containers": [container("pre", ModelDataUrl=None), container("inf"), container("post", ModelDataUrl=None)],
    }

    found, _ = drafted(account, manifest_of(account, Models={"pipe": pipe}))

    data = [each.get("ModelDataUrl", "") for each in made(found)["Containers"]]
    assert data == ["", f"s3://{BUCKET}/{found.copies[0].target}", ""]
    assert found.copies[0].version == upload.version


DATA, NO_DATA = {"ModelDataUrl": f"s3://{BUCKET}/models/other/model.tar.gz"}, {"ModelDataUrl": None}


@pytest.mark.parametrize(
    ("containers", "action"),
    [
        pytest.param([NO_DATA, DATA, NO_DATA], None, id="none waits"),
        pytest.param([NO_DATA, NO_DATA], None, id="none has data"),
        pytest.param([NO_DATA, {}], Action.AWAITING_ARTIFACT, id="one waits"),
    ],
)
def test_container_can_say_that_it_has_no_model_data(
    account: PlanningAccount, containers: list[Document], action: Action | None
) -> None:
    account.put("models/other/model.tar.gz")
    pipe = {"Containers": [{"Image": f"{REGISTRY}/a:1", **each} for each in containers]}

    assert drafted(account, manifest_of(account, Models={"pipe": pipe}))[1] is action


def test_pipeline_does_not_give_the_upload_to_all_containers(account: PlanningAccount) -> None:
    pipe = {"Containers": [container("pre"), container("inf", **NO_DATA), container("post")]}

    assert lines_of(account, manifest_of(account, Models={"pipe": pipe})) == [
        f"Models.pipe.Containers[{index}].ModelDataUrl: is missing in 2 containers of the model, and the upload is for "
        "one of them; write ModelDataUrl: null for each container that has no model data"
        for index in (0, 2)
    ]


def test_model_without_a_container_waits_for_the_artifact(account: PlanningAccount) -> None:
    """It gets a container, in the stack's default image."""
    _, action = drafted(account, manifest_of(account, Models={"m": {}}), default_image=f"{REGISTRY}/a:1")

    assert action is Action.AWAITING_ARTIFACT


def test_gated_model_data_need_not_be_readable(account: PlanningAccount) -> None:
    """SageMaker itself gets access to them, once the licence is accepted."""
    data = {
        "S3Uri": GATED,
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
        "ModelAccessConfig": {"AcceptEula": True},
    }
    model = {
        "EnableNetworkIsolation": True,
        "PrimaryContainer": {"Image": f"{REGISTRY}/djl:1", "ModelDataSource": {"S3DataSource": data}},
    }

    found, action = drafted(account, request(variant(InstanceType="ml.g5.12xlarge"), Models={"m": model}))

    assert action is None
    assert made(found)["PrimaryContainer"]["ModelDataSource"] == {"S3DataSource": data}


def test_gated_model_data_are_in_an_allowed_bucket_all_the_same(account: PlanningAccount) -> None:
    data = {
        "S3Uri": GATED,
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
        "ModelAccessConfig": {"AcceptEula": True},
    }
    model = {"PrimaryContainer": {"Image": f"{REGISTRY}/djl:1", "ModelDataSource": {"S3DataSource": data}}}

    (line,) = lines_of(account, request(Models={"m": model}), allowed_bucket_arns="")

    assert line.endswith("see its parameter AllowedBucketArns")


def test_manifest_that_is_wrong_waits_for_no_artifact(account: PlanningAccount) -> None:
    """Its artifact could not make it right."""
    test = {"BodyS3Uri": f"s3://{BUCKET}/gone.json"}
    models = {"a": {"PrimaryContainer": {}}, "b": {"PrimaryContainer": {"ModelDataUrl": f"s3://{BUCKET}/gone"}}}

    lines = lines_of(account, manifest_of(account, Models=models, SmokeTest=test))

    assert lines == [
        f"SmokeTest.BodyS3Uri: s3://{BUCKET}/gone.json is not there",
        "Models.a.PrimaryContainer.Image: is missing, and the stack has no DefaultImage",
        "Models.b.PrimaryContainer.Image: is missing, and the stack has no DefaultImage",
    ]


def test_smoke_test_of_what_the_stack_fills_in_is_checked_before_the_artifact_comes(account: PlanningAccount) -> None:
    (line,) = lines_of(
        account, manifest_of(account, SmokeTest={"Body": "x", "TargetVariant": "B"}), default_image=f"{REGISTRY}/a:1"
    )

    assert line == "SmokeTest.TargetVariant: 'B' is none of AllTraffic"


IMAGE = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1"}}


def test_waits_beyond_the_deployment_timeout_are_told(account: PlanningAccount) -> None:
    deployment = {
        "BlueGreenUpdatePolicy": {
            **routing("LINEAR", LinearStepSize=percent(10)),
            "TerminationWaitInSeconds": 3600,
        }
    }
    document = request(variant(InitialInstanceCount=10), Models={"m": IMAGE}, DeploymentConfig=deployment)

    (line,) = lines_of(account, document, deployment_timeout_seconds=7200)

    assert line == (
        "DeploymentConfig: waits 9000 s in all, and this stack gives a deployment up after 7200 s; shorten the waits, "
        "or see its parameter DeploymentTimeoutSeconds"
    )
    assert drafted(account, document, deployment_timeout_seconds=10_000)[1] is None


def test_model_that_does_not_exist_is_told_with_the_one_that_is_meant(account: PlanningAccount) -> None:
    named = request(variant(ModelName="model"), variant(ModelName="theirs"), Models={"model": IMAGE})

    (line,) = lines_of(account, named)

    assert line == (
        "EndpointConfig.ProductionVariants[1].ModelName: 'theirs' is neither a key of Models nor a model in SageMaker"
    )


def test_first_deployment_of_inference_components_has_nothing_to_test(account: PlanningAccount) -> None:
    document = request(
        EndpointConfig={"ExecutionRoleArn": ROLE, "ProductionVariants": [variant()]},
        SmokeTest={"Body": "x", "InferenceComponentName": "c"},
    )
    found, action = drafted(account, document)

    assert action is None
    with pytest.raises(
        InvalidRequestError, match=r"^SmokeTest: is not for the first deployment of an endpoint of infer"
    ):
        choose_action(found, account.planning)


ASYNCHRONOUS = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/out"}}}


def deployed(account: PlanningAccount, document: Document) -> None:
    """Bring an endpoint into service."""
    found, _ = drafted(account, document)
    account.bring_into_service(found)


def rejected_update(account: PlanningAccount, document: Document) -> list[str]:
    """Return what is said of an update."""
    account.sleep(60)
    found, action = drafted(account, document)
    assert action is None
    with pytest.raises(InvalidRequestError) as rejected:
        choose_action(found, account.planning)
    return str(rejected.value).splitlines()


def test_asynchronous_endpoint_stays_asynchronous(account: PlanningAccount) -> None:
    deployed(account, {**with_config(variant(), **ASYNCHRONOUS), "Models": {"m": IMAGE}})

    (line,) = rejected_update(account, request(variant(), Models={"m": IMAGE}))

    assert line.startswith("EndpointConfig.AsyncInferenceConfig: is missing; the live endpoint is asynchronous")


def test_canary_of_the_whole_fleet_is_told(account: PlanningAccount) -> None:
    deployed(account, request(variant(), Models={"m": IMAGE}))
    size = {"Type": "INSTANCE_COUNT", "Value": 1}
    other = {"PrimaryContainer": {"Image": f"{REGISTRY}/b:1"}}

    (line,) = rejected_update(
        account,
        request(
            variant(),
            Models={"m": other},
            DeploymentConfig={"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=size)},
        ),
    )

    assert line.endswith("CanarySize.Value: 1 of the 1 instances of variant AllTraffic is not 1 to 50 percent")


def test_alarm_that_is_in_alarm_already_is_told(account: PlanningAccount) -> None:
    deployed(account, request(variant(), Models={"m": IMAGE}))
    account.put_alarm("churn-5xx")
    account.cloudwatch.set_alarm_state(AlarmName="churn-5xx", StateValue="ALARM", StateReason="now")
    other = {"PrimaryContainer": {"Image": f"{REGISTRY}/b:1"}}

    (line,) = rejected_update(
        account,
        request(
            variant(),
            Models={"m": other},
            DeploymentConfig={"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}},
        ),
    )

    assert "AlarmName: 'churn-5xx' is in state ALARM" in line


MODELS = {"a": {"PrimaryContainer": {"Image": "i"}}, "b": {"PrimaryContainer": {"Image": "i"}}}
VARIANT = "EndpointConfig.ProductionVariants"
KEY_WITH_UNDERSCORE = (
    "Models.paint_shop: 'paint_shop' cannot be a part of a model's name; use letters, digits, and hyphens between them"
)
PASTED = (
    "EndpointConfig.EndpointConfigArn: is in what DescribeEndpointConfig answers, and CreateEndpointConfig does not "
    "take it; leave it out"
)

UNCLEAR = {
    "a model key with an underscore": (
        request(variant(VariantName="v"), Models={"paint_shop": IMAGE}),
        [KEY_WITH_UNDERSCORE],
    ),
    "two models, variants without ModelName": (
        request(variant(), variant(), Models=MODELS),
        [f"{VARIANT}[{index}].ModelName: is missing; name one of Models, a, b" for index in (0, 1)],
    ),
    "two models, variants with names": (
        request(variant(VariantName="x"), variant(VariantName="y"), Models=MODELS),
        [f"{VARIANT}[{index}].ModelName: is missing; name one of Models, a, b" for index in (0, 1)],
    ),
    "what DescribeEndpointConfig says, pasted": (
        with_config(
            variant(VariantName="v", ModelName="m"),
            EndpointConfigArn="arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/old",
        ),
        [PASTED],
    ),
    "RetainDeploymentConfig": (
        request(RetainDeploymentConfig=True),
        ["RetainDeploymentConfig: is not taken; each request has its own DeploymentConfig, or none"],
    ),
    "a field at the wrong place": (
        request(ProductionVariants=[variant()], PrimaryContainer={}),
        [
            "PrimaryContainer: is a field of Models.<key>; write it there",
            "ProductionVariants: is a field of EndpointConfig; write it there",
        ],
    ),
    "a name of the deployer's": (
        request(EndpointConfigName="c"),
        ["EndpointConfigName: is named by the deployer; leave it out"],
    ),
    "a far-fetched field": (request(Replicas=2), ["Replicas: is no field of a request"]),
}


@pytest.mark.parametrize(("document", "lines"), UNCLEAR.values(), ids=UNCLEAR)
def test_message_says_what_to_write(account: PlanningAccount, document: Document, lines: list[str]) -> None:
    assert lines_of(account, document) == lines
