"""The JSON Schema of the request, for editors."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_pascal

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.model import DeploymentRequest, read_request
from deployer.request.smoke_test import Expect, SmokeTest
from local import schema
from tests.unit.accepted_samples import ACCEPTED
from tests.unit.rejected_samples import OWN_FIELDS_WRONG
from tests.unit.request_samples import TWO_MODELS, request, variant

ROOT = Path(__file__).parents[2]
VARIANT = variant()


def test_the_schema_is_up_to_date() -> None:
    """The file in docs is the output of `make schema`."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.render()


@functools.cache
def in_docs() -> Document:
    """Read the schema in docs."""
    document: Document = json.loads(schema.PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return document


def underlined(document: object) -> list[str]:
    """List what an editor has to say of a request."""
    return [error.message for error in jsonschema.Draft202012Validator(in_docs()).iter_errors(document)]


@pytest.mark.parametrize(
    "path", [ROOT / "tests/events/manual.json", ROOT / "local/demo/sample/deployment.yaml"], ids=lambda path: path.name
)
def test_real_requests_fit_the_schema(path: Path) -> None:
    """An editor does not complain about what the deployer takes."""
    assert underlined(yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize("document", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_requests_fit_the_schema(document: Document) -> None:
    """Every request that is right has no red line under it."""
    assert underlined(document) == []


@pytest.mark.parametrize("document", [document for document, _ in OWN_FIELDS_WRONG.values()], ids=OWN_FIELDS_WRONG)
def test_mistakes_in_the_deployer_s_own_fields_are_underlined(document: Document) -> None:
    """SmokeTest, Rollback and what is retained are checked as the deployer checks them."""
    assert underlined(document)


@pytest.mark.parametrize("part", [DeploymentRequest, SmokeTest, Expect], ids=lambda part: part.__name__)
def test_every_field_of_the_request_is_explained(part: Any) -> None:
    """An editor shows what a field is for."""
    described = in_docs() if part is DeploymentRequest else in_docs()["$defs"][part.__name__]

    assert {*described["properties"]} == {to_pascal(field) for field in part.model_fields}
    assert all(field["description"].endswith(".") for field in described["properties"].values())


def test_users_read_about_every_field_of_the_request() -> None:
    """The README or a page that it links to names every field."""
    pages = [ROOT / "README.md", ROOT / "docs" / "request.md", ROOT / "docs" / "operations.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)

    assert {field for field in map(to_pascal, DeploymentRequest.model_fields) if field not in text} == set()


odd: st.SearchStrategy[object] = st.sampled_from(
    [None, True, False, 0, 1, 600, "", "x", "a b", "s3://b/k", "/a", "/a~1/0", "/~", [], [1], {}, "\n"]
)
expectations = st.fixed_dictionaries(
    {},
    optional={
        "StatusCode": st.sampled_from([200, 99, 600]) | odd,
        "MaxLatencyMilliseconds": st.sampled_from([1, 60_000, 60_001]) | odd,
        "Equals": odd,
        "Contains": odd,
        "JsonValues": st.dictionaries(st.sampled_from(["", "/", "/a~0/~1", "a", "/~2", "/~"]), odd, max_size=2) | odd,
        "JsonSchema": st.just({"type": "object"}) | odd.filter(lambda value: value != {}),
        "Latency": odd,
    },
)
smoke_tests = st.fixed_dictionaries(
    {},
    optional={
        "Body": st.sampled_from(["1,2", "x" * 16384, "x" * 16385]) | odd,
        "BodyS3Uri": st.sampled_from(["s3://b/k", "s3://b", "s3:///k", "S3://b/k", "https://b/k"]) | odd,
        "ContentType": st.sampled_from(["text/csv", "x" * 1025, "t\u00e9xt", "a\tb"]) | odd,
        "Accept": odd,
        "TargetVariant": st.sampled_from([None, "A", "a_b", 1]),
        "Repetitions": st.sampled_from([1, 100, 101]) | odd,
        "Expect": expectations | odd,
        "body": odd,
    },
)
exclusions = st.lists(
    st.sampled_from([{"VariantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig", "x")] + [{}, 1]),
    max_size=4,
)
own_fields = st.fixed_dictionaries(
    {},
    optional={
        "SmokeTest": smoke_tests | odd,
        "Rollback": st.sampled_from([True, False, "churn-20261124T120000-0123456789ab", "-"]) | odd,
        "RetainAllVariantProperties": odd,
        "ExcludeRetainedVariantProperties": exclusions | odd,
        "Tags": st.sampled_from([{}, {"team": "growth"}, {"team": 1}]) | odd.filter(lambda value: value != "x"),
        "Models": st.sampled_from([{}, None, TWO_MODELS["Models"]]),
        "EndpointConfig": st.sampled_from([None, TWO_MODELS["EndpointConfig"]]),
        "Rolback": odd,
    },
)


@settings(max_examples=500)
@given(fields=own_fields)
def test_editor_and_deployer_agree(fields: Document) -> None:
    """The deployer accepts exactly those values of its own fields that fit the schema."""
    document = request(**fields)

    fits = not underlined(document)

    assert fits == is_taken(document)


def is_taken(document: Document) -> bool:
    """Return whether the deployer takes a request."""
    try:
        return bool(read_request(document))
    except InvalidRequestError:
        return False


@pytest.mark.parametrize(
    "document",
    [
        {"EndpointCfg": {}},
        {"EndpointConfig": {"ProductionVariants": [{**VARIANT, "InstanceType": "ml.m5.lrge"}]}},
        {"EndpointConfig": {"ProductionVariants": [{**VARIANT, "InitialInstanceCount": 0}]}},
        {"Models": {"m": {"ModelName": "m"}}},
        {"Tags": {"a": 1}},
    ],
    ids=["unknown field", "enum", "range", "name of ours", "type"],
)
def test_mistakes_are_underlined(document: Document) -> None:
    """An editor says it before the upload does."""
    assert underlined(document)
