"""The services that SageMaker hosting uses in virtual time: model data, alarms and scalable targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.json_document import Document
from local.simulator import Simulator
from local.simulator.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.autoscaling.service import ScalingService
    from local.simulator import Settings
    from local.virtual_time.virtual_clock import VirtualClock


class Account:
    """The account's other services. Its methods are callbacks of `local.simulator.Simulator`. No role is refused.

    Args:
        s3: A client of S3 without injected faults.
        cloudwatch: One of CloudWatch.
        scaling: Application Auto Scaling.

    Attributes:
        missing_alarms: The alarms that were asked for while they guarded an update, and did not exist.
    """

    def __init__(self, s3: Any, cloudwatch: Any, scaling: ScalingService) -> None:
        self._client, self._cloudwatch, self._scaling = s3, cloudwatch, scaling
        self.missing_alarms = set[str]()

    def make_sagemaker(
        self, clock: VirtualClock, settings: Settings, seed: int, on_event: Callable[[Document], None]
    ) -> Simulator:
        """Make SageMaker for this account, whose changes and events happen on a clock by themselves."""
        simulator = Simulator(
            clock=clock,
            settings=settings,
            seed=seed,
            storage=self,
            runs_models=False,
            check_role=self.check_role,
            alarm_is_on=self.is_in_alarm,
            is_scaled=self._scaling.is_scaled,
            on_event=on_event,
            on_due=lambda moment: clock.call_at(moment, simulator.catch_up, name="SageMaker"),
        )
        return simulator

    def read(self, bucket: str, key: str, _role: str) -> bytes:
        """Return an object as it is now.

        Raises:
            ServiceError: It is not there.
        """
        try:
            content: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise _not_found(f"s3://{bucket}/{key}") from error
        return content

    def list_keys(self, bucket: str, prefix: str, _role: str) -> list[str]:
        """Return the keys below a prefix.

        Raises:
            ServiceError: There is no such bucket.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            return [each["Key"] for page in pages for each in page.get("Contents", [])]
        except ClientError as error:
            raise _not_found(f"s3://{bucket}/{prefix}") from error

    def write(self, bucket: str, key: str, body: bytes, _role: str) -> None:
        """Write an object.

        Raises:
            ServiceError: There is no such bucket.
        """
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=body)
        except ClientError as error:
            raise _not_found(f"s3://{bucket}/{key}") from error

    def check_role(self, _role: str, uri: str | None) -> None:
        """Make sure, as CreateModel does, that there are data under a URL; prefixes are not looked into.

        Raises:
            ServiceError: There are none.
        """
        bucket, _, key = (uri or "").removeprefix("s3://").partition("/")
        if not uri or key.endswith("/"):
            return
        try:
            self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise _not_found(uri) from error

    def is_in_alarm(self, name: str) -> bool:
        """Return whether a CloudWatch alarm is in alarm, and note it if there is no such alarm."""
        alarms = self._cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        self.missing_alarms |= set() if alarms else {name}
        return any(alarm["StateValue"] == "ALARM" for alarm in alarms)


def _not_found(uri: str) -> Exception:
    return invalid(f"Could not find model data at {uri}.")
