"""The alarms that a request wants for its guardrails, in short forms or as whole requests of CloudWatch. Pure.

The metrics, their dimensions and their units are those of the Developer Guide, "Amazon SageMaker AI metrics in Amazon
CloudWatch"; `ModelLatency` is in microseconds. How missing data count is explained in docs/decisions/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from deployer.endpoint_config import variants_of
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT_FORMS = ("Errors", "Latency", "Invocations")
"""The fields that stand for one alarm for each production variant."""

_PERIOD = 60
_MOSTLY: Document = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2}
"""One bad minute rolls nothing back; two of three do."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True)


class ErrorsAlarm(_Part):
    """How many invocations of a variant may fail."""

    percent: Annotated[float, Field(gt=0, lt=100)]
    """Percent of the invocations in a minute that may be answered with a status of 500 or more."""


class LatencyAlarm(_Part):
    """How long a variant's model may take to answer."""

    p99_milliseconds: Annotated[float, Field(gt=0)]
    """Milliseconds within which the model has to answer 99 of 100 invocations."""


class InvocationsAlarm(_Part):
    """How often a variant has to be invoked."""

    minimum_per_minute: Annotated[float, Field(gt=0)]
    """Invocations in a minute below which the update is rolled back; a minute without any counts as none."""


class RollbackAlarms(_Part):
    """Alarms that roll a guarded update back. The deployer makes them before the update begins."""

    errors: ErrorsAlarm | None = None
    """An alarm for each production variant on the share of failed invocations."""
    latency: LatencyAlarm | None = None
    """An alarm for each production variant on the time that its model takes to answer."""
    invocations: InvocationsAlarm | None = None
    """An alarm for each production variant on the number of invocations."""
    alarms: list[Document] = []
    """PutMetricAlarm requests of CloudWatch without their names and tags."""


def expanded(wanted: Document, endpoint_name: str, config: Document | None) -> list[Document]:
    """Return the PutMetricAlarm requests, without names, that a field `RollbackAlarms` stands for.

    Args:
        wanted: The field.
        endpoint_name: The endpoint.
        config: The endpoint config; None stands for a single variant, whose name is not known yet.
    """
    names = [variant.get("VariantName", "") for variant in variants_of(config or {})] or [""]
    made = [alarm for name in names for alarm in _of_variant(wanted, endpoint_name, name)]
    return [*made, *wanted.get("Alarms", [])]


def _of_variant(wanted: Document, endpoint_name: str, variant: str) -> Iterator[Document]:
    dimensions = [{"Name": "EndpointName", "Value": endpoint_name}, {"Name": "VariantName", "Value": variant}]
    where = f"of variant {variant} of the endpoint {endpoint_name}"
    if errors := wanted.get("Errors"):
        yield _errors_alarm(errors["Percent"], where, dimensions)
    if latency := wanted.get("Latency"):
        yield {
            "AlarmDescription": f"The model {where} answers its slowest percent of invocations after more than "
            f"{latency['P99Milliseconds']:g} ms.",
            **_metric("ModelLatency", dimensions),
            "ExtendedStatistic": "p99",
            "Period": _PERIOD,
            **_MOSTLY,
            "Threshold": 1000 * latency["P99Milliseconds"],
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "evaluate",
        }
    if invocations := wanted.get("Invocations"):
        yield {
            "AlarmDescription": f"Fewer than {invocations['MinimumPerMinute']:g} invocations a minute {where}.",
            **_metric("Invocations", dimensions),
            "Statistic": "Sum",
            "Period": _PERIOD,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 3,
            "Threshold": invocations["MinimumPerMinute"],
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching",
        }


def _errors_alarm(percent: float, where: str, dimensions: list[Document]) -> Document:
    rate = {
        "Id": "percent",
        "Expression": "IF(invocations > 0, 100 * errors / invocations, 0)",
        "Label": "Failed invocations in percent",
        "ReturnData": True,
    }
    return {
        "AlarmDescription": f"More than {percent:g} % of the invocations {where} fail.",
        "Metrics": [
            _sum("errors", "Invocation5XXErrors", dimensions),
            _sum("invocations", "Invocations", dimensions),
            rate,
        ],
        **_MOSTLY,
        "Threshold": percent,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }


def _metric(name: str, dimensions: list[Document]) -> Document:
    return {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions}


def _sum(key: str, name: str, dimensions: list[Document]) -> Document:
    stat = {"Metric": _metric(name, dimensions), "Period": _PERIOD, "Stat": "Sum"}
    return {"Id": key, "MetricStat": stat, "ReturnData": False}
