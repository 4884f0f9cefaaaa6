"""The SageMaker Python SDK, version 2: `Model.deploy` creates, `Predictor.update_endpoint` updates."""

from importlib.metadata import version

import boto3
from loop import DATA, INSTANCE_TYPE, ROLE, serve
from sagemaker import Session
from sagemaker.deserializers import JSONDeserializer
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import JSONSerializer

_ONE = {"initial_instance_count": 1, "instance_type": INSTANCE_TYPE}


def _model(endpoint: str, image: str) -> Model:
    name = f"{endpoint}-{image.rpartition(':')[2]}"
    return Model(image_uri=image, model_data=DATA, role=ROLE, name=name, sagemaker_session=session)


def create(endpoint: str, image: str) -> None:
    """Create an endpoint."""
    _model(endpoint, image).deploy(endpoint_name=endpoint, **_ONE)


def update(endpoint: str, image: str) -> None:
    """Change an endpoint to another image."""
    model = _model(endpoint, image)
    model.create(instance_type=INSTANCE_TYPE)
    Predictor(endpoint, sagemaker_session=session).update_endpoint(model_name=model.name, **_ONE)


def invoke(endpoint: str, image: str) -> None:
    """Ask an endpoint, and see that the model of the image answers."""
    predictor = Predictor(endpoint, session, serializer=JSONSerializer(), deserializer=JSONDeserializer())
    model = predictor.predict({})["Model"]
    if not model.endswith(image.rpartition(":")[2]):
        raise RuntimeError(f"{model} answers")


def delete(endpoint: str, image: str) -> None:
    """Delete an endpoint with its config, and its model; the SDK does not wait for it."""
    del image
    predictor = Predictor(endpoint, sagemaker_session=session)
    predictor.delete_model()
    predictor.delete_endpoint()
    session.sagemaker_client.get_waiter("endpoint_deleted").wait(EndpointName=endpoint)


ACTIONS = {"create": create, "update": update, "invoke": invoke, "delete": delete}
session = Session(boto3.Session(), default_bucket="artifacts")
serve(f"sagemaker {version('sagemaker')}", ACTIONS)
