"""Corrects MiniStack where it differs from AWS in something that the stack relies on.

Step Functions has a module of its own, `local.aws.ministack_states`.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.services import cloudwatch, cloudwatch_logs, eventbridge, s3
from ministack.services.cloudformation import provisioners

from local.json_document import Document

_uploaded_version: ContextVar[str | None] = ContextVar("uploaded_version", default=None)


def put_versions_in_events() -> None:
    """Let the events of versioned buckets name the object's version.

    `detail.object.version-id` is in the EventBridge events of S3 (S3 User Guide, "EventBridge event message
    structure"); MiniStack puts the version into the notifications for other targets only.
    """
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event  # noqa: SLF001 - MiniStack has no hook for it

    def fire_knowing_version(*args: Any, version_id: str | None = None, **options: Any) -> None:
        _uploaded_version.set(version_id)  # each event is fired in a thread and a context of its own
        fire(*args, version_id=version_id, **options)

    def dispatch_with_version(event: Document, *args: Any, **options: Any) -> Any:
        version = _uploaded_version.get()
        if event["Source"] == "aws.s3" and version:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *args, **options)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_knowing_version, dispatch_with_version  # noqa: SLF001


def heed_conditions_of_copies() -> None:
    """Let CopyObject with `If-None-Match: *` overwrite nothing.

    Source: Amazon S3 API Reference, CopyObject. MiniStack supports it only in PutObject and CompleteMultipartUpload.
    """
    copy, check = s3._copy_object, s3._check_put_preconditions  # noqa: SLF001 - MiniStack has no hook for it

    def copy_if_allowed(bucket_name: str, key: str, headers: dict[str, str]) -> Any:
        bucket = s3._ensure_bucket(bucket_name)  # noqa: SLF001
        refusal = check(headers, bucket["objects"].get(key)) if bucket else None
        return refusal or copy(bucket_name, key, headers)

    s3._copy_object = copy_if_allowed  # noqa: SLF001


def publish_metrics_of_logs() -> None:
    """Let CloudWatch have the metrics that lines of logs hold in the embedded metric format, as on AWS.

    MiniStack keeps the lines only. No alarm is evaluated: MiniStack would do so without regard to dimensions.
    """
    append = cloudwatch_logs._append_log_events  # noqa: SLF001 - MiniStack has no hook for it

    def append_and_publish(stream: Document, events: list[Document]) -> None:
        append(stream, events)
        for event in events:
            with suppress(ValueError, LookupError, TypeError):  # what a container prints may only look like it
                for metric in metrics_of(event["message"]):
                    cloudwatch.record_metric(**metric)

    cloudwatch_logs._append_log_events = append_and_publish  # noqa: SLF001


def keep_whole_alarms() -> None:
    """Let DescribeAlarms answer all members of an alarm that PutMetricAlarm had, such as those of an expression.

    Source: Amazon CloudWatch API Reference, MetricAlarm. MiniStack keeps what an alarm on a single metric has.
    """
    put = cloudwatch._put_metric_alarm  # noqa: SLF001 - MiniStack has no hook for it

    def put_whole(params: Document, data: Document, *formats: Any, **named: Any) -> Any:
        answer = put(params, data, *formats, **named)
        alarm = cloudwatch._alarms.get(data.get("AlarmName")) if data else None  # noqa: SLF001
        if alarm is not None:
            members = ("Metrics", "EvaluateLowSampleCountPercentile", "ThresholdMetricId")
            alarm.update({member: data[member] for member in members if member in data})
        return answer

    cloudwatch._put_metric_alarm = put_whole  # noqa: SLF001


def authorize_deletions_of_alarms() -> None:
    """Let IAM decide about DeleteAlarms by the alarm that it names.

    Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch". MiniStack
    decides about all resources, as it does not read the list of names; of several names, this reads the first.
    """
    extract = iam_actions.extract_resource_arn

    def extract_alarm(service: str, *given: Any) -> Any:
        found, (_, _, _, body, *_, region, account_id) = extract(service, *given), given
        if (service, found) != ("monitoring", "*"):
            return found
        with suppress(ValueError, LookupError, TypeError, AttributeError):
            return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{json.loads(body)['AlarmNames'][0]}"
        return found

    iam_actions.extract_resource_arn = extract_alarm


def metrics_of(line: str) -> Iterator[Document]:
    """Yield each value of the metrics in a line of a log; none if it is in another format.

    Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
    """
    if '"_aws"' not in line:
        return
    document = json.loads(line)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: document[name] for name in names}
            for metric in directive["Metrics"]:
                found = document[metric["Name"]]
                for value in found if isinstance(found, list) else [found]:
                    yield {
                        "namespace": directive["Namespace"],
                        "metric_name": metric["Name"],
                        "value": value,
                        "unit": metric.get("Unit", "None"),
                        "dimensions": dimensions,
                    }


def make_event_bus_policies() -> None:
    """Let stacks have an AWS::Events::EventBusPolicy (CloudFormation Template Reference)."""

    def create(_logical_id: str, properties: Document, _stack: str) -> tuple[str, Document]:
        bus, statement = properties["EventBusName"], properties["Statement"]
        permission = {name: statement[name] for name in ("Principal", "Action", "Condition") if name in statement}
        eventbridge._put_permission({"EventBusName": bus, "StatementId": properties["StatementId"], **permission})  # noqa: SLF001
        return f"{bus}|{properties['StatementId']}", {}

    def delete(physical_id: str, _properties: Document) -> None:
        bus, _, statement = physical_id.partition("|")
        eventbridge._remove_permission({"EventBusName": bus, "StatementId": statement})  # noqa: SLF001

    provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {"create": create, "delete": delete}  # noqa: SLF001
