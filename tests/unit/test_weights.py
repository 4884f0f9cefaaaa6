"""Weights and counts: the next change towards those of an endpoint config; which requests change nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.planning.revision_store import StoredRevision
from deployer.planning.weights import changes_only_weights, is_one_change, weight_change
from tests.unit.planning_samples import NOON
from tests.unit.request_samples import serverless, variant

if TYPE_CHECKING:
    from deployer.json_document import Document


def wanted(*variants: Document, **more: Any) -> Document:
    """Build an endpoint config of variants a, b … in their order."""
    names = "abcdefgh"
    return {
        "ProductionVariants": [{"VariantName": names[index], **each} for index, each in enumerate(variants)],
        **more,
    }


def has(*variants: tuple[float, int], desired: tuple[tuple[float, int], ...] = ()) -> list[Document]:
    """Describe variants a, b … with weights and counts, which they are to keep unless others are desired."""
    return [
        {
            "VariantName": name,
            "CurrentWeight": now[0],
            "CurrentInstanceCount": now[1],
            "DesiredWeight": then[0],
            "DesiredInstanceCount": then[1],
        }
        for name, now, then in zip("abcdefgh", variants, desired or variants, strict=False)
    ]


def on(weight: float | None, count: int = 1) -> Document:
    """Build a variant with a weight, if one is given, and a count."""
    weighted = {} if weight is None else {"InitialVariantWeight": weight}
    return variant(InitialInstanceCount=count, **weighted)


@pytest.mark.parametrize(
    ("variants", "config", "expected"),
    [
        pytest.param(has((9, 1), (1, 1)), wanted(on(9), on(1)), [], id="nothing differs"),
        pytest.param(has((1, 1)), wanted(on(None)), [], id="without a weight it is 1"),
        pytest.param(has((5, 1)), wanted(on(None)), [{"VariantName": "a", "DesiredWeight": 1.0}], id="5 to none"),
        pytest.param(
            has((9, 1), (1, 1)),
            wanted(on(9), on(5)),
            [{"VariantName": "a", "DesiredWeight": 9.0}, {"VariantName": "b", "DesiredWeight": 5.0}],
            id="one weight differs, all are named",
        ),
        pytest.param(
            has((9, 1), (1, 1)),
            wanted(on(9, 3), on(1)),
            [{"VariantName": "a", "DesiredInstanceCount": 3}],
            id="a count",
        ),
        pytest.param(
            has((9, 1), (1, 1)),
            wanted(on(9, 3), on(1, 2)),
            [{"VariantName": "a", "DesiredInstanceCount": 3}],
            id="of two counts the first",
        ),
        pytest.param(
            has((9, 1)), wanted(on(5, 3)), [{"VariantName": "a", "DesiredWeight": 5.0}], id="weights before counts"
        ),
        pytest.param(
            has((9, 1), desired=((5, 1),)),
            wanted(on(9)),
            [{"VariantName": "a", "DesiredWeight": 9.0}],
            id="on its way away",
        ),
        pytest.param(
            has((9, 1), desired=((9, 2),)),
            wanted(on(9)),
            [{"VariantName": "a", "DesiredInstanceCount": 1}],
            id="scaling",
        ),
        pytest.param(has((0, 1), (1, 1)), wanted(on(0), on(1)), [], id="a weight of 0 is a weight"),
        pytest.param(has((0.30000001192092896, 1)), wanted(on(0.3)), [], id="single precision"),
        pytest.param([], wanted(on(1)), [{"VariantName": "a", "DesiredWeight": 1.0}], id="a variant that is not shown"),
    ],
)
def test_next_change_of_weights(variants: list[Document], config: Document, expected: list[Document]) -> None:
    assert weight_change(variants, config) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(wanted(on(9), on(1)), False, id="nothing"),
        pytest.param(wanted(on(5), on(5)), True, id="all weights"),
        pytest.param(wanted(on(9, 2), on(1)), True, id="one count"),
        pytest.param(wanted(on(5, 2), on(5)), False, id="weights and a count"),
        pytest.param(wanted(on(9, 2), on(1, 2)), False, id="two counts"),
    ],
)
def test_change_of_all_weights_or_one_count_is_one_call(config: Document, *, expected: bool) -> None:
    """SageMaker API Reference, UpdateEndpointWeightsAndCapacities."""
    assert is_one_change(has((9, 1), (1, 1)), config) is expected


_SIZES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0, 9.0]), st.integers(1, 3)), min_size=1, max_size=4)


@given(data=st.data(), before=_SIZES)
def test_repeated_changes_end_with_the_weights_and_counts_of_the_config(data: st.DataObject, before: Any) -> None:
    """One call for the weights, and one for each count at most; the order of the variants does not matter."""
    after = data.draw(st.lists(st.sampled_from(_VALUES), min_size=len(before), max_size=len(before)))
    config = wanted(*(on(*each) for each in after))
    shown = data.draw(st.permutations(has(*before)))
    calls = 0
    while change := weight_change(shown, config):
        calls += 1
        for each in change:
            one = next(variant for variant in shown if variant["VariantName"] == each["VariantName"])
            for member in each.keys() & {"DesiredWeight", "DesiredInstanceCount"}:
                one[member] = one[member.replace("Desired", "Current")] = each[member]
        assert calls <= 1 + len(before)

    assert sorted(shown, key=lambda each: str(each["VariantName"])) == has(*after)
    assert is_one_change(has(*before), config) is (calls == 1)


_VALUES = [(weight, count) for weight in (0.0, 0.1, 0.5, 1.0, 9.0) for count in (1, 2, 3)]

MODELS = {"a": "churn-a-111111111111", "b": "churn-b-222222222222"}


def asked(*variants: Document, **more: Any) -> Document:
    """Build a complete request of two models."""
    models = {key: {"PrimaryContainer": {"Image": f"{key}:1"}} for key in MODELS}
    return {"Models": models, "EndpointConfig": wanted(*variants), "Tags": {}, **more}


def stored(request: Document) -> StoredRevision:
    """Build a stored revision."""
    return StoredRevision(
        revision="churn-20261124T120000-0123456789ab",
        endpoint_name="churn",
        requested_at=NOON,
        request_id="event-1",
        execution="arn",
        request=request,
        model_names=MODELS,
    )


SERVED = asked(on(9), on(1))
SCALING = {"Variants": [{"VariantName": "a", "MinCapacity": 1, "MaxCapacity": 4}]}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(on(5), on(5)), id="weights"),
        pytest.param(asked(on(None), on(1)), id="a weight that is left out"),
        pytest.param(asked(on(9, 4), on(1)), id="a count"),
        pytest.param(asked(on(5), on(5), Tags={"team": "a"}), id="weights and tags"),
        pytest.param(asked(on(5), on(5), SmokeTest={"Body": "{}"}), id="weights and a smoke test"),
        pytest.param(asked(on(5), on(5), Scaling={}), id="weights, and scaling of nothing"),
    ],
)
def test_request_that_changes_only_weights(request_: Document) -> None:
    before = stored({**SERVED, "Scaling": {}}) if "Scaling" in request_ else stored(SERVED)

    assert changes_only_weights(before, request_, MODELS)


ON_DEMAND = {"VariantName": "c", **on(1)}


@pytest.mark.parametrize(
    ("before", "request_", "model_names"),
    [
        pytest.param(None, asked(on(5), on(5)), MODELS, id="no stored request"),
        pytest.param(SERVED, SERVED, MODELS, id="nothing differs"),
        pytest.param(SERVED, asked(on(5), on(5)), {**MODELS, "a": "churn-a-333333333333"}, id="other bytes"),
        pytest.param(SERVED, asked(on(5), on(5)), {"a": MODELS["a"]}, id="fewer models"),
        pytest.param(SERVED, asked(on(5), {**on(5), "InstanceType": "ml.m5.xlarge"}), MODELS, id="an instance type"),
        pytest.param(SERVED, asked(on(5), on(5), on(1)), MODELS, id="another variant"),
        pytest.param(SERVED, asked(on(5)), MODELS, id="a variant less"),
        pytest.param(
            SERVED, asked(on(5), {**on(5), "EnableSSMAccess": True}), MODELS, id="another member of a variant"
        ),
        pytest.param(
            SERVED,
            {**SERVED, "EndpointConfig": wanted(on(5), on(5), ShadowProductionVariants=[ON_DEMAND])},
            MODELS,
            id="a shadow variant",
        ),
        pytest.param(
            {**SERVED, "EndpointConfig": wanted(on(9), on(1), ShadowProductionVariants=[ON_DEMAND])},
            {
                **SERVED,
                "EndpointConfig": wanted(
                    on(9), on(1), ShadowProductionVariants=[{**ON_DEMAND, "InitialInstanceCount": 2}]
                ),
            },
            MODELS,
            id="the count of a shadow variant",
        ),
        pytest.param(
            SERVED,
            {**SERVED, "EndpointConfig": wanted(on(5), on(5), DataCaptureConfig={"EnableCapture": True})},
            MODELS,
            id="data capture",
        ),
        pytest.param(SERVED, asked(on(5), on(5), Scaling=SCALING), MODELS, id="scaling"),
        pytest.param(asked(on(9), on(1), Scaling=SCALING), asked(on(5), on(5)), MODELS, id="no scaling any more"),
        pytest.param(
            SERVED, {**asked(on(5), on(5)), "Models": {"a": {}, "b": {}}}, MODELS, id="another model of the same name"
        ),
        pytest.param(asked(serverless(), on(1)), asked(serverless(), on(5)), MODELS, id="a serverless variant"),
        pytest.param(
            asked({**on(9), "ManagedInstanceScaling": {"Status": "ENABLED"}}, on(1)),
            asked({**on(9), "ManagedInstanceScaling": {"Status": "ENABLED"}}, on(5)),
            MODELS,
            id="managed scaling",
        ),
        pytest.param(
            asked({**on(9), "InstancePools": [{"InstanceType": "ml.m5.large"}]}, on(1)),
            asked({**on(9), "InstancePools": [{"InstanceType": "ml.m5.large"}]}, on(5)),
            MODELS,
            id="pools of instances",
        ),
        pytest.param(
            asked({"InstanceType": "ml.m5.large", "InitialVariantWeight": 9}, on(1)),
            asked({"InstanceType": "ml.m5.large", "InitialVariantWeight": 5}, on(1)),
            MODELS,
            id="a variant without a count",
        ),
    ],
)
def test_request_with_another_change_is_an_update(
    before: Document | None, request_: Document, model_names: dict[str, str]
) -> None:
    """Each is an update of its own; the function never takes it for a change of weights."""
    assert not changes_only_weights(stored(before) if before else None, request_, model_names)
