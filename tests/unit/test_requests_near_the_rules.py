"""Requests that come near to a rule between fields, and keep it, are accepted."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.request.rules.tags import MOST_TAGS
from tests.unit.request_samples import request, serverless, variant, with_config
from tests.unit.rule_samples import ASYNCHRONOUS, PIPELINE, of_model, said_of, with_shadow, with_tags

OWN_PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/tts/3"
TAKEN = {
    "a volume": request(variant(VolumeSizeInGB=256)),
    "a volume on Inf2": request(variant(InstanceType="ml.inf2.xlarge", VolumeSizeInGB=256)),
    "a key for a volume": with_config(variant(), KmsKeyId="1234abcd"),
    "managed scaling that is off": request(variant(ManagedInstanceScaling={"Status": "DISABLED"})),
    "managed scaling of inference components": request(
        EndpointConfig={
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
            "ProductionVariants": [variant(ManagedInstanceScaling={"Status": "ENABLED", "MaxInstanceCount": 2})],
        }
    ),
    "a serverless list of one container": of_model(serverless(), model={"Containers": [{"Image": "a"}]}),
    "asynchronous of an own package": of_model(
        model={"PrimaryContainer": {"ModelPackageName": OWN_PACKAGE}}, **ASYNCHRONOUS
    ),
    "a shadow of an own package": with_shadow({"PrimaryContainer": {"ModelPackageName": OWN_PACKAGE}}),
    "a pipeline without hostnames": of_model(model=PIPELINE),
    "a model that is in SageMaker": request(variant(ModelName="theirs")),
    "as many tags as fit": with_tags(MOST_TAGS - 10, 10),
    "a tag of both lists": request(
        Models={"m": {"PrimaryContainer": {}, "Tags": [{"Key": "a", "Value": "1"}]}}, Tags={"a": "2"}
    ),
    "a tag that mentions AWS": request(Tags={"aws": "x", "my:aws:tag": "y"}),
}


@pytest.mark.parametrize("document", TAKEN.values(), ids=TAKEN)
def test_requests_near_the_rules_are_accepted(document: Document) -> None:
    assert said_of(document) == []
