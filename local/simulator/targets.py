"""Rules of invocations: the fields that name a model, a container or an inference component.

Sources: SageMaker Runtime API Reference, InvokeEndpoint, InvokeEndpointAsync and InvokeEndpointWithResponseStream;
Developer Guide, "Invoke a Multi-Model Endpoint", "Invoke a multi-container endpoint with direct invocation", "Inference
components". Where a comment names no other source, the messages are the simulator's.
"""

from __future__ import annotations

from local.json_document import Document
from local.simulator.errors import not_simulated, refused
from local.simulator.model_rules import is_multi_model
from local.simulator.variants import containers

ASYNCHRONOUS = "InvokeEndpointAsync"

_NOT_SIMULATED = {
    "SessionId": "sessions of stateful models (SessionId)",
    "EnableExplanations": "explanations (EnableExplanations)",
    "PrefixAwareId": "routing by prefixes (PrefixAwareId)",
}


def check_kind(operation: str, request: Document, config: Document) -> None:
    """Raise what the runtime answers to an operation, or a component's name, that is not for an endpoint.

    Source: API Reference, InvokeEndpointAsync, InvokeEndpoint (InferenceComponentName), and what comments name.

    Args:
        operation: An operation of the runtime.
        request: What it is called with.
        config: The endpoint's config.
    """
    for member, words in _NOT_SIMULATED.items():
        if member in request:
            raise not_simulated(words)
    name = request["EndpointName"]
    if "AsyncInferenceConfig" in config and operation != ASYNCHRONOUS:
        raise refused(f"Endpoint {name} is asynchronous. Invoke it by InvokeEndpointAsync.")
    if "AsyncInferenceConfig" not in config and operation == ASYNCHRONOUS:
        raise refused(f"Endpoint {name} is not asynchronous. Its endpoint configuration has no AsyncInferenceConfig.")
    has_components = any("ModelName" not in variant for variant in config["ProductionVariants"])
    if has_components and "InferenceComponentName" not in request:
        # aws-samples/amazon-kendra-langchain-extensions, issue 64.
        raise refused(
            "Inference Component Name header is required for endpoints to which you plan to deploy inference "
            "components. Please include Inference Component Name header or consider using SageMaker models."
        )
    if not has_components and "InferenceComponentName" in request:
        # Quoted in the tests of public client libraries.
        raise refused(
            "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
            "components. Please remove the Inference Component Name header and try again."
        )


def check_target(request: Document, model: Document) -> None:
    """Raise what the runtime answers to an invocation that does not name the part of a model that is to answer.

    Source: API Reference, InvokeEndpoint (TargetModel, TargetContainerHostname), and what comments name.

    Args:
        request: The invocation.
        model: The model that answers.
    """
    if is_multi_model(model):
        if "TargetModel" not in request:
            # aws/amazon-sagemaker-examples, issue 1026.
            raise refused("Invocation request is missing a target model header.")
    elif "TargetModel" in request:
        # aws/amazon-sagemaker-examples, issue 1216.
        name = request["EndpointName"]
        raise refused(f"Endpoint {name} is not a multi-model endpoint and does not support target model header.")
    hostname = request.get("TargetContainerHostname")
    if model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct":
        hostnames = [container.get("ContainerHostname") for container in containers(model)]
        if hostname is None:
            raise refused("Invocation request is missing a target container hostname header.")
        if hostname not in hostnames:
            raise refused(f"Container {hostname} was not found for endpoint {request['EndpointName']}.")
    elif hostname is not None:
        raise refused(f"Endpoint {request['EndpointName']} does not support target container hostname header.")
