"""The alarms of step policies: what a request may say of them, what they are, and what they are called."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from deployer.aws.scaling_content import with_action
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.scaling import requested_scaling, scaled_variants
from deployer.request.model import read_request
from deployer.request.service_model import service_model
from tests.scaling_documents import BUSY
from tests.unit.scaling.scaling_samples import POLICY, STEPS, scaled, scaling

OF_VARIANT = [{"Name": "EndpointName", "Value": "churn"}, {"Name": "VariantName", "Value": "AllTraffic"}]


def stepped(*alarms: Any, **changed: Any) -> Document:
    """Build a request whose variant has a step policy with alarms."""
    return scaled(scaling(policies=[{**STEPS, "Alarms": [*alarms], **changed}]))


def changed(**more: Any) -> Document:
    """Build an alarm with other members; those that are None are left out."""
    return {name: value for name, value in {**BUSY, **more}.items() if value is not None}


def alarms_of(document: Document) -> list[Document]:
    """Return the alarms that a request asks for."""
    [variant] = scaled_variants(read_request(document).document(), "stack")
    alarms: list[Document] = variant["Alarms"]
    return alarms


FIRST = "Scaling.AllTraffic.Policies[0]"
WRONG = {
    "no list": (stepped(Alarms={}), f"{FIRST}.Alarms: must be a list"),
    "no mapping": (stepped("busy"), f"{FIRST}.Alarms[0]: must be a mapping"),
    "a name": (stepped(changed(AlarmName="mine")), f"{FIRST}.Alarms[0].AlarmName: is named by the deployer"),
    "an action": (stepped(changed(AlarmActions=[])), f"{FIRST}.Alarms[0].AlarmActions: is named by the deployer"),
    "another action": (
        stepped(changed(OKActions=["arn:aws:automate:us-east-1:ec2:stop"])),
        f"{FIRST}.Alarms[0].OKActions[0]: 'arn:aws:automate:us-east-1:ec2:stop' is not an SNS topic",
    ),
    "an unknown member": (stepped(changed(Limit=1)), f"{FIRST}.Alarms[0].Limit: is not a field of PutMetricAlarm"),
    "no metric": (stepped(changed(MetricName=None)), f"{FIRST}.Alarms[0]: needs either MetricName or Metrics"),
    "no operator": (stepped(changed(ComparisonOperator=None)), f"{FIRST}.Alarms[0]: lacks ComparisonOperator"),
    "of another type": (
        scaled(scaling(policies=[{**POLICY, "Alarms": [BUSY]}])),
        f"{FIRST}.Alarms: is not for a policy of the type TargetTrackingScaling, which makes its own; leave it out",
    ),
    "no steps": (
        stepped(BUSY, StepScalingPolicyConfiguration={"StepAdjustments": []}),
        f"{FIRST}.StepScalingPolicyConfiguration.StepAdjustments: is missing",
    ),
    "no kind of adjustment": (
        stepped(BUSY, StepScalingPolicyConfiguration={"StepAdjustments": [{"ScalingAdjustment": 1}]}),
        f"{FIRST}.StepScalingPolicyConfiguration.AdjustmentType: is missing",
    ),
}


@pytest.mark.parametrize(("document", "said"), WRONG.values(), ids=WRONG)
def test_problems_are_reported_with_their_paths(document: Document, said: str) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert any(said in line for line in str(rejected.value).splitlines()), str(rejected.value)


def test_alarm_is_a_whole_request_of_cloudwatch() -> None:
    """It starts the policy, and a person who reads it in the console learns what it is for."""
    [alarm] = alarms_of(stepped(BUSY))

    request = with_action(alarm, {"s": {"PolicyARN": "arn:policy"}})

    shape: Any = service_model("cloudwatch").operation_model("PutMetricAlarm").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    assert request["AlarmActions"] == ["arn:policy"]
    assert request["AlarmDescription"] == "Scales variant AllTraffic of the endpoint churn by the policy s."


QUERY = {
    "Id": "m",
    "MetricStat": {
        "Metric": {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"},
        "Period": 60,
        "Stat": "Sum",
    },
}
EXPRESSION = {"Id": "e", "Expression": "m / 2"}
OWN = [{"Name": "EndpointName", "Value": "other"}]


@pytest.mark.parametrize(
    ("alarm", "dimensions"),
    [
        pytest.param(BUSY, OF_VARIANT, id="a metric of the variant"),
        pytest.param(changed(Namespace="/aws/sagemaker/Endpoints"), OF_VARIANT, id="a metric of its instances"),
        pytest.param(changed(Dimensions=OWN), OWN, id="dimensions of the request's"),
        pytest.param(changed(Namespace="Shop"), None, id="a metric of somebody else"),
        pytest.param(changed(MetricName="HasBacklogWithoutCapacity"), OF_VARIANT[:1], id="a metric of the endpoint"),
    ],
)
def test_dimensions_are_filled_in(alarm: Document, dimensions: list[Document] | None) -> None:
    [made] = alarms_of(stepped(alarm))

    assert made.get("Dimensions") == dimensions


def test_dimensions_of_expressions_are_filled_in() -> None:
    """Each metric in it gets them."""
    whole = {"Metrics": [QUERY, EXPRESSION], "EvaluationPeriods": 1, "Threshold": 1}

    [made] = alarms_of(stepped({**whole, "ComparisonOperator": "GreaterThanThreshold"}))

    first, second = made["Metrics"]
    assert first["MetricStat"]["Metric"]["Dimensions"] == OF_VARIANT
    assert second == EXPRESSION


def test_names_are_made_of_content_and_policy() -> None:
    """Two policies of the stack never share an alarm."""
    requests = [stepped(BUSY), stepped(changed(Threshold=5)), stepped(BUSY, PolicyName="t")]

    names = [alarm["AlarmName"] for document in requests for alarm in alarms_of(document)]

    assert all(name.startswith("stack/scaling/churn-") for name in names)
    assert len({*names}) == 3
    assert [alarm["AlarmName"] for alarm in alarms_of(stepped(BUSY))] == names[:1]


def test_policy_is_put_without_its_alarms() -> None:
    """The request and its preview keep them."""
    request = read_request(stepped(BUSY)).document()

    [variant] = scaled_variants(request, "stack")

    assert variant["Policies"] == [STEPS]
    assert requested_scaling(request)["AllTraffic"]["Policies"][0]["Alarms"] == [BUSY]
