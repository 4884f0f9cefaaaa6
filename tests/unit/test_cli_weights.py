"""What the command line shows of an endpoint whose config has the weights of another revision."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.aws.s3 import Objects
from deployer.planning.keys import request_key
from deployer.planning.record_weights import record_weights
from deployer.planning.weight_record import WeightRecord
from endpoint_deployer.aws.artifacts import Artifacts
from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.aws.stack import EXECUTION_TAG, STATE_TAG
from endpoint_deployer.aws.status import status_of
from endpoint_deployer.commands import deployments
from endpoint_deployer.view.status import status_lines
from tests.unit.command_account import ALARM, Account, invoke, run_of
from tests.unit.command_stack import BUCKET, moto_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::111122223333:role/models"
BASE, SERVED, LATER = (f"churn-202611{day}T120000-0123456789ab" for day in (24, 25, 26))


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A stack whose endpoint is on the config `BASE`; `SERVED` and `LATER` are revisions with other weights."""
    with moto_stack(monkeypatch) as made:
        sagemaker = made.client("sagemaker")
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
        for name, weight in ((BASE, 9), (SERVED, 5), (LATER, 1)):
            variant = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
            sagemaker.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[{**variant, "InitialVariantWeight": weight}],
                Tags=[{"Key": STATE_TAG, "Value": "deployed"}, {"Key": EXECUTION_TAG, "Value": f"arn:of-{name}"}],
            )
            data = [{"Uri": f"s3://{BUCKET}/of-{name}/model.tar.gz"}]
            stored = json.dumps({"Request": {"EndpointName": "churn", "Made": name}, "Data": data})
            made.client("s3").put_object(Bucket=BUCKET, Key=request_key("churn", name), Body=stored.encode())
        sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName=BASE)
        yield made


def record(stack: Any, *revisions: str) -> None:
    """Record that the config of the endpoint was given the weights of some revisions, as the deployer does."""
    weights = WeightRecord(Objects(stack.client("s3")), BUCKET)
    for number, name in enumerate(revisions, 1):
        assert record_weights(weights, "churn", BASE, name, number)


@pytest.mark.parametrize(
    ("revisions", "live"),
    [
        pytest.param((), BASE, id="never changed"),
        pytest.param((SERVED,), SERVED, id="changed"),
        pytest.param((LATER, SERVED), SERVED, id="the last change counts"),
        pytest.param((*[LATER, SERVED] * 5, LATER), LATER, id="more than nine"),
        pytest.param((SERVED, BASE), BASE, id="changed back"),
    ],
)
def test_live_revision_is_the_one_whose_weights_the_config_has(
    stack: Any, revisions: tuple[str, ...], live: str
) -> None:
    record(stack, *revisions)
    endpoints = Endpoints(stack)

    found = [*endpoints.revisions("churn")]

    assert endpoints.live("churn") == live
    assert [each.name for each in found if each.is_live] == [live]
    assert {each.name for each in found if each.can_be_rolled_back_to} == {BASE, SERVED, LATER} - {live}


def test_missing_endpoint_has_no_live_revision(stack: Any) -> None:
    assert Endpoints(stack).live("other") == ""


def test_plan_and_deploy_start_from_the_live_revision(stack: Any) -> None:
    record(stack, SERVED)

    assert deployments._uploaded_request(stack, "churn")["Made"] == SERVED
    assert Artifacts(stack, "churn").known() == f"s3://{BUCKET}/of-{SERVED}/model.tar.gz"


def status_text(stack: Any) -> tuple[Any, str]:
    """Return what `status` finds of the endpoint, and what it prints."""
    runs: Any = SimpleNamespace(find_execution=lambda arn: SimpleNamespace(trigger=f"by {arn}"))
    found = status_of("churn", Endpoints(stack), runs, [], {"Found": {}, "Repairs": {}})
    return found, "\n".join(status_lines({**found, "Alarms": [], "Scaling": []}))


def test_status_shows_the_live_revision_and_the_config_that_has_its_weights(stack: Any) -> None:
    record(stack, SERVED)

    found, text = status_text(stack)

    live = found["Live"]
    assert (live["Revision"], live["Config"], live["State"]) == (SERVED, BASE, "deployed")
    assert live["Trigger"] == f"by arn:of-{SERVED}"
    assert f"\n  live     {SERVED} " in text
    assert f"\n  config   {BASE} " in text
    assert "\n  variant  a: weight 9, instances 2" in text


def test_status_of_an_unchanged_config_does_not_name_it_again(stack: Any) -> None:
    found, text = status_text(stack)

    assert found["Live"]["Revision"] == found["Live"]["Config"] == BASE
    assert "  config  " not in text


@pytest.mark.parametrize(
    ("variant", "line"),
    [
        pytest.param(
            {"CurrentWeight": 1.0, "DesiredWeight": 0.5, "CurrentInstanceCount": 2, "DesiredInstanceCount": 2},
            "weight 1 → 0.5, instances 2",
            id="another weight",
        ),
        pytest.param(
            {"CurrentWeight": 1.0, "DesiredWeight": 1.0, "CurrentInstanceCount": 2, "DesiredInstanceCount": 0},
            "weight 1, instances 2 → 0",
            id="another count",
        ),
        pytest.param({"CurrentWeight": 1.0, "DesiredWeight": 1.0}, "weight 1", id="serverless"),
        pytest.param({"DesiredWeight": 1.0}, "weight 0 → 1", id="not begun"),
    ],
)
def test_variant_under_change_is_shown_with_its_target(stack: Any, variant: dict[str, Any], line: str) -> None:
    found, _ = status_text(stack)
    endpoint = {"EndpointStatus": "Updating", "ProductionVariants": [{"VariantName": "a", **variant}]}

    lines = [*status_lines({**found, "Endpoint": endpoint, "Alarms": [], "Scaling": []})]

    assert f"  variant  a: {line}" in lines


@pytest.mark.parametrize(
    ("action", "status", "text"),
    [
        pytest.param("UpdateWeights", 2, "churn would get other weights or counts", id="weights"),
        pytest.param("Update", 2, "churn would be updated", id="all else"),
        pytest.param("NothingToDo", 0, "nothing to do", id="nothing"),
    ],
)
def test_plan_says_that_only_weights_change(
    monkeypatch: pytest.MonkeyPatch, action: str, status: int, text: str
) -> None:
    preview = {
        "Action": action, "Creates": {}, "Copies": [], "Changes": [], "ChangesLeftOut": 0, "Instances": [],
        "Guardrails": None, "SmokeTest": False, "WayBack": BASE, "Sweepable": [], "Warnings": [],
    }  # fmt: skip
    ended = run_of("SUCCEEDED", output=json.dumps({"Plan": {"Preview": preview}}))
    monkeypatch.setattr(deployments, "_uploaded_request", lambda _stack, name: {"EndpointName": name})
    monkeypatch.setattr(deployments, "wait_for_end", lambda *_: ended)

    found, printed = invoke(monkeypatch, Account(["InService"]), "plan", "churn")

    assert (found, text in printed) == (status, True)


def test_change_of_weights_with_an_artifact_that_is_not_uploaded_yet_is_an_update() -> None:
    upload: Any = SimpleNamespace(file="model.tar.gz", uri="s3://artifacts/model.tar.gz", size=1)

    assert deployments._with_upload({"Action": "UpdateWeights", "Creates": {}}, upload)["Action"] == "Update"


def test_change_of_weights_cannot_be_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The abort alarm of an update before is there, and would be set for minutes for nothing."""
    own = "endpoint-deployer/abort/churn"
    account = Account(["Updating"], run_of("RUNNING"), deployment=ALARM, alarms={own}, action="UpdateWeights")

    status, printed = invoke(monkeypatch, account, "abort", "churn", "--yes")

    assert (status, account.calls) == (1, [])
    assert "is being given other weights or counts" in printed
