"""The services of MiniStack that SageMaker hosting uses: execution roles, model data, alarms and logs."""

import json
import time
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from local.environment import ACCOUNT_ID, REGION, aws_session, client_config
from local.simulator.errors import invalid

_SAGEMAKER = "sagemaker.amazonaws.com"
_TRUST = (
    f'that its trust relationship policy allows the action "sts:AssumeRole" for the service principal "{_SAGEMAKER}".'
)
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


class Account:
    """The account's other services, called over their API with the rights of execution roles.

    Its methods are callbacks of `local.simulator.Simulator`. The messages are SageMaker's own.
    """

    def __init__(self, url: str) -> None:
        """Use the services at `url`."""
        session, config = aws_session(), client_config()
        self._url, self._config = url, config
        self._iam = session.client("iam", endpoint_url=url, config=config)
        self._sts = session.client("sts", endpoint_url=url, config=config)
        self._cloudwatch = session.client("cloudwatch", endpoint_url=url, config=config)
        self._logs = session.client("logs", endpoint_url=url, config=config)

    def check_role(self, role: str, model_data: str | None) -> None:
        """Make sure that SageMaker can assume a role, and that the role can read the model data.

        Raises:
            ServiceError: It does not exist, its trust policy does not name SageMaker, or its policies do not allow
                to read the data.
        """
        if not self._is_assumable(role):
            raise invalid(
                f'The execution role ARN "{role}" is invalid. Please ensure that the role exists and {_TRUST}'
            )
        if model_data and model_data.startswith("s3://") and not model_data.endswith("/"):
            bucket, _, key = model_data.removeprefix("s3://").partition("/")
            self._get("head_object", bucket, key, role)

    def read(self, bucket: str, key: str, role: str) -> bytes:
        """Return an object of S3, as a role can read it.

        Raises:
            ServiceError: There is no such object, or the role cannot read it.
        """
        body: bytes = self._get("get_object", bucket, key, role)["Body"].read()
        return body

    def list_keys(self, bucket: str, prefix: str, role: str) -> list[str]:
        """Return the keys below a prefix, as a role can list them.

        Raises:
            ServiceError: There is no such bucket, or the role cannot list it.
        """
        listed = self._get("list_objects_v2", bucket, prefix, role)
        return [each["Key"] for each in listed.get("Contents", [])]

    def write(self, bucket: str, key: str, body: bytes, role: str) -> None:
        """Write an object, as a role can write it.

        Raises:
            ServiceError: There is no such bucket, or the role cannot write to it.
        """
        self._get("put_object", bucket, key, role, Body=body)

    def is_in_alarm(self, name: str) -> bool:
        """Return whether a CloudWatch alarm is in alarm."""
        return bool(self._cloudwatch.describe_alarms(AlarmNames=[name], StateValue="ALARM")["MetricAlarms"])

    def write_log(self, endpoint: str, stream: str, line: str) -> None:
        """Write a line that a container prints to the log group and stream that SageMaker uses."""
        names = {"logGroupName": f"/aws/sagemaker/Endpoints/{endpoint}", "logStreamName": stream}
        event = {"timestamp": int(time.time() * 1000), "message": line or " "}
        try:
            self._logs.put_log_events(**names, logEvents=[event])
        except self._logs.exceptions.ResourceNotFoundException:
            with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_group(logGroupName=names["logGroupName"])
            self._logs.create_log_stream(**names)
            self._logs.put_log_events(**names, logEvents=[event])

    def _is_assumable(self, arn: str) -> bool:
        try:
            role = self._iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
        except ClientError:
            return False
        policy = role["AssumeRolePolicyDocument"]
        document = json.loads(unquote(policy)) if isinstance(policy, str) else policy
        context = EvalContext(
            principal_arn=_SAGEMAKER,
            principal_type="Service",
            principal_account=ACCOUNT_ID,
            action="sts:AssumeRole",
            resource_arn=arn,
            region=REGION,
        )
        decision = evaluate_resource_policy(document, context, service=_SAGEMAKER).decision
        return bool(role["Arn"] == arn and decision == "Allow")

    def _get(self, method: str, bucket: str, key: str, role: str, **more: Any) -> Any:
        try:
            assumed = self._sts.assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
            session = aws_session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
            s3 = session.client("s3", endpoint_url=self._url, config=self._config)
            name = "Prefix" if method == "list_objects_v2" else "Key"
            return getattr(s3, method)(Bucket=bucket, **{name: key}, **more)
        except ClientError as error:
            uri = f"s3://{bucket}/{key}"
            if error.response["Error"]["Code"] in _MISSING:
                raise invalid(f"Could not find model data at {uri}.") from error
            message = (
                f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and {_TRUST} '
                f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {REGION}. '
                "If your Model uses multiple models or uncompressed models, please ensure that the role has "
                '"s3:ListBucket" permission.'
            )
            raise invalid(message) from error
