"""The images that variants run, as in DescribeEndpoint.

Source: API Reference, DeployedImage: a tag is resolved to a digest when the endpoint is created or updated, and
instances that come up later run that digest.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.variants import all_variants, containers

if TYPE_CHECKING:
    from datetime import datetime

    from local.simulator.replicas import Table

_TAG = re.compile(r":[^:/]+$")


def resolve_images(config: Document, models: Table[Document], moment: datetime) -> dict[str, list[Document]]:
    """Return the DeployedImages of each variant; there is no registry, so a digest is made of the image's name.

    Source: API Reference, DeployedImage.

    Args:
        config: The endpoint config.
        models: The models.
        moment: When the tags are resolved.
    """
    return {
        variant["VariantName"]: [
            {"SpecifiedImage": image, "ResolvedImage": _resolved(image), "ResolutionTime": moment}
            for container in containers(models.current(variant.get("ModelName", "")) or {})
            if (image := container.get("Image"))
        ]
        for variant in all_variants(config)
    }


def _resolved(image: str) -> str:
    if "@sha256:" in image:
        return image
    return f"{_TAG.sub('', image)}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
