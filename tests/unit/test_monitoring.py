"""The adapter of CloudWatch, which watches endpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.stub import Stubber
from moto import mock_aws

from deployer import errors
from deployer.aws.monitoring import Monitoring
from deployer.json_document import Document
from deployer.request.model import read_request
from deployer.request.service_model import sagemaker
from tests.unit.request_samples import request, variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def aws() -> Iterator[Any]:
    """A client, in an empty account."""
    with mock_aws():
        yield boto3.client("cloudwatch")


@pytest.fixture
def monitoring(aws: Any) -> Monitoring:
    """The adapter of that account."""
    return Monitoring({"cloudwatch": aws}.__getitem__)


def put_alarm(aws: Any, name: str, state: str) -> None:
    """Make an alarm of a metric, in a state."""
    cloudwatch = aws
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test says so")


def clients() -> Document:
    """Make clients that reach nothing."""
    config = Config(retries={"total_max_attempts": 1})
    return {"cloudwatch": boto3.client("cloudwatch", config=config)}


def test_alarms_have_the_states_that_they_are_in(aws: Any, monitoring: Monitoring) -> None:
    """Those that nobody asks for are left out, and so are those that there are not."""
    for name, state in (("a", "OK"), ("b", "ALARM"), ("c", "INSUFFICIENT_DATA"), ("other", "ALARM")):
        put_alarm(aws, name, state)

    states = monitoring.alarm_states(["c", "b", "a", "gone"])

    assert states == {"a": "OK", "b": "ALARM", "c": "INSUFFICIENT_DATA"}


def test_an_alarm_of_alarms_is_one() -> None:
    """SageMaker watches composite alarms, too; CloudWatch leaves them out unless it is asked for them."""
    both = clients()
    with Stubber(both["cloudwatch"]) as stubber:
        stubber.add_response(
            "describe_alarms",
            {
                "MetricAlarms": [{"AlarmName": "a", "StateValue": "OK"}],
                "CompositeAlarms": [{"AlarmName": "all", "StateValue": "ALARM"}],
            },
            {"AlarmNames": ["a", "all"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100},
        )

        states = Monitoring(both.__getitem__).alarm_states({"all", "a"})

    assert states == {"a": "OK", "all": "ALARM"}


@pytest.mark.parametrize("names", [[], [""]], ids=["no alarm", "an alarm without a name"])
def test_nothing_is_asked_for_nothing(names: list[str]) -> None:
    """CloudWatch would take an empty list for all alarms, and refuses an empty name."""
    no_clients: Document = {}
    monitoring = Monitoring(no_clients.__getitem__)

    assert monitoring.alarm_states(names) == {}


def test_an_empty_name_hides_no_alarm(aws: Any, monitoring: Monitoring) -> None:
    """Nor does one that is named twice."""
    put_alarm(aws, "a", "OK")

    assert monitoring.alarm_states(["", "a", "a"]) == {"a": "OK"}


def count_invocations(aws: Any, variant_name: str, at: datetime, count: float) -> None:
    """Publish SageMaker's metric of invocations."""
    names = {"EndpointName": "churn", "VariantName": variant_name}
    dimensions = [{"Name": name, "Value": value} for name, value in names.items()]
    data = {"MetricName": "Invocations", "Dimensions": dimensions, "Timestamp": at, "Value": count}
    aws.put_metric_data(Namespace="AWS/SageMaker", MetricData=[data])


def test_invocations_of_a_period_are_added_up(aws: Any, monitoring: Monitoring) -> None:
    """Those of the variants that are asked for."""
    noon, day = datetime(2026, 11, 24, 12, tzinfo=UTC), timedelta(days=1)
    for variant_name, at, count in (("A", noon, 2.0), ("A", noon - 3 * day, 1.0), ("B", noon, 4.0), ("C", noon, 8.0)):
        count_invocations(aws, variant_name, at, count)

    assert monitoring.invocations("churn", ["A", "B"], noon - 7 * day, noon + day) == 7
    assert monitoring.invocations("churn", ["A", "B"], noon - 30 * day, noon - 14 * day) == 0
    assert monitoring.invocations("other", ["A"], noon - 7 * day, noon + day) == 0


def test_no_request_can_name_more_than_one_page_holds(aws: Any, monitoring: Monitoring) -> None:
    """The call needs no pages: a request has at most 10 alarms, and the service takes more."""
    names = [f"alarm-{index}" for index in range(sagemaker().shape_for("AlarmList").metadata["max"])]
    for name in names:
        put_alarm(aws, name, "OK")

    assert monitoring.alarm_states(names).keys() == set(names)
    assert len(names) <= most("cloudwatch", "DescribeAlarms", "AlarmNames")
    guardrails = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in [*names, "one more"]]}}
    with pytest.raises(errors.InvalidRequestError, match="Alarms: has 11 entries"):
        read_request(request(variant(), DeploymentConfig=guardrails))


def most(service: str, operation: str, member: str) -> int:
    """Return how many entries a call takes."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    shape: Any = model.operation_model(operation).input_shape
    return int(shape.members[member].metadata["max"])


PERIOD = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC))

CALLS: dict[str, tuple[str, str, Callable[[Monitoring], object]]] = {
    "invocations": (
        "cloudwatch",
        "get_metric_data",
        lambda monitoring: monitoring.invocations("churn", ["A"], *PERIOD),
    ),
    "alarms": ("cloudwatch", "describe_alarms", lambda monitoring: monitoring.alarm_states(["a"])),
}


@pytest.mark.parametrize(("service", "operation", "ask"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("AccessDenied", 403, errors.AccessDeniedError),
        ("AccessDeniedException", 400, errors.AccessDeniedError),
        ("Throttling", 400, errors.MonitoringUnavailableError),
        ("ThrottlingException", 400, errors.MonitoringUnavailableError),
        ("ConcurrentUpdateException", 400, errors.MonitoringUnavailableError),
        ("InternalServiceException", 500, errors.MonitoringUnavailableError),
        ("", 503, errors.MonitoringUnavailableError),
    ],
)
def test_a_refusal_is_named(  # noqa: PLR0913, PLR0917 - the case and the call
    service: str, operation: str, ask: Callable[[Monitoring], object], code: str, status: int, raised: type[Exception]
) -> None:
    """A denial by a policy is permanent; all other errors are transient."""
    both = clients()
    with Stubber(both[service]) as stubber:
        stubber.add_client_error(operation, code, "not now", http_status_code=status)

        with pytest.raises(raised, match=f"^{operation}: .*not now$") as error:
            ask(Monitoring(both.__getitem__))

    assert type(error.value) is raised


@pytest.mark.parametrize(("service", "operation", "ask"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("lost", [ReadTimeoutError, ConnectionClosedError, EndpointConnectionError])
def test_a_lost_call_passes(
    service: str, operation: str, ask: Callable[[Monitoring], object], lost: type[BotoCoreError]
) -> None:
    """A repeated look changes nothing."""
    both = clients()

    def lose(**_: Any) -> None:
        raise lost(endpoint_url=f"https://{service}")

    both[service].meta.events.register(f"before-send.{both[service].meta.service_model.service_id.hyphenize()}", lose)

    with pytest.raises(errors.MonitoringUnavailableError, match=f"^{operation}: "):
        ask(Monitoring(both.__getitem__))
