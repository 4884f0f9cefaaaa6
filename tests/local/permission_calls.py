"""Calls that are tried with the role of every function, and those that each role allows."""

from __future__ import annotations

from deployer.json_document import Document
from local.environment import ACCOUNT_ID, REGION, STACK_NAME

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
ABORT_ALARM, ROLLBACK_ALARM = f"{STACK_NAME}/abort/e", f"{STACK_NAME}/rollback/e-0123456789ab"
SCALING_ALARM = f"{STACK_NAME}/scaling/e-0123456789ab"
ENDPOINT_LOG, FUNCTION_LOG = "/aws/sagemaker/Endpoints/e", "/aws/lambda/f"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:m"
ALARM = {
    "AlarmName": "a", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
TAG_CALLS: dict[str, Document] = {"ListTags": {}, "AddTags": {"Tags": TAGS}, "DeleteTags": {"TagKeys": ["k"]}}
OBJECT_CALLS: dict[str, tuple[str, Document]] = {
    "GetObject": ("GetObject", {}),
    "GetObjectVersion": ("GetObject", {"VersionId": "v"}),
    "PutObject": ("PutObject", {"Body": b""}),
    "DeleteObject": ("DeleteObject", {}),
    "DeleteObjectVersion": ("DeleteObject", {"VersionId": "v"}),
    "AbortMultipartUpload": ("AbortMultipartUpload", {"UploadId": "u"}),
    "ListParts": ("ListParts", {"UploadId": "u"}),
}
FOLDERS = {"of uploads": "models/none/", "of revisions": "revisions/none/", "of weights": "revisions/none/c/weights/"}
STORED = ("of revisions", "of weights")
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:execution:m:e"
CALLS: dict[str, tuple[str, str, Document]] = {
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
        for operation, parameters in TAG_CALLS.items()
    },
    "InvokeEndpoint": ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"{}"}),
    **{
        f"{name} {where}": ("s3", operation, {"Bucket": "", "Key": f"{folder}none", **parameters})
        for where, folder in FOLDERS.items()
        for name, (operation, parameters) in OBJECT_CALLS.items()
    },
    **{
        f"{name} {where}": ("s3", operation, {"Bucket": "", "Prefix": folder})
        for where, folder in FOLDERS.items()
        for name, operation in {"ListObjects": "ListObjectsV2", "ListObjectVersions": "ListObjectVersions"}.items()
    },
    "ListMultipartUploads": ("s3", "ListMultipartUploads", {"Bucket": ""}),
    "DescribeAlarms": ("cloudwatch", "DescribeAlarms", {}),
    "DescribeImages": ("ecr", "DescribeImages", {"repositoryName": "none"}),
    "GetMetricData": (
        "cloudwatch",
        "GetMetricData",
        {"MetricDataQueries": [], "StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-02T00:00:00Z"},
    ),
    "PutMetricAlarm": ("cloudwatch", "PutMetricAlarm", ALARM),
    "PutMetricAlarm of aborts": ("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": ABORT_ALARM}),
    "PutMetricAlarm of rollbacks": ("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": ROLLBACK_ALARM}),
    "PutMetricAlarm of scaling": ("cloudwatch", "PutMetricAlarm", {**ALARM, "AlarmName": SCALING_ALARM}),
    "DeleteAlarms": ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a"]}),
    "DeleteAlarms of aborts": ("cloudwatch", "DeleteAlarms", {"AlarmNames": [ABORT_ALARM]}),
    "DeleteAlarms of rollbacks": ("cloudwatch", "DeleteAlarms", {"AlarmNames": [ROLLBACK_ALARM]}),
    "DeleteAlarms of scaling": ("cloudwatch", "DeleteAlarms", {"AlarmNames": [SCALING_ALARM]}),
    "SetAlarmState": ("cloudwatch", "SetAlarmState", {"AlarmName": "a", "StateValue": "OK", "StateReason": "r"}),
    "SetAlarmState of aborts": (
        "cloudwatch",
        "SetAlarmState",
        {"AlarmName": ABORT_ALARM, "StateValue": "OK", "StateReason": "r"},
    ),
    "DescribeScalableTargets": (
        "application-autoscaling",
        "DescribeScalableTargets",
        {"ServiceNamespace": "sagemaker"},
    ),
    "ListTagsForResource": (
        "application-autoscaling",
        "ListTagsForResource",
        {"ResourceARN": f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT_ID}:scalable-target/it"},
    ),
    "DescribeScalingPolicies": (
        "application-autoscaling",
        "DescribeScalingPolicies",
        {"ServiceNamespace": "sagemaker"},
    ),
    "DescribeScheduledActions": (
        "application-autoscaling",
        "DescribeScheduledActions",
        {"ServiceNamespace": "sagemaker"},
    ),
    "RegisterScalableTarget": ("application-autoscaling", "RegisterScalableTarget", TARGET),
    "DeregisterScalableTarget": ("application-autoscaling", "DeregisterScalableTarget", TARGET),
    "PutEvents": ("events", "PutEvents", {"Entries": [EVENT]}),
    "InvokeFunction": ("lambda", "Invoke", {"FunctionName": FUNCTION}),
    "StartExecution": ("stepfunctions", "StartExecution", {"stateMachineArn": MACHINE}),
    "StartExecution of deployments": ("stepfunctions", "StartExecution", {"stateMachineArn": "", "input": "no JSON"}),
    "GetExecutionHistory": ("stepfunctions", "GetExecutionHistory", {"executionArn": ""}),
    "GetExecutionHistory of others": ("stepfunctions", "GetExecutionHistory", {"executionArn": EXECUTION}),
    "DescribeExecution": ("stepfunctions", "DescribeExecution", {"executionArn": ""}),
    "DescribeExecution of others": ("stepfunctions", "DescribeExecution", {"executionArn": EXECUTION}),
    "SendTaskSuccess": ("stepfunctions", "SendTaskSuccess", {"taskToken": "t", "output": "{}"}),
    "SendTaskFailure": ("stepfunctions", "SendTaskFailure", {"taskToken": "t"}),
    "DescribeLogStreams of endpoints": ("logs", "DescribeLogStreams", {"logGroupName": ENDPOINT_LOG}),
    "DescribeLogStreams of functions": ("logs", "DescribeLogStreams", {"logGroupName": FUNCTION_LOG}),
    "GetLogEvents of endpoints": ("logs", "GetLogEvents", {"logGroupName": ENDPOINT_LOG, "logStreamName": "s"}),
    "GetLogEvents of functions": ("logs", "GetLogEvents", {"logGroupName": FUNCTION_LOG, "logStreamName": "s"}),
    "SendMessage": ("sqs", "SendMessage", {"QueueUrl": "", "MessageBody": "m"}),
    "AssumeRole": ("sts", "AssumeRole", {"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r", "RoleSessionName": "session"}),
}
"""The calls. An empty bucket, state machine, execution or queue stands for the stack's."""

MAY = {
    "PlanDeployment": {
        "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "ListTags of configs", "ListTags of endpoints",
        "GetObject of uploads", "GetObject of revisions", "GetObject of weights",
        "ListObjects of uploads", "ListObjects of revisions", "ListObjects of weights",
        "DescribeAlarms", "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions",
        "ListTagsForResource", "SetAlarmState of aborts",
    },
    "ConfirmRevision": {"ListTags of configs"},
    "StoreRevision": {
        "GetObject of uploads", "GetObjectVersion of uploads", "ListObjects of uploads", "ListMultipartUploads",
        *(f"{name} {where}" for name in OBJECT_CALLS for where in STORED if not name.startswith("DeleteObject")),
        *(f"ListObjects {where}" for where in STORED),
    },
    "CreateModels": {"CreateModel", "DescribeModel", "ListTags of models"},
    "CreateEndpointConfig": {"CreateEndpointConfig", "DescribeEndpointConfig", "ListTags of configs"},
    "DescribeEndpointConfig": {"DescribeEndpointConfig"},
    "CreateEndpoint": {"CreateEndpoint", "DescribeEndpoint", "ListEndpoints", "ListTags of endpoints"},
    "UpdateEndpoint": {
        "DescribeEndpointConfig", "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions",
        "ListTagsForResource",
        "DescribeEndpoint", "ListTags of configs", "ListTags of endpoints", "DescribeAlarms",
        "PutMetricAlarm of aborts", "PutMetricAlarm of rollbacks", "SetAlarmState of aborts",
        "PutMetricAlarm of scaling", "DeleteAlarms of scaling", "ListObjects of weights", "GetObject of weights",
    },
    "UpdateWeights": {
        "DescribeEndpoint", "DescribeEndpointConfig", "ListTags of configs", "ListTags of endpoints",
        "ListObjects of weights", "GetObject of weights", "PutObject of weights",
    },
    "DescribeEndpoint": {
        "DescribeEndpoint", "DescribeEndpointConfig", "ListTags of configs", "DescribeAlarms", "SendTaskSuccess",
        "ListObjects of weights", "GetObject of weights",
    },
    "SmokeTestEndpoint": {
        "InvokeEndpoint", "DescribeEndpoint",
        *(f"{name} {where}" for name in ("GetObject", "ListObjects") for where in FOLDERS),
    },
    "UpdateTags": {
        "DescribeEndpoint", "DescribeModel", "ListTags of endpoints", "ListTags of models", "ListTags of configs",
    },
    "RegisterScaling": {
        "DescribeEndpoint", "DescribeEndpointConfig", "DescribeAlarms", "DescribeScalableTargets",
        "DescribeScalingPolicies", "DescribeScheduledActions", "ListTagsForResource",
        "PutMetricAlarm of scaling", "DeleteAlarms of scaling",
    },
    "RecordDeployment": {"ListTags of configs"},
    "RestoreEndpoint": {
        "DescribeAlarms", "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions",
        "ListTagsForResource",
        "DescribeEndpoint", "DescribeEndpointConfig", "ListTags of configs", "ListTags of endpoints",
        "DeregisterScalableTarget", "PutMetricAlarm of scaling", "DeleteAlarms of scaling",
        "ListObjects of weights", "GetObject of weights", "PutObject of weights",
    },
    "AnnounceOutcome": {"PutEvents", "DescribeLogStreams of endpoints", "GetLogEvents of endpoints"},
    "AwaitApproval": {"PutEvents"},
    "WakeExecution": {"ListObjects of revisions", "ListObjects of weights", "GetExecutionHistory", "SendTaskSuccess"},
    "AnnounceFailure": {"GetExecutionHistory", "PutEvents", "SendMessage"},
    "SweepUnused": {
        "ListModels", "ListEndpointConfigs", "ListEndpoints", "DescribeModel", "DescribeEndpointConfig",
        "DescribeEndpoint", "ListTags of models", "ListTags of configs",
        *(
            f"{name} {where}"
            for name in ("GetObject", "DeleteObjectVersion", "ListObjects", "ListObjectVersions")
            for where in STORED
        ),
        "PutEvents", "DescribeAlarms", "DeleteAlarms of aborts",
        "DeleteAlarms of rollbacks", "DeleteAlarms of scaling",
    },
    "DetectDrift": {
        "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions", "ListTagsForResource",
        "DescribeModel", "DescribeEndpointConfig", "DescribeEndpoint", "ListTags of configs", "ListTags of endpoints",
        "GetObject of uploads", "ListObjects of uploads", "ListObjects of revisions", "DescribeExecution",
        "ListObjects of weights", "GetObject of weights",
        "GetMetricData", "PutEvents", "DescribeAlarms", "DescribeImages", "StartExecution of deployments",
    },
}  # fmt: skip
"""The calls that each role allows. Those that depend on tags of the resource are tested by themselves."""
