"""The smoke test of a request: the invocation, and the expected answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

from deployer.json_document import Document

BODY_LENGTH = 16 * 1024
"""Characters of a body that stands in the request itself; larger ones are in S3."""

BODY_BYTES = 25 * 1000 * 1000
"""The most that InvokeEndpoint takes (SageMaker AI endpoints and quotas), and that is read of an answer in S3."""

NEW_SESSION = "NEW_SESSION"
"""The SessionId with which a stateful model begins a session."""

_MOST_REPETITIONS = 100

Header = Annotated[str, Field(pattern=r"^[ -~]+$", max_length=1024)]
"""The values that InvokeEndpoint takes in a header."""

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=63)]
"""A name as SageMaker's API has it."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True)


class Expect(_Part):
    """The expected answer."""

    status_code: Annotated[int, Field(ge=100, le=599)] = 200
    """What the model's container answers."""
    max_latency_milliseconds: Annotated[int, Field(ge=1, le=60_000)] | None = None
    """Measured by the deployer's function, from the request to the end of the answer. One more answer comes first: it
    has to be right, and is not measured, because models load what they need with it."""
    latency_percentile: Annotated[int, Field(ge=1, le=100)] = 95
    """The part of the repetitions that has to be that fast, in percent; of fewer than 20 all have to be."""
    equals: str | None = None
    """The whole body."""
    contains: str | None = None
    """A part of the body."""
    json_values: Document = {}
    """Values in a body of JSON, each by its JSON Pointer (RFC 6901)."""
    json_schema: Document | None = None
    """A JSON Schema that a body of JSON has to fit."""


class SmokeTest(_Part):
    """An invocation of the endpoint that has to succeed before a deployment counts."""

    content_type: Header = "application/json"
    """The media type of what is sent."""
    accept: Header | None = None
    """The media type that the answer should have."""
    custom_attributes: Header | None = None
    """InvokeEndpoint's own: what the container gets along with the body, such as `accept_eula=true`."""
    target_variant: str | None = None
    """The variant to ask; left out, SageMaker chooses one by weight."""
    target_model: Annotated[str, Field(pattern=r"^[!-~][ -~]*$", max_length=1024)] | None = None
    """The model to ask of a multi-model container, by its path below the folder of the models."""
    target_container_hostname: Name | None = None
    """The container to ask where InferenceExecutionConfig has the mode Direct, by its ContainerHostname."""
    inference_component_name: Name | None = None
    """The inference component to ask; it has to be there already."""
    session_id: Annotated[str, Field(pattern=r"^(NEW_SESSION|[a-zA-Z0-9](-*[a-zA-Z0-9])*)$", max_length=256)] | None = (
        None
    )
    """InvokeEndpoint's own, for stateful models: NEW_SESSION begins a session."""
    streaming: bool = False
    """Whether the answer comes as a stream (InvokeEndpointWithResponseStream); its parts are compared as a whole."""
    body: Annotated[str, Field(max_length=BODY_LENGTH)] | None = None
    """What is sent; this or `BodyS3Uri`."""
    body_s3_uri: Annotated[str, Field(pattern=r"^s3://[^/]+/.+$")] | None = None
    """Where in S3 the body lies, if it is not part of the request. An asynchronous endpoint reads it there itself."""
    repetitions: Annotated[int, Field(ge=1, le=_MOST_REPETITIONS)] = 1
    """How often it is sent; every answer has to be as expected."""
    expect: Expect = Expect()
    """The expected answer; left out, any answer with the status 200 will do."""
