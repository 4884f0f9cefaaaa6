"""The smoke test of a request: what may be asked of an endpoint."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.request.smoke_test import SmokeTest
from deployer.request.smoke_test_rules import NOT_FOR_ASYNCHRONOUS, problems_of
from tests.unit.smoke_requests import smoke_test

INSTANCES = {"ProductionVariants": [{"VariantName": "A"}, {"VariantName": "B"}]}


pytestmark = pytest.mark.usefixtures("stack_of_a_function")


def schema_test(schema: Document) -> SmokeTest:
    """Read a smoke test that expects what fits a JSON Schema."""
    return smoke_test(Expect={"JsonSchema": schema})


def nested(levels: int, schema: Document) -> Document:
    """Build a schema of lists in lists."""
    for _ in range(levels):
        schema = {"items": schema}
    return schema


COMPONENTS = {"ExecutionRoleArn": "arn:aws:iam::111122223333:role/r", **INSTANCES}
ASYNCHRONOUS = {
    "ProductionVariants": [{"VariantName": "A"}],
    "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/o"}},
}
SILENT = {"ProductionVariants": [{"VariantName": "A"}], "AsyncInferenceConfig": {"OutputConfig": {}}}
RIGHT = {
    "an asynchronous endpoint": (SmokeTest.model_validate({"BodyS3Uri": "s3://b/k"}), ASYNCHRONOUS),
    "an asynchronous endpoint with a short body": (smoke_test(CustomAttributes="x=1"), ASYNCHRONOUS),
    "an inference component": (smoke_test(InferenceComponentName="c"), COMPONENTS),
    "a stream of a session": (smoke_test(Streaming=True, SessionId="a1"), INSTANCES),
    "a new session": (smoke_test(SessionId="NEW_SESSION"), INSTANCES),
    "a body": (smoke_test(), INSTANCES),
    "an empty body": (smoke_test(Body=""), INSTANCES),
    "a body in S3": (SmokeTest.model_validate({"BodyS3Uri": "s3://b/k"}), INSTANCES),
    "one variant": (smoke_test(TargetVariant="B"), INSTANCES),
    "a variant of what is not known yet": (smoke_test(TargetVariant="B"), None),
    "serverless": (smoke_test(), {"ProductionVariants": [{"VariantName": "A", "ServerlessConfig": {}}]}),
    "any JSON pointer": (smoke_test(Expect={"JsonValues": {"": 1, "/": 2, "/a~0~1b/0/-": 3}}), INSTANCES),
    "a schema without a dialect": (schema_test({"type": "object"}), INSTANCES),
    "a schema of an old dialect": (
        schema_test({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}),
        INSTANCES,
    ),
    "a schema that refers to itself": (
        schema_test({"$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}}}, "$ref": "#/$defs/tree"}),
        INSTANCES,
    ),
    "a schema that refers to an anchor": (
        schema_test({"$defs": {"a": {"$anchor": "here"}}, "properties": {"x": {"$ref": "#here"}}}),
        INSTANCES,
    ),
    "a schema with names of its own": (
        schema_test(
            {
                "$id": "https://example.com/answer",
                "$defs": {"a": {"$id": "number", "type": "number"}},
                "items": {"$ref": "number"},
            }
        ),
        INSTANCES,
    ),
    "a schema with names below names": (
        schema_test(
            {
                "$defs": {
                    "a": {"$id": "https://example.com/a/", "items": {"$ref": "b"}},
                    "b": {"$id": "https://example.com/a/b", "type": "number"},
                },
            }
        ),
        INSTANCES,
    ),
    "a schema of schemas": (schema_test({"$ref": "https://json-schema.org/draft/2020-12/schema"}), INSTANCES),
    "a property that is called like a reference": (
        schema_test({"properties": {"$ref": {"type": "string"}}}),
        INSTANCES,
    ),
    "an example that looks like a reference": (schema_test({"enum": [{"$ref": "#/nowhere"}]}), INSTANCES),
    "a schema as deep as a request may be": (schema_test(nested(45, {"type": "array"})), INSTANCES),
}


@pytest.mark.parametrize(("test", "config"), RIGHT.values(), ids=RIGHT)
def test_possible_smoke_test_has_no_problem(test: SmokeTest, config: Document | None) -> None:
    """Nothing is said of it."""
    assert not list(map(str, problems_of(test, config)))


SCHEMA = "SmokeTest.Expect.JsonSchema: "
NONE = f"{SCHEMA}is not a JSON Schema: "
UNUSABLE = f"{SCHEMA}is not a JSON Schema that can be checked by: "
ELSEWHERE = f"{SCHEMA}refers to a definition that it does not contain, "
WRONG = {
    "neither body": (SmokeTest.model_validate({}), INSTANCES, "SmokeTest: needs either Body or BodyS3Uri"),
    "both bodies": (smoke_test(BodyS3Uri="s3://b/k"), INSTANCES, "SmokeTest: needs either Body or BodyS3Uri"),
    "another variant": (
        smoke_test(TargetVariant="C"),
        INSTANCES,
        "SmokeTest.TargetVariant: 'C' is not one of A, B",
    ),
    "a misspelt variant": (
        smoke_test(TargetVariant="champio"),
        {"ProductionVariants": [{"VariantName": "champion"}]},
        "SmokeTest.TargetVariant: 'champio' is not one of champion; did you mean 'champion'?",
    ),
    "inference components": (
        smoke_test(),
        COMPONENTS,
        "SmokeTest.InferenceComponentName: is missing; an endpoint of inference components is asked for one of them",
    ),
    "no inference components": (
        smoke_test(InferenceComponentName="c"),
        INSTANCES,
        "SmokeTest.InferenceComponentName: is for endpoints of inference components, whose EndpointConfig has an Exec",
    ),
    "a stream of one of many models": (
        smoke_test(Streaming=True, TargetModel="m"),
        INSTANCES,
        "SmokeTest.TargetModel: is not for Streaming; InvokeEndpointWithResponseStream asks no such model",
    ),
    "a stream that begins a session": (
        smoke_test(Streaming=True, SessionId="NEW_SESSION"),
        INSTANCES,
        "SmokeTest.SessionId: NEW_SESSION is not for Streaming; InvokeEndpoint alone begins sessions",
    ),
    "another status of what answers later": (
        smoke_test(Expect={"StatusCode": 400}),
        ASYNCHRONOUS,
        "SmokeTest.Expect.StatusCode: 400 cannot be expected of an asynchronous endpoint, which keeps no status",
    ),
    "an answer that nobody finds": (
        smoke_test(),
        SILENT,
        "SmokeTest: needs EndpointConfig.AsyncInferenceConfig.OutputConfig.S3OutputPath, to read the answer there",
    ),
    **{
        f"{field} of what answers later": (
            smoke_test(**{field: True if field == "Streaming" else "a"}),
            ASYNCHRONOUS,
            f"SmokeTest.{field}: is not for asynchronous endpoints; leave it out",
        )
        for field in NOT_FOR_ASYNCHRONOUS
    },
    "no JSON pointer": (
        smoke_test(Expect={"JsonValues": {"a/b": 1}}),
        INSTANCES,
        "SmokeTest.Expect.JsonValues.a/b: is not a JSON Pointer: Location must start with /",
    ),
    "a type that there is not": (schema_test({"type": "float"}), INSTANCES, f"{NONE}'float' is not valid"),
    "a pattern that is none": (schema_test({"pattern": "("}), INSTANCES, f"{NONE}'(' is not a 'regex'"),
    "a pattern of names that is none": (
        schema_test({"patternProperties": {"[": {}}}),
        INSTANCES,
        f"{NONE}'[' is not a 'regex'",
    ),
    "a pattern that repeats too often": (schema_test({"pattern": f"a{{{10**20}}}"}), INSTANCES, f"{UNUSABLE}Overflow"),
    "a pattern that is too deep": (
        schema_test({"pattern": "(" * 9000 + ")" * 9000}),
        INSTANCES,
        f"{UNUSABLE}Recursion",
    ),
    "a long schema that is wrong": (schema_test({"type": "x" * 9000}), INSTANCES, "…"),
    "a dialect that is not known": (
        schema_test({"$schema": "https://example.com/dialect"}),
        INSTANCES,
        f"{SCHEMA}is of an unknown dialect, https://example.com/dialect",
    ),
    "a dialect that is no address": (schema_test({"$schema": "http://["}), INSTANCES, f"{UNUSABLE}ValueError"),
    "a dialect that is a number": (schema_test({"$schema": 7}), INSTANCES, UNUSABLE),
    "a dialect that is a list": (schema_test({"$schema": []}), INSTANCES, UNUSABLE),
    "a schema that is elsewhere": (
        schema_test({"items": {"anyOf": [{"$ref": "https://example.com/answer"}]}}),
        INSTANCES,
        f"{ELSEWHERE}https://example.com/answer",
    ),
    "a file": (schema_test({"$ref": "file:///etc/passwd"}), INSTANCES, f"{ELSEWHERE}file:///etc/passwd"),
    "a definition that is not there": (schema_test({"$ref": "#/$defs/a"}), INSTANCES, f"{ELSEWHERE}'/$defs/a'"),
    "an anchor that is not there": (schema_test({"$ref": "#a"}), INSTANCES, f"{ELSEWHERE}'a'"),
    "an address that is none": (schema_test({"$ref": "http://["}), INSTANCES, ELSEWHERE),
    "a schema that is too deep": (schema_test(nested(300, {})), INSTANCES, f"{UNUSABLE}RecursionError"),
}


@pytest.mark.parametrize(("test", "config", "said"), WRONG.values(), ids=WRONG)
def test_impossible_smoke_test_is_rejected_before_any_creation(test: SmokeTest, config: Document, said: str) -> None:
    """One problem, by its path, on a line that a person can read."""
    (problem,) = map(str, problems_of(test, config))

    assert said in problem
    assert problem.isprintable()
    assert len(problem) < 400
