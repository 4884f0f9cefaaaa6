"""What is kept of a live endpoint's instance counts, and what its scaling forbids."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.planning.live_checks import (
    COUNTS_STAY,
    retention,
    scaling_problems,
)
from deployer.request.service_model import check_shape, operation_input
from tests.unit.live_samples import config, variant

WEIGHT = {"VariantPropertyType": "DesiredWeight"}
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
def test_change_that_scaling_forbids_is_rejected_before(
    variants: list[Document], scaled: set[str], problems: list[str]
) -> None:
    """The type of a scaled variant stays, and so do the counts of those that are kept along with it."""
    live = config(variant("A"), variant("B"))

    found = scaling_problems(config(*variants), live, scaled, scaled, counts_stay=True)

    assert [str(problem) for problem in found] == problems


def test_counts_are_the_request_s_own_if_it_retains_none() -> None:
    """A request that sets the retention may change counts, but not the type of a scaled variant."""
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
def test_retention_of_the_request_wins_over_that_for_scaling(
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
