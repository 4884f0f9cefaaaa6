"""Published complaints about updates: each is rejected with its reason before anything changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.choose import choose_action
from tests.unit.planning_account import BUCKET
from tests.unit.reported_samples import IMAGE, drafted, lines_of
from tests.unit.request_samples import REGISTRY, ROLE, percent, request, routing, variant, with_config

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_waits_beyond_the_deployment_timeout_are_reported(account: PlanningAccount) -> None:
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


def test_canary_of_the_whole_fleet_is_reported(account: PlanningAccount) -> None:
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


def test_alarm_that_is_in_alarm_already_is_reported(account: PlanningAccount) -> None:
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
