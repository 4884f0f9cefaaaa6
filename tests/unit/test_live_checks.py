"""Changing an endpoint that is live: what would go wrong, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.json_document import Document
from deployer.planning.live_checks import (
    COUNTS_STAY,
    alarm_names,
    alarm_problems,
    alarm_reason,
    case_problems,
    live_problems,
    retention,
    scaling_problems,
    size_problems,
)
from deployer.request.service_model import check_shape, operation_input

GUARDED: Document = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10}}
WEIGHT = {"VariantPropertyType": "DesiredWeight"}


def variant(name: str = "A", **changed: Any) -> Document:
    """Build a variant as DescribeEndpointConfig has it."""
    return {"VariantName": name, "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def without_instances(name: str = "A") -> Document:
    """Build a serverless variant."""
    return {"VariantName": name, "ModelName": "m", **SERVERLESS}


def config(*variants: Document, **more: Any) -> Document:
    """Build an endpoint config."""
    return {"ProductionVariants": list(variants or [variant()]), **more}


SAME_NAMES = "EndpointConfig.ProductionVariants: are {}, and the live ones {}; guardrails need the same variant names"
PASSED_OVER = "DeploymentConfig: is not for {}, which are live; SageMaker would pass over it"
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
        [PASSED_OVER.format("serverless endpoints")],
    ),
    "guarded, Inf1 is live": (
        config(),
        config(variant(InstanceType="ml.inf1.xlarge")),
        GUARDED,
        [PASSED_OVER.format("Inf1 instances")],
    ),
    "guarded, Inf2 is live": (config(), config(variant(InstanceType="ml.inf2.xlarge")), GUARDED, []),
    "guarded, an accelerator is live": (
        config(),
        config(variant(AcceleratorType="ml.eia2.medium")),
        GUARDED,
        [PASSED_OVER.format("Elastic Inference")],
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
        [SAME_NAMES.format("B", "A"), PASSED_OVER.format("Inf1 instances"), TO_SERVERLESS],
    ),
}


@pytest.mark.parametrize(("wanted", "live", "deployment", "problems"), CHANGES.values(), ids=CHANGES)
def test_what_sagemaker_would_not_do_is_said_before(
    wanted: Document, live: Document, deployment: Document | None, problems: list[str]
) -> None:
    """It refuses some changes after minutes, and passes over some guardrails without a word."""
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
        f"{path}[1].AlarmName: 'gone' is no CloudWatch alarm of this account and region",
        f"{path}[2].AlarmName: is missing",
    ]


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_alarm_that_watches_is_no_problem(state: str) -> None:
    assert not list(alarm_problems(GUARDED, {"churn-5xx": state, "another": "ALARM"}))
    assert not list(alarm_problems(None, {}))


def test_alarm_that_would_roll_the_update_back_at_once_is_told() -> None:
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


TYPE_STAYS = (
    "EndpointConfig.ProductionVariants[{}].InstanceType: cannot change from {} while Application Auto Scaling manages "
    "the variant; deregister its scalable target first"
)
COUNT_STAYS = (
    "EndpointConfig.ProductionVariants[{}].InitialInstanceCount: cannot change from {} in an update that keeps the "
    "counts of {}, which Application Auto Scaling manages; see RetainAllVariantProperties"
)
VARIANT_STAYS = (
    "EndpointConfig.ProductionVariants: lack {}, which Application Auto Scaling manages; "
    "deregister the scalable targets first"
)
LARGER: Document = {"InstanceType": "ml.m5.xlarge"}
MORE: Document = {"InitialInstanceCount": 3}

SCALED = {
    "nothing is scaled": ([variant(**LARGER, **MORE)], set(), []),
    "another count of a scaled one": ([variant(**MORE)], {"A"}, []),
    "another type of a scaled one": ([variant(**LARGER)], {"A"}, [TYPE_STAYS.format(0, "ml.m5.large")]),
    "another count beside a scaled one": (
        [variant("A"), variant("B", **MORE)],
        {"A"},
        [COUNT_STAYS.format(1, 1, "A")],
    ),
    "another type beside a scaled one": ([variant("A"), variant("B", **LARGER)], {"A"}, []),
    "a new variant beside a scaled one": ([variant("A"), variant("C", **MORE)], {"A"}, []),
    "both scaled": (
        [variant("A", **MORE), variant("B", **LARGER)],
        {"B", "A"},
        [TYPE_STAYS.format(1, "ml.m5.large")],
    ),
    "a scaled one goes": (
        [variant("B")],
        {"A"},
        [VARIANT_STAYS.format("A")],
    ),
    "pools for instances": (
        [{"VariantName": "A", "ModelName": "m", "InstancePools": [{"InstanceType": "ml.m5.large"}]}],
        {"A"},
        [TYPE_STAYS.format(0, "ml.m5.large")],
    ),
}


@pytest.mark.parametrize(("variants", "scaled", "problems"), SCALED.values(), ids=SCALED)
def test_what_scaling_forbids_is_said_before(variants: list[Document], scaled: set[str], problems: list[str]) -> None:
    """The type of a scaled variant stays, and so do the counts of those that are kept along with it."""
    live = config(variant("A"), variant("B"))

    found = scaling_problems(config(*variants), live, scaled, scaled, counts_stay=True)

    assert [str(problem) for problem in found] == problems


def test_counts_are_the_requests_own_if_it_says_so() -> None:
    """Who asks for retention, or against it, may change counts; the type of a scaled variant stays all the same."""
    wanted = config(variant("A", **LARGER, **MORE), variant("B", **MORE))

    found = scaling_problems(wanted, config(variant("A"), variant("B")), {"A"}, {"A"}, counts_stay=False)

    assert [str(problem) for problem in found] == [TYPE_STAYS.format(0, "ml.m5.large")]


@pytest.mark.parametrize(
    ("is_asked_for", "excluded", "scaled", "kept"),
    [
        pytest.param(None, [], set(), {}, id="nobody says anything"),
        pytest.param(None, [], {"A"}, COUNTS_STAY, id="a variant is scaled"),
        pytest.param(False, [], {"A"}, {}, id="the request says no"),
        pytest.param(True, [], set(), {"RetainAllVariantProperties": True}, id="the request says yes"),
        pytest.param(True, [], {"A"}, {"RetainAllVariantProperties": True}, id="yes, and a variant is scaled"),
        pytest.param(
            True,
            [WEIGHT],
            {"A"},
            {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": [WEIGHT]},
            id="yes, but for something",
        ),
    ],
)
def test_a_request_decides_what_is_kept_before_scaling_does(
    is_asked_for: bool | None,  # noqa: FBT001 - the case
    excluded: list[Document],
    scaled: set[str],
    kept: Document,
) -> None:
    """Only where it says nothing do the counts stay that Application Auto Scaling manages."""
    found = retention(is_asked_for, excluded, scaled)

    assert found == kept
    update = {"EndpointName": "churn", "EndpointConfigName": "churn-1", **found}
    assert check_shape(operation_input("UpdateEndpoint"), update, "") == []


def test_nothing_but_the_counts_stays_by_itself() -> None:
    """All that UpdateEndpoint could keep is excluded, but for the counts: a request's weights and captures count."""
    excluded = {each["VariantPropertyType"] for each in COUNTS_STAY["ExcludeRetainedVariantProperties"]}

    kinds = check_shape("VariantPropertyType", "?", "")[0].message

    assert {kind for kind in ("DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig") if kind in kinds} == {
        *excluded,
        "DesiredInstanceCount",
    }


@pytest.mark.parametrize(
    ("alarming", "reason"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["b"], "In state ALARM: b.", id="one"),
        pytest.param(["b", "a"], "In state ALARM: a, b.", id="two"),
    ],
)
def test_the_alarms_say_why_an_update_was_rolled_back(alarming: list[str], reason: str) -> None:
    """SageMaker often does not."""
    assert alarm_reason(alarming) == reason


def test_name_of_another_case_is_rejected_with_the_endpoints_own() -> None:
    """SageMaker takes both for one, and revisions are named after the endpoint."""
    assert [str(problem) for problem in case_problems("Churn", "churn")] == [
        "EndpointName: 'Churn' is the endpoint 'churn' for SageMaker; write it like that"
    ]
    assert not list(case_problems("churn", "churn"))
