"""What is said of a wrong request: each problem on a line of its own, and nothing that may be secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.manifest import read_manifest
from deployer.request.model import read_request
from deployer.request.problem import Problem
from tests.unit.request_samples import request, variant, with_container, with_smoke_test

SECRET = "hunter2-0f3c9a"  # noqa: S105 - no secret but a mark to look for

BREAKS = "\n\r\t\x00\x0b\x0c\x1b\x1c\x85\u2028\u2029\u202e\ufeff"
"""What ends a line for one reader or another, steers a terminal, or hides."""

secret_values: st.SearchStrategy[Any] = st.one_of(
    st.just(SECRET),
    st.text(max_size=20).map(lambda text: f"{text}{SECRET}{text}"),
    st.just(SECRET * 100),
    st.just([SECRET]),
    st.just({"Value": SECRET}),
    st.just([{"Name": "PASSWORD", "Value": SECRET}]),
)
broken_texts = st.text(alphabet=st.sampled_from(BREAKS + "aé"), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | broken_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(broken_texts, inner, max_size=3),
    max_leaves=8,
)


def said_of(document: object) -> str:
    """Return what is said of a request; nothing if it is right."""
    try:
        read_request(document)
    except InvalidRequestError as rejected:
        return str(rejected)
    return ""


@settings(max_examples=300)
@given(
    environment=st.dictionaries(st.sampled_from(["PASSWORD", "a b", ""]), secret_values, min_size=1) | secret_values,
    also_wrong=st.booleans(),
    containers=st.booleans(),
)
def test_an_environment_is_never_repeated(environment: object, *, also_wrong: bool, containers: bool) -> None:
    """No message has a value of a container's environment, for any mistake in the request."""
    container = {"Image": "registry/churn:1", "Environment": environment, **({"Mode": "Single"} if also_wrong else {})}
    model = {"Containers": [container, container]} if containers else {"PrimaryContainer": container}

    said = said_of(request(Models={"m": model}, **({"Tag": {}} if also_wrong else {})))

    assert SECRET not in said
    assert bool(said) or not also_wrong


@pytest.mark.parametrize(
    "value",
    [12345678987654321, 0.12345678987654321, [SECRET], {"a": SECRET}, SECRET * 100],
    ids=["number", "fraction", "list", "mapping", "too long"],
)
def test_a_wrong_value_of_an_environment_is_known_by_its_path(value: object) -> None:
    """The path and the type are enough to find it."""
    said = said_of(with_container(Environment={"PASSWORD": value}))

    assert "Models.m.PrimaryContainer.Environment.PASSWORD: " in said
    assert str(value) not in said
    assert SECRET not in said


@settings(max_examples=200)
@given(
    body=secret_values | st.integers(10**12, 10**13),
    expect=st.sampled_from(["Equals", "Contains"]),
    wrong=st.sampled_from(["Body", "BodyS3Uri", "Repetitions", "ContentTyp"]),
)
def test_a_body_is_never_repeated(body: object, expect: str, wrong: str) -> None:
    """The body and the expected answer may be personal data."""
    said = said_of(with_smoke_test(**{"Body": body, "Expect": {expect: body}, wrong: [body]}))

    assert said
    assert SECRET not in said
    assert str(body) not in said


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(
    document=st.one_of(
        st.dictionaries(broken_texts, JSON, max_size=3),
        st.builds(lambda name: {"EndpointName": name}, broken_texts),
        st.builds(lambda key, inner: request(Models={key: inner}), broken_texts, JSON),
        st.builds(lambda key, inner: request(Models={"m": {"PrimaryContainer": {key: inner}}}), broken_texts, JSON),
        st.builds(lambda text: request(variant(InstanceType=text, VariantName=text, ModelName=text)), broken_texts),
        st.builds(lambda key, inner: request(Tags={key: inner}), broken_texts, JSON),
        st.builds(lambda text: request(Rollback=text), broken_texts),
        st.builds(lambda key, inner: with_smoke_test(**{key: inner, "TargetVariant": key}), broken_texts, JSON),
        st.builds(lambda key, inner: with_smoke_test(Expect={"JsonValues": {key: inner}}), broken_texts, JSON),
        st.builds(
            lambda key, inner: with_smoke_test(Expect={"JsonSchema": {"type": key, key: inner}}), broken_texts, JSON
        ),
        st.builds(lambda text: with_smoke_test(Expect={"JsonSchema": {"$ref": text, "$schema": text}}), broken_texts),
    )
)
def test_a_problem_is_one_line(document: Document) -> None:
    """A request cannot write a line of its own into a log, with any characters in names and values."""
    said = said_of(document)

    assert all(line.isprintable() and ": " in line for line in said.split("\n") if said)


def test_a_line_cannot_be_forged() -> None:
    """A value in the form of another problem, or of the end of one, is escaped."""
    said = said_of(request(**{"x\nEndpointName": 1, "y\r": 2}))

    assert said.splitlines() == [
        "x\\nEndpointName: is not a field of a request; did you mean 'EndpointName'?",
        "y\\r: is not a field of a request",
    ]


@pytest.mark.parametrize("each", BREAKS, ids=ascii)
def test_line_breaks_are_escaped(each: str) -> None:
    """Each of them, in a path as in a message."""
    assert str(Problem(f"a{each}", f"b{each}")).isprintable()


@settings(max_examples=300)
@given(key=broken_texts, tag=st.sampled_from(["", "!!binary ", "!!python/name:os", "*", "&a "]))
def test_a_problem_with_a_manifest_is_one_line(key: str, tag: str) -> None:
    """Keys and tags of YAML stay within the line of their problem."""
    quoted = "".join(f"\\U{ord(character):08x}" for character in key)
    manifests = (f'"{quoted}": 1\n"{quoted}": 2', f'"{quoted}": {tag}"{quoted}"', f"{key}: {tag}{key}", f"? [{key}]")

    for manifest in manifests:
        try:
            read_manifest(manifest.encode())
        except InvalidRequestError as rejected:
            assert str(rejected).isprintable()  # noqa: PT017 - either is right
