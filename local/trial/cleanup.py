"""Removes all that a trial has made."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from local.trial.site import Site


def clean_up(site: Site) -> list[str]:
    """Delete the endpoint first, as it costs, then configs, models and objects; return what could not be deleted."""
    client, left = site.client("sagemaker"), list[str]()
    _delete_endpoint(site, client, left)
    for kind, member in (("endpoint_configs", "EndpointConfig"), ("models", "Model")):
        pages = client.get_paginator(f"list_{kind}").paginate(NameContains=site.name)
        names = [each[f"{member}Name"] for page in pages for each in page[f"{member}s"]]
        for name in (name for name in names if name.startswith(site.name)):
            _try(left, name, getattr(client, f"delete_{kind.removesuffix('s')}"), **{f"{member}Name": name})
    for prefix in (f"models/{site.name}/", f"revisions/{site.name}/"):
        _delete_objects(site, prefix, left)
    return left


def _delete_endpoint(site: Site, client: Any, left: list[str]) -> None:
    def is_gone() -> bool:
        try:
            status = client.describe_endpoint(EndpointName=site.name)["EndpointStatus"]
        except ClientError:
            return True
        if status not in {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}:
            with suppress(ClientError):
                client.delete_endpoint(EndpointName=site.name)
        return False

    try:
        site.wait_for(f"The end of endpoint {site.name}", is_gone)
    except Exception as error:  # noqa: BLE001 - what else there is has to be deleted all the same
        left.append(f"endpoint {site.name}, WHICH COSTS: {error}")


def _delete_objects(site: Site, prefix: str, left: list[str]) -> None:
    s3 = site.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=site.bucket, Prefix=prefix):
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            key = each["Key"]
            _try(left, key, s3.delete_object, Bucket=site.bucket, Key=key, VersionId=each["VersionId"])


def _try(left: list[str], what: str, delete: Any, **parameters: Any) -> None:
    try:
        delete(**parameters)
    except ClientError as error:
        left.append(f"{what}: {error}")
