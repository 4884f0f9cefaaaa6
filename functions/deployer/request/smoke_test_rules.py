"""Rules between the fields of a smoke test, and the endpoint that it is for. Pure.

The sources are the API reference of SageMaker Runtime (InvokeEndpoint, InvokeEndpointAsync,
InvokeEndpointWithResponseStream) and the SageMaker Developer Guide, "Invoke a multi-container endpoint with direct
invocation" and "Invoke a Multi-Model Endpoint": what an operation does not take, what it needs for an endpoint of one
kind, and refuses for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonpointer

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.request.containers import containers, is_multi_model
from deployer.request.problem import Problem, listed, nearest
from deployer.request.smoke_test import NEW_SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deployer.request.smoke_test import SmokeTest

NOT_FOR_ASYNCHRONOUS = {
    "SessionId": "session_id",
    "Streaming": "streaming",
    "TargetContainerHostname": "target_container_hostname",
    "TargetModel": "target_model",
    "TargetVariant": "target_variant",
    "InferenceComponentName": "inference_component_name",
}
"""Fields that InvokeEndpointAsync lacks, with their names in Python."""

_OK = 200


def problems_of(
    test: SmokeTest, config: Mapping[str, Any] | None, models: Mapping[str, Document] | None = None
) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a smoke test, and with the endpoint that it is for.

    Args:
        test: The smoke test.
        config: The endpoint config; None while it is not known.
        models: The models of the request, by key; of other models nothing is known.
    """
    if (test.body is None) == (test.body_s3_uri is None):
        yield Problem("SmokeTest", "needs either Body or BodyS3Uri")
    yield from _streaming_problems(test)
    for pointer in test.expect.json_values:
        try:
            jsonpointer.JsonPointer(pointer)
        except jsonpointer.JsonPointerException as error:
            yield Problem(f"SmokeTest.Expect.JsonValues.{pointer}", f"is not a JSON Pointer: {error}")
    if test.expect.json_schema is not None:
        from deployer.request.json_schema import schema_problem  # noqa: PLC0415 - slow to import, and seldom needed

        if why := schema_problem(test.expect.json_schema):
            yield Problem("SmokeTest.Expect.JsonSchema", why)
    if config is None:
        return
    if "AsyncInferenceConfig" in config:
        yield from _asynchronous_problems(test, config["AsyncInferenceConfig"])
    else:
        yield from _variant_problems(test, config)
        yield from _component_problems(test, config)
        yield from _model_problems(test, config, models or {})


def _streaming_problems(test: SmokeTest) -> Iterator[Problem]:
    if test.streaming and test.target_model is not None:
        yield Problem(
            "SmokeTest.TargetModel", "is not for Streaming; InvokeEndpointWithResponseStream asks no such model"
        )
    if test.streaming and test.session_id == NEW_SESSION:
        yield Problem("SmokeTest.SessionId", "NEW_SESSION is not for Streaming; InvokeEndpoint alone begins sessions")


def _asynchronous_problems(test: SmokeTest, asynchronous: Mapping[str, Any]) -> Iterator[Problem]:
    for field, attribute in NOT_FOR_ASYNCHRONOUS.items():
        if getattr(test, attribute):
            yield Problem(f"SmokeTest.{field}", "is not for asynchronous endpoints; leave it out")
    if test.expect.status_code != _OK:
        yield Problem(
            "SmokeTest.Expect.StatusCode",
            f"{test.expect.status_code} cannot be expected of an asynchronous endpoint, which keeps no status",
        )
    if not asynchronous["OutputConfig"].get("S3OutputPath"):
        yield Problem(
            "SmokeTest", "needs EndpointConfig.AsyncInferenceConfig.OutputConfig.S3OutputPath, to read the answer there"
        )


def _variant_problems(test: SmokeTest, config: Mapping[str, Any]) -> Iterator[Problem]:
    names = [variant["VariantName"] for variant in variants_of(config)]
    if test.target_variant is not None and test.target_variant not in names:
        yield Problem(
            "SmokeTest.TargetVariant",
            f"'{test.target_variant}' is not one of {', '.join(names)}{nearest(test.target_variant, names)}",
        )


def _component_problems(test: SmokeTest, config: Mapping[str, Any]) -> Iterator[Problem]:
    if "ExecutionRoleArn" in config:
        if test.inference_component_name is None:
            yield Problem(
                "SmokeTest.InferenceComponentName",
                "is missing; an endpoint of inference components is asked for one of them",
            )
    elif test.inference_component_name is not None:
        yield Problem(
            "SmokeTest.InferenceComponentName",
            "is for endpoints of inference components, whose EndpointConfig has an ExecutionRoleArn",
        )


def _model_problems(test: SmokeTest, config: Mapping[str, Any], models: Mapping[str, Document]) -> Iterator[Problem]:
    """Check the fields that some kinds of models need and others refuse, for each variant that may answer."""
    for variant in variants_of(config):
        name = variant["VariantName"]
        if test.target_variant not in {None, name} or (model := models.get(variant.get("ModelName", ""))) is None:
            continue
        yield from _target_model_problems(test, name, model)
        yield from _hostname_problems(test, name, model)


def _target_model_problems(test: SmokeTest, name: str, model: Document) -> Iterator[Problem]:
    is_multiple = any(is_multi_model(container) for _, container in containers(model, ""))
    if is_multiple and test.target_model is None:
        what = "Streaming: true is not for it" if test.streaming else "name one, such as a.tar.gz"
        yield Problem("SmokeTest.TargetModel", f"is missing; variant {name} has a MultiModel container: {what}")
    if not is_multiple and test.target_model is not None:
        yield Problem("SmokeTest.TargetModel", f"is for MultiModel containers only, and variant {name} has none")


def _hostname_problems(test: SmokeTest, name: str, model: Document) -> Iterator[Problem]:
    is_direct = model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
    wanted = test.target_container_hostname
    hostnames = [each["ContainerHostname"] for _, each in containers(model, "") if each.get("ContainerHostname")]
    path = "SmokeTest.TargetContainerHostname"
    if is_direct and wanted is None:
        yield Problem(path, f"is missing; variant {name} has containers that are invoked directly: {listed(hostnames)}")
    elif is_direct and wanted not in hostnames:
        yield Problem(path, f"'{wanted}' is not one of {listed(hostnames)}{nearest(wanted, hostnames)}")
    elif not is_direct and wanted is not None:
        yield Problem(path, f"is for containers that are invoked directly, and variant {name} has none")
