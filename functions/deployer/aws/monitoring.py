"""The only code that calls CloudWatch, whose alarms guard changes of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from deployer.errors import (
    AccessDeniedError,
    AlarmRejectedError,
    ListingTooLongError,
    MonitoringUnavailableError,
    QuotaExceededError,
)
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from botocore.client import BaseClient


_REFUSALS = frozenset(
    {"InvalidFormat", "InvalidParameterCombination", "InvalidParameterValue", "MissingParameter", "ValidationError"}
)
"""Codes of errors that stay (CloudWatch API Reference, Common Errors and the errors of PutMetricAlarm)."""


_PAGE = 100
_MOST_PAGES = 1_000
"""Of a hundred alarms each."""


class Monitoring:
    """The adapter of CloudWatch.

    Every method raises the leaves of `deployer.errors`; none retries, because the state machine does.

    Args:
        client: Returns the client of a service. Many deployments do not need it.
    """

    def __init__(self, client: Callable[[str], BaseClient]) -> None:
        self._client = client

    def alarm_states(self, names: Collection[str]) -> dict[str, str]:
        """Return the state of each alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`; one that does not exist is left out."""
        return {name: alarm["StateValue"] for name, alarm in self.alarms(names).items()}

    def in_alarm_since(self, names: Collection[str]) -> dict[str, datetime]:
        """Return which alarms are in the state `ALARM`, and since when."""
        found = self.alarms(names).items()
        return {name: alarm["StateUpdatedTimestamp"] for name, alarm in found if alarm["StateValue"] == "ALARM"}

    def alarms(self, names: Collection[str]) -> dict[str, Document]:
        """Describe alarms, by their names; one that does not exist is left out."""
        # SageMaker's service model does not require the name of an alarm; CloudWatch refuses an empty one.
        asked = sorted({name for name in names if name})
        if not asked:
            return {}
        kinds = ["MetricAlarm", "CompositeAlarm"]
        named = {"AlarmNames": asked, "AlarmTypes": kinds, "MaxRecords": _PAGE}
        answer = _call(self._client("cloudwatch"), "describe_alarms", **named)
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return {alarm["AlarmName"]: alarm for alarm in alarms}

    def make_alarm(self, alarm: Document, tags: list[Document]) -> None:
        """Make an alarm, or find it there; its state stays then (CloudWatch API Reference, PutMetricAlarm).

        Args:
            alarm: The PutMetricAlarm request.
            tags: The tags of a new alarm.

        Raises:
            AlarmRejectedError: CloudWatch does not take it.
            QuotaExceededError: The account may have no more alarms.
        """
        _call(self._client("cloudwatch"), "put_metric_alarm", **alarm, Tags=tags)

    def list_alarms(self, prefix: str) -> Iterator[Document]:
        """Describe the metric alarms whose names have a prefix.

        Raises:
            ListingTooLongError: There are more than `_MOST_PAGES` pages.
        """
        parameters: Document = {"AlarmNamePrefix": prefix, "AlarmTypes": ["MetricAlarm"], "MaxRecords": _PAGE}
        for _ in range(_MOST_PAGES):
            answer = _call(self._client("cloudwatch"), "describe_alarms", **parameters)
            yield from answer.get("MetricAlarms", [])
            if not answer.get("NextToken"):
                return
            parameters["NextToken"] = answer["NextToken"]
        raise ListingTooLongError(f"describe_alarms: {prefix} begins more than {_MOST_PAGES:,} pages of alarms.")

    def delete_alarm(self, name: str) -> None:
        """Delete an alarm; nothing happens if it is gone."""
        _call(self._client("cloudwatch"), "delete_alarms", AlarmNames=[name])

    def make_abort_alarm(
        self, name: str, endpoint_name: str, tags: list[Document], begun_at: datetime | None = None
    ) -> None:
        """Make the alarm that ends updates of an endpoint, or find it there, and bring it to the state `OK`.

        Args:
            name: The alarm.
            endpoint_name: The endpoint.
            tags: The tags of a new alarm.
            begun_at: Since when the update may be under way, though its answer was lost; None if it is not. An alarm
                that was set off since then is to end that update, and stays.
        """
        if begun_at and self.in_alarm_since([name]).get(name, begun_at) > begun_at:
            return
        alarm = {
            "AlarmName": name,
            "AlarmDescription": f"Set it to ALARM to end an update of the endpoint {endpoint_name} that is under way.",
            "Namespace": "EndpointDeployer",
            "MetricName": "Aborts",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint_name}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "ignore",
        }
        self.make_alarm(alarm, tags)
        self._set_state(name, "OK", "An update begins.")

    def set_off(self, name: str, reason: str) -> None:
        """Bring an alarm to the state `ALARM`; nothing happens if it does not exist."""
        if self.alarm_states([name]).get(name, "ALARM") != "ALARM":
            self._set_state(name, "ALARM", reason)

    def _set_state(self, name: str, state: str, reason: str) -> None:
        _call(self._client("cloudwatch"), "set_alarm_state", AlarmName=name, StateValue=state, StateReason=reason)

    def invocations(
        self, endpoint_name: str, variant_names: Collection[str], since: datetime, until: datetime
    ) -> float:
        """Return how often some variants of an endpoint were invoked in a period of whole days.

        SageMaker counts invocations by endpoint and variant (Developer Guide, "Amazon SageMaker AI metrics in Amazon
        CloudWatch"); a variant that was not invoked has no data.

        Raises:
            MonitoringUnavailableError: CloudWatch has only a part of the data (API Reference, GetMetricData).
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
        results = answer["MetricDataResults"]
        if answer.get("NextToken") or any(result.get("StatusCode", "Complete") != "Complete" for result in results):
            raise MonitoringUnavailableError("get_metric_data: the answer is incomplete")
        return float(sum(sum(result["Values"]) for result in results))


def _call(client: BaseClient, method: str, **parameters: Any) -> Document:
    try:
        answer: Document = getattr(client, method)(**parameters)
    except ClientError as error:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        if code.startswith("AccessDenied"):
            raise AccessDeniedError(f"{method}: {message}") from error
        if code.startswith("LimitExceeded"):
            raise QuotaExceededError(f"{method}: {message}") from error
        if code in _REFUSALS:
            raise AlarmRejectedError(f"{method}: {message}") from error
        raise MonitoringUnavailableError(f"{method}: {code}: {message}") from error
    except ParamValidationError as error:
        # It is not sent: the service model does not have it so.
        raise AlarmRejectedError(f"{method}: {error}") from error
    except BotoCoreError as error:
        raise MonitoringUnavailableError(f"{method}: {error}") from error
    return answer
