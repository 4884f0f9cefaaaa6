"""boto3 as its documentation shows it: create, and wait with the waiter `endpoint_in_service`."""

import boto3
from loop import DATA, INSTANCE_TYPE, ROLE, serve


def _config(endpoint: str, image: str) -> str:
    name = f"{endpoint}-{image.rpartition(':')[2]}"
    client.create_model(ModelName=name, PrimaryContainer={"Image": image, "ModelDataUrl": DATA}, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": INSTANCE_TYPE, "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def create(endpoint: str, image: str) -> None:
    """Create an endpoint."""
    client.create_endpoint(EndpointName=endpoint, EndpointConfigName=_config(endpoint, image))
    client.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)


def update(endpoint: str, image: str) -> None:
    """Change an endpoint to another image."""
    client.update_endpoint(EndpointName=endpoint, EndpointConfigName=_config(endpoint, image))
    client.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)


client = boto3.client("sagemaker")
serve(f"boto3 {boto3.__version__}", {"create": create, "update": update})
