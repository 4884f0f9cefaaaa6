"""The alarms of guarded updates: what a request may say of them, what they are, and what they are called."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from deployer.alarm_names import endpoint_of
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.rollback_alarms import rollback_alarms, with_whole_alarms
from deployer.request.model import read_request
from deployer.request.service_model import service_model
from tests.unit.planning_samples import complete_request
from tests.unit.request_samples import percent, routing, variant, with_guardrails

CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
SHORT = {"Errors": {"Percent": 1}, "Latency": {"P99Milliseconds": 500}, "Invocations": {"MinimumPerMinute": 10}}
WHOLE = {
    "Namespace": "Shop",
    "MetricName": "Purchases",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 5,
    "ComparisonOperator": "LessThanThreshold",
}
ASYNCHRONOUS = {"OutputConfig": {"S3OutputPath": "s3://out/churn"}}


def wanted(alarms: Document, **changed: Any) -> Document:
    """Build a request with guardrails and alarms."""
    return {**with_guardrails(variant(), **CANARY), "RollbackAlarms": alarms, **changed}


def without(*members: str, **more: Any) -> Document:
    """Build a request with a whole alarm that lacks some members and has others."""
    alarm = {name: value for name, value in WHOLE.items() if name not in members}
    return wanted({"Alarms": [{**alarm, **more}]})


WRONG = {
    "a misspelt form": (wanted({"Error": {}}), "RollbackAlarms.Error: is not a field of a request's RollbackAlarms"),
    "a text for a number": (wanted({"Errors": {"Percent": "1"}}), "RollbackAlarms.Errors.Percent: must be a number"),
    "a share of nothing": (wanted({"Errors": {"Percent": 0}}), "RollbackAlarms.Errors.Percent: should be greater"),
    "no milliseconds": (wanted({"Latency": {}}), "RollbackAlarms.Latency.P99Milliseconds: required"),
    "a name": (without(AlarmName="mine"), "RollbackAlarms.Alarms[0].AlarmName: is named by the deployer"),
    "an unknown member": (without(Limit=1), "RollbackAlarms.Alarms[0].Limit: is not a field of PutMetricAlarm"),
    "an unknown operator": (
        without(ComparisonOperator="Over"),
        "ComparisonOperator: 'Over' is not a valid comparison operator",
    ),
    "no metric": (without("MetricName"), "RollbackAlarms.Alarms[0]: needs either MetricName or Metrics"),
    "no period": (without("Period"), "RollbackAlarms.Alarms[0]: lacks Period"),
    "two statistics": (without(ExtendedStatistic="p99"), "needs either Statistic or ExtendedStatistic"),
    "no threshold": (without("Threshold"), "RollbackAlarms.Alarms[0]: needs either Threshold or ThresholdMetricId"),
    "an action on instances": (
        without(AlarmActions=["arn:aws:automate:us-east-1:ec2:terminate"]),
        "RollbackAlarms.Alarms[0].AlarmActions[0]: 'arn:aws:automate:us-east-1:ec2:terminate' is not an SNS topic",
    ),
    "a rollback without guardrails": (
        {"EndpointName": "churn", "Rollback": True, "RollbackAlarms": SHORT},
        "RollbackAlarms: needs a DeploymentConfig beside it",
    ),
    "no guardrails": (wanted(SHORT, DeploymentConfig=None), "RollbackAlarms: needs a DeploymentConfig beside it"),
    "too many": (wanted({"Alarms": [{**WHOLE, "Period": 60 * n} for n in range(1, 12)]}), "makes 11 alarms; SageMaker"),
    "an asynchronous endpoint": (
        wanted(
            {"Errors": {"Percent": 1}},
            EndpointConfig={"ProductionVariants": [variant()], "AsyncInferenceConfig": ASYNCHRONOUS},
        ),
        "RollbackAlarms.Errors: is not for an asynchronous endpoint",
    ),
}


@pytest.mark.parametrize(("document", "problem"), WRONG.values(), ids=WRONG)
def test_wrong_alarms_are_rejected_by_their_paths(document: Document, problem: str) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(document)

    assert problem in str(rejected.value)


@pytest.mark.parametrize("alarms", [SHORT, {"Alarms": [WHOLE]}, {**SHORT, "Alarms": [WHOLE]}])
def test_right_alarms_are_taken(alarms: Document) -> None:
    taken = read_request(wanted(alarms)).document()["RollbackAlarms"]

    assert {name: value for name, value in taken.items() if value} == alarms


def test_no_alarms_need_no_guardrails() -> None:
    """A request may say that it wants none, whatever the stack's default ones are."""
    assert read_request(wanted({}, DeploymentConfig=None)).rollback_alarms is not None


def complete(alarms: Document | None = None, names: str = "A", **changed: Any) -> Document:
    """Build a complete guarded request with variants."""
    variants = [variant(VariantName=name, ModelName="m") for name in names]
    config = {"EndpointConfig": {"ProductionVariants": variants}}
    return complete_request(RollbackAlarms=alarms, **{**config, "DeploymentConfig": CANARY, **changed})


def test_short_forms_are_alarms_of_each_variant_that_cloudwatch_takes() -> None:
    """Checked as botocore checks a call; each looks at one variant of the endpoint."""
    made = rollback_alarms(complete(SHORT, "AB"), "stack")

    shape: Any = service_model("cloudwatch").operation_model("PutMetricAlarm").input_shape
    reports = [ParamValidator().validate(alarm, shape).generate_report() for alarm in made.values()]
    assert reports == [""] * 6
    assert [("'A'" in str(alarm), "'B'" in str(alarm)) for alarm in made.values()] == [(True, False)] * 3 + [
        (False, True)
    ] * 3


def test_missing_data_and_units_are_those_of_the_metric() -> None:
    """SageMaker publishes nothing of a minute without invocations; model latency is in microseconds."""
    errors, latency, invocations = rollback_alarms(complete(SHORT), "stack").values()

    assert [each["TreatMissingData"] for each in (errors, latency)] == ["notBreaching"] * 2
    assert invocations["TreatMissingData"] == "breaching"
    assert (errors["Threshold"], latency["Threshold"], invocations["Threshold"]) == (1, 500_000, 10)


def test_names_are_made_of_the_content() -> None:
    """The same alarm has the same name; any other has another, so that none changes under an update."""
    one, other = (rollback_alarms(complete({"Errors": {"Percent": percent}}), "stack") for percent in (1, 2))

    (name,) = one
    assert name.startswith("stack/rollback/churn-")
    assert endpoint_of(name, "stack/rollback/") == "churn"
    assert one == rollback_alarms(complete({"Errors": {"Percent": 1}}), "stack")
    assert not one.keys() & other.keys()


@pytest.mark.parametrize("name", ["stack/abort/churn", "other/rollback/churn-0123456789ab", "stack/rollback/churn"])
def test_other_alarms_are_of_no_endpoint(name: str) -> None:
    assert endpoint_of(name, "stack/rollback/") == ""


DEFAULTS = {"Errors": {"Percent": 5.0}}


@pytest.mark.parametrize(
    ("request_", "count"),
    [
        pytest.param(complete(), 1, id="guarded"),
        pytest.param(complete(names="AB"), 2, id="two variants"),
        pytest.param(complete({}), 0, id="none wanted"),
        pytest.param(complete(SHORT), 3, id="its own"),
        pytest.param(complete(DeploymentConfig=None), 0, id="not guarded"),
        pytest.param(
            complete(EndpointConfig={"ProductionVariants": [variant()], "AsyncInferenceConfig": ASYNCHRONOUS}),
            0,
            id="asynchronous",
        ),
    ],
)
def test_default_alarms_are_for_guarded_updates_without_their_own(request_: Document, count: int) -> None:
    assert len(rollback_alarms(with_whole_alarms(request_, DEFAULTS), "stack")) == count


def test_written_out_alarms_stay_with_every_default() -> None:
    """A stored request makes the same alarms again."""
    stored = with_whole_alarms(complete(), DEFAULTS)

    assert with_whole_alarms(stored, {"Errors": {"Percent": 9}}) == stored
    assert rollback_alarms(stored, "stack") == rollback_alarms(complete(DEFAULTS), "stack")


def test_removing_guardrails_removes_their_alarms() -> None:
    """A rollback without guardrails has no alarms of its target either."""
    stored = with_whole_alarms(complete(SHORT), {})

    assert rollback_alarms({**stored, "DeploymentConfig": None}, "stack") == {}
