"""The AWS CLI, each command as one would type it; it waits by its own `wait` commands."""

import contextlib
import io
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

from awscli.clidriver import create_clidriver
from loop import DATA, INSTANCE_TYPE, ROLE, serve


def _aws(*words: str) -> dict[str, object]:
    """Run a command, and return what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = create_clidriver().main(list(words))
    if code:
        raise RuntimeError(f"aws {' '.join(words[:2])} ended with {code}: {err.getvalue().strip()}")
    return dict(json.loads(out.getvalue() or "{}"))


def _config(endpoint: str, image: str) -> str:
    name = f"{endpoint}-{image.rpartition(':')[2]}"
    container = f"Image={image},ModelDataUrl={DATA}"
    _aws("sagemaker", "create-model", "--model-name", name, "--primary-container", container,
         "--execution-role-arn", ROLE)  # fmt: skip
    variant = f"VariantName=AllTraffic,ModelName={name},InstanceType={INSTANCE_TYPE},InitialInstanceCount=1"
    made = _aws("sagemaker", "create-endpoint-config", "--endpoint-config-name", name, "--production-variants", variant)
    arn = str(made["EndpointConfigArn"])
    _aws("sagemaker", "add-tags", "--resource-arn", arn, "--tags", "Key=team,Value=growth")
    tags = _aws("sagemaker", "list-tags", "--resource-arn", arn)["Tags"]
    if tags != [{"Key": "team", "Value": "growth"}]:
        raise RuntimeError(f"the tags are {tags}")
    return name


def create(endpoint: str, image: str) -> None:
    """Create an endpoint."""
    config = _config(endpoint, image)
    _aws("sagemaker", "create-endpoint", "--endpoint-name", endpoint, "--endpoint-config-name", config)
    _aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", endpoint)


def update(endpoint: str, image: str) -> None:
    """Change an endpoint to another image."""
    config = _config(endpoint, image)
    _aws("sagemaker", "update-endpoint", "--endpoint-name", endpoint, "--endpoint-config-name", config)
    _aws("sagemaker", "wait", "endpoint-in-service", "--endpoint-name", endpoint)


def invoke(endpoint: str, image: str) -> None:
    """Ask an endpoint, and see that the model of the image answers."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        answered = _aws(
            "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", endpoint, "--body", "{}", str(answer)
        )
        model = json.loads(answer.read_text())["Model"]
    if answered["InvokedProductionVariant"] != "AllTraffic" or not model.endswith(image.rpartition(":")[2]):
        raise RuntimeError(f"{model} answers")


def delete(endpoint: str, image: str) -> None:
    """Delete an endpoint, its config and its model."""
    name = f"{endpoint}-{image.rpartition(':')[2]}"
    _aws("sagemaker", "delete-endpoint", "--endpoint-name", endpoint)
    _aws("sagemaker", "wait", "endpoint-deleted", "--endpoint-name", endpoint)
    _aws("sagemaker", "delete-endpoint-config", "--endpoint-config-name", name)
    _aws("sagemaker", "delete-model", "--model-name", name)


serve(f"awscli {version('awscli')}", {"create": create, "update": update, "invoke": invoke, "delete": delete})
