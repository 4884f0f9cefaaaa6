"""Application Auto Scaling and CloudWatch, as what deploys asks them: IAM decides there, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from deployer.json_document import Document
from local.environment import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.aws.stack import Stack

COUNT = "sagemaker:variant:DesiredInstanceCount"


def variant(endpoint: str, name: str = "AllTraffic") -> dict[str, str]:
    """Name a variant of an endpoint as a scalable target."""
    resource = f"endpoint/{endpoint}/variant/{name}"
    return {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": COUNT}


def deregister_all(client: Any) -> None:
    """Deregister all targets."""
    for target in client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        client.deregister_scalable_target(**{name: target[name] for name in names})


@pytest.fixture
def scaling(stack: Stack) -> Iterator[Any]:
    """Application Auto Scaling, which has no targets before and after a test."""
    client = stack.server.client("application-autoscaling")
    deregister_all(client)
    yield client
    deregister_all(client)


@pytest.fixture
def allowed(stack: Stack) -> Iterator[Callable[..., Any]]:
    """Make a client of a service with the rights of a role that may do some actions on some resource."""
    iam, name = stack.server.client("iam"), "asks-for-scaling"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]

    def client(service: str, *actions: str, resource: str = "*", **condition: Any) -> Any:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, "Condition": condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        assumed = stack.server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="asks")["Credentials"]
        session: Any = boto3.Session(
            assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], REGION
        )
        return session.client(service, endpoint_url=stack.server.url)

    yield client
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)


def test_a_target_is_there_from_registering_to_deregistering(scaling: Any) -> None:
    """The registered target is described, with the role that scales SageMaker."""
    arn = scaling.register_scalable_target(**variant("churn"), MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]

    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    scaling.deregister_scalable_target(**variant("churn"))

    assert target.items() >= {**variant("churn"), "MinCapacity": 1, "MaxCapacity": 4, "ScalableTargetARN": arn}.items()
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_registering_again_changes_the_given_members_only(scaling: Any) -> None:
    """All else stays, the ARN too."""
    arn = scaling.register_scalable_target(**variant("churn"), MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]

    again = scaling.register_scalable_target(
        **variant("churn"), MaxCapacity=8, SuspendedState={"DynamicScalingInSuspended": True}
    )

    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert again["ScalableTargetARN"] == arn
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 8)
    assert [name for name, suspended in target["SuspendedState"].items() if suspended] == ["DynamicScalingInSuspended"]


CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["a", "b", "c"]),
        ({"ResourceIds": [variant(name)["ResourceId"] for name in "ac"]}, ["a", "c"]),
        ({"ResourceIds": [variant("other")["ResourceId"]]}, []),
        ({"ScalableDimension": CONCURRENCY}, ["c"]),
        ({"ResourceIds": [variant("a")["ResourceId"]], "ScalableDimension": CONCURRENCY}, []),
        ({"ServiceNamespace": "ecs"}, []),
    ],
    ids=["all", "ids", "unknown id", "dimension", "both", "namespace"],
)
def test_targets_are_found_by_endpoint_variant_and_dimension(scaling: Any, wanted: Document, found: list[str]) -> None:
    """Each filter leaves out what it does not name."""
    for name, dimension in (("a", COUNT), ("b", COUNT), ("c", CONCURRENCY)):
        scaling.register_scalable_target(
            **{**variant(name), "ScalableDimension": dimension}, MinCapacity=1, MaxCapacity=2
        )

    targets = scaling.describe_scalable_targets(**{"ServiceNamespace": "sagemaker", **wanted})["ScalableTargets"]

    assert sorted(target["ResourceId"].split("/")[1] for target in targets) == found


def test_targets_come_in_pages(scaling: Any) -> None:
    """No target is missing or listed twice."""
    for number in range(5):
        scaling.register_scalable_target(**variant(f"e{number}"), MinCapacity=1, MaxCapacity=2)

    pages = list(
        scaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 2}
        )
    )

    assert [len(page["ScalableTargets"]) for page in pages] == [2, 2, 1]
    assert len({target["ResourceId"] for page in pages for target in page["ScalableTargets"]}) == 5


@pytest.mark.parametrize(
    ("method", "parameters", "error"),
    [
        ("register", {"MinCapacity": 4, "MaxCapacity": 1}, "ValidationException.*Maximum capacity cannot be less"),
        ("register", {"MinCapacity": 1}, "ValidationException.*required"),
        ("register", {"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "table/t"}, "ValidationException.*Unsupported"),
        ("register", {"MinCapacity": 1, "MaxCapacity": 2, "ServiceNamespace": "sagmaker"}, "at 'serviceNamespace'"),
        ("deregister", {}, "ObjectNotFoundException.*No scalable target registered for service namespace: sagemaker"),
    ],
    ids=["range", "no maximum", "resource", "namespace", "not there"],
)
def test_impossible_registrations_are_refused(scaling: Any, method: str, parameters: Document, error: str) -> None:
    """The errors have the service's codes, and nothing is registered."""
    with pytest.raises(ClientError, match=error):
        getattr(scaling, f"{method}_scalable_target")(**{**variant("churn"), **parameters})

    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_unknown_token_is_refused(scaling: Any) -> None:
    """A page follows from a page."""
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker", NextToken="made up")


def test_right_to_describe_targets_does_not_allow_registering_them(scaling: Any, allowed: Callable[..., Any]) -> None:
    """The caller's policies decide about each operation."""
    client = allowed("application-autoscaling", "application-autoscaling:DescribeScalableTargets")

    with pytest.raises(ClientError, match="not authorized to perform: application-autoscaling:RegisterScalableTarget"):
        client.register_scalable_target(**variant("churn"), MinCapacity=1, MaxCapacity=2)

    assert client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []


def test_reading_without_the_right_is_an_error(allowed: Callable[..., Any]) -> None:
    """An empty answer would hide the missing right."""
    client = allowed("application-autoscaling", "application-autoscaling:RegisterScalableTarget")

    with pytest.raises(ClientError, match=r"AccessDeniedException.*application-autoscaling:DescribeScalableTargets"):
        client.describe_scalable_targets(ServiceNamespace="sagemaker")


def test_right_to_register_targets_does_not_allow_tagging_them(scaling: Any, allowed: Callable[..., Any]) -> None:
    """The keys of conditions are the service's own, and tags are a permission of their own."""
    client = allowed(
        "application-autoscaling",
        "application-autoscaling:RegisterScalableTarget",
        resource=f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT_ID}:scalable-target/*",
        StringEquals={"application-autoscaling:scalable-dimension": COUNT},
    )

    client.register_scalable_target(**variant("churn"), MinCapacity=1, MaxCapacity=2)

    with pytest.raises(ClientError, match="application-autoscaling:TagResource"):
        client.register_scalable_target(**variant("churn"), MaxCapacity=3, Tags={"team": "growth"})
    with pytest.raises(ClientError, match="AccessDeniedException"):
        client.register_scalable_target(
            **{**variant("churn"), "ScalableDimension": CONCURRENCY}, MinCapacity=1, MaxCapacity=2
        )
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["MaxCapacity"] == 2


def test_a_variant_that_is_scaled_keeps_its_instance_type(stack: Stack, scaling: Any) -> None:
    """SageMaker refuses to change it until the target is deregistered."""
    client = stack.server.client("sagemaker")
    for name, instance_type in (("scaled-old", "ml.m5.large"), ("scaled-new", "ml.m5.xlarge")):
        client.create_model(ModelName=name, PrimaryContainer={"Image": "i"})
        production = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
        variants = [{**production, "InstanceType": instance_type}]
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    client.create_endpoint(EndpointName="scaled", EndpointConfigName="scaled-old")
    client.get_waiter("endpoint_in_service").wait(EndpointName="scaled", WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    scaling.register_scalable_target(**variant("scaled"), MinCapacity=1, MaxCapacity=4)

    with pytest.raises(ClientError, match="must be deregistered"):
        client.update_endpoint(EndpointName="scaled", EndpointConfigName="scaled-new")

    scaling.deregister_scalable_target(**variant("scaled"))
    client.update_endpoint(EndpointName="scaled", EndpointConfigName="scaled-new")


@pytest.mark.parametrize("may", ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"])
def test_alarms_are_shown_only_to_callers_with_the_right(stack: Stack, allowed: Callable[..., Any], may: str) -> None:
    """CloudWatch shows the states of alarms only to callers with the permission."""
    stack.server.client("cloudwatch").put_metric_alarm(
        AlarmName="watched", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client = allowed("cloudwatch", may)

    if may == "cloudwatch:DescribeAlarms":
        answer = client.describe_alarms(AlarmNames=["watched"], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        assert [alarm["AlarmName"] for alarm in answer["MetricAlarms"]] == ["watched"]
    else:
        with pytest.raises(ClientError, match="not authorized to perform: cloudwatch:DescribeAlarms"):
            client.describe_alarms(AlarmNames=["watched"])
