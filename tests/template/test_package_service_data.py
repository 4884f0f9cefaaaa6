"""The service data of botocore that the package keeps are whole for what the functions call."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from deployer.json_document import Document
from tests.template.built_package import run
from tests.template.shipped import allowed_to, functions_of

CHECKED_OPERATIONS = (
    "CreateModel",
    "CreateEndpointConfig",
    "UpdateEndpoint",
    "DescribeModel",
    "DescribeEndpointConfig",
)
"""Requests and answers that the deployer reads the service model for."""
CLIENTS = """
import json, sys
sys.path.append(sys.argv[1])
import botocore.session
session = botocore.session.get_session()
services = json.loads(sys.argv[2]) if sys.argv[2:] else session.get_available_services()
clients = {}
for service in services:
    regions = session.get_available_regions(service) or ["us-east-1", "cn-north-1"]
    made = {region: session.create_client(service, region_name=region) for region in regions}
    clients[service] = {region: [client.meta.endpoint_url, client.meta.region_name] for region, client in made.items()}
print(json.dumps(clients))
"""


def service_model(service: str, package: Path | None = None) -> ServiceModel:
    """Return the model of a service, as this environment's botocore has it or as a package does."""
    loader = Loader(include_default_search_paths=package is None)
    if package:
        loader.search_paths.append(str(package / "botocore" / "data"))
    return ServiceModel(loader.load_service_model(service, "service-2"))


def without_descriptions(shapes: Document) -> str:
    """Write a part of a service model without its descriptions."""

    def cut(value: object) -> object:
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items() if k != "documentation" or not isinstance(v, str)}
        return [*map(cut, value)] if isinstance(value, list) else value

    return json.dumps(cut(shapes), sort_keys=True)


@pytest.mark.parametrize(
    ("service", "prefix"), [("sagemaker", "sagemaker"), ("stepfunctions", "states"), ("cloudwatch", "cloudwatch")]
)
def test_operations_are_those_that_the_functions_may_call(
    resources: Document, package: Path, service: str, prefix: str
) -> None:
    """All that any role allows, and no other; the runtime of endpoints has a model of its own."""
    actions = {action.partition(":") for name in functions_of(resources) for action in allowed_to(resources, name)}
    # With the caller's rights, SageMaker looks the packages up that models name, and CloudWatch tags new alarms.
    implied = {"DescribeModelPackage", "TagResource"}
    allowed = {operation for of, _, operation in actions if of == prefix} - implied
    # An operation that several services have by one name is kept in each of them.
    found = set(service_model(service, package).operation_names) - ({"ListTagsForResource"} - allowed)

    assert found == allowed & set(service_model(service).operation_names)


def test_requests_and_answers_stay_whole(package: Path) -> None:
    """Every shape that is left is as botocore ships it, and all are there that requests are checked against."""
    whole: Any = service_model("sagemaker")
    cut: Any = service_model("sagemaker", package)
    alarms: tuple[Any, ...] = (service_model("cloudwatch", package), service_model("cloudwatch"))

    for name in cut.shape_names:
        assert without_descriptions(cut._service_description["shapes"][name]) == without_descriptions(
            whole._service_description["shapes"][name]
        )
    ours, theirs = (each.operation_model("PutMetricAlarm") for each in alarms)
    assert members_of(ours.input_shape) == members_of(theirs.input_shape)
    for operation in CHECKED_OPERATIONS:
        ours, theirs = cut.operation_model(operation), whole.operation_model(operation)
        assert members_of(ours.input_shape) == members_of(theirs.input_shape)
        assert members_of(ours.output_shape) == members_of(theirs.output_shape)


def members_of(shape: Any, seen: frozenset[str] = frozenset()) -> Any:
    """Return the shapes that a shape is made of, by the names of its members."""
    if shape is None or shape.name in seen:
        return None
    parts = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    if parts is None:
        return shape.name
    below = seen | {shape.name}
    inner = getattr(shape, parts)
    return {k: members_of(v, below) for k, v in inner.items()} if parts == "members" else members_of(inner, below)


def test_clients_call_the_same_endpoints_as_with_whole_data(local_package: Path) -> None:
    """They do so in every region of each service."""
    cut = run(local_package, CLIENTS)
    (whole_data,) = (path for path in sys.path if (Path(path) / "botocore" / "data" / "sagemaker").exists())
    whole = run(Path(whole_data), CLIENTS, json.dumps([*cut]))

    assert "sagemaker" in cut
    assert cut == whole


LOOK_UP = """
import sys
sys.path.append(sys.argv[1])
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

class Body:
    def stream(self, **_):
        return iter(())

def answer(request, **_):
    return AWSResponse(request.url, 400, {}, Body())

client = botocore.session.get_session().create_client(
    "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
client.meta.events.register("before-send.s3", answer)
try:
    client.head_object(Bucket="b", Key="k")
except ClientError as error:
    print(error.response["Error"]["Code"])
"""


def test_object_that_cannot_be_looked_up_is_an_error_of_s3(local_package: Path) -> None:
    """S3 answers so if the object's key is disabled, or its customer's own; botocore looks for another region then."""
    assert run(local_package, LOOK_UP) == 400
