"""The JSON Schema of the request, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from local import schema

ROOT = Path(__file__).parents[2]
VARIANT = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def test_the_schema_is_up_to_date() -> None:
    """What is in docs is what `make schema` makes of the request and of botocore's model."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.render()


@pytest.fixture(scope="module")
def validator() -> Any:
    """A validator of the schema in docs."""
    document = json.loads(schema.PATH.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


@pytest.mark.parametrize(
    "path", [ROOT / "tests/events/manual.json", ROOT / "local/sample/deployment.yaml"], ids=lambda path: path.name
)
def test_real_requests_fit_the_schema(validator: Any, path: Path) -> None:
    """An editor does not complain about what the deployer takes."""
    assert list(validator.iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.parametrize(
    "document",
    [
        {"EndpointCfg": {}},
        {"EndpointConfig": {"ProductionVariants": [{**VARIANT, "InstanceType": "ml.m5.lrge"}]}},
        {"EndpointConfig": {"ProductionVariants": [{**VARIANT, "InitialInstanceCount": 0}]}},
        {"Models": {"m": {"ModelName": "m"}}},
        {"Tags": {"a": 1}},
    ],
    ids=["unknown field", "enum", "range", "name of ours", "type"],
)
def test_what_is_wrong_is_underlined(validator: Any, document: dict[str, Any]) -> None:
    """An editor says it before the upload does."""
    assert list(validator.iter_errors(document))
