"""Published requests about model data: which container waits for an artifact, and which has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deployer.json_document import Document
from deployer.planning.plan import Action, Plan
from tests.unit.draft_samples import object_created
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import NOON
from tests.unit.reported_samples import drafted, lines_of
from tests.unit.request_samples import REGISTRY, request, variant

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from tests.unit.planning_account import PlanningAccount


GATED = "s3://jumpstart-private-cache-prod-us-east-1/some-llm/v1/"


def manifest_of(account: PlanningAccount, **document: Any) -> Document:
    """Upload a manifest; build its event."""
    key = "models/churn/deployment.yaml"
    return object_created(account.put(key, yaml.safe_dump(document).encode()))


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
    assert isinstance(found, Plan)
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


def test_pipeline_gets_the_archive_where_the_request_marks_it(account: PlanningAccount) -> None:
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
def test_container_may_have_no_model_data(
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


def test_smoke_test_is_checked_with_the_defaults_before_the_artifact_comes(account: PlanningAccount) -> None:
    (line,) = lines_of(
        account, manifest_of(account, SmokeTest={"Body": "x", "TargetVariant": "B"}), default_image=f"{REGISTRY}/a:1"
    )

    assert line == "SmokeTest.TargetVariant: 'B' is not one of AllTraffic"
