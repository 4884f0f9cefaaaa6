"""The only code that calls CloudWatch and Application Auto Scaling; changes of endpoints depend on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AccessDeniedError, MonitoringUnavailableError
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from botocore.client import BaseClient


_COUNT = "sagemaker:variant:DesiredInstanceCount"


class Monitoring:
    """The adapter of CloudWatch and Application Auto Scaling.

    Every method raises the leaves of `deployer.errors`; none retries, because the state machine does.

    Args:
        client: Returns the client of a service. Most deployments need neither of the two.
    """

    def __init__(self, client: Callable[[str], BaseClient]) -> None:
        self._client = client

    def alarm_states(self, names: Collection[str]) -> dict[str, str]:
        """Return the state of each alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`; one that does not exist is left out."""
        # SageMaker's service model does not require the name of an alarm; CloudWatch refuses an empty one.
        asked = sorted({name for name in names if name})
        if not asked:
            return {}
        kinds = ["MetricAlarm", "CompositeAlarm"]
        answer = _call(self._client("cloudwatch"), "describe_alarms", AlarmNames=asked, AlarmTypes=kinds)
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}

    def make_abort_alarm(self, name: str, endpoint_name: str) -> None:
        """Make the alarm that ends updates of an endpoint, or find it there, and bring it to the state `OK`."""
        _call(
            self._client("cloudwatch"),
            "put_metric_alarm",
            AlarmName=name,
            AlarmDescription=f"Set it to ALARM to end an update of the endpoint {endpoint_name} that is under way.",
            Namespace="EndpointDeployer",
            MetricName="Aborts",
            Dimensions=[{"Name": "EndpointName", "Value": endpoint_name}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        self._set_state(name, "OK", "An update begins.")

    def set_off(self, name: str, reason: str) -> None:
        """Bring an alarm to the state `ALARM`; nothing happens if it does not exist."""
        if self.alarm_states([name]).get(name, "ALARM") != "ALARM":
            self._set_state(name, "ALARM", reason)

    def _set_state(self, name: str, state: str, reason: str) -> None:
        _call(self._client("cloudwatch"), "set_alarm_state", AlarmName=name, StateValue=state, StateReason=reason)

    def scaled_variants(self, endpoint_name: str, variant_names: Collection[str]) -> set[str]:
        """Return the variants of an endpoint whose instance counts Application Auto Scaling manages."""
        if not variant_names:
            return set()
        ids = {f"endpoint/{endpoint_name}/variant/{name}": name for name in variant_names}
        answer = _call(
            self._client("application-autoscaling"),
            "describe_scalable_targets",
            ServiceNamespace="sagemaker",
            ResourceIds=sorted(ids),
            ScalableDimension=_COUNT,
        )
        return {ids[target["ResourceId"]] for target in answer["ScalableTargets"]}

    def invocations(
        self, endpoint_name: str, variant_names: Collection[str], since: datetime, until: datetime
    ) -> float:
        """Return how often some variants of an endpoint were invoked in a period of whole days.

        SageMaker counts invocations by endpoint and variant (Developer Guide, "Amazon SageMaker AI metrics in Amazon
        CloudWatch"); a variant that was not invoked has no data.
        """
        queries = [
            {
                "Id": f"variant{index}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": "Invocations",
                        "Dimensions": [
                            {"Name": "EndpointName", "Value": endpoint_name},
                            {"Name": "VariantName", "Value": name},
                        ],
                    },
                    "Period": 86_400,
                    "Stat": "Sum",
                },
            }
            for index, name in enumerate(variant_names)
        ]
        answer = _call(
            self._client("cloudwatch"), "get_metric_data", MetricDataQueries=queries, StartTime=since, EndTime=until
        )
        return float(sum(sum(result["Values"]) for result in answer["MetricDataResults"]))


def _call(client: BaseClient, method: str, **parameters: Any) -> Document:
    try:
        answer: Document = getattr(client, method)(**parameters)
    except ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        if code.startswith("AccessDenied"):
            raise AccessDeniedError(f"{method}: {message}") from error
        raise MonitoringUnavailableError(f"{method}: {code}: {message}") from error
    except BotoCoreError as error:
        raise MonitoringUnavailableError(f"{method}: {error}") from error
    return answer
