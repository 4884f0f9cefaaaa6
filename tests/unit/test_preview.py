"""The preview of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.planning.choose import choose_action
from deployer.planning.diff import HIDDEN
from deployer.planning.plan import Action
from deployer.planning.preview import Previewing
from deployer.planning.revision_store import Copy
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import draft
from tests.unit.request_samples import REGISTRY, ROLE, percent, routing, serverless, variant

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from tests.unit.planning_account import PlanningAccount


def preview(account: PlanningAccount, wanted: Draft, retained: int = 3) -> dict[str, Any]:
    """Preview a draft for the endpoint as it is now."""
    plan = choose_action(wanted, account.planning)
    return Previewing(account.sagemaker, account.store, retained).preview(plan)


def changes(account: PlanningAccount, wanted: Draft) -> dict[str, tuple[Any, Any]]:
    """Return the changed fields of a preview, each before and after."""
    found = preview(account, wanted)["Changes"]
    return {each["Path"]: (each.get("Before"), each.get("After")) for each in found}


def test_new_endpoint_is_created_with_all_that_it_needs(account: PlanningAccount) -> None:
    wanted = draft("a")

    found = preview(account, wanted)

    assert found["Action"] == "Create"
    assert found["Endpoint"] == {"Status": None, "Config": None, "PendingConfig": None}
    assert found["Creates"] == {
        "Models": [wanted.model_names["m"]],
        "EndpointConfig": wanted.revision,
        "Endpoint": "churn",
    }
    assert {"Path": "Models.m.PrimaryContainer.Image", "After": f"{REGISTRY}/a:1"} in found["Changes"]
    assert found["Instances"] == [
        {"VariantName": "AllTraffic", "Before": None, "After": {"InstanceType": "ml.m5.large", "Count": 1}}
    ]
    assert (found["WayBack"], found["Guardrails"], found["SmokeTest"]) == ("deleted", None, False)


def test_update_reports_only_the_fields_that_change(account: PlanningAccount) -> None:
    """Names are made from content, so they change with it, and are not a difference of their own."""
    served = account.serve("live", -60)

    found = preview(account, draft("a"))

    assert found["Changes"] == [
        {
            "Path": "Models.m.PrimaryContainer.Image",
            "Before": f"{REGISTRY}/live:1",
            "After": f"{REGISTRY}/a:1",
        }
    ]
    assert (found["Action"], found["ChangesLeftOut"]) == ("Update", 0)
    assert found["Creates"]["Endpoint"] is None
    assert found["WayBack"] == found["Endpoint"]["Config"] == served.revision


def test_instances_tags_and_renamed_models_are_reported(account: PlanningAccount) -> None:
    account.serve("live", -60, Tags={"team": "growth"})
    model = {"PrimaryContainer": {"Image": f"{REGISTRY}/live:1", "Environment": {"KEY": "x"}}, "ExecutionRoleArn": ROLE}
    config = {"ProductionVariants": [variant(VariantName="AllTraffic", ModelName="other", InstanceType="ml.c5.large")]}

    found = changes(account, draft("a", Models={"other": model}, EndpointConfig=config, Tags={"team": "risk"}))

    assert found == {
        "Models.other.PrimaryContainer.Environment.KEY": (None, HIDDEN),
        "EndpointConfig.ProductionVariants[AllTraffic].InstanceType": ("ml.m5.large", "ml.c5.large"),
        "Tags.team": ("growth", "risk"),
    }


def test_serverless_variant_has_no_instances(account: PlanningAccount) -> None:
    config = {"ProductionVariants": [serverless() | {"VariantName": "AllTraffic", "ModelName": "m"}]}

    found = preview(account, draft("a", EndpointConfig=config))

    assert found["Instances"][0]["After"] == {"InstanceType": "serverless", "Count": 0}


def test_counts_that_scaling_manages_are_reported_as_they_stay(account: PlanningAccount) -> None:
    account.serve("live", -60)
    account.scale()
    count = {"VariantName": "AllTraffic", "DesiredInstanceCount": 4}
    account.clients["sagemaker"].update_endpoint_weights_and_capacities(
        EndpointName="churn", DesiredWeightsAndCapacities=[count]
    )
    account.sleep(10)

    found = preview(account, draft("a"))

    (instances,) = found["Instances"]
    assert found["Retention"]["RetainAllVariantProperties"] is True
    assert instances["After"] == instances["Before"] == {"InstanceType": "ml.m5.large", "Count": 4}


def test_guardrails_and_smoke_test_are_reported(account: PlanningAccount) -> None:
    account.serve("live", -60)
    guardrails = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}

    found = preview(account, draft("a", DeploymentConfig=guardrails, SmokeTest={"Body": "1"}))

    assert (found["Guardrails"], found["SmokeTest"]) == (guardrails, True)


def test_only_copies_that_are_missing_are_made(account: PlanningAccount) -> None:
    upload = account.put()
    copies = [
        Copy(bucket=BUCKET, key=upload.key, version=upload.version, size=5, target=f"revisions/churn/artifacts/{name}")
        for name in ("there", "missing")
    ]
    account.put("revisions/churn/artifacts/there")

    found = preview(account, draft("a").model_copy(update={"copies": copies}))

    uri = f"s3://{BUCKET}/revisions/churn/artifacts/missing"
    assert found["Copies"] == [{"From": f"s3://{BUCKET}/{upload.key}", "To": uri, "Bytes": 5}]


def test_revisions_that_are_retained_no_more_are_named(account: PlanningAccount) -> None:
    served = [account.serve(image, minutes) for image, minutes in (("x", -90), ("y", -80), ("z", -70))]
    account.serve("failed", -60, is_deployed=False)
    account.sleep(60)

    found = preview(account, draft("a", 60), retained=2)

    assert found["Sweepable"] == [served[1].revision, served[0].revision]


@pytest.mark.parametrize(
    ("image", "minutes", "action"),
    [
        pytest.param("live", 0, Action.CONFIRM, id="nothing new"),
        pytest.param("a", -90, Action.SUPERSEDED, id="older"),
    ],
)
def test_request_that_deploys_nothing_creates_nothing(
    account: PlanningAccount, image: str, minutes: float, action: Action
) -> None:
    account.serve("live", -60)

    found = preview(account, draft(image, minutes))

    assert (found["Action"], found["Creates"], found["Copies"], found["Sweepable"]) == (action, {}, [], [])
    assert found["WayBack"] is None


def test_endpoint_that_is_changing_is_waited_for(account: PlanningAccount) -> None:
    served = account.serve("live", -60, is_deployed=False)

    found = preview(account, draft("a"))

    assert found["Action"] == "Wait"
    assert found["Endpoint"]["Config"] == served.revision
    assert found["Changes"]


def test_changes_that_do_not_fit_are_counted(account: PlanningAccount) -> None:
    environment = {f"{'K' * 200}_{number}": "v" for number in range(400)}
    models = {"m": {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1", "Environment": environment}}}

    found = preview(account, draft("a", Models=models))

    assert found["ChangesLeftOut"] > 0
    assert len(found["Changes"]) + found["ChangesLeftOut"] > 400


def test_preview_changes_nothing(account: PlanningAccount) -> None:
    account.serve("live", -60)
    before = len(account.calls())

    preview(account, draft("a"))

    assert {call for call in account.calls(before) if not call.startswith(("Describe", "ListTags"))} == set()


def test_request_of_models_that_exist_has_no_models_to_compare(account: PlanningAccount) -> None:
    account.serve("live", -60)
    account.sagemaker.create_model(
        {"ModelName": "mine", "PrimaryContainer": {"Image": f"{REGISTRY}/mine:1"}, "ExecutionRoleArn": ROLE}
    )
    config = {"ProductionVariants": [variant(VariantName="AllTraffic", ModelName="mine")]}

    found = changes(account, draft("a", Models={}, EndpointConfig=config))

    assert list(found) == ["EndpointConfig.ProductionVariants[AllTraffic].ModelName"]


def test_data_that_are_described_twice_are_compared_once(account: PlanningAccount) -> None:
    """SageMaker describes the URL that a model was created with as a source in S3, too (API Reference, CreateModel)."""
    data = {"Image": f"{REGISTRY}/a:1", "ModelDataUrl": "s3://artifacts/a.tar.gz"}
    account.serve("a", -60, Models={"m": {"PrimaryContainer": data, "ExecutionRoleArn": ROLE}})
    (model,) = dict(account.simulator.store.models.scan_current()).values()
    place = {"S3Uri": data["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip"}
    model["PrimaryContainer"]["ModelDataSource"] = {"S3DataSource": place}
    other = {"PrimaryContainer": {**data, "ModelDataUrl": "s3://artifacts/b.tar.gz"}, "ExecutionRoleArn": ROLE}

    found = changes(account, draft("a", Models={"m": other}))

    assert found["Models.m.PrimaryContainer.ModelDataUrl"] == ("s3://artifacts/a.tar.gz", "s3://artifacts/b.tar.gz")
    assert [path for path in found if "ModelDataSource" in path] == []
