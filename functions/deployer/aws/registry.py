"""The only code that calls Amazon ECR: which image a tag names now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient

_TAGGED = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+):(?P<tag>[^:@/]+)"
)
_LISTS = frozenset(
    {"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json"}
)
"""Media types of images for several platforms, whose digest is not that of the one that runs."""


class Registry:
    """The private registry of an account and a region.

    Args:
        client: A boto3 client of `ecr`.
        account: The account.
    """

    def __init__(self, client: BaseClient, account: str) -> None:
        self._client: Any = client
        self._account = account

    def digest_of(self, image: str) -> str | None:
        """Return the digest that the tag of an image has now, as in `sha256:…`.

        None if that cannot be known: the image is in another registry, is named by a digest, is one for several
        platforms, or cannot be read.
        """
        found = _TAGGED.fullmatch(image)
        if not found or (found["account"], found["region"]) != (self._account, self._client.meta.region_name):
            return None
        try:
            answer = self._client.describe_images(
                repositoryName=found["repository"], imageIds=[{"imageTag": found["tag"]}]
            )
        except (ClientError, BotoCoreError):
            return None  # an image that cannot be read does not count as changed
        for detail in answer["imageDetails"]:
            if detail.get("imageManifestMediaType") not in _LISTS:
                return str(detail["imageDigest"])
        return None
