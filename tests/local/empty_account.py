"""Empties the account of local AWS, so that a sweep, which makes few calls a second, has little to look at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from local.environment import STACK_NAME

if TYPE_CHECKING:
    from local.aws.stack import Stack

DELETION_SECONDS = 150.0  # a canary of another test, of an hour on the clock of SageMaker, takes 72 s at speed 50
CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def empty_account(stack: Stack) -> None:
    """Delete all endpoints, configs and models, those of others too, and all stored revisions and own alarms."""
    client, control = stack.server.client("sagemaker"), stack.server.control
    deadline = time.monotonic() + DELETION_SECONDS
    while endpoints := control.resources()["Endpoints"]:
        assert time.monotonic() < deadline, f"there still are {', '.join(endpoints)}"
        for name in (name for name, endpoint in endpoints.items() if endpoint["EndpointStatus"] not in CHANGING):
            client.delete_endpoint(EndpointName=name)
        time.sleep(0.1)
    for name in control.resources()["EndpointConfigs"]:
        client.delete_endpoint_config(EndpointConfigName=name)
    for name in control.resources()["Models"]:
        client.delete_model(ModelName=name)
    _delete_stored(stack.server.client("s3"), stack.outputs.artifact_bucket)
    cloudwatch = stack.server.client("cloudwatch")
    for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{STACK_NAME}/"):
        for alarm in page["MetricAlarms"]:
            cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"]])


def _delete_stored(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix="revisions/"):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if versions:
            keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
