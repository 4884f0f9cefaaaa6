"""Requests with something wrong in the deployer's own fields."""

from __future__ import annotations

from deployer.json_document import Document
from tests.unit.request_samples import request, variant, with_smoke_test

OWN_FIELDS_WRONG: dict[str, tuple[Document, str]] = {
    "a misspelt smoke test": (request(SmokTest={}), "SmokTest: is not a field of a request; did you mean 'SmokeTest'?"),
    "a smoke test that is none": (request(SmokeTest="x"), "SmokeTest: must be a mapping, and is text"),
    "a smoke test without a body": (with_smoke_test(Body=None), "SmokeTest: needs either Body or BodyS3Uri"),
    "a smoke test with two bodies": (
        with_smoke_test(BodyS3Uri="s3://artifacts/b"),
        "SmokeTest: needs either Body or BodyS3Uri",
    ),
    "a long body": (with_smoke_test(Body="x" * 16385), "SmokeTest.Body: should have at most 16384 characters"),
    "a body that is not text": (with_smoke_test(Body={"a": 1}), "SmokeTest.Body: must be text, and is a mapping"),
    "a body elsewhere": (with_smoke_test(Body=None, BodyS3Uri="https://b/k"), "SmokeTest.BodyS3Uri: should match"),
    "a body in no object": (with_smoke_test(Body=None, BodyS3Uri="s3://b"), "SmokeTest.BodyS3Uri: should match"),
    "a misspelt field of a smoke test": (
        with_smoke_test(ContentTyp="text/csv"),
        "SmokeTest.ContentTyp: is not a field of a smoke test; did you mean 'ContentType'?",
    ),
    "a field of a smoke test as Python spells it": (
        with_smoke_test(content_type="text/csv"),
        "SmokeTest.content_type: is not a field of a smoke test; did you mean 'ContentType'?",
    ),
    "a media type that ends a header": (
        with_smoke_test(ContentType="text/csv\r\nX: y"),
        "SmokeTest.ContentType: should match",
    ),
    "no media type": (with_smoke_test(Accept=""), "SmokeTest.Accept: should match"),
    "a long media type": (
        with_smoke_test(Accept="x" * 1025),
        "SmokeTest.Accept: should have at most 1024 characters",
    ),
    "an impossible variant": (
        with_smoke_test(TargetVariant="a_b"),
        "SmokeTest.TargetVariant: 'a_b' is not a valid variant",
    ),
    "an impossible host": (
        with_smoke_test(TargetContainerHostname="a_b"),
        "SmokeTest.TargetContainerHostname: should match",
    ),
    "an impossible session": (with_smoke_test(SessionId="a b"), "SmokeTest.SessionId: should match"),
    "an impossible component": (
        with_smoke_test(InferenceComponentName="-"),
        "SmokeTest.InferenceComponentName: should",
    ),
    "a model of no name": (with_smoke_test(TargetModel=""), "SmokeTest.TargetModel: should match"),
    "attributes that end a header": (
        with_smoke_test(CustomAttributes="a\nb: c"),
        "SmokeTest.CustomAttributes: should match",
    ),
    "a stream as text": (
        with_smoke_test(Streaming="yes"),
        "SmokeTest.Streaming: must be true or false, and is text",
    ),
    "an impossible percentile": (
        with_smoke_test(Expect={"LatencyPercentile": 101}),
        "SmokeTest.Expect.LatencyPercentile: should be less than or equal to 100",
    ),
    "no repetition": (with_smoke_test(Repetitions=0), "SmokeTest.Repetitions: should be greater than or equal to 1"),
    "too many repetitions": (
        with_smoke_test(Repetitions=101),
        "SmokeTest.Repetitions: should be less than or equal to 100",
    ),
    "repetitions as text": (
        with_smoke_test(Repetitions="3"),
        "SmokeTest.Repetitions: must be a whole number, and is text",
    ),
    "an expectation that is none": (
        with_smoke_test(Expect=200),
        "SmokeTest.Expect: must be a mapping, and is a number",
    ),
    "a misspelt expectation": (
        with_smoke_test(Expect={"StatusCod": 200}),
        "SmokeTest.Expect.StatusCod: is not a field of a smoke test's expectation; did you mean 'StatusCode'?",
    ),
    "an impossible status": (
        with_smoke_test(Expect={"StatusCode": 99}),
        "SmokeTest.Expect.StatusCode: should be greater than or equal to 100",
    ),
    "a status that is true": (
        with_smoke_test(Expect={"StatusCode": True}),
        "SmokeTest.Expect.StatusCode: must be a whole number, and is true or false",
    ),
    "no time to answer": (
        with_smoke_test(Expect={"MaxLatencyMilliseconds": 0}),
        "SmokeTest.Expect.MaxLatencyMilliseconds: should be greater than or equal to 1",
    ),
    "an expected number that is not text": (
        with_smoke_test(Expect={"Equals": 1}),
        "SmokeTest.Expect.Equals: must be text, and is a number",
    ),
    "values that are a list": (
        with_smoke_test(Expect={"JsonValues": []}),
        "SmokeTest.Expect.JsonValues: must be a mapping, and is a list",
    ),
    "no JSON pointer": (
        with_smoke_test(Expect={"JsonValues": {"a": 1}}),
        "SmokeTest.Expect.JsonValues.a: is not a JSON Pointer: Location must start with /",
    ),
    "a JSON pointer with a lone tilde": (
        with_smoke_test(Expect={"JsonValues": {"/a~": 1}}),
        "SmokeTest.Expect.JsonValues./a~: is not a JSON Pointer: Found invalid escape ~",
    ),
    "a JSON Schema that is none": (
        with_smoke_test(Expect={"JsonSchema": "object"}),
        "SmokeTest.Expect.JsonSchema: must be a mapping, and is text",
    ),
    "a tag of the deployer's own": (
        request(Tags={"Endpoint-Deployer:stack": "x"}),
        "Tags.Endpoint-Deployer:stack: begins with endpoint-deployer:, which is reserved; choose another key",
    ),
    "too many tags": (
        request(Tags={f"t{number}": "" for number in range(45)}),
        "Tags: has 45 entries; at most 43 fit beside those of the deployer, as SageMaker takes 50",
    ),
    "a rollback that is a number": (request(Rollback=1), "Rollback: must be true or the name of a revision"),
    "a rollback to nothing": (request(Rollback=None), "Rollback: must be true or the name of a revision"),
    "a rollback to no name": (
        request(Rollback="the last one"),
        "Rollback: 'the last one' is not a valid endpoint config name",
    ),
    "a rollback to an empty name": (request(Rollback=""), "Rollback: '' is not a valid endpoint config name"),
    "a rollback beside models": (
        request(Rollback=True, Models={"m": {"PrimaryContainer": {}}}),
        "Rollback: cannot be used with Models; it deploys what an earlier revision held",
    ),
    "a rollback beside a config": (
        request(variant(ModelName="m"), Rollback=True),
        "Rollback: cannot be used with EndpointConfig; it deploys what an earlier revision held",
    ),
    "a named rollback beside tags": (
        request(Rollback="churn-20261124T120000-0123456789ab", Tags={"team": "growth"}),
        "Rollback: cannot be used with Tags; it deploys what an earlier revision held",
    ),
    "retention as text": (
        request(variant(), RetainAllVariantProperties="true"),
        "RetainAllVariantProperties: must be true or false, and is text",
    ),
    "an exclusion that is not a list": (
        request(variant(), RetainAllVariantProperties=True, ExcludeRetainedVariantProperties={}),
        "ExcludeRetainedVariantProperties: must be a list, and is a mapping",
    ),
    "an exclusion of nothing": (
        request(variant(), ExcludeRetainedVariantProperties=None),
        "ExcludeRetainedVariantProperties: must be a list, and is empty",
    ),
    "an exclusion of the unknown": (
        request(
            variant(),
            RetainAllVariantProperties=True,
            ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeights"}],
        ),
        (
            "ExcludeRetainedVariantProperties[0].VariantPropertyType: 'DesiredWeights' is not a valid variant property "
            "type; did you mean 'DesiredWeight'?"
        ),
    ),
    "an exclusion from no retention": (
        request(variant(), ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}]),
        "ExcludeRetainedVariantProperties: needs RetainAllVariantProperties: true beside it",
    ),
}
"""Requests that the JSON Schema rejects, too, by what is wrong; each with the beginning of its message."""
