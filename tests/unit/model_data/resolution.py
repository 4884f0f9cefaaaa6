"""Model data of requests, resolved in a bucket with versions."""

from __future__ import annotations

from typing import Any

from deployer.aws.s3 import Objects
from deployer.aws.s3_objects import Artifact, parse_uri
from deployer.json_document import Document
from deployer.planning.model_data import ResolvedData, resolve_data

BUCKET, ELSEWHERE = "artifacts", "elsewhere"
UPLOAD = "models/churn/model.tar.gz"
IMAGE = "registry/image:1"


def put(s3: Any, uri: str, body: bytes = b"x") -> str:
    """Upload an object and return its version."""
    bucket, key = parse_uri(uri)
    version: str = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    return version


def resolve(
    s3: Any, *model_containers: Document, artifact: Artifact | None = None, copy_artifacts: str = "uploads"
) -> ResolvedData:
    """Resolve the data of one model, of one container or of several."""
    is_one = len(model_containers) == 1
    model = {"PrimaryContainer": model_containers[0]} if is_one else {"Containers": list(model_containers)}
    return resolve_data(
        {"m": model},
        endpoint_name="churn",
        bucket=BUCKET,
        artifact=artifact,
        objects=Objects(s3),
        copy_artifacts=copy_artifacts,
    )


def folder(uri: str, **fields: Any) -> Document:
    """Return a container whose data is a folder."""
    data = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None", **fields}
    return {"Image": IMAGE, "ModelDataSource": {"S3DataSource": data}}
