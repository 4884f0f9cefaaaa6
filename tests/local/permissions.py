"""What is tried with the role of every function, and what each may do of it."""

from __future__ import annotations

from typing import Any

from local.settings import ACCOUNT_ID, REGION

PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}"
MODEL_ARN, CONFIG_ARN, ENDPOINT_ARN = f"{PREFIX}:model/m", f"{PREFIX}:endpoint-config/c", f"{PREFIX}:endpoint/e"
VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TAGS = [{"Key": "k", "Value": "v"}]
EVENT = {"Source": "nobody", "DetailType": "Nothing", "Detail": "{}"}
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:f"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:m"
ALARM = {
    "AlarmName": "a", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CreateModel": ("sagemaker", "CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}}),
    "DescribeModel": ("sagemaker", "DescribeModel", {"ModelName": "m"}),
    "DeleteModel": ("sagemaker", "DeleteModel", {"ModelName": "m"}),
    "CreateEndpointConfig": (
        "sagemaker",
        "CreateEndpointConfig",
        {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]},
    ),
    "DescribeEndpointConfig": ("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": "c"}),
    "DeleteEndpointConfig": ("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": "c"}),
    "CreateEndpoint": ("sagemaker", "CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    "UpdateEndpoint": ("sagemaker", "UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    "DescribeEndpoint": ("sagemaker", "DescribeEndpoint", {"EndpointName": "e"}),
    "DeleteEndpoint": ("sagemaker", "DeleteEndpoint", {"EndpointName": "e"}),
    "UpdateEndpointWeightsAndCapacities": (
        "sagemaker",
        "UpdateEndpointWeightsAndCapacities",
        {"EndpointName": "e", "DesiredWeightsAndCapacities": [{"VariantName": "v", "DesiredWeight": 1}]},
    ),
    "ListModels": ("sagemaker", "ListModels", {}),
    "ListEndpointConfigs": ("sagemaker", "ListEndpointConfigs", {}),
    "ListEndpoints": ("sagemaker", "ListEndpoints", {}),
    **{
        f"{operation} of {kind}": ("sagemaker", operation, {"ResourceArn": arn, **parameters})
        for kind, arn in {"models": MODEL_ARN, "configs": CONFIG_ARN, "endpoints": ENDPOINT_ARN}.items()
        for operation, parameters in {
            "ListTags": {},
            "AddTags": {"Tags": TAGS},
            "DeleteTags": {"TagKeys": ["k"]},
        }.items()
    },
    "InvokeEndpoint": ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"{}"}),
    "GetObject": ("s3", "GetObject", {"Bucket": "", "Key": "none"}),
    "ListObjects": ("s3", "ListObjectsV2", {"Bucket": ""}),
    "PutObject": ("s3", "PutObject", {"Bucket": "", "Key": "none", "Body": b""}),
    "DeleteObject": ("s3", "DeleteObject", {"Bucket": "", "Key": "none"}),
    "DescribeAlarms": ("cloudwatch", "DescribeAlarms", {}),
    "PutMetricAlarm": ("cloudwatch", "PutMetricAlarm", ALARM),
    "DescribeScalableTargets": (
        "application-autoscaling",
        "DescribeScalableTargets",
        {"ServiceNamespace": "sagemaker"},
    ),
    "RegisterScalableTarget": ("application-autoscaling", "RegisterScalableTarget", TARGET),
    "DeregisterScalableTarget": ("application-autoscaling", "DeregisterScalableTarget", TARGET),
    "PutEvents": ("events", "PutEvents", {"Entries": [EVENT]}),
    "InvokeFunction": ("lambda", "Invoke", {"FunctionName": FUNCTION}),
    "StartExecution": ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}),
    "AssumeRole": ("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r", "RoleSessionName": "session"}),
}
"""What is tried with every role. An empty bucket stands for the stack's."""

MAY = {
    "PlanDeployment": {
        "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "ListEndpointConfigs",
        "ListTags of models", "ListTags of configs", "ListTags of endpoints",
        "GetObject", "ListObjects", "DescribeAlarms", "DescribeScalableTargets",
    },
    "ConfirmRevision": {"DescribeEndpoint", "AddTags of endpoints"},
    "CreateModels": {"CreateModel", "DescribeModel", "AddTags of models", "ListTags of models"},
    "CreateEndpointConfig": {
        "CreateEndpointConfig", "DescribeEndpointConfig", "AddTags of configs", "ListTags of configs",
    },
    "DescribeEndpointConfig": {"DescribeEndpointConfig"},
    "CreateEndpoint": {"CreateEndpoint", "DescribeEndpoint", "AddTags of endpoints", "ListTags of endpoints"},
    "UpdateEndpoint": {
        "UpdateEndpoint", "DescribeEndpoint", "DescribeEndpointConfig", "ListTags of configs", "ListTags of endpoints",
    },
    "DescribeEndpoint": {"DescribeEndpoint", "DescribeAlarms"},
    "SmokeTestEndpoint": {"InvokeEndpoint", "DescribeEndpointConfig", "GetObject"},
    "RetireRevisions": {
        "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "ListEndpoints", "ListEndpointConfigs",
        "ListTags of models", "ListTags of configs",
    },
    "UndoDeployment": {
        "UpdateEndpoint", "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "ListEndpoints",
        "ListEndpointConfigs", "ListTags of models", "ListTags of configs", "ListTags of endpoints",
    },
    "AnnounceOutcome": {"PutEvents"},
}  # fmt: skip
"""What each role may do of it. Deletions are not here: they are allowed by the tags of what is to go."""
