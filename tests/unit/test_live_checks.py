"""Changes that SageMaker would refuse on a live endpoint, and alarms that would roll them back, are named before."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.planning.live_checks import (
    COUNTS_STAY,
    alarm_names,
    alarm_problems,
    alarm_reason,
    case_problems,
    live_problems,
    size_problems,
)
from tests.unit.live_samples import config, variant

GUARDED: Document = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10}}


def without_instances(name: str = "A") -> Document:
    """Build a serverless variant."""
    return {"VariantName": name, "ModelName": "m", **SERVERLESS}


SAME_NAMES = "EndpointConfig.ProductionVariants: are {}, and the live ones {}; guardrails need the same variant names"
IGNORED_BY_SAGEMAKER = "DeploymentConfig: is not for {}, which are live; SageMaker would ignore it"
TO_SERVERLESS = (
    "EndpointConfig.ProductionVariants: are serverless, and the live ones run on instances; "
    "SageMaker does not change one into the other"
)
ASYNCHRONOUS = (
    "EndpointConfig.AsyncInferenceConfig: is missing; the live endpoint is asynchronous and stays so. Keep it, or use "
    "an endpoint of another name"
)
CHANGES = {
    "nothing guarded": (config(variant("A")), config(variant("B")), None, []),
    "guardrails of nothing": (config(variant("A")), config(variant("B")), {}, []),
    "guarded, the same names": (config(variant("A"), variant("B")), config(variant("B"), variant("A")), GUARDED, []),
    "guarded, other names": (config(variant("B")), config(variant("A")), GUARDED, [SAME_NAMES.format("B", "A")]),
    "guarded, one variant more": (
        config(variant("B"), variant("A")),
        config(variant("A")),
        GUARDED,
        [SAME_NAMES.format("A, B", "A")],
    ),
    "guarded, one variant less": (
        config(variant("A")),
        config(variant("A"), variant("B")),
        GUARDED,
        [SAME_NAMES.format("A", "A, B")],
    ),
    "guarded, another shadow": (
        config(ShadowProductionVariants=[variant("S")]),
        config(ShadowProductionVariants=[variant("T")]),
        GUARDED,
        [],
    ),
    "guarded, serverless is live": (
        config(),
        config(without_instances()),
        GUARDED,
        [IGNORED_BY_SAGEMAKER.format("serverless endpoints")],
    ),
    "guarded, Inf1 is live": (
        config(),
        config(variant(InstanceType="ml.inf1.xlarge")),
        GUARDED,
        [IGNORED_BY_SAGEMAKER.format("Inf1 instances")],
    ),
    "guarded, Inf2 is live": (config(), config(variant(InstanceType="ml.inf2.xlarge")), GUARDED, []),
    "guarded, an accelerator is live": (
        config(),
        config(variant(AcceleratorType="ml.eia2.medium")),
        GUARDED,
        [IGNORED_BY_SAGEMAKER.format("Elastic Inference")],
    ),
    "unguarded, an accelerator is live": (config(), config(variant(AcceleratorType="ml.eia2.medium")), None, []),
    "from instances to serverless": (config(without_instances()), config(), None, [TO_SERVERLESS]),
    "from serverless to serverless": (config(without_instances()), config(without_instances()), None, []),
    "from serverless to instances": (config(), config(without_instances()), None, []),
    "asynchronous no more": (config(), config(AsyncInferenceConfig={}), None, [ASYNCHRONOUS]),
    "asynchronous still": (config(AsyncInferenceConfig={}), config(AsyncInferenceConfig={}), None, []),
    "asynchronous from now on": (config(AsyncInferenceConfig={}), config(), None, []),
    "everything at once": (
        config(without_instances("B")),
        config(variant(InstanceType="ml.inf1.xlarge")),
        GUARDED,
        [SAME_NAMES.format("B", "A"), IGNORED_BY_SAGEMAKER.format("Inf1 instances"), TO_SERVERLESS],
    ),
}


@pytest.mark.parametrize(("wanted", "live", "deployment", "problems"), CHANGES.values(), ids=CHANGES)
def test_change_that_sagemaker_would_refuse_is_rejected_before(
    wanted: Document, live: Document, deployment: Document | None, problems: list[str]
) -> None:
    """It refuses some changes after minutes, and ignores some guardrails without an error."""
    assert [str(problem) for problem in live_problems(wanted, live, deployment)] == problems


@pytest.mark.parametrize(
    ("deployment", "names"),
    [
        pytest.param(None, [], id="no guardrails"),
        pytest.param({}, [], id="empty guardrails"),
        pytest.param({"AutoRollbackConfiguration": {}}, [], id="no alarms"),
        pytest.param(
            {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "b"}, {"AlarmName": "a"}]}}, ["b", "a"], id="two"
        ),
        pytest.param({"AutoRollbackConfiguration": {"Alarms": [{}]}}, [""], id="one without a name"),
    ],
)
def test_alarms_keep_their_order(deployment: Document | None, names: list[str]) -> None:
    """An alarm's place in the list is its place in the request."""
    assert alarm_names(deployment) == names


def test_an_alarm_that_does_not_exist_is_named_with_its_place() -> None:
    """SageMaker starts the update all the same, and nothing watches it."""
    alarms = [{"AlarmName": "there"}, {"AlarmName": "gone"}, {}]
    deployment = {"AutoRollbackConfiguration": {"Alarms": alarms}}

    problems = [str(problem) for problem in alarm_problems(deployment, {"there": "OK"})]

    path = "DeploymentConfig.AutoRollbackConfiguration.Alarms"
    assert problems == [
        f"{path}[1].AlarmName: 'gone' is not a CloudWatch alarm of this account and region",
        f"{path}[2].AlarmName: is missing",
    ]


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_alarm_in_another_state_is_not_a_problem(state: str) -> None:
    assert not list(alarm_problems(GUARDED, {"churn-5xx": state, "another": "ALARM"}))
    assert not list(alarm_problems(None, {}))


def test_alarm_that_would_roll_the_update_back_at_once_is_reported() -> None:
    (problem,) = map(str, alarm_problems(GUARDED, {"churn-5xx": "ALARM"}))

    assert problem == (
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName: 'churn-5xx' is in state ALARM, so SageMaker "
        "would roll the update back; request it again once it is OK"
    )


TOO_LARGE = (
    "DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration.CanarySize.Value: 1 of the 1 instances of "
    "variant A is not 1 to 50 percent"
)


@pytest.mark.parametrize(
    ("retained", "is_refused"),
    [
        pytest.param({}, True, id="initial counts"),
        pytest.param({"RetainAllVariantProperties": True}, False, id="live counts"),
        pytest.param(COUNTS_STAY, False, id="live counts, because they are managed"),
        pytest.param(
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredInstanceCount"}],
            },
            True,
            id="all but the live counts",
        ),
    ],
)
def test_canary_of_the_whole_fleet_is_refused_where_its_count_is_known(retained: Document, *, is_refused: bool) -> None:
    size = {"Type": "INSTANCE_COUNT", "Value": 1}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": size}
    deployment = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}

    problems = [str(problem) for problem in size_problems(deployment, config(), retained)]

    assert problems == ([TOO_LARGE] if is_refused else [])


@pytest.mark.parametrize(
    ("alarming", "reason"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["b"], "In state ALARM: b.", id="one"),
        pytest.param(["b", "a"], "In state ALARM: a, b.", id="two"),
    ],
)
def test_alarms_in_alarm_are_the_reason_of_a_rolled_back_update(alarming: list[str], reason: str) -> None:
    """SageMaker often does not."""
    assert alarm_reason(alarming) == reason


def test_name_of_another_case_is_rejected_with_the_endpoints_own() -> None:
    """SageMaker takes both for one, and revisions are named after the endpoint."""
    assert [str(problem) for problem in case_problems("Churn", "churn")] == [
        "EndpointName: 'Churn' is the endpoint 'churn' for SageMaker; write it like that"
    ]
    assert not list(case_problems("churn", "churn"))
