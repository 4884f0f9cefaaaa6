"""MLflow's deployment client for SageMaker: `create_deployment` and `update_deployment`, both synchronous."""

import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from loop import INSTANCE_TYPE, ROLE, serve
from mlflow.deployments import get_deploy_client


def _config(image: str) -> dict[str, object]:
    return {
        "execution_role_arn": ROLE,
        "bucket": "artifacts",
        "image_url": image,
        "region_name": "us-east-1",
        "instance_type": INSTANCE_TYPE,
        "instance_count": 1,
        "archive": False,
    }


def create(endpoint: str, image: str) -> None:
    """Create an endpoint."""
    client.create_deployment(endpoint, model, flavor="python_function", config=_config(image))


def update(endpoint: str, image: str) -> None:
    """Change an endpoint to another image."""
    client.update_deployment(endpoint, model, flavor="python_function", config={**_config(image), "mode": "replace"})


def invoke(endpoint: str, image: str) -> None:
    """Ask an endpoint, and see that it is described with its status.

    The simulator's model echoes; that it is no server of MLflow is what the client says, with the answer.
    """
    del image
    status = client.get_deployment(endpoint)["EndpointStatus"]
    try:
        client.predict(endpoint, pd.DataFrame({"a": [1]}))
    except mlflow.MlflowException as error:
        if "'Model'" not in str(error) or status != "InService":
            raise


def delete(endpoint: str, image: str) -> None:
    """Delete an endpoint."""
    del image
    client.delete_deployment(endpoint, config={"region_name": "us-east-1", "archive": False})


ACTIONS = {"create": create, "update": update, "invoke": invoke, "delete": delete}
with tempfile.TemporaryDirectory() as model:
    flavors = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    env: {virtualenv: env.yaml}\n"
    Path(model, "MLmodel").write_text(flavors)
    client = get_deploy_client("sagemaker")
    serve(f"mlflow {mlflow.__version__}", ACTIONS)
