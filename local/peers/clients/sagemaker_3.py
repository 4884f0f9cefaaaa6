"""The SageMaker Python SDK, version 3: the resources of `sagemaker.core`, each with its own wait."""

import json
from importlib.metadata import version

from loop import DATA, INSTANCE_TYPE, ROLE, serve
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant


def _config(endpoint: str, image: str) -> str:
    name = f"{endpoint}-{image.rpartition(':')[2]}"
    Model.create(
        model_name=name,
        primary_container=ContainerDefinition(image=image, model_data_url=DATA),
        execution_role_arn=ROLE,
    )
    variant = ProductionVariant(
        variant_name="AllTraffic", model_name=name, instance_type=INSTANCE_TYPE, initial_instance_count=1
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
    return name


def create(endpoint: str, image: str) -> None:
    """Create an endpoint."""
    made = Endpoint.create(endpoint_name=endpoint, endpoint_config_name=_config(endpoint, image))
    made.wait_for_status("InService")


def update(endpoint: str, image: str) -> None:
    """Change an endpoint to another image."""
    live = Endpoint.get(endpoint_name=endpoint)
    live.endpoint_config_name = _config(endpoint, image)
    live.update()
    live.wait_for_status("InService")


def invoke(endpoint: str, image: str) -> None:
    """Ask an endpoint, and see that the model of the image answers."""
    answer = Endpoint.get(endpoint_name=endpoint).invoke(body=b"{}", content_type="application/json")
    model = json.loads(answer.body.read())["Model"]
    if not model.endswith(image.rpartition(":")[2]):
        raise RuntimeError(f"{model} answers")


def delete(endpoint: str, image: str) -> None:
    """Delete an endpoint, its config and its model."""
    name, live = f"{endpoint}-{image.rpartition(':')[2]}", Endpoint.get(endpoint_name=endpoint)
    live.delete()
    live.wait_for_delete()
    EndpointConfig.get(endpoint_config_name=name).delete()
    Model.get(model_name=name).delete()


ACTIONS = {"create": create, "update": update, "invoke": invoke, "delete": delete}
serve(f"sagemaker {version('sagemaker')}", ACTIONS)
