"""The smoke test of a request: what the endpoint is asked, and what it has to answer. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, cast

import jsonpointer
import jsonschema
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # it has no types
from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from deployer.request.service_model import Problem, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from referencing import Resource

# Else it writes the whole answer into the message of an exception for every value that is missing.
jsonpointer.VERBOSE_EXCEPTIONS = False

BODY_LENGTH = 16 * 1024
"""Characters of a body that stands in the request itself; larger ones are in S3."""

BODY_BYTES = 25 * 1000 * 1000
"""What InvokeEndpoint takes at most (SageMaker AI endpoints and quotas)."""

_MOST_REPETITIONS = 100
_MOST_ERRORS = 50
_SHOWN_CHARACTERS = 200
_MISSING = object()

MediaType = Annotated[str, Field(pattern=r"^[ -~]+$", max_length=1024)]
"""What InvokeEndpoint takes in a header."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True)


class Expect(_Part):
    """What every answer has to be."""

    status_code: Annotated[int, Field(ge=100, le=599)] = 200
    """What the model's container answers."""
    max_latency_milliseconds: Annotated[int, Field(ge=1, le=60_000)] | None = None
    """Measured by the deployer's function, from the request to the end of the answer."""
    equals: str | None = None
    """The whole body."""
    contains: str | None = None
    """A part of the body."""
    json_values: dict[str, Any] = {}
    """Values in a body of JSON, each by its JSON Pointer (RFC 6901)."""
    json_schema: dict[str, Any] | None = None
    """A JSON Schema that a body of JSON has to fit."""


class SmokeTest(_Part):
    """An invocation of the endpoint that has to succeed before a deployment counts."""

    content_type: MediaType = "application/json"
    """The media type of what is sent."""
    accept: MediaType | None = None
    """The media type that the answer should have."""
    target_variant: str | None = None
    """The variant to ask; left out, SageMaker chooses one by weight."""
    body: Annotated[str, Field(max_length=BODY_LENGTH)] | None = None
    """What is sent; this or `BodyS3Uri`."""
    body_s3_uri: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")] | None = None
    """Where in S3 the body lies, if it is no part of the request."""
    repetitions: Annotated[int, Field(ge=1, le=_MOST_REPETITIONS)] = 1
    """How often it is sent; every answer has to be as expected."""
    expect: Expect = Expect()
    """What every answer has to be; left out, any answer with the status 200 will do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint answered to one invocation."""

    status_code: int
    body: bytes
    latency_milliseconds: float


def problems_of(test: SmokeTest, endpoint_config: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a smoke test, and with the config that it is for."""
    if (test.body is None) == (test.body_s3_uri is None):
        yield Problem("SmokeTest", "needs either Body or BodyS3Uri")
    for pointer in test.expect.json_values:
        try:
            jsonpointer.JsonPointer(pointer)
        except jsonpointer.JsonPointerException as error:
            yield Problem(f"SmokeTest.Expect.JsonValues.{pointer}", f"is no JSON Pointer: {error}")
    if test.expect.json_schema is not None and (why := _schema_problem(test.expect.json_schema)):
        yield Problem("SmokeTest.Expect.JsonSchema", why)
    if endpoint_config is not None:
        yield from _config_problems(test, endpoint_config)


def _config_problems(test: SmokeTest, config: Mapping[str, Any]) -> Iterator[Problem]:
    if "AsyncInferenceConfig" in config:
        yield Problem("SmokeTest", "is not for asynchronous endpoints, which do not answer at once")
    if "ExecutionRoleArn" in config:
        yield Problem("SmokeTest", "is not for endpoints of inference components, which have no model yet")
    names = [variant["VariantName"] for variant in config.get("ProductionVariants", [])]
    if test.target_variant is not None and test.target_variant not in names:
        yield Problem("SmokeTest.TargetVariant", f"'{test.target_variant}' is none of {', '.join(names)}")


def disappointments(expect: Expect, answer: Answer) -> Iterator[str]:
    """Yield in which way an answer is not what was expected."""
    if answer.status_code != expect.status_code:
        yield f"status {answer.status_code} instead of {expect.status_code}: {_shown(answer.body)}"
    if expect.max_latency_milliseconds is not None and answer.latency_milliseconds > expect.max_latency_milliseconds:
        yield f"took {answer.latency_milliseconds:.1f} ms; at most {expect.max_latency_milliseconds} were expected"
    if expect.equals is not None and answer.body != expect.equals.encode():
        yield f"is {_shown(answer.body)} instead of {_shown(expect.equals.encode())}"
    if expect.contains is not None and expect.contains.encode() not in answer.body:
        yield f"{_shown(answer.body)} does not contain {_shown(expect.contains.encode())}"
    if expect.json_values or expect.json_schema is not None:
        yield from _json_disappointments(expect, answer.body)


def _json_disappointments(expect: Expect, body: bytes) -> Iterator[str]:
    try:
        document = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        yield f"{_shown(body)} is not JSON"
        return
    for pointer, value in expect.json_values.items():
        found = jsonpointer.resolve_pointer(document, pointer, _MISSING)
        if found is _MISSING or isinstance(found, jsonpointer.EndOfList):
            yield f"has nothing at {_quoted(pointer)}"
        elif not _is_same(found, value):
            yield f"has {_written(found)} at {_quoted(pointer)} instead of {_written(value)}"
    if expect.json_schema is not None:
        yield from _schema_disappointments(expect.json_schema, document)


def _schema_disappointments(schema: dict[str, Any], document: object) -> Iterator[str]:
    # An empty registry: nothing that a schema refers to is ever fetched.
    try:
        validator = _validator(schema)(schema, registry=Registry())
        error = jsonschema.exceptions.best_match(islice(validator.iter_errors(document), _MOST_ERRORS))
    except Unresolvable as failure:
        yield f"cannot be checked: the schema refers to what it does not hold, {_cut(str(failure))}"
        return
    except Exception as failure:  # noqa: BLE001 - a schema can make the library raise anything, from any depth
        yield f"cannot be checked by the schema: {_named(failure)}"
        return
    if error is not None:
        yield f"does not fit the schema at {_quoted(error.json_path)}: {_cut(error.message)}"


def _schema_problem(schema: dict[str, Any]) -> str:
    """Tell why a document is no JSON Schema that answers can be checked by; or nothing."""
    try:
        if "$schema" in schema and jsonschema.validators.validator_for(schema, cast("Any", None)) is None:
            return f"is of an unknown dialect, {_cut(str(schema['$schema']))}"
        kind = _validator(schema)
        kind.check_schema(schema)
        specification = specification_with(kind.META_SCHEMA["$schema"])
        _look_up(specification.create_resource(schema))
    except jsonschema.SchemaError as error:
        return f"is no JSON Schema: {_cut(error.message)}"
    except Unresolvable as failure:
        return f"refers to what it does not hold, {_cut(str(failure))}"
    except Exception as failure:  # noqa: BLE001 - as above
        return f"is no JSON Schema to check by: {_named(failure)}"
    return ""


def _look_up(schema: Resource[Any]) -> None:
    """Look up what a schema refers to; raise if it does not hold that itself."""
    parts = [(schema, REGISTRY.resolver_with_root(schema))]
    while parts:
        part, resolver = parts.pop()
        if isinstance(part.contents, dict) and isinstance(reference := part.contents.get("$ref"), str):
            resolver.lookup(reference)
        parts += [(each, resolver.in_subresource(each)) for each in part.subresources()]


def _validator(schema: dict[str, Any]) -> Any:
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)


def _refuse(constant: str) -> None:
    """Refuse what Python reads beside JSON: NaN and Infinity."""
    raise ValueError(constant)


def _is_same(found: object, expected: object) -> bool:
    """Compare JSON values; unlike Python's, JSON's true is not 1."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_is_same(found[name], expected[name]) for name in expected)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_is_same, found, expected))
    return found == expected and isinstance(found, bool) == isinstance(expected, bool)


def _named(failure: Exception) -> str:
    name = type(failure).__name__
    try:
        return f"{name}: {_cut(str(failure))}"
    except RecursionError:
        # It would show all of what is too deep.
        return name


def _written(value: object) -> str:
    try:
        return _cut(json.dumps(value))
    except RecursionError:
        return "what is nested too deeply to be shown"


def _shown(body: bytes) -> str:
    # No character has more than four bytes.
    return _quoted(body[: 4 * _SHOWN_CHARACTERS + 4].decode(errors="replace"))


def _quoted(text: str) -> str:
    return f"'{_cut(text)}'"


def _cut(text: str) -> str:
    return printable(text[:_SHOWN_CHARACTERS]) + ("…" if len(text) > _SHOWN_CHARACTERS else "")
